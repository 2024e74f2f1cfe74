import { BridgeError } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/json.ts';
import type { Cluster, ClusterEvent, ClusterId, ClusterStatus, NodeType, SparkVersion } from '../types.ts';
import { flag, list, number, object, shown, text, word } from './values.ts';

/** One cluster of API 1.2. Its status is `Unknown` where the entry has none, as in the document's example of `clusters/status`. */
export function parseCluster(entry: JsonValue): Cluster {
  const body = object(entry);
  return {
    id: text(body['id']) as ClusterId,
    name: text(body['name']),
    status: parseClusterStatus(body['status']),
    message: text(body['message'] ?? body['cause']),
    workers: number(body['numWorkerContainers'] ?? body['numWorkers']),
    sparkVersion: text(body['sparkVersion']),
    nodeType: '',
    driverIp: text(body['driverIp']),
    jdbcPort: text(body['jdbcPort']),
    useSpot: text(body['useSpot']) === '' ? undefined : flag(body['useSpot']),
    zoneId: text(body['zoneId']),
    sparkConf: settings(body['sparkConf']),
    autoterminationMinutes: undefined,
    incarnation: '',
  };
}

/** One cluster of API 2.x (`clusters/get`, and each of `clusters/list`). */
export function parseCluster2(answer: JsonValue): Cluster {
  const body = object(answer);
  const driver = object(body['driver']);
  const aws = object(body['aws_attributes']);
  const availability = word(aws['availability']);
  return {
    id: text(body['cluster_id']) as ClusterId,
    name: text(body['cluster_name']),
    status: parseClusterStatus(body['state']),
    message: text(body['state_message']) || terminationReason(body['termination_reason']),
    // An autoscaling cluster has no number of workers of its own; that of its executors is what it has now.
    workers: number(body['num_workers']) ?? (Array.isArray(body['executors']) ? body['executors'].length : undefined),
    sparkVersion: text(body['spark_version']),
    nodeType: text(body['node_type_id']),
    driverIp: text(driver['private_ip']),
    jdbcPort: text(body['jdbc_port']),
    useSpot: availability === '' ? undefined : availability.startsWith('spot'),
    zoneId: text(aws['zone_id']),
    sparkConf: settings(body['spark_conf']),
    autoterminationMinutes: number(body['autotermination_minutes']),
    incarnation: text(body['spark_context_id']) || text(body['start_time']),
  };
}

function settings(value: JsonValue | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(object(value)).map(([name, setting]) => [name, text(setting)]));
}

/** `{code: "INACTIVITY", type: "SUCCESS", parameters: {…}}`, for servers that leave `state_message` empty. */
function terminationReason(value: JsonValue | undefined): string {
  const reason = object(value);
  // Who has ended a cluster needs no reason.
  if (reason['code'] === 'USER_REQUEST') return '';
  const parameters = Object.entries(object(reason['parameters'])).map(([name, parameter]) => `${name}: ${text(parameter)}`);
  return [text(reason['code']), ...parameters].filter((part) => part !== '').join(', ');
}

/** The one cluster that was asked for. Throws `BridgeError` `api` for an answer that describes none. */
export function expectCluster(answer: JsonValue, cluster: Cluster): Cluster {
  if (cluster.id !== '' || cluster.status !== 'Unknown') return cluster;
  throw new BridgeError('api', `The server's answer describes no cluster: ${shown(answer)}.`, { status: 200, serverMessage: '' });
}

const clusterWords: Readonly<Record<string, ClusterStatus>> = {
  pending: 'Pending',
  restarting: 'Pending',
  running: 'Running',
  resizing: 'Reconfiguring',
  reconfiguring: 'Reconfiguring',
  terminating: 'Terminating',
  terminated: 'Terminated',
  error: 'Error',
};

function parseClusterStatus(value: JsonValue | undefined): ClusterStatus {
  return clusterWords[word(value)] ?? 'Unknown';
}

/** One event of `clusters/events`. */
export function parseEvent(entry: JsonValue): ClusterEvent {
  const body = object(entry);
  return { timestamp: number(body['timestamp']) ?? 0, type: text(body['type']), details: object(body['details']) };
}

/** Reads the answer of `clusters/spark-versions`. */
export function parseSparkVersions(answer: JsonValue): SparkVersion[] {
  return list(object(answer)['versions']).map((entry) => ({ key: text(object(entry)['key']), name: text(object(entry)['name']) }));
}

/** Reads the answer of `clusters/list-node-types`. */
export function parseNodeTypes(answer: JsonValue): NodeType[] {
  return list(object(answer)['node_types']).map((entry) => {
    const body = object(entry);
    return {
      id: text(body['node_type_id']),
      cores: number(body['num_cores']) ?? 0,
      memoryMb: number(body['memory_mb']) ?? 0,
      gpus: number(body['num_gpus']) ?? 0,
      usable: !flag(body['is_deprecated']) && !flag(body['is_graviton']) && !flag(body['is_hidden']),
    };
  });
}
