import type { Cluster } from '../databricks/parse.ts';
import { waitForCluster } from '../databricks/wait.ts';
import { BridgeError } from '../lib/errors.ts';
import type { Connection, Wait } from './connection.ts';

/** For so long after a start a server may still show the cluster as terminated. */
const startSeenMs = 10_000;

/**
 * Waits until the cluster takes contexts. A terminated one is started if `mayStart` says so when that is seen, because it costs money;
 * else the answer is `false`. Throws `BridgeError`: `config` for an unknown cluster, `context` for one that cannot be used.
 */
export async function passClusterGate(connection: Connection, wait: Wait, mayStart: () => boolean): Promise<boolean> {
  const { client, clusterId } = connection;
  const onState = (cluster: Cluster): void => {
    if (!isUsable(cluster)) wait.onStage({ waitsFor: 'cluster', text: stageText(connection, cluster) });
  };
  const settled = { onState, signal: wait.signal, done: (cluster: Cluster) => cluster.status !== 'Pending' && cluster.status !== 'Terminating' };
  const cluster = await waitForCluster(client, clusterId, settled).catch((error: unknown) => {
    throw isUnknownCluster(error) ? unknownCluster(connection, error) : error;
  });
  // The embedded workspace starts a cluster by itself when a context is created on it; nobody pays for that.
  if (connection.embedded) return true;
  if (cluster.status !== 'Terminated') return usable(connection, cluster);
  if (!mayStart()) return false;
  await client.clusters.start(clusterId);
  const startedAt = client.clock.now();
  const isStarting = ({ status }: Cluster): boolean =>
    status === 'Pending' || (status === 'Terminated' && client.clock.now() - startedAt < startSeenMs);
  return usable(connection, await waitForCluster(client, clusterId, { ...settled, done: (now) => !isStarting(now) }));
}

function isUsable({ status }: Cluster): boolean {
  return status === 'Running' || status === 'Reconfiguring';
}

function usable(connection: Connection, cluster: Cluster): true {
  if (isUsable(cluster)) return true;
  const why = cluster.message === '' ? '' : `: ${cluster.message.replace(/\.$/, '')}`;
  throw new BridgeError(
    'context',
    `The cluster ${nameOf(connection, cluster)} at ${connection.describe.host} is in state ${cluster.status}${why}. Start or repair it there, then run the cell again.`,
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

function isUnknownCluster(error: unknown): boolean {
  if (!(error instanceof BridgeError) || !error.is('api')) return false;
  return /unknown cluster|cluster .*does not exist|RESOURCE_DOES_NOT_EXIST/i.test(error.details.serverMessage);
}

function unknownCluster({ clusterId, describe, clusterOrigin }: Connection, cause: unknown): BridgeError {
  return new BridgeError('config', `${describe.host} knows no cluster ${clusterId}: check ${clusterOrigin}.`, { setting: clusterOrigin }, { cause });
}
