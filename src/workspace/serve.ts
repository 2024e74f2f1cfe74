import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BridgeError } from '../lib/errors.ts';
import { takeLock } from '../lib/lock-file.ts';
import { identify } from '../lib/process-identity.ts';
import { systemClock, within } from '../lib/time.ts';
import type { Clock } from '../lib/time.ts';
import { dialects } from './dialect.ts';
import type { DialectName } from './dialect.ts';
import type { Driver } from './driver/driver.ts';
import { newId } from './ids.ts';
import { setAsideIfLong } from './log-file.ts';
import { buildServer } from './server.ts';
import { readState, removeState, workspaceFiles, writeState } from './state-file.ts';
import { Workspace } from './workspace.ts';

/** What a driver is started with; which Python, Java and Spark it runs on is not the server's business. */
export interface DriverPlace {
  /** Of this driver alone, to be made by it; what is left of it goes when the server ends or the next one starts. */
  readonly workDirectory: string;
  readonly cacheDirectory: string;
  readonly dbfsRoot: string;
  readonly logFile: string;
  onProgress(text: string): void;
}

export interface ServeOptions {
  /** `DATABRICKS_KERNEL_HOME`. */
  readonly home: string;
  readonly version: string;
  /** Of the process that serves. */
  readonly pid: number;
  readonly dialect: DialectName;
  /** Where the home has had more servers than this (`launch`), another has answered the call: this one gives way. */
  readonly servedBefore?: number | undefined;
  /** 0: a free one. */
  readonly port: number;
  /** The server ends after this many milliseconds without context or request. */
  readonly idleTimeoutMs: number;
  /** How often idleness and owners are looked at, in milliseconds. */
  readonly sweepEveryMs?: number;
  startDriver(place: DriverPlace): Promise<Driver>;
  /** Ends the server when it aborts. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** Hears every step of starting and ending, in words. */
  log(text: string): void;
}

/** Names the default cluster everywhere: in settings, banners and wait texts. */
export const defaultClusterId = 'embedded';
/** A driver that has not ended by then is left to itself: it ends when its connection to this process closes. Milliseconds. */
const driverEndMs = 10_000;

/**
 * The server process of the embedded workspace, from the lock to the last driver's end. Resolves when it has ended, at once where
 * another process holds the lock. Rejects when it cannot start: `BridgeError` `config` for a port in use.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { home, log } = options;
  const files = workspaceFiles(home);
  const lock = await takeLock(files.lock, (await identify(options.pid)) ?? String(options.pid), options.servedBefore);
  if (lock === undefined) return log('Another embedded workspace runs or starts; this one gives way');
  log('lock taken');
  try {
    await rm(files.scratch, { recursive: true, force: true });
    for (const directory of [files.scratch, files.cache, files.dbfs]) await mkdir(directory, { recursive: true, mode: 0o700 });
    log('directories ready');
    await serveLocked(options);
  } finally {
    await rm(files.scratch, { recursive: true, force: true });
    await lock.release();
    log('ended');
  }
}

async function serveLocked(options: ServeOptions): Promise<void> {
  const { home, pid, version, log, clock = systemClock } = options;
  const token = randomBytes(32).toString('hex');
  const stopping = new AbortController();
  const stop = (reason: string) => {
    log(`stopping: ${reason}`);
    stopping.abort();
  };
  const workspace = new Workspace({
    clusterId: defaultClusterId,
    clusterName: 'Embedded Spark',
    startDriver: driverStarter(options),
    newId,
    now: () => clock.now(),
    log,
  });
  const server = await buildServer({ workspace, dialect: dialects[options.dialect], token, version, pid, stop, log });
  const ended = AbortSignal.any([options.signal, stopping.signal]);
  try {
    const url = await server.listen({ host: '127.0.0.1', port: options.port }).catch((error: unknown) => {
      throw portRefused(error, options.port);
    });
    log(`listening at ${url}`);
    // A start that fails is a state of the cluster, which clients see.
    void workspace.defaultCluster.driver().catch(() => undefined);
    const started = new Date().toISOString();
    await writeState(home, { url, token, pid, version, dialect: options.dialect, clusterId: defaultClusterId, started });
    log('state file written');
    while (!ended.aborted) {
      await clock.sleep(options.sweepEveryMs ?? 5000, ended);
      if (ended.aborted) break;
      // A look that fails (too many open files) must not end what people work with.
      await lookAround(workspace, options, token, stop).catch((error: unknown) => log(`could not look around: ${String(error)}`));
    }
  } finally {
    // First the file: whoever looks from now on starts another server, which waits for the lock.
    await removeState(home, token);
    await server.close();
    if ((await within(driverEndMs, workspace[Symbol.asyncDispose]().then(() => true))) !== true) log('a driver did not end in time');
  }
}

function portRefused(error: unknown, port: number): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  const message = `Port ${port} is in use: choose another with --port, or leave it out to get a free one.`;
  return new BridgeError('config', message, { setting: '--port' }, { cause: error });
}

async function lookAround(workspace: Workspace, { home, idleTimeoutMs }: ServeOptions, token: string, stop: (reason: string) => void): Promise<void> {
  await workspace.sweep();
  if (workspace.idleFor >= idleTimeoutMs) return stop('nobody uses it');
  // Without the file nobody finds this server; it would hold its memory for nothing.
  if ((await readState(home))?.token !== token) return stop('its state file is gone');
}

/** Every driver gets a directory of its own, of no other server either: one that outlives its server by a moment removes what was its own. */
function driverStarter({ home, pid, startDriver }: ServeOptions): (onProgress: (text: string) => void) => Promise<Driver> {
  const { scratch, cache, dbfs, driverLog } = workspaceFiles(home);
  let count = 0;
  return async (onProgress) => {
    const workDirectory = join(scratch, `driver-${pid}-${++count}`);
    await setAsideIfLong(driverLog);
    return startDriver({ workDirectory, cacheDirectory: cache, dbfsRoot: dbfs, logFile: driverLog, onProgress });
  };
}
