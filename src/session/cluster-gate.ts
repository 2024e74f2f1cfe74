import { isUnknownCluster } from '../databricks/errors.ts';
import type { Cluster } from '../databricks/types.ts';
import { isInstalling, waitForCluster } from '../databricks/wait.ts';
import { BridgeError } from '../lib/errors.ts';
import type { Connection, Wait } from './connection.ts';
import { lookAtLibraries, passLibraryGate } from './library-gate.ts';

/** For so long after a start a server may still show the cluster as terminated. */
const startSeenMs = 10_000;

/** A cluster that takes contexts. */
export interface ReadyCluster {
  /** Which life of the cluster it is, as `Cluster.incarnation`. */
  readonly incarnation: string;
  /** What the user is to be told of it, a sentence each. */
  readonly remarks: readonly string[];
  /** It does not run yet: the context that is made on it starts it. */
  readonly starts?: true;
}

/**
 * Waits until the cluster takes contexts and has its libraries. A terminated one is started if `mayStart` says so when that is seen, because
 * it costs money; else the answer is `undefined`. Throws `BridgeError`: `config` for an unknown cluster, `context` for one that cannot be used.
 */
export async function passClusterGate(connection: Connection, wait: Wait, mayStart: () => boolean): Promise<ReadyCluster | undefined> {
  const { client, clusterId, describe, embedded } = connection;
  wait.onStage({ waitsFor: 'cluster', text: `Looking for cluster ${describe.cluster} at ${describe.host}` });
  // At the same time as the cluster, so that a cell on one without libraries is no slower.
  let libraries = lookAtLibraries(connection, wait);
  let changed = false;
  const onState = (cluster: Cluster): void => {
    if (isUsable(cluster)) return;
    changed = true;
    wait.onStage({ waitsFor: 'cluster', text: stageText(connection, cluster) });
  };
  const settled = { onState, signal: wait.signal, done: (cluster: Cluster) => cluster.status !== 'Pending' && cluster.status !== 'Terminating' };
  let cluster = await waitForCluster(client, clusterId, settled).catch((error: unknown) => {
    throw isUnknownCluster(error) ? unknownCluster(connection, error) : error;
  });
  if (!isUsable(cluster)) {
    // The embedded one starts by itself when a context is created on it, and nobody pays for that; but before it runs it installs nothing.
    if (embedded && !(await libraries).some(isInstalling)) return { incarnation: '', remarks: [], starts: true };
    if (!embedded && cluster.status === 'Terminated' && !mayStart()) return undefined;
    if (embedded || cluster.status === 'Terminated') cluster = await start(connection, settled);
  }
  expectUsable(connection, cluster);
  // What was seen of them before the cluster ran says nothing.
  if (changed) libraries = lookAtLibraries(connection, wait);
  const remarks = await passLibraryGate(connection, nameOf(connection, cluster), await libraries, wait);
  return { incarnation: cluster.incarnation, remarks };
}

/** Starts a cluster, or sees that somebody else does, and waits for where that leads. */
async function start({ client, clusterId }: Connection, watch: { readonly onState: (cluster: Cluster) => void; readonly signal: AbortSignal }): Promise<Cluster> {
  await client.clusters.start(clusterId);
  const startedAt = client.clock.now();
  const isStarting = ({ status }: Cluster): boolean =>
    status === 'Pending' || (status === 'Terminated' && client.clock.now() - startedAt < startSeenMs);
  return waitForCluster(client, clusterId, { ...watch, done: (now) => !isStarting(now) });
}

function isUsable({ status }: Cluster): boolean {
  return status === 'Running' || status === 'Reconfiguring';
}

function expectUsable(connection: Connection, cluster: Cluster): void {
  if (isUsable(cluster)) return;
  const why = cluster.message === '' ? '' : `: ${cluster.message.replace(/\.$/, '')}`;
  throw new BridgeError(
    'context',
    `The cluster ${nameOf(connection, cluster)} at ${connection.describe.host} is in state ${cluster.status}${why}. Start or repair it there, then run the code again.`,
    { lost: false },
  );
}

function stageText(connection: Connection, cluster: Cluster): string {
  const why = cluster.message === '' ? '' : `: ${cluster.message}`;
  return `Waiting for cluster ${nameOf(connection, cluster)} at ${connection.describe.host} (${cluster.status.toLowerCase()}${why})`;
}

function nameOf({ clusterId }: Connection, { name }: Cluster): string {
  return name === '' || name === clusterId ? clusterId : `${name} (${clusterId})`;
}

function unknownCluster({ clusterId, describe, clusterOrigin }: Connection, cause: unknown): BridgeError {
  return new BridgeError('config', `There is no cluster ${clusterId} on ${describe.host}: check ${clusterOrigin}.`, { setting: clusterOrigin }, { cause });
}
