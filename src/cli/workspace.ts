import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { BridgeError } from '../lib/errors.ts';
import { lockHolder } from '../lib/lock-file.ts';
import { packageVersion } from '../lib/package-file.ts';
import { kernelHome } from '../lib/paths.ts';
import { configureTrace, trace } from '../lib/trace.ts';
import { systemClock } from '../lib/time.ts';
import { askToStop, askWorkspace } from '../workspace/control.ts';
import type { Driver } from '../workspace/driver/driver.ts';
import { failureMark } from '../workspace/launch.ts';
import { locateWorkspace, refuseWindows } from '../workspace/locate.ts';
import type { DriverPlace } from '../workspace/serve.ts';
import { readState, workspaceFiles } from '../workspace/state-file.ts';
import { thisMachine } from './machine.ts';
import { report } from './report.ts';
import { workspaceLaunch } from './workspace-launch.ts';

/** Starts the driver of a cluster on `master`, a Spark master URL. */
export type StartDriverOn = (master: string, place: DriverPlace) => Promise<Driver>;

export interface WorkspaceCommands {
  readonly startDriver: StartDriverOn;
  readonly version: string;
  /** How often the server looks for idleness and dead owners, in milliseconds. */
  readonly sweepEveryMs?: number;
  /** Hears the steps of the server process; its log by default. */
  readonly log?: (text: string) => void;
}

interface ServeFlags {
  readonly port: number;
  readonly dialect?: 'classic' | 'modern';
  readonly master: string;
  readonly idleTimeout: number;
  readonly servedBefore?: number;
}

/** Adds `workspace start|stop|status|logs`, and the hidden `workspace serve` that is the server process. */
export function addWorkspaceCommands(
  program: Command,
  commands: WorkspaceCommands = { startDriver: startSparkDriverOn, version: packageVersion },
): void {
  const home = () => kernelHome(thisMachine());
  const group = program.command('workspace').description('the embedded workspace: Apache Spark on this machine behind the Databricks APIs');
  withServeFlags(group.command('start').description('start it where it does not run; returns when it answers')).action(async (flags: ServeFlags) => {
    await start(home(), commands.version, flags);
  });
  group.command('stop').description('end it, with its clusters and contexts').action(async () => stop(home()));
  group
    .command('status')
    .description('whether it runs, where, and what it holds; exit code 1 when it does not run')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => status(home(), json === true));
  group
    .command('logs')
    .description('print its log')
    .option('--driver', 'the log of its Spark driver instead')
    .action(async ({ driver }: { driver?: boolean }) => logs(home(), driver === true));
  withServeFlags(group.command('serve', { hidden: true }))
    .option('--served-before <count>', 'give way where there have been more servers', wholeNumber)
    .action(async (flags: ServeFlags) => serveHere(home(), commands, flags));
}

function withServeFlags(command: Command): Command {
  return command
    .option('--port <port>', 'port to listen on; 0 takes a free one', port, 0)
    .addOption(new Option('--dialect <dialect>', 'which servers to resemble: those of 2015, or of today').choices(['classic', 'modern']))
    .option('--master <url>', 'Spark master that clusters run on', 'local[*]')
    .option('--idle-timeout <minutes>', 'end after so long without a context or a request', minutes, 30);
}

async function start(home: string, version: string, { port, dialect, master, idleTimeout }: ServeFlags): Promise<void> {
  const flags = ['--port', String(port), '--master', master, '--idle-timeout', String(idleTimeout), ...(dialect ? ['--dialect', dialect] : [])];
  const onStage = (text: string) => process.stderr.write(`${text}\n`);
  const { url, clusterId } = await locateWorkspace({ home, version, dialect, launch: workspaceLaunch(flags), onStage });
  process.stdout.write(`The embedded workspace answers at ${url}, cluster ${clusterId}; its token is in ${workspaceFiles(home).state}\n`);
}

