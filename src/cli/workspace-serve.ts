import { InvalidArgumentError, Option, type Command } from 'commander';
import { BridgeError } from '../lib/errors.ts';
import { packageVersion } from '../lib/package-file.ts';
import { kernelHome } from '../lib/paths.ts';
import { configureTrace, trace } from '../lib/trace.ts';
import type { Driver } from '../workspace/driver/driver.ts';
import { readFaultPlan } from '../workspace/fault-rules.ts';
import { failureMark } from '../workspace/launch.ts';
import { refuseWindows } from '../workspace/locate.ts';
import type { DriverPlace } from '../workspace/serve.ts';
import { thisMachine } from './machine.ts';
import { wholeNumber } from './numbers.ts';
import { report } from './report.ts';

/** Starts the driver of a cluster on `master`, a Spark master URL. */
export type StartDriverOn = (master: string, place: DriverPlace) => Promise<Driver>;

/** What a server process is made of; tests put other drivers into it. */
export interface WorkspaceCommands {
  readonly startDriver: StartDriverOn;
  readonly version: string;
  /** How often the server looks for idleness and dead owners, in milliseconds. */
  readonly sweepEveryMs?: number;
  /** Hears the steps of the server process; its log by default. */
  readonly log?: (text: string) => void;
}

/** How a server is started; `servedBefore` is for its launcher. */
export interface ServeFlags {
  readonly port: number;
  readonly bind?: string;
  readonly dialect?: 'classic' | 'modern';
  readonly master: string;
  readonly idleTimeout: number;
  /** A path. */
  readonly faults?: string;
  readonly servedBefore?: number;
}

export const realCommands: WorkspaceCommands = { startDriver: startSparkDriverOn, version: packageVersion };

/** Adds the options of `workspace start` and of the server process alike. */
export function withServeFlags(command: Command): Command {
  return command
    .option('--port <port>', 'port to listen on; 0 takes a free one', port, 0)
    .option('--bind <address>', 'address to listen at, for other machines; by default only this one reaches it')
    .addOption(new Option('--dialect <dialect>', 'which servers to resemble: those of 2015, or of today').choices(['classic', 'modern']))
    .option('--master <url>', 'Spark master that clusters run on', 'local[*]')
    .option('--idle-timeout <minutes>', 'end after so long without a context or a request', minutes, 30)
    .option('--faults <file>', 'make calls fail on purpose, as the rules in a JSON file say; for tests of clients');
}

/** Adds the hidden `workspace serve`. */
export function addServeCommand(group: Command, home: () => string, commands: WorkspaceCommands): void {
  withServeFlags(group.command('serve', { hidden: true }))
    .option('--served-before <count>', 'give way where there have been more servers', wholeNumber)
    .action(async (flags: ServeFlags) => serveHere(home(), commands, flags));
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
      bind: flags.bind,
      servedBefore: flags.servedBefore,
      dialect: flags.dialect ?? 'modern',
      faults: flags.faults === undefined ? undefined : await readFaultPlan(flags.faults),
      master: flags.master,
      idleTimeoutMs: inMs(flags.idleTimeout),
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

/** Of minutes. */
export function inMs(idleTimeout: number): number {
  return idleTimeout * 60_000;
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
