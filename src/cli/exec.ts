import type { Command } from 'commander';
import type { Client } from '../databricks/client.ts';
import type { ContextId, RemoteLanguage } from '../databricks/types.ts';
import type { JsonObject } from '../lib/json.ts';
import { kernelHome } from '../lib/paths.ts';
import { identify } from '../lib/process-identity.ts';
import { systemClock } from '../lib/time.ts';
import type { Notice, Session } from '../session/api.ts';
import type { Stage } from '../session/stage.ts';
import { addCodeOptions, codeFileName, languageOf, readCode, type CodeOptions } from './code-source.ts';
import type { ResultOptions } from './command-result.ts';
import { interruptible, type Interrupts } from './interruptible.ts';
import { thisMachine } from './machine.ts';
import { outputOption, print, printWarning } from './output.ts';
import { showRetries, startProgress, type Progress } from './progress.ts';
import { inContext, resultInWords } from './refusals.ts';
import { addServerOptions, type ServerOptions } from './server-command.ts';

interface ExecOptions extends CodeOptions, ResultOptions, ServerOptions {
  readonly contextId?: string;
}

const help = `
The code runs in a new execution context, which is gone afterwards, with all variables. A cluster that is stopped is started first.
A --cluster-id belongs to a host: with --host embedded it is one of the embedded workspace.
It is sent as it is: the %magics of notebook cells are not known here. Code that begins with "-" stands after "--".

The exit code is 0, 1 when the code failed, 2 for a wrong command line or setting, and 130 after Ctrl-C, which cancels the code and waits
for its end; the second Ctrl-C gives it up with its context.

Examples:
  databricks-kernel exec -l sql "select current_date()"
  databricks-kernel exec -f report.py
  databricks-kernel exec -l scala - < job.scala
  databricks-kernel exec -l sql --json "select id from events" | jq .data
  databricks-kernel exec -f plot.py --output plot.png
  databricks-kernel exec -l scala -- "-1.abs"`;

/** `exec`: one command in a context of its own. */
export function addExecCommand(program: Command): Command {
  const command = addCodeOptions(program.command('exec'))
    .description('run code once, and print its result')
    .option('--context-id <id>', 'run it in this execution context, and leave that as it is')
    .addOption(outputOption())
    .option('--json', "print the server's result as JSON")
    .addHelpText('after', help);
  return addServerOptions(command, { cluster: true }).action((code: string | undefined, options: ExecOptions) =>
    interruptible((interrupts) => exec(code, options, interrupts), { patient: true }),
  );
}

async function exec(code: string | undefined, options: ExecOptions, interrupts: Interrupts): Promise<void> {
  const language = languageOf(options);
  const text = await readCode(code, options, interrupts.interrupted);
  const { checkOutput, printCommandResult } = await import('./command-result.ts');
  await checkOutput(options);
  using progress = startProgress();
  using _words = tellOfCancel(interrupts, progress);
  let raw: JsonObject = {};
  const onStage = (stage: Stage | undefined): void => (stage === undefined ? progress.hide() : progress.show(stage.text));
  await using runner = options.contextId === undefined ? await inNewContext(language, options, progress) : inGivenContext(options.contextId, options, progress);
  const onNotice = ({ text: words }: Notice): void => {
    progress.hide();
    printWarning(words);
  };
  const end = await runner.run(text, language, { ...interrupts, onStage, onNotice, onResults: (results) => (raw = results) });
  progress.stop();
  if (end.end === 'interrupted') {
    if (end.printed !== undefined && options.json !== true) print(end.printed);
    return printWarning('Cancelled.');
  }
  if (end.end === 'left') return printWarning(end.text);
  if (end.end === 'killed') {
    return printWarning(options.contextId === undefined ? 'Given up; the context and its variables are gone.' : `Given up; the code may still run in the context ${options.contextId}.`);
  }
  await printCommandResult(resultInWords(end.result), raw, options);
}

/** Where commands run; disposal leaves nothing behind that it made. */
interface Runner extends AsyncDisposable {
  run: Session['run'];
}

/** A kernel's session without a kernel. */
async function inNewContext(language: RemoteLanguage, options: ServerOptions, progress: Progress): Promise<Runner> {
  const [{ createSession }, { createConnect }] = await Promise.all([import('../session/session.ts'), import('./connect.ts')]);
  const identity = (await identify(process.pid)) ?? '';
  const session = createSession({ language, connect: createConnect(options, showRetries(progress)), home: kernelHome(thisMachine()), identity });
  const close = async (): Promise<void> => {
    if (await session.close(closeMs)) return;
    process.stderr.write('The execution context could not be destroyed now; the next kernel or "databricks-kernel exec" on this machine does it.\n');
  };
  return { run: session.run.bind(session), [Symbol.asyncDispose]: close };
}

/** For how long the end of a context is waited for. Milliseconds. */
const closeMs = 10_000;

/** A context that somebody else made and will end. */
function inGivenContext(id: string, options: ServerOptions & CodeOptions, progress: Progress): Runner {
  let client: Client | undefined;
  return {
    run: async (code, language, { onStage, onNotice, ...run }) => {
      const [{ checkCommand, runCommand }, { createConnect }, { queuedIn }, { leftInWords, tellUnseen }] = await Promise.all([
        import('../databricks/run-command.ts'),
        import('./connect.ts'),
        import('../session/stage.ts'),
        import('../session/unseen.ts'),
      ]);
      checkCommand(code);
      const connection = await createConnect(options, showRetries(progress))({ onStage, signal: run.interrupted });
      ({ client } = connection);
      onStage(undefined);
      const place = { client: connection.client, host: connection.describe.host, clusterId: () => connection.clusterId };
      const onNote = (text: string): void => onNotice?.({ text, replaced: [] });
      const onQueued = (waits: boolean): void => onStage(waits ? queuedIn(connection) : undefined);
      const command = { language, code, fileName: codeFileName(options), ...run, onNote, onQueued, onUnseen: tellUnseen(onStage) };
      const end = await inContext(place, { contextId: id }, (clusterId) =>
        runCommand(place.client, { context: { clusterId, contextId: id as ContextId }, ...command }),
      );
      if (end.end === 'left') return { end: 'left', text: leftInWords(end.why) };
      return end.end === 'cancelled-elsewhere' ? { ...end, end: 'result' } : end;
    },
    // What is under way then was given up.
    [Symbol.asyncDispose]: async () => client?.destroy(),
  };
}

/** How long a cancel may take before it is worth a word. Milliseconds. */
const cancelMs = 500;

/** Says that the first Ctrl-C was heard, and what the second does. */
function tellOfCancel({ interrupted, killed }: Interrupts, progress: Progress): Disposable {
  const over = new AbortController();
  const tell = async (): Promise<void> => {
    const signal = AbortSignal.any([over.signal, killed]);
    await systemClock.sleep(cancelMs, signal);
    if (!signal.aborted) progress.show('Cancelling; press Ctrl-C again to give the code up with its context');
  };
  interrupted.addEventListener('abort', () => void tell(), { once: true });
  return { [Symbol.dispose]: () => over.abort() };
}
