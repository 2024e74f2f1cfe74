import { BridgeError } from '../lib/errors.ts';
import type { ContextAddress } from './api/commands.ts';
import type { Client } from './client.ts';
import type { Cluster } from './parse.ts';
import { pollDelay } from './polling.ts';
import type { ClusterId } from './types.ts';

/** A context that takes longer is stuck: creation that hangs for hours is known of real servers. */
const contextMs = 5 * 60_000;
/** A cluster that takes longer than the vendor's own clients wait is not coming. */
const clusterMs = 20 * 60_000;

/** Waits until a new context takes commands. Throws `BridgeError` `context` when it fails to start, or when `signal` ends the wait. */
export async function waitForContext(client: Client, context: ContextAddress, signal: AbortSignal): Promise<void> {
  const state = await poll(client, contextMs, signal, async () => {
    const seen = await client.contexts.status(context);
    return seen.status === 'Pending' ? undefined : seen;
  });
  if (state?.status === 'Running') return;
  throw new BridgeError('context', `The execution context ${state ? failed(state.cause, context) : givenUp(signal, contextMs)}.`, { lost: false });
}

/** Waits until `done` holds of a cluster, telling of every state on the way. Throws `BridgeError` `context` at the deadline or on `signal`. */
export async function waitForCluster(
  client: Client,
  clusterId: ClusterId,
  options: { readonly done: (cluster: Cluster) => boolean; readonly onState: (cluster: Cluster) => void; readonly signal: AbortSignal },
): Promise<Cluster> {
  const cluster = await poll(client, clusterMs, options.signal, async () => {
    const now = await client.clusters.get(clusterId);
    options.onState(now);
    return options.done(now) ? now : undefined;
  });
  if (cluster !== undefined) return cluster;
  throw new BridgeError('context', `The cluster ${clusterId} ${givenUp(options.signal, clusterMs)}.`, { lost: false });
}

function failed(cause: string, { clusterId }: ContextAddress): string {
  return `failed to start on cluster ${clusterId}: ${cause || 'the server gives no reason, the driver log of the cluster may'}`;
}

function givenUp(signal: AbortSignal, deadlineMs: number): string {
  return signal.aborted ? 'was given up before it was ready' : `was not ready after ${deadlineMs / 60_000} minutes`;
}

async function poll<T>({ clock }: Client, deadlineMs: number, signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T | undefined> {
  const begun = clock.now();
  while (!signal.aborted) {
    const seen = await look();
    if (seen !== undefined) return seen;
    const elapsed = clock.now() - begun;
    if (elapsed >= deadlineMs) return undefined;
    await clock.sleep(pollDelay(elapsed), signal);
  }
  return undefined;
}
