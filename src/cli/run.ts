import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ContextId } from '../databricks/types.ts';
import type { Interpreter } from '../kernel/interpreter.ts';
import { startKernel, type Kernel } from '../kernel/kernel.ts';
import { isKernelLanguage, kernelLanguages, type KernelLanguage } from '../languages/info.ts';
import { BridgeError } from '../lib/errors.ts';
import { packageVersion } from '../lib/package-file.ts';
import { kernelHome } from '../lib/paths.ts';
import { identify } from '../lib/process-identity.ts';
import { configureTrace, trace } from '../lib/trace.ts';
import { bindChannels } from '../wire/zmq-channels.ts';
import { watchLifecycle } from './lifecycle.ts';
import { thisMachine } from './machine.ts';
import { report } from './report.ts';

const log = trace('run');

/** What a kernelspec's argv says: `run --language L -f FILE`. */
export interface RunArguments {
  readonly language: KernelLanguage;
  readonly connectionFile: string;
  /** A context that lives already, in which cells are to run. */
  readonly contextId?: ContextId;
}

/** Reads the arguments after `run`. Throws `BridgeError` `config` for anything that is missing or unknown. */
export function parseRunArguments(argv: readonly string[]): RunArguments {
  const { language, file, 'context-id': contextId } = readOptions(argv);
  const languages = Object.keys(kernelLanguages).join(', ');
  if (language === undefined) throw usage('--language', `--language is missing: give one of ${languages}.`);
  if (!isKernelLanguage(language)) throw usage('--language', `Unknown language "${language}": give one of ${languages}.`);
  if (file === undefined) throw usage('-f', 'The connection file is missing: a front end gives it as -f FILE.');
  if (contextId === '') throw usage('--context-id', 'The id of the context is missing: give it as --context-id ID.');
  return { language, connectionFile: file, ...(contextId !== undefined && { contextId: contextId as ContextId }) };
}

function readOptions(argv: readonly string[]): { language?: string | undefined; file?: string | undefined; 'context-id'?: string | undefined } {
  try {
    // The name is for lists of kernels and processes, which tell them apart by their arguments.
    const options = { language: { type: 'string' }, file: { type: 'string', short: 'f' }, name: { type: 'string' }, 'context-id': { type: 'string' } } as const;
    // `jupyter run FILE` gives the kernel its own arguments as well; the file comes as a cell.
    return parseArgs({ args: [...argv], options, allowPositionals: true }).values;
  } catch (error) {
    throw usage('run', error instanceof Error ? error.message : String(error));
  }
}

function usage(setting: string, message: string): BridgeError {
  return new BridgeError('config', message, { setting });
}

/**
 * Runs one kernel until its front end shuts it down. Only wire and kernel are loaded before the sockets are bound, so that `kernel_info`
 * is answered at once; the rest follows while the front end takes up its channels.
 * Throws `BridgeError` `config` for wrong arguments, a wrong connection file or a port in use.
 */
export async function run(argv: readonly string[]): Promise<void> {
  const { language, connectionFile, contextId } = parseRunArguments(argv);
  let kernel: Kernel | undefined;
  // The very first thing: without a handler a Ctrl-C meant for the front end would end the kernel with it.
  const lifecycle = watchLifecycle({
    onStop: async () => kernel?.[Symbol.asyncDispose](),
    onInterrupt: () => kernel?.interrupt(),
    forceAfterMs: 4500,
  });
  openLog(process.env['DATABRICKS_KERNEL_LOG']);
  // zeromq.js warns that an option which the wire changes on a socket in use takes no effect. It does.
  process.removeAllListeners('warning');
  process.on('warning', ({ message }) => log.info(message));
  const channels = await bindChannels(connectionFile);
  kernel = startKernel({
    channels,
    interpreter: openInterpreter(language, contextId),
    facts: {
      implementation: 'databricks-kernel',
      version: packageVersion,
      banner: banner(kernelLanguages[language].displayName),
      languageInfo: kernelLanguages[language].languageInfo,
      helpLinks: [{ text: 'Apache Spark SQL reference', url: 'https://spark.apache.org/docs/latest/sql-ref.html' }],
    },
    historyPath: join(kernelHome(thisMachine()), `history-${language}.jsonl`),
  });
  await kernel.done.then(
    () => lifecycle.stop({ by: 'shutdown' }),
    (error: unknown) => lifecycle.stop({ by: 'defect', error }),
  );
}

async function openInterpreter(language: KernelLanguage, contextId: ContextId | undefined): Promise<Interpreter> {
  // Loading keeps the event loop busy: a front end's first question, which is on its way by now, goes first.
  await nextTurn();
  const [{ createInterpreter }, { changeOptions, defaultOptions }, { createSession }, { createConnect }] = await Promise.all([
    import('../notebook/interpreter.ts'),
    import('../notebook/options.ts'),
    import('../session/session.ts'),
    import('./connect.ts'),
  ]);
  // What `install --config` put into the kernelspec.
  const options = changeOptions(defaultOptions, process.env['DATABRICKS_KERNEL_CONFIG'] ?? '');
  const session = createSession({
    language,
    connect: createConnect(),
    contextId,
    home: kernelHome(thisMachine()),
    identity: (await identify(process.pid)) ?? '',
  });
  session.prepare();
  return createInterpreter({ session, language, firstContext: contextId === undefined ? 'new' : 'taken up', options });
}

/** A log that cannot be written is worth a line, not a kernel. */
function openLog(setting: string | undefined): void {
  try {
    configureTrace(setting);
  } catch (error) {
    report(error);
  }
}

/** What consoles print first. A profile is read only later, so it cannot be named here. */
function banner(displayName: string): string {
  const host = hostName(process.env['DATABRICKS_HOST']?.trim());
  const cluster = process.env['DATABRICKS_CLUSTER_ID'];
  const place = host === undefined || host === 'embedded' ? '' : ` on ${host}${cluster ? `, cluster ${cluster}` : ''}`;
  return `${displayName}${place} (databricks-kernel ${packageVersion})`;
}

/** Of an address only the host is shown: a password or token may stand in the rest by mistake. */
function hostName(address = ''): string | undefined {
  const url = address.includes('://') ? address : `https://${address}`;
  return URL.canParse(url) ? new URL(url).host : undefined;
}
