import { access, constants, mkdir } from 'node:fs/promises';
import { platform } from 'node:os';
import { resolve } from 'node:path';
import { BridgeError } from '../lib/errors.ts';
import { claimCount, lockHolder, wasReleased } from '../lib/lock-file.ts';
import { isAlive } from '../lib/process-identity.ts';
import { systemClock } from '../lib/time.ts';
import { askToStop, askWorkspace } from './control.ts';
import type { WorkspaceInfo } from './control.ts';
import { launch } from './launch.ts';
import type { LaunchCommand, Launched } from './launch.ts';
import { readState, workspaceFiles } from './state-file.ts';
import type { WorkspaceState } from './state-file.ts';

export type { LaunchCommand } from './launch.ts';

export interface LocateOptions {
  /** `DATABRICKS_KERNEL_HOME`. */
  readonly home: string;
  /** Of this program; a workspace of another version is replaced, or refused while it has open contexts. */
  readonly version: string;
  /** Demands a dialect; any will do otherwise. */
  readonly dialect?: string | undefined;
  /** Starts the server where none runs. */
  readonly launch: LaunchCommand;
  /** Told what is being waited for, in words for the user, whenever that changes. */
  onStage(text: string): void;
  /** Gives the wait up; a server that is being started goes on. */
  readonly signal?: AbortSignal | undefined;
}

export interface LocatedWorkspace {
  readonly url: string;
  readonly token: string;
  readonly clusterId: string;
}

/** Milliseconds between two looks. */
const lookEveryMs = 50;
/** A server process that holds the lock and answers nobody for this long (milliseconds) hangs. */
const hangsAfterMs = 30_000;
/** A server that ends before it answers may have given way to one that has ended since; three in a row have failed. */
const maxLaunches = 3;
const startingText = 'Starting the embedded workspace';

/**
 * Finds the embedded workspace of this home, or starts one, and waits until its cluster is no longer starting.
 * Any number of processes may do this at the same time: one workspace comes of it.
 * @throws BridgeError `config` (none on Windows; a home that cannot be written to; another version or dialect in use), `net` (it does not start or answer),
 * `context` (its cluster did not start, or somebody stopped it meanwhile); the signal's reason
 */
export async function locateWorkspace(options: LocateOptions): Promise<LocatedWorkspace> {
  refuseWindows(platform());
  const { signal } = options;
  const home = resolve(options.home);
  await makeHome(home);
  const attempt = new Attempt({ ...options, home });
  for (;;) {
    signal?.throwIfAborted();
    const state = await readState(home);
    const info = state && (await askWorkspace(state));
    const located = state && info ? await attempt.use(state, info) : await attempt.start(state);
    if (located !== undefined) return located;
    await systemClock.sleep(lookEveryMs, signal);
  }
}

/** @throws BridgeError `config` on Windows */
export function refuseWindows(system: NodeJS.Platform): void {
  if (system !== 'win32') return;
  const message = 'There is no embedded workspace on Windows: set DATABRICKS_HOST to the address of a Databricks workspace.';
  throw new BridgeError('config', message, { setting: 'DATABRICKS_HOST' });
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await access(home, constants.W_OK);
  } catch (error) {
    const setting = 'DATABRICKS_KERNEL_HOME';
    const message = `The embedded workspace cannot write to ${home}: set ${setting} to a directory that it can write to.`;
    throw new BridgeError('config', message, { setting }, { cause: error });
  }
}

function stoppedMeanwhile(): BridgeError<'context'> {
  return new BridgeError('context', 'The embedded workspace was stopped while it started: run this again to start another.', { lost: false });
}

/** What one `locateWorkspace` has seen and done so far. */
class Attempt {
  readonly #options: LocateOptions;
  #stage: string | undefined;
  #launched: (Launched & { readonly servedBefore: number }) | undefined;
  #launches = 0;
  #silentSince: number | undefined;
  #sawPending = false;

  constructor(options: LocateOptions) {
    this.#options = options;
  }

