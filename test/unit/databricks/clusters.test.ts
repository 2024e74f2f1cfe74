import { expect, test } from 'vitest';
import type { ClusterSpec } from '../../../src/databricks/api/new-cluster.ts';
import type { Client, ClientOptions } from '../../../src/databricks/client.ts';
import type { ClusterId } from '../../../src/databricks/types.ts';
import type { ScriptedServer } from '../../support/scripted-server.ts';
import { clientFor, failureOf, refused } from '../../support/scripted-api.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';

const c1 = 'c1' as ClusterId;
const lacking = { status: 404, json: { error_code: 'ENDPOINT_NOT_FOUND', message: 'No API found' } };

async function start({ without, ...options }: Partial<ClientOptions> & { readonly without?: RegExp } = {}) {
  const server: ScriptedServer = await startScriptedServer();
  server.guard(({ path }) => (without?.test(path) === true ? lacking : undefined));
  const client: Client = clientFor(server.url, options);
  return {
    server,
    client,
    paths: () => server.seen.map(({ path }) => path),
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const page = (ids: readonly string[], token?: string) => ({
  json: { clusters: ids.map((cluster_id) => ({ cluster_id, state: 'RUNNING' })), ...(token !== undefined && { next_page_token: token }) },
});

test('the pages of clusters/list are followed to the last one', async () => {
  await using api = await start();
  api.server.on('GET clusters/list', page(['a', 'b'], 't1'), page([], 't2'), page(['c'], ''));
  expect((await api.client.clusters.list()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(api.paths()).toEqual(Array(3).fill('/api/2.1/clusters/list'));
  expect(api.server.seen.map(({ fields }) => fields['page_token'])).toEqual([undefined, 't1', 't2']);
});

test('a server that repeats a page token is not read for ever', async () => {
  await using api = await start();
  api.server.on('GET clusters/list', page(['a'], 't1'), page(['b'], 't1'));
  expect((await api.client.clusters.list()).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('a server without clusters has an empty list, in either API', async () => {
  await using api = await start();
  api.server.on('GET clusters/list', { json: {} }, { json: [] });
  expect(await api.client.clusters.list()).toEqual([]);
  api.server.guard(({ path }) => (path.startsWith('/api/2.') ? lacking : undefined));
  const classic = clientFor(api.server.url);
  expect(await classic.clusters.list()).toEqual([]);
  await classic.close();
});

test('clusters/list of a server that knows 2.0 only is asked of 2.0', async () => {
  await using api = await start({ without: /2\.1/ });
  api.server.on('GET clusters/list', page(['a']));
  expect((await api.client.clusters.list()).map(({ id }) => id)).toEqual(['a']);
  expect(api.client.dialect.clusters2).toBe(true);
});

const calls: readonly [string, (client: Client) => Promise<unknown>, [string, object], [string, object]][] = [
  ['restart', (client) => client.clusters.restart(c1), ['restart', { cluster_id: 'c1' }], ['restart', { clusterId: 'c1' }]],
  ['resize', (client) => client.clusters.resize(c1, 3), ['resize', { cluster_id: 'c1', num_workers: 3 }], ['resize', { clusterId: 'c1', numWorkerContainers: 3 }]],
  ['delete', (client) => client.clusters.delete(c1), ['delete', { cluster_id: 'c1' }], ['delete', { clusterId: 'c1' }]],
];
test.for(calls)('%s goes to API 2.0, and to 1.2 where that is absent', async ([, call, second, first]) => {
  await using modern = await start();
  modern.server.on(`POST clusters/${second[0]}`, { json: {} });
  await call(modern.client);
  expect(modern.server.seen.map(({ path, fields }) => [path, fields])).toEqual([[`/api/2.0/clusters/${second[0]}`, second[1]]]);

  await using classic = await start({ without: /api\/2\./ });
  classic.server.on(`POST clusters/${first[0]}`, { json: { id: 'c1' } });
  await call(classic.client);
  await call(classic.client);
  // What is absent is asked for once.
  expect(classic.paths()).toEqual([`/api/2.0/clusters/${second[0]}`, ...Array(2).fill(`/api/1.2/clusters/${first[0]}`)]);
  expect(classic.server.seen.at(-1)?.fields).toEqual(first[1]);
});

const spec: ClusterSpec = { name: 'n', workers: 2 };
const full: ClusterSpec = { ...spec, sparkVersion: '16.4.x-scala2.12', nodeType: 'i3.xlarge', useSpot: true, zoneId: 'us-west-2a', sparkConf: { 'spark.speculation': true, a: 1 }, autoterminationMinutes: 30 };
test.for<[string, ClusterSpec, object]>([
  ['everything', full, {
    cluster_name: 'n', num_workers: 2, spark_version: '16.4.x-scala2.12', node_type_id: 'i3.xlarge', spark_conf: { 'spark.speculation': 'true', a: '1' }, autotermination_minutes: 30,
    aws_attributes: { availability: 'SPOT_WITH_FALLBACK', zone_id: 'us-west-2a' },
  }],
  ['no spot machines', { ...spec, useSpot: false }, { cluster_name: 'n', num_workers: 2, spark_version: '16.4.x-scala2.12', node_type_id: 'small', aws_attributes: { availability: 'ON_DEMAND' } }],
  ['a zone only', { ...spec, zoneId: 'z' }, { cluster_name: 'n', num_workers: 2, spark_version: '16.4.x-scala2.12', node_type_id: 'small', aws_attributes: { zone_id: 'z' } }],
  ['the least: the newest plain LTS version and the smallest machine', spec, { cluster_name: 'n', num_workers: 2, spark_version: '16.4.x-scala2.12', node_type_id: 'small' }],
])('a cluster is created by API 2.0 with %s', async ([, asked, fields]) => {
  await using api = await start();
  const versions = [['9.1.x-scala2.12', '9.1 LTS'], ['16.4.x-scala2.12', '16.4 LTS'], ['16.4.x-cpu-ml-scala2.12', '16.4 LTS ML'], ['17.0.x-scala2.13', '17.0'], ['17.3.x-photon-scala2.13', '17.3 LTS Photon']];
  const machine = (node_type_id: string, num_cores: number, more: object = {}) => ({ node_type_id, num_cores, memory_mb: 1000, ...more });
  api.server.on('GET clusters/spark-versions', { json: { versions: versions.map(([key, name]) => ({ key, name })) } });
  api.server.on('GET clusters/list-node-types', { json: { node_types: [machine('large', 8), machine('small', 4), machine('old', 2, { is_deprecated: true }), machine('gpu', 1, { num_gpus: 1 })] } });
  api.server.on('POST clusters/create', { json: { cluster_id: 'c9' } });
  expect(await api.client.clusters.create(asked)).toBe('c9');
  expect(api.server.seen.at(-1)?.fields).toEqual(fields);
});

test('of versions without long-term support the newest is taken', async () => {
  await using api = await start({ without: /list-node-types/ });
  api.server.on('GET clusters/spark-versions', { json: { versions: ['4.0.x-scala2.13', '4.10.x-scala2.13', '4.9.x-scala2.13'].map((key) => ({ key, name: key })) } });
  api.server.on('POST clusters/create', { json: { cluster_id: 'c9' } });
  await api.client.clusters.create(spec);
  expect(api.server.seen.at(-1)?.fields).toMatchObject({ spark_version: '4.10.x-scala2.13' });
});

test('a server of API 2.0 without lists of versions and machines is not told any', async () => {
  await using api = await start({ without: /spark-versions|list-node-types/ });
  api.server.on('POST clusters/create', { json: { cluster_id: 'c9' } });
  expect(await api.client.clusters.create(spec)).toBe('c9');
  expect(api.server.seen.at(-1)?.fields).toEqual({ cluster_name: 'n', num_workers: 2 });
});

test('an answer to create without an id is an error that shows the answer', async () => {
  await using api = await start({ without: /spark-versions|list-node-types/ });
  api.server.on('POST clusters/create', { json: { id: 'c9' } });
  expect(await failureOf(api.client.clusters.create(spec))).toMatchObject({ code: 'api', message: 'The server\'s answer holds no cluster_id: {"id":"c9"}.' });
});

test.for<[string, (client: Client) => Promise<unknown>, string]>([
  ['node types', (client) => client.clusters.create({ ...spec, nodeType: 'x' }), 'node types (Clusters API 2.x): leave that setting out.'],
  ['automatic termination', (client) => client.clusters.create({ ...spec, autoterminationMinutes: 10 }), 'automatic termination (Clusters API 2.x): leave that setting out.'],
  ['permanent deletion', (client) => client.clusters.permanentDelete(c1), 'permanent deletion (Clusters API 2.x): a deleted cluster stays in its list as terminated.'],
  ['events', (client) => client.clusters.events(c1, 10), 'list of events (Clusters API 2.x): look at the status of the cluster.'],
  ['versions', (client) => client.clusters.sparkVersions(), 'list of Spark versions (Clusters API 2.x): its documentation names them.'],
  ['machines', (client) => client.clusters.nodeTypes(), 'list of node types (Clusters API 2.x): it chooses the machines itself.'],
])('a server of API 1.2 alone has no %s, which is said and nothing done', async ([, call, words]) => {
  await using api = await start({ without: /api\/2\./ });
  expect(await failureOf(call(api.client))).toMatchObject({ code: 'api', message: `${api.server.url.origin} has no ${words}` });
  expect(api.paths().filter((path) => path.startsWith('/api/1.2'))).toEqual([]);
});

test('an unknown cluster is no absent API', async () => {
  await using api = await start();
  api.server.on('GET clusters/get', { status: 404, json: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'No cluster found matching: c1' } });
  expect(await failureOf(api.client.clusters.get(c1))).toMatchObject({ code: 'api', details: { status: 404 } });
  expect(api.paths()).toEqual(['/api/2.0/clusters/get']);
});

test.for(['{"unexpected":[1,2,3]}', '[]', '"RUNNING"', '{}'])('an answer that describes no cluster, %s, is one of no server of this API, and not a cluster in an unknown state', async (text) => {
  for (const without of [undefined, /api\/2\./]) {
    await using api = await start(without && { without });
    api.server.on('GET clusters/get', { text });
    api.server.on('GET clusters/status', { text });
    api.server.on('GET clusters/list', { json: [] });
    expect(await failureOf(api.client.clusters.get(c1))).toMatchObject({ code: 'api', message: `The server's answer describes no cluster: ${text}.` });
  }
});

test('events come newest first, page after page, up to as many as were asked for', async () => {
  await using api = await start();
  const events = (...types: string[]) => types.map((type, n) => ({ cluster_id: 'c1', timestamp: n, type, details: {} }));
  const next = { cluster_id: 'c1', order: 'DESC', limit: 3, offset: 2 };
  api.server.on('POST clusters/events', { json: { events: events('RUNNING', 'STARTING'), next_page: next, total_count: 5 } }, { json: { events: events('CREATING', 'X'), next_page: { ...next, offset: 4 } } });
  expect((await api.client.clusters.events(c1, 3)).map(({ type }) => type)).toEqual(['RUNNING', 'STARTING', 'CREATING']);
  expect(api.server.seen.map(({ fields }) => fields)).toEqual([{ cluster_id: 'c1', order: 'DESC', limit: 3 }, next]);
});

test('events end where the server has no more', async () => {
  await using api = await start();
  api.server.on('POST clusters/events', { json: {} });
  expect(await api.client.clusters.events(c1, 1000)).toEqual([]);
  expect(api.server.seen[0]?.fields).toMatchObject({ limit: 500 });
});

test('permanent deletion is asked for by its own call', async () => {
  await using api = await start();
  api.server.on('POST clusters/permanent-delete', { json: {} });
  await api.client.clusters.permanentDelete(c1);
  expect(api.server.seen[0]?.fields).toEqual({ cluster_id: 'c1' });
});

test.for<[string, number]>([
  ['Terminated', 1],
  ['Error', 1],
  ['Running', 0],
  ['Reconfiguring', 0],
  ['Pending', 0],
])('by API 1.2, whose start is a restart, a cluster that is %s is started %i times', async ([status, times]) => {
  await using api = await start({ without: /api\/2\./ });
  api.server.on('GET clusters/status', { json: { id: 'c1', status } });
  api.server.on('POST clusters/restart', { json: { id: 'c1' } });
  await api.client.clusters.start(c1);
  expect(api.server.count('POST clusters/restart')).toBe(times);
});

test('a cluster is started by API 2.0', async () => {
  await using api = await start();
  api.server.on('POST clusters/start', { json: {} });
  await api.client.clusters.start(c1);
  expect(api.server.seen.map(({ path, fields }) => [path, fields])).toEqual([['/api/2.0/clusters/start', { cluster_id: 'c1' }]]);
});

test('a cluster that somebody else is starting is started; that it ends at the moment, and any other refusal, is told', async () => {
  await using api = await start();
  const ends = { status: 400, json: { error_code: 'INVALID_STATE', message: 'Cluster c1 is in unexpected state Terminating.' } };
  api.server.on('POST clusters/start', { status: 400, json: { error_code: 'INVALID_STATE', message: 'Cluster c1 is in unexpected state Pending.' } }, ends, refused('no', 403));
  await api.client.clusters.start(c1);
  expect(await failureOf(api.client.clusters.start(c1))).toMatchObject({ code: 'api', details: { status: 400 } });
  expect(await failureOf(api.client.clusters.start(c1))).toMatchObject({ code: 'api', details: { status: 403 } });
});
