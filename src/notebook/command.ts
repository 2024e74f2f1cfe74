import type { Cell } from '../kernel/interpreter.ts';
import type { ContextId, RemoteLanguage } from '../databricks/types.ts';
import type { Command, CommandEnd, ContextOrigin } from '../languages/language.ts';
import { BridgeError } from '../lib/errors.ts';
import { sameInterruptMs, unlessAborted } from '../lib/signals.ts';
import type { Clock } from '../lib/time.ts';
import { cellError, keyboardInterrupt, type CellError } from '../protocol/cell-error.ts';
import type { ContextInfo, RunEnd, Session } from '../session/api.ts';
import type { CellOutput } from './cell-output.ts';

interface Setting {
  readonly session: Session;
  readonly clock: Clock;
  readonly cell: Cell;
  readonly output: CellOutput;
  /** Called with the languages whose context is gone, before anything that a new one says is read. */
  forget(gone: readonly RemoteLanguage[], next: ContextOrigin): Promise<void>;
}

/** How a cell's code reaches the cluster: a closure over its session, its signals and its output. */
export function commandOf(setting: Setting, own: RemoteLanguage): Command {
  return (code, language = own) => run(setting, code, language);
}

/** The contexts behind a cell. */
export interface Contexts {
  /** The one that is open; an interrupt gives the question up. Throws `BridgeError`. */
  current(): Promise<{ readonly context: ContextInfo | undefined } | { readonly error: CellError }>;
  /** Takes up a context that lives; an interrupt gives that up. Throws `BridgeError`. */
  attach(id: ContextId): Promise<{ readonly context: ContextInfo } | { readonly error: CellError }>;
}

export function contextsOf(setting: Setting): Contexts {
  return { current: () => current(setting), attach: (id) => attach(setting, id) };
}

async function current({ session, cell }: Setting): ReturnType<Contexts['current']> {
  return (await unlessAborted(session.context().then((context) => ({ context })), cell.interrupted)) ?? { error: keyboardInterrupt };
}

async function attach({ session, cell, output, forget }: Setting, id: ContextId): ReturnType<Contexts['attach']> {
  try {
    const end = await session.attach(id, { interrupted: cell.interrupted, killed: cell.killed, onStage: (stage) => output.waitFor(stage?.text) });
    if (end.end === 'interrupted') return { error: keyboardInterrupt };
    await forget(end.replaced, 'taken up');
    return end;
  } finally {
    output.waitFor(undefined);
  }
}

async function run(setting: Setting, code: string, language: RemoteLanguage): Promise<CommandEnd> {
  const { session, cell, output, forget } = setting;
  const gone: RemoteLanguage[] = [];
  const endAdvice = adviseWhenCancelTakesLong(setting);
  try {
    const end = await session.run(code, language, {
      interrupted: cell.interrupted,
      killed: cell.killed,
      // Front ends run code of their own that is not silent, but has no number: nobody asked for the cost of a cluster.
      mayStartCluster: cell.isNumbered,
      onStage: (stage) => output.waitFor(stage?.text),
      onNotice: ({ text, replaced }) => {
        gone.push(...replaced);
        output.say(text);
      },
    });
    // Which other languages that context had, the notice of the next one says.
    if (end.end === 'killed') gone.push(language);
    if (end.end === 'interrupted' && end.printed !== undefined) output.emit({ type: 'stream', content: { name: 'stdout', text: end.printed } });
    return endOf(end);
  } catch (error) {
    if (error instanceof BridgeError && error.is('context') && error.details.lost) gone.push(language);
    throw error;
  } finally {
    endAdvice();
    output.waitFor(undefined);
    await forget(gone, 'new');
  }
}

/** From the moment when another interrupt would no longer be the same one, and give the context up. Returns how to end that. */
function adviseWhenCancelTakesLong({ clock, cell, output }: Setting): () => void {
  let over: AbortController | undefined;
  const advise = async (): Promise<void> => {
    over = new AbortController();
    await clock.sleep(sameInterruptMs, over.signal);
    if (!over.signal.aborted) output.advise('Still cancelling; interrupt again to give up the context and its variables.');
  };
  const onAbort = (): void => void advise();
  if (cell.interrupted.aborted) onAbort();
  else cell.interrupted.addEventListener('abort', onAbort);
  return () => {
    cell.interrupted.removeEventListener('abort', onAbort);
    over?.abort();
  };
}

/** The interrupt did not end the command, or the kernel is going away. `kept`: a context that was not the kernel's own. */
function givenUp(kept: ContextId | undefined): CellError {
  const what = kept === undefined ? 'its context was given up: variables and temporary views are gone' : `context ${kept} was left with its variables, and its command told to stop`;
  return cellError(keyboardInterrupt.ename, `The command did not stop, so ${what}. The next cell opens a new context.`);
}

function endOf(end: RunEnd): CommandEnd {
  switch (end.end) {
    case 'result':
      return { result: end.result };
    case 'interrupted':
      return { error: keyboardInterrupt };
    case 'left':
      return { error: cellError(keyboardInterrupt.ename, end.text) };
    case 'killed':
      return { error: givenUp(end.kept) };
  }
}