  /** A workspace answers: it is the one, or must start first, or must go. */
  async use(state: WorkspaceState, info: WorkspaceInfo): Promise<LocatedWorkspace | undefined> {
    this.#silentSince = undefined;
    const { version, dialect } = this.#options;
    if (info.version !== version) return this.#replace(state, `of version ${info.version} (this program is ${version})`);
    if (dialect !== undefined && info.dialect !== dialect) return this.#replace(state, `in the ${info.dialect} dialect`);
    const { url, token, clusterId } = state;
    const cluster = info.clusters.find(({ id }) => id === clusterId);
    if (cluster?.status === 'Pending') {
      this.#sawPending = true;
      this.#tell(`${startingText}: ${cluster.message}`);
      return undefined;
    }
    // Whoever waited for the start is told how it failed; who finds a cluster that failed before goes on, and the next context
    // starts it anew.
    if (cluster?.status === 'Error' && this.#sawPending) throw new BridgeError('context', cluster.message, { lost: false });
    return { url, token, clusterId };
  }

  async #replace(state: WorkspaceState, difference: string): Promise<undefined> {
    if ((await askToStop(state, true)) === 'in use') {
      const message = `An embedded workspace ${difference} is in use: close its notebooks, or run "databricks-kernel workspace stop".`;
      throw new BridgeError('config', message, { setting: 'DATABRICKS_KERNEL_HOME' });
    }
    this.#tell(`Replacing the embedded workspace ${difference}`);
    return undefined;
  }

  /** Nothing answers: somebody may be starting or stopping; otherwise it is for us to start. */
  async start(state: WorkspaceState | undefined): Promise<undefined> {
    const { home } = this.#options;
    const { lock } = workspaceFiles(home);
    // Before anything else is looked at: a server that another starter launches meanwhile counts as one more.
    const servedBefore = await claimCount(lock);
    const launched = this.#launched?.identity;
    const starting = launched !== undefined && (await isAlive(launched)) ? launched : undefined;
    const somebody = (await lockHolder(lock)) ?? starting;
    if (somebody !== undefined) {
      this.#waitFor(somebody);
      return;
    }
    this.#silentSince = undefined;
    if (await this.#wasStopped(state, servedBefore)) throw stoppedMeanwhile();
    if (this.#launches === maxLaunches) throw await this.#failure();
    this.#tell(startingText);
    this.#launches++;
    this.#launched = { ...(await launch(home, this.#options.launch, servedBefore)), servedBefore };
  }

  /** Whether somebody ended what this attempt has waited for: another would be against their will. One that was killed leaves its file or its lock. */
  async #wasStopped(state: WorkspaceState | undefined, served: number): Promise<boolean> {
    if (state !== undefined) return false;
    if (this.#sawPending) return true;
    const launched = this.#launched;
    if (launched === undefined || served === launched.servedBefore) return false;
    return (await wasReleased(workspaceFiles(this.#options.home).lock)) && (await launched.failure()) === undefined;
  }

  #waitFor(somebody: string): void {
    this.#silentSince ??= systemClock.now();
    this.#tell(this.#launched === undefined ? 'Waiting for the embedded workspace, which another process starts or stops' : startingText);
    if (systemClock.now() - this.#silentSince < hangsAfterMs) return;
    const pid = Number.parseInt(somebody, 10);
    const message = `The embedded workspace (process ${pid}) does not answer: run "databricks-kernel workspace stop", then try again.`;
    throw new BridgeError('net', message, { host: 'embedded', sent: false });
  }

  async #failure(): Promise<BridgeError> {
    const { log } = workspaceFiles(this.#options.home);
    const why = (await this.#launched?.failure()) ?? 'its server process ended without a word.';
    return new BridgeError('net', `The embedded workspace did not start: ${why} Its log is ${log}`, { host: 'embedded', sent: false });
  }

  #tell(text: string): void {
    if (text === this.#stage) return;
    this.#stage = text;
    this.#options.onStage(text);
  }
}
