import { availableParallelism } from 'node:os';
import type { Cluster, ClusterChange, ClusterState } from '../cluster.ts';
import { embeddedNodeType, memoryMb } from '../driver/machine.ts';
import { userName } from '../guard.ts';

/** A cluster as Clusters API 2.x shows it (`ClusterDetails`). Times are milliseconds since 1970. */
export function details(cluster: Cluster) {
  const { definition, state, lastRun, message } = cluster;
  const { id, name, numWorkers, sparkVersion, nodeType, useSpot, zoneId, sparkConf, autoterminationMinutes } = definition;
  const isUp = state.status === 'Running' || state.status === 'Reconfiguring';
  const lost = lastOf(cluster, ['terminated', 'restarted', 'died']);
  return {
    cluster_id: id,
    cluster_name: name,
    state: stateOf(state),
    state_message: message,
    num_workers: numWorkers,
    spark_version: sparkVersion,
    spark_conf: sparkConf,
    node_type_id: nodeType,
    driver_node_type_id: nodeType,
    aws_attributes: { zone_id: zoneId, availability: useSpot ? 'SPOT' : 'ON_DEMAND' },
    creator_user_name: userName,
    cluster_source: 'API',
    autotermination_minutes: autoterminationMinutes,
    default_tags: { Creator: userName, ClusterName: name, ClusterId: id },
    jdbc_port: 10000,
    ...(lastRun && { spark_context_id: lastRun.sparkContextId, start_time: Math.round(lastRun.since), last_restarted_time: Math.round(lastRun.since) }),
    ...(lost && { last_state_loss_time: Math.round(lost.at) }),
    ...(isUp && {
      cluster_cores: numWorkers === 0 ? availableParallelism() : numWorkers,
      cluster_memory_mb: memoryMb,
      driver: { node_id: embeddedNodeType, instance_id: embeddedNodeType, private_ip: '127.0.0.1', host_private_ip: '127.0.0.1', public_dns: 'localhost' },
    }),
    ...terminationOf(cluster),
  };
}

export function stateOf(state: ClusterState): string {
  switch (state.status) {
    case 'Pending':
      return state.run.why === 'restarted' ? 'RESTARTING' : 'PENDING';
    case 'Reconfiguring':
      return 'RESIZING';
    default:
      return state.status.toUpperCase();
  }
}

function terminationOf(cluster: Cluster): object {
  const { status } = cluster.state;
  if (status !== 'Terminated' && status !== 'Terminating' && status !== 'Error') return {};
  const change = cluster.history.at(-1);
  return { ...(change && status !== 'Terminating' && { terminated_time: Math.round(change.at) }), termination_reason: reasonOf(change) };
}

/** Why a driver ended, by the vendor's codes (`TerminationReason`). */
function reasonOf(change: ClusterChange | undefined): object {
  switch (change?.what) {
    case 'did not start':
      return { code: 'SPARK_STARTUP_FAILURE', type: 'SERVICE_FAULT', parameters: { databricks_error_message: change.cause } };
    case 'died':
      return { code: 'DRIVER_UNREACHABLE', type: 'SERVICE_FAULT', parameters: { databricks_error_message: change.cause } };
    case undefined:
      // Since the workspace started, nobody has started the cluster.
      return { code: 'CLOUD_PROVIDER_SHUTDOWN', type: 'SUCCESS', parameters: {} };
    default:
      if (change?.cause !== undefined) return { code: 'INACTIVITY', type: 'SUCCESS', parameters: {} };
      return { code: 'USER_REQUEST', type: 'SUCCESS', parameters: { username: userName } };
  }
}

function lastOf({ history }: Cluster, kinds: readonly ClusterChange['what'][]): ClusterChange | undefined {
  return history.findLast(({ what }) => kinds.includes(what));
}

/** What happened, as `ClusterEvent`; the vendor has none for a cluster that has ended. */
export function event(clusterId: string, change: ClusterChange) {
  const type = eventTypes[change.what];
  if (type === undefined) return undefined;
  return { cluster_id: clusterId, timestamp: Math.round(change.at), type, details: eventDetails(change) };
}

const eventTypes: Readonly<Record<ClusterChange['what'], string | undefined>> = {
  created: 'CREATING',
  started: 'STARTING',
  restarted: 'RESTARTING',
  running: 'RUNNING',
  resizing: 'RESIZING',
  resized: 'UPSIZE_COMPLETED',
  'not resized': 'ADD_NODES_FAILED',
  terminating: 'TERMINATING',
  terminated: undefined,
  'did not start': 'SPARK_EXCEPTION',
  died: 'DRIVER_UNAVAILABLE',
};

function eventDetails(change: ClusterChange): object {
  const { what, numWorkers, cause } = change;
  switch (what) {
    case 'created':
    case 'started':
    case 'restarted':
      return { cluster_size: { num_workers: numWorkers }, user: userName };
    case 'resizing':
      return { cluster_size: { num_workers: numWorkers }, target_num_workers: numWorkers, cause: 'USER_REQUEST', user: userName };
    case 'running':
    case 'resized':
      return { current_num_workers: numWorkers, target_num_workers: numWorkers };
    case 'terminating':
      return { reason: reasonOf(change) };
    default:
      return { driver_state_message: cause, reason: reasonOf(change) };
  }
}
