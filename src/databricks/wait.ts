import { BridgeError } from '../lib/errors.ts';
import { unlessAborted } from '../lib/signals.ts';
import type { ContextAddress } from './api/commands.ts';
import type { Client } from './client.ts';
import { isSameLibrary } from './library-words.ts';
import { Outage } from './outage.ts';
import { pollDelay } from './polling.ts';
import { patienceWith } from './retry.ts';
import type { Cluster, ClusterId, Library, LibraryInstall, LibraryStatus } from './types.ts';

/** A context that takes longer is stuck: creation that hangs for hours is known of real servers. */
const contextMs = 5 * 60_000;
/** A cluster that takes longer than the vendor's own clients wait is not coming, nor is a library. */
const clusterMs = 20 * 60_000;

/** Waits until a new context takes commands. Throws `BridgeError` `context` when it fails to start, or when `signal` ends the wait. */
export async function waitForContext(client: Client, context: ContextAddress, signal: AbortSignal): Promise<void> {
  const state = await poll(client, contextMs, signal, async () => {
    const seen = await client.contexts.status(context);
    return seen.status === 'Pending' ? undefined : seen;
  });
  if (state?.status === 'Running') return;
  if (state === undefined) throw new BridgeError('context', `The execution context ${givenUp(signal, contextMs)}.`, { lost: false });
  throw new BridgeError('context', `The execution context ${failed(state.cause, context)}.`, { lost: false, failed: state.cause });
}

/** How long to wait, and who hears what is seen on the way. */
interface WaitOptions<T> {
  /** Called with every answer, the last one included. */
  readonly onState: (seen: T) => void;
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly deadlineMs?: number;
}

/** Waits until `done` holds of a cluster. Throws `BridgeError` `context` at the deadline or on `signal`. */
export async function waitForCluster(
  client: Client,
  clusterId: ClusterId,
  { done, onState, signal, deadlineMs = clusterMs }: WaitOptions<Cluster> & { readonly done: (cluster: Cluster) => boolean },
): Promise<Cluster> {
  const cluster = await poll(client, deadlineMs, signal, async () => {
    const now = await client.clusters.get(clusterId);
    onState(now);
    return done(now) ? now : undefined;
  });
  if (cluster !== undefined) return cluster;
  throw new BridgeError('context', `The cluster ${clusterId} ${givenUp(signal, deadlineMs)}.`, { lost: false });
}

const installing: readonly LibraryStatus[] = ['PENDING', 'RESOLVING', 'INSTALLING'];

/** Whether the cluster is about to install it, or does. */
export function isInstalling({ status }: LibraryInstall): boolean {
  return installing.includes(status);
}

/** Whether nothing more will happen to a library before the cluster restarts. */
export function isSettled(install: LibraryInstall): boolean {
  return !isInstalling(install) && install.status !== 'UNKNOWN';
}

/**
 * Waits until the libraries that were asked for are settled on a cluster, and gives them in that order. `onState` hears of them alone;
 * one that the server does not list yet is pending. Throws `BridgeError` `context` at the deadline, on `signal`, or when the cluster
 * ended meanwhile.
 */
export async function waitForLibraries(
  client: Client,
  clusterId: ClusterId,
  libraries: readonly Library[],
  { onState, signal, deadlineMs = clusterMs }: WaitOptions<readonly LibraryInstall[]>,
): Promise<readonly LibraryInstall[]> {
  return pollLibraries(client, clusterId, { signal, deadlineMs }, (all) => {
    const wanted = libraries.map((library) => all.find((one) => isSameLibrary(one.library, library)) ?? pending(library));
    onState(wanted);
    return wanted.every(isSettled) ? wanted : undefined;
  });
}

/**
 * Waits until a cluster installs nothing any more, and gives all its libraries. A status that nobody knows is not waited for. Throws as
 * `waitForLibraries`.
 */
export async function waitForAllLibraries(
  client: Client,
  clusterId: ClusterId,
  { onState, signal, deadlineMs = clusterMs }: WaitOptions<readonly LibraryInstall[]>,
): Promise<readonly LibraryInstall[]> {
  return pollLibraries(client, clusterId, { signal, deadlineMs }, (all) => {
    onState(all);
    return all.some(isInstalling) ? undefined : all;
  });
}

/** Asks until `look` gives the libraries that were waited for. */
async function pollLibraries(
  client: Client,
  clusterId: ClusterId,
  { signal, deadlineMs }: { readonly signal: AbortSignal; readonly deadlineMs: number },
  look: (all: readonly LibraryInstall[]) => readonly LibraryInstall[] | undefined,
): Promise<readonly LibraryInstall[]> {
  const settled = await poll(client, deadlineMs, signal, async () => {
    const { libraries } = await client.libraries.clusterStatus(clusterId);
    const seen = look(libraries);
    if (seen === undefined) await expectAlive(client, clusterId);
    return seen;
  });
  if (settled !== undefined) return settled;
  const why = signal.aborted ? 'is no longer waited for' : `was not done after ${deadlineMs / 60_000} minutes`;
  throw new BridgeError('context', `The installation on cluster ${clusterId} ${why}.`, { lost: false });
}

/** A cluster that has ended installs nothing, and its libraries stay pending. */
async function expectAlive(client: Client, clusterId: ClusterId): Promise<void> {
  const { status, message } = await client.clusters.get(clusterId);
  if (status !== 'Terminating' && status !== 'Terminated' && status !== 'Error') return;
  const why = message === '' ? '' : `: ${message.replace(/\.$/, '')}`;
  throw new BridgeError('context', `The cluster ${clusterId} ended while libraries were installed on it (${status}${why}).`, { lost: false });
}

function pending(library: Library): LibraryInstall {
  return { library, status: 'PENDING', messages: [], forAllClusters: false };
}

function failed(cause: string, { clusterId }: ContextAddress): string {
  return `failed to start on cluster ${clusterId}: ${cause || 'the server gives no reason, the driver log of the cluster may'}`;
}

function givenUp(signal: AbortSignal, deadlineMs: number): string {
  return signal.aborted ? 'was given up before it was ready' : `was not ready after ${deadlineMs / 60_000} minutes`;
}

async function poll<T>(client: Client, deadlineMs: number, signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T | undefined> {
  const { clock } = client;
  const begun = clock.now();
  const outage = new Outage(client);
  let answered = false;
  while (!signal.aborted) {
    let delay: number;
    try {
      const seen = await unlessAborted(look(), signal);
      if (signal.aborted || seen !== undefined) return seen;
      answered = true;
      outage.end();
      const elapsed = clock.now() - begun;
      if (elapsed >= deadlineMs) return undefined;
      delay = pollDelay(elapsed);
    } catch (error) {
      // A wrong address is told at once; a network that went away meanwhile comes back.
      const next = answered ? outage.next(error, Math.min(deadlineMs, patienceWith(error, client.patience))) : undefined;
      if (next === undefined) throw error;
      delay = next;
    }
    await clock.sleep(delay, signal);
  }
  return undefined;
}
