import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { BridgeError } from '../lib/errors.ts';
import { takeLock } from '../lib/lock-file.ts';
import { isLoopback } from '../lib/loopback.ts';
import { identify } from '../lib/process-identity.ts';
import { systemClock, within } from '../lib/time.ts';
import type { Clock } from '../lib/time.ts';
import type { StartDriver } from './cluster.ts';
import type { ClusterDefinition } from './cluster-definition.ts';
import { dialects } from './dialect.ts';
import type { DialectName } from './dialect.ts';
import type { Driver } from './driver/driver.ts';
import { embeddedNodeType, embeddedSpark, embeddedZone } from './driver/machine.ts';
import type { FaultPlan } from './fault-rules.ts';
import { Faults } from './faults.ts';
import { ownAddress } from './guard.ts';
import { newClusterId, newId } from './ids.ts';
import { setAsideIfLong } from './log-file.ts';
import { removeDirectory } from './remove-directory.ts';
import { buildServer } from './server.ts';
import { readState, removeState, workspaceFiles, writeState } from './state-file.ts';
import { Store } from './store.ts';
import { Workspace } from './workspace.ts';

/** What a driver is started with; which Python, Java and Spark it runs on is not the server's business. */
export interface DriverPlace {
  readonly clusterId: string;
  /** Of this driver alone, to be made by it; what is left of it goes when the server ends or the next one starts. */
  readonly workDirectory: string;
  readonly cacheDirectory: string;
  readonly dbfsRoot: string;
  readonly logFile: string;
  /** How many tasks run at a time; 0: as many as the master has room for. */
  readonly numWorkers: number;
  /** What the user wants of Spark. */
  readonly sparkConf: Readonly<Record<string, string>>;
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
  /** The address to listen at, where other machines shall reach it; that of this machine alone by default. */
  readonly bind?: string | undefined;
  /** Spark master that `startDriver` uses; told to whoever would start it with another. */
  readonly master: string;
  /** The server ends after this many milliseconds without context or request. */
  readonly idleTimeoutMs: number;
  /** Calls that are made to fail; none unless it is given. */
  readonly faults?: FaultPlan | undefined;
  /** How often idleness and owners are looked at, in milliseconds. */
  readonly sweepEveryMs?: number;
  startDriver(place: DriverPlace): Promise<Driver>;
  /** Ends the server when it aborts. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** Hears every step of starting and ending, in words. */
  log(text: string): void;
}

/** Started with the workspace and used where no cluster is named; its id stands in settings, banners and wait texts. */
const defaultCluster: ClusterDefinition = {
  id: 'embedded',
  name: 'Embedded Spark',
  numWorkers: 0,
  sparkVersion: embeddedSpark.key,
  nodeType: embeddedNodeType,
  useSpot: false,
  zoneId: embeddedZone,
  sparkConf: {},
  autoterminationMinutes: 0,
};
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
    await removeDirectory(files.scratch, log);
    for (const directory of [files.scratch, files.cache, files.dbfs]) await mkdir(directory, { recursive: true, mode: 0o700 });
    log('directories ready');
    await serveLocked(options, lock.number);
  } finally {
    // Where another machine has taken over, which could not see this process, its drivers work there by now.
    if (await lock.isHeld().catch(() => false)) await removeDirectory(files.scratch, log);
    await lock.release();
    log('ended');
  }
}

async function serveLocked(options: ServeOptions, lockNumber: number): Promise<void> {
  const { home, pid, version, dialect, master, idleTimeoutMs, log, bind = ownAddress, clock = systemClock } = options;
  const token = randomBytes(32).toString('hex');
  const stopping = new AbortController();
  const stop = (reason: string) => {
    log(`stopping: ${reason}`);
    stopping.abort();
  };
  const files = workspaceFiles(home);
  const store = new Store(files.store);
  const workspace = new Workspace({
    defaultCluster,
    stored: await store.load(log),
    save: (stored) => store.save(stored),
    startDriver: driverStarter(options, lockNumber),
    dbfsRoot: files.dbfs,
    uploadDirectory: join(files.scratch, 'uploads'),
    newId,
    newClusterId,
    now: () => performance.timeOrigin + clock.now(),
    log,
  });
  const faults = options.faults && new Faults(options.faults);
  const server = await buildServer({ workspace, dialect: dialects[dialect], token, bind, version, pid, faults, stop, log });
  if (faults !== undefined) log(`faults are on, rules: ${faults.rules.length}`);
  const ended = AbortSignal.any([options.signal, stopping.signal]);
  try {
    // Told to end so soon, it starts nothing.
    if (ended.aborted) return;
    await server.listen({ host: bind, port: options.port }).catch((error: unknown) => {
      throw addressRefused(error, bind, options.port);
    });
    const { port } = server.server.address() as AddressInfo;
    const url = `http://${nameOf(bind)}:${port}`;
    log(`listening at ${url}`);
    if (!isLoopback(bind)) log(`warning: other machines can reach it at ${bind}; whoever has its token runs code as this user`);
    // A start that fails is a state of the cluster, which clients see.
    void workspace.defaultCluster.driver().catch(() => undefined);
    const started = new Date().toISOString();
    await writeState(home, { url, bind: options.bind, master, idleTimeoutMs, token, pid, version, dialect, clusterId: defaultCluster.id, started });
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

/** Where programs of this machine reach a server that listens there. */
function nameOf(bind: string): string {
  if (bind === '0.0.0.0') return ownAddress;
  return isIPv6(bind) ? `[${bind === '::' ? '::1' : bind}]` : bind;
}

function addressRefused(error: unknown, bind: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const refused = (setting: string, message: string) => new BridgeError('config', message, { setting }, { cause: error });
  if (code === 'EADDRINUSE') return refused('--port', `Port ${port} is in use: choose another with --port, or leave it out to get a free one.`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') return refused('--bind', `This machine has no address ${bind}: choose another with --bind, or leave it out.`);
  return error;
}

async function lookAround(workspace: Workspace, { home, idleTimeoutMs }: ServeOptions, token: string, stop: (reason: string) => void): Promise<void> {
  await workspace.sweep();
  if (workspace.idleFor >= idleTimeoutMs) return stop('nobody uses it');
  // Without the file nobody finds this server; it would hold its memory for nothing.
  if ((await readState(home))?.token !== token) return stop('its state file is gone');
}

/**
 * Every driver gets a directory of its own, of no other server either: one that outlives its server by a moment removes what was its own,
 * and what could not be removed is in nobody's way. A pid would not do: servers in containers often have the same.
 */
function driverStarter({ home, startDriver }: ServeOptions, lockNumber: number): StartDriver {
  const { scratch, cache, dbfs, driverLog } = workspaceFiles(home);
  let count = 0;
  return async ({ id, numWorkers, sparkConf }, onProgress) => {
    const workDirectory = join(scratch, `driver-${lockNumber}-${++count}`);
    await setAsideIfLong(driverLog);
    return startDriver({ clusterId: id, workDirectory, cacheDirectory: cache, dbfsRoot: dbfs, logFile: driverLog, numWorkers, sparkConf, onProgress });
  };
}
