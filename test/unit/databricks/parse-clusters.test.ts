import { expect, test } from 'vitest';
import { parseCluster, parseCluster2, parseEvent, parseNodeTypes, parseSparkVersions } from '../../../src/databricks/parse/clusters.ts';
import type { Cluster, ClusterId } from '../../../src/databricks/types.ts';
import type { JsonValue } from '../../../src/lib/json.ts';

const nothing: Cluster = { id: '' as ClusterId, name: '', status: 'Unknown', message: '', workers: undefined, sparkVersion: '', nodeType: '', driverIp: '', jdbcPort: '', useSpot: undefined, zoneId: '', sparkConf: {}, autoterminationMinutes: undefined, incarnation: '' };

test.for<[JsonValue, Partial<Cluster>]>([
  [{ status: 'Running', id: 'peaceJam', name: 'test', driverIp: '10.12.34.56', jdbcPort: '10000' }, { id: 'peaceJam' as ClusterId, name: 'test', status: 'Running', driverIp: '10.12.34.56', jdbcPort: '10000' }],
  [{ id: 'a', name: 'n', driverIp: '1.2.3.4' }, { id: 'a' as ClusterId, name: 'n', status: 'Unknown', driverIp: '1.2.3.4' }],
  [{ status: 'RECONFIGURING', numWorkers: 6 }, { status: 'Reconfiguring', workers: 6 }],
  [{ status: 'Pending', numWorkerContainers: '6', sparkVersion: '1.3.x', jdbcPort: 10000 }, { status: 'Pending', workers: 6, sparkVersion: '1.3.x', jdbcPort: '10000' }],
  [{ status: 'Error', cause: 'no memory' }, { status: 'Error', message: 'no memory' }],
  [{ useSpot: true, zoneId: 'us-west-1c', sparkConf: { 'spark.speculation': 'true', a: 1, b: true } }, { useSpot: true, zoneId: 'us-west-1c', sparkConf: { 'spark.speculation': 'true', a: '1', b: 'true' } }],
  [{ useSpot: 'False', zoneId: null, sparkConf: null }, { useSpot: false }],
  [{ useSpot: null, sparkConf: ['a'] }, {}],
  [{ status: null, name: null }, {}],
  ['text', {}],
  [null, {}],
])('a cluster of API 1.2, %j', ([answer, cluster]) => {
  expect(parseCluster(answer)).toEqual({ ...nothing, ...cluster });
});

test.for<[JsonValue, Partial<Cluster>]>([
  [{ cluster_id: 'a', cluster_name: 'n', state: 'RESIZING' }, { id: 'a' as ClusterId, name: 'n', status: 'Reconfiguring' }],
  [{ state: 'RESTARTING' }, { status: 'Pending' }],
  [{ state: 'TERMINATED', state_message: 'Inactive' }, { status: 'Terminated', message: 'Inactive' }],
  [{ state: 'TERMINATED', state_message: '', termination_reason: { code: 'INACTIVITY', type: 'SUCCESS', parameters: { inactivity_duration_min: '120' } } }, { status: 'Terminated', message: 'INACTIVITY, inactivity_duration_min: 120' }],
  [{ state: 'TERMINATED', termination_reason: { code: 'USER_REQUEST', type: 'SUCCESS', parameters: { username: 'token' } } }, { status: 'Terminated', message: '' }],
  [{ state: 'ERROR', termination_reason: null }, { status: 'Error' }],
  [{ state: 'ODD' }, {}],
  [{ spark_context_id: 4018900012385432000, start_time: 1 }, { incarnation: '4018900012385432000' }],
  [{ start_time: 1700000000000 }, { incarnation: '1700000000000' }],
  [{ num_workers: 2, spark_version: '16.4.x-scala2.12', node_type_id: 'i3.xlarge', driver: { private_ip: '10.0.0.1' }, jdbc_port: 10000 }, { workers: 2, sparkVersion: '16.4.x-scala2.12', nodeType: 'i3.xlarge', driverIp: '10.0.0.1', jdbcPort: '10000' }],
  [{ aws_attributes: { availability: 'SPOT_WITH_FALLBACK', zone_id: 'us-west-2a' }, spark_conf: { 'spark.speculation': 'true' } }, { useSpot: true, zoneId: 'us-west-2a', sparkConf: { 'spark.speculation': 'true' } }],
  [{ aws_attributes: { availability: 'SPOT' } }, { useSpot: true }],
  [{ autotermination_minutes: 30 }, { autoterminationMinutes: 30 }],
  [{ autotermination_minutes: 0 }, { autoterminationMinutes: 0 }],
  [{ aws_attributes: { availability: 'ON_DEMAND' }, spark_conf: {} }, { useSpot: false }],
  [{ aws_attributes: null, spark_conf: null }, {}],
  [{ autoscale: { min_workers: 1, max_workers: 8 }, executors: [{}, {}, {}] }, { workers: 3 }],
  [{}, {}],
])('a cluster of API 2.x, %j', ([answer, cluster]) => {
  expect(parseCluster2(answer)).toEqual({ ...nothing, ...cluster });
});

test('events, Spark versions and node types are read, with what is missing empty', () => {
  expect(parseEvent({ cluster_id: 'a', timestamp: 1534371918659, type: 'TERMINATING', details: { reason: { code: 'INACTIVITY' } } })).toEqual({
    timestamp: 1534371918659, type: 'TERMINATING', details: { reason: { code: 'INACTIVITY' } },
  });
  expect(parseEvent({})).toEqual({ timestamp: 0, type: '', details: {} });
  expect(parseSparkVersions({ versions: [{ key: '16.4.x-scala2.12', name: '16.4 LTS' }] })).toEqual([{ key: '16.4.x-scala2.12', name: '16.4 LTS' }]);
  expect(parseSparkVersions({})).toEqual([]);
  expect(parseNodeTypes({ node_types: [{ node_type_id: 'a', num_cores: 4.0, memory_mb: 7500, is_deprecated: 'True' }, {}] })).toEqual([
    { id: 'a', cores: 4, memoryMb: 7500, gpus: 0, usable: false },
    { id: '', cores: 0, memoryMb: 0, gpus: 0, usable: true },
  ]);
});
