import type { Cell } from '../kernel/interpreter.ts';
import type { RemoteLanguage } from '../databricks/types.ts';
import type { Command, CommandEnd } from '../languages/language.ts';
import type { Languages } from '../languages/index.ts';
import { BridgeError } from '../lib/errors.ts';
import { sameInterruptMs, whenAborted } from '../lib/signals.ts';
import type { Clock } from '../lib/time.ts';
import { cellError, keyboardInterrupt } from '../protocol/cell-error.ts';
import type { RunEnd, Session } from '../session/api.ts';
import type { CellOutput } from './cell-output.ts';

interface Setting {
  readonly session: Session;
  readonly languages: Languages;
  readonly clock: Clock;
  readonly cell: Cell;
  readonly output: CellOutput;
}

/** How a cell's code reaches the cluster: a closure over its session, its signals and its output. */
export function commandOf(setting: Setting, own: RemoteLanguage): Command {
  return (code, language = own) => run(setting, code, language);
}

async function run(setting: Setting, code: string, language: RemoteLanguage): Promise<CommandEnd> {
  const { session, languages, cell, output } = setting;
  let isNew = false;
  const over = new AbortController();
  void adviseWhenCancelTakesLong(setting, over.signal);
  try {
    const end = await session.run(code, language, {
      interrupted: cell.interrupted,
      killed: cell.killed,
      mayStartCluster: !cell.silent,
      onStage: (stage) => output.waitFor(stage?.text),
      onNotice: ({ text, replaced }) => {
        isNew = replaced.length > 0;
        output.say(text);
      },
    });
    isNew ||= end.end === 'killed';
    return endOf(end);
  } catch (error) {
    isNew ||= error instanceof BridgeError && error.is('context') && error.details.lost;
    throw error;
  } finally {
    over.abort();
    output.waitFor(undefined);
    if (isNew) await languages.forget();
  }
}

/** From the moment when another interrupt would no longer be the same one, and give the context up. */
async function adviseWhenCancelTakesLong({ clock, cell, output }: Setting, over: AbortSignal): Promise<void> {
  await whenAborted(AbortSignal.any([cell.interrupted, over]));
  await clock.sleep(sameInterruptMs, over);
  if (!over.aborted) output.advise('Still cancelling; interrupt again to give up the context and its variables.');
}

/** The interrupt did not end the command, or the kernel is going away. */
const givenUp = cellError(
  keyboardInterrupt.ename,
  'The command did not stop, so its context was given up: variables and temporary views are gone. The next cell opens a new context.',
);

function endOf(end: RunEnd): CommandEnd {
  switch (end.end) {
    case 'result':
      return { result: end.result };
    case 'interrupted':
      return { error: keyboardInterrupt };
    case 'killed':
      return { error: givenUp };
  }
}