async function stop(home: string): Promise<void> {
  const { lock } = workspaceFiles(home);
  const holder = await lockHolder(lock);
  if (holder === undefined) return void process.stdout.write('No embedded workspace is running.\n');
  const state = await readState(home);
  const asked = state && (await askToStop(state, false));
  const pid = Number.parseInt(holder, 10);
  if (asked === undefined) signalProcess(pid, 'SIGTERM');
  // A driver gets ten seconds to end; a server that needs longer hangs.
  const deadline = systemClock.now() + 12_000;
  while ((await lockHolder(lock)) === holder) {
    if (systemClock.now() > deadline) signalProcess(pid, 'SIGKILL');
    await systemClock.sleep(50);
  }
  process.stdout.write('The embedded workspace has stopped.\n');
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has just ended, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function status(home: string, json: boolean): Promise<void> {
  const state = await readState(home);
  const info = state && (await askWorkspace(state));
  if (state === undefined || info === undefined) {
    process.exitCode = 1;
    process.stdout.write(json ? `${JSON.stringify({ running: false })}\n` : 'No embedded workspace is running.\n');
    return;
  }
  const { token: _secret, ...shown } = state;
  if (json) return void process.stdout.write(`${JSON.stringify({ running: true, ...shown, ...info })}\n`);
  const clusters = info.clusters.map(({ id, status: word, message }) => `Cluster ${id}: ${word}${message === '' ? '' : `. ${message}`}\n`);
  process.stdout.write(
    `The embedded workspace answers at ${state.url}\nProcess ${info.pid}, version ${info.version}, ${info.dialect} dialect, since ${state.started}\n` +
      `${clusters.join('')}Open contexts: ${info.contexts}\n`,
  );
}

async function logs(home: string, driver: boolean): Promise<void> {
  const { log, driverLog } = workspaceFiles(home);
  const file = driver ? driverLog : log;
  try {
    await access(file);
  } catch {
    throw new BridgeError('config', `There is no log yet: ${file} does not exist.`, { setting: 'DATABRICKS_KERNEL_HOME' });
  }
  await pipeline(createReadStream(file), process.stdout, { end: false });
}

/** The server process: ends by SIGTERM, SIGINT, `workspace stop` or idleness. */
async function serveHere(home: string, { startDriver, version, sweepEveryMs, log }: WorkspaceCommands, flags: ServeFlags): Promise<void> {
  refuseWindows(process.platform);
  configureTrace('info');
  const tell = log ?? trace('workspace').info;
  const ended = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ended.abort());
  try {
    const { serve } = await import('../workspace/serve.ts');
    await serve({
      home,
      version,
      pid: process.pid,
      port: flags.port,
    servedBefore: flags.servedBefore,
      dialect: flags.dialect ?? 'modern',
      idleTimeoutMs: flags.idleTimeout * 60_000,
      startDriver: (place) => startDriver(flags.master, place),
      signal: ended.signal,
      log: tell,
      ...(sweepEveryMs !== undefined && { sweepEveryMs }),
    });
  } catch (error) {
    process.exitCode = report(error);
    tell(`${failureMark}${BridgeError.from(error).message}`);
  }
  // Whatever a driver left open must not keep a process alive that nobody can find any more.
  process.exit();
}

async function startSparkDriverOn(master: string, place: DriverPlace): Promise<Driver> {
  const [{ ensureRuntime }, { startSparkDriver }] = await Promise.all([
    import('../workspace/driver/runtime.ts'),
    import('../workspace/driver/spark-driver.ts'),
  ]);
  const machine = thisMachine();
  const { DATABRICKS_KERNEL_PYTHON: python, DATABRICKS_KERNEL_JAVA: java } = machine.env;
  const runtime = await ensureRuntime({ machine, pid: process.pid, home: kernelHome(machine), python, java, onProgress: place.onProgress });
  return startSparkDriver({ runtime, master, ...place });
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Not a whole number.');
}

function port(text: string): number {
  const value = wholeNumber(text);
  if (value <= 65_535) return value;
  throw new InvalidArgumentError('Ports end at 65535.');
}

function minutes(text: string): number {
  const value = Number(text);
  if (text !== '' && value >= 0) return value;
  throw new InvalidArgumentError('Not a number of minutes.');
}
