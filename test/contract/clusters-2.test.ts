import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { deferred } from '../support/deferred.ts';
import { ScriptedDriver } from '../support/scripted-driver.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';
import type { Answer } from '../support/scripted-workspace.ts';

type Details = Readonly<Record<string, unknown>>;

const get = (server: ScriptedWorkspace, call: string, data: Readonly<Record<string, string>> = {}, version = '2.1') => {
  return server.get(`/api/${version}/clusters/${call}`, data);
};
const post = (server: ScriptedWorkspace, call: string, data: Details, version = '2.1') => {
  return server.post(`/api/${version}/clusters/${call}`, data, 'json');
};
const refused = (answer: Answer) => [answer.status, answer.body];
const details = async (server: ScriptedWorkspace, id = 'peaceJam') => (await get(server, 'get', { cluster_id: id })).body as Details;
const become = (server: ScriptedWorkspace, state: string, id = 'peaceJam') => {
  return server.until(() => get(server, 'get', { cluster_id: id }), (body) => body['state'] === state);
};
const wanted = { cluster_name: 'mine', spark_version: '16.4.x-scala2.12', num_workers: 2 };

async function created(server: ScriptedWorkspace, more: Details = {}): Promise<string> {
  return ((await post(server, 'create', { ...wanted, ...more })).body as { cluster_id: string }).cluster_id;
}

describe.for(['2.0', '2.1'])('version %s', (version) => {
  test('creates, starts, resizes, restarts, ends and forgets a cluster', async () => {
    await using server = new ScriptedWorkspace('modern');
    const all = {
      ...wanted,
      node_type_id: 'i3.xlarge',
      spark_conf: { 'spark.speculation': true },
      aws_attributes: { zone_id: 'us-west-2a', availability: 'SPOT_WITH_FALLBACK' },
    };
    const answer = await post(server, 'create', all, version);
    const { cluster_id: id } = answer.body as { cluster_id: string };
    expect(answer).toMatchObject({ status: 200, body: { cluster_id: expect.any(String) } });
    await become(server, 'RUNNING', id);
    expect((await get(server, 'get', { cluster_id: id }, version)).body).toMatchObject({
      cluster_id: id,
      cluster_name: 'mine',
      state: 'RUNNING',
      state_message: '',
      num_workers: 2,
      spark_version: '16.4.x-scala2.12',
      spark_conf: { 'spark.speculation': 'true' },
      node_type_id: 'i3.xlarge',
      driver_node_type_id: 'i3.xlarge',
      aws_attributes: { zone_id: 'us-west-2a', availability: 'SPOT' },
      cluster_source: 'API',
      creator_user_name: 'token',
      cluster_cores: 2,
    });
    const steps = [
      ['resize', { num_workers: 3 }, 'RUNNING'],
      ['restart', {}, 'RUNNING'],
      ['delete', {}, 'TERMINATED'],
      ['start', {}, 'RUNNING'],
    ] as const;
    for (const [call, more, state] of steps) {
      const done = await post(server, call, { cluster_id: id, ...more }, version);
      expect([call, done.status, done.body]).toEqual([call, 200, {}]);
      await become(server, state, id);
    }
    expect(await details(server, id)).toMatchObject({ num_workers: 3 });
    expect((await post(server, 'permanent-delete', { cluster_id: id }, version)).body).toEqual({});
    expect((await get(server, 'list', {}, version)).body).toMatchObject({ clusters: [{ cluster_id: 'peaceJam' }] });
    expect(refused(await get(server, 'get', { cluster_id: id }, version))).toEqual([
      400,
      { error_code: 'INVALID_PARAMETER_VALUE', message: `Cluster ${id} does not exist` },
    ]);
    expect(await server.drivers.at(-1)?.exited).toEqual({ reason: '' });
    expect(server.saved.at(-1)?.clusters).toMatchObject([{ id: 'peaceJam' }]);
  });
});

test('a classic server has none of it', async () => {
  await using server = new ScriptedWorkspace('classic');
  for (const call of ['list', 'get', 'spark-versions']) {
    expect(refused(await get(server, call))).toEqual([404, { error: `No such endpoint: GET /api/2.1/clusters/${call}` }]);
  }
  expect((await post(server, 'create', wanted, '2.0')).status).toBe(404);
});

test('states and messages tell what a cluster does, waits for and died of', async () => {
  await using server = new ScriptedWorkspace('modern');
  expect(await details(server)).toMatchObject({ state: 'TERMINATED', termination_reason: { code: 'CLOUD_PROVIDER_SHUTDOWN' } });
  const starts: ReturnType<typeof deferred<ScriptedDriver>>[] = [];
  server.startDriver = (_cluster, onProgress) => {
    onProgress('installing Python packages');
    starts.push(deferred<ScriptedDriver>());
    return starts.at(-1)?.promise ?? Promise.reject();
  };
  await post(server, 'start', { cluster_id: 'peaceJam' });
  await server.until(() => get(server, 'get', { cluster_id: 'peaceJam' }), (body) => body['state_message'] === 'installing Python packages');
  expect(await details(server)).toMatchObject({ state: 'PENDING' });
  const driver = new ScriptedDriver();
  starts[0]?.resolve(driver);
  await become(server, 'RUNNING');
  const resizing = deferred();
  driver.resize = () => resizing.promise;
  await post(server, 'resize', { cluster_id: 'peaceJam', num_workers: 9 });
  expect(await details(server)).toMatchObject({ state: 'RESIZING', num_workers: 9 });
  resizing.resolve();
  await become(server, 'RUNNING');
  await post(server, 'restart', { cluster_id: 'peaceJam' });
  expect(await details(server)).toMatchObject({ state: 'RESTARTING' });
  const second = new ScriptedDriver();
  await server.until(() => get(server, 'list'), () => starts.length === 2);
  starts[1]?.resolve(second);
  await become(server, 'RUNNING');
  second.die('Out of memory.');
  const reason = expect.stringContaining('Out of memory.');
  expect((await become(server, 'ERROR')).body).toMatchObject({
    state_message: reason,
    termination_reason: { code: 'DRIVER_UNREACHABLE', type: 'SERVICE_FAULT', parameters: { databricks_error_message: reason } },
  });
  server.startDriver = async () => {
    throw new Error('There is no Java');
  };
  await post(server, 'start', { cluster_id: 'peaceJam' });
  expect((await become(server, 'ERROR')).body).toMatchObject({ state_message: 'There is no Java', termination_reason: { code: 'SPARK_STARTUP_FAILURE' } });
});

test('a cluster ends by itself when nobody has used it for as long as it was told, and says so', async () => {
  await using server = new ScriptedWorkspace('modern');
  const id = await created(server, { autotermination_minutes: 10 });
  await become(server, 'RUNNING', id);
  const context = await server.createContext('scala', id);
  const data = { clusterId: id, contextId: context, language: 'scala', command: 'hang' };
  const { id: commandId } = (await server.post('/api/1.2/commands/execute', data)).body as { id: string };
  const minutes = async (now: number) => {
    server.now = now * 60_000;
    await server.workspace.sweep();
    return (await details(server, id))['state'];
  };
  // A command runs; then its end is the last use; then a request that names the context.
  expect(await minutes(30)).toBe('RUNNING');
  await server.post('/api/1.2/commands/cancel', { clusterId: id, contextId: context, commandId });
  expect(await minutes(39.9)).toBe('RUNNING');
  await server.get('/api/1.2/contexts/status', { clusterId: id, contextId: context });
  expect(await minutes(49.8)).toBe('RUNNING');
  await minutes(49.9);
  expect((await become(server, 'TERMINATED', id)).body).toMatchObject({
    autotermination_minutes: 10,
    state_message: 'Nobody used it for 10 minutes.',
    termination_reason: { code: 'INACTIVITY', type: 'SUCCESS' },
  });
  expect((await server.get('/api/1.2/contexts/status', { clusterId: id, contextId: context })).body).toEqual({ error: 'ContextNotFound' });
  expect((await post(server, 'events', { cluster_id: id })).body).toMatchObject({ events: [{ type: 'TERMINATING', details: { reason: { code: 'INACTIVITY' } } }, {}, {}] });
  // The default cluster has no such limit.
  await server.workspace.defaultCluster.driver();
  server.now += 1e12;
  await server.workspace.sweep();
  expect(await details(server)).toMatchObject({ state: 'RUNNING', autotermination_minutes: 0 });
});

test('an ending cluster is TERMINATING, and then TERMINATED at the user’s request', async () => {
  await using server = new ScriptedWorkspace('modern');
  await server.workspace.defaultCluster.driver();
  const ending = deferred();
  const [driver] = server.drivers;
  if (driver) driver[Symbol.asyncDispose] = async () => (await ending.promise, driver.die(''));
  server.now = 5000.4;
  for (let time = 0; time < 2; time++) expect((await post(server, 'delete', { cluster_id: 'peaceJam' })).body).toEqual({});
  expect(await details(server)).toMatchObject({ state: 'TERMINATING' });
  ending.resolve();
  await become(server, 'TERMINATED');
  const { driver: node, ...ended } = await details(server);
  expect(ended).toMatchObject({ terminated_time: 5000, termination_reason: { code: 'USER_REQUEST', type: 'SUCCESS', parameters: { username: 'token' } } });
  expect(node).toBeUndefined();
});

test('the Spark context and the time of the start are of the run, and change with it', async () => {
  await using server = new ScriptedWorkspace('modern');
  await server.workspace.defaultCluster.driver();
  const first = await details(server);
  expect(first).toMatchObject({ start_time: 0, spark_context_id: expect.any(Number) });
  server.now = 1234.5;
  await post(server, 'restart', { cluster_id: 'peaceJam' });
  const second = (await become(server, 'RUNNING')).body as Details;
  expect(second).toMatchObject({ start_time: 1235, last_restarted_time: 1235, last_state_loss_time: 1235 });
  expect(second['spark_context_id']).not.toBe(first['spark_context_id']);
});

describe('list', () => {
  const states = 'ERROR, PENDING, RESIZING, RESTARTING, RUNNING, TERMINATED, TERMINATING or UNKNOWN';

  test('comes in pages in 2.1, forward and back', async () => {
    await using server = new ScriptedWorkspace('modern');
    const ids = ['peaceJam'];
    for (let n = 0; n < 4; n++) ids.push(await created(server, { cluster_name: `c${n}` }));
    const pages: string[][] = [];
    let token = '';
    do {
      const { body } = await get(server, 'list', { page_size: '2', page_token: token });
      const page = body as { clusters: { cluster_id: string }[]; next_page_token: string; prev_page_token: string };
      pages.push(page.clusters.map(({ cluster_id }) => cluster_id));
      expect(page.prev_page_token === '').toBe(token === '');
      token = page.next_page_token;
    } while (token !== '');
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    expect((await get(server, 'list', { page_size: '2' }, '2.0')).body).toEqual({ clusters: expect.toSatisfy((all: unknown[]) => all.length === 5) });
    expect((await get(server, 'list')).body).toMatchObject({ next_page_token: '', prev_page_token: '' });
  });

  test('filters and sorts as it is asked to', async () => {
    await using server = new ScriptedWorkspace('modern');
    const [b, a] = [await created(server, { cluster_name: 'b' }), await created(server, { cluster_name: 'a' })];
    await become(server, 'RUNNING', b);
    await become(server, 'RUNNING', a);
    const listed = async (query: Readonly<Record<string, string>>) => {
      return ((await get(server, 'list', query)).body as { clusters: { cluster_id: string }[] }).clusters.map(({ cluster_id }) => cluster_id);
    };
    expect(await listed({ 'filter_by.cluster_states': 'RUNNING', 'sort_by.field': 'CLUSTER_NAME' })).toEqual([a, b]);
    expect(await listed({ 'filter_by.cluster_states': 'TERMINATED' })).toEqual(['peaceJam']);
    expect(await listed({ 'sort_by.direction': 'DESC' })).toEqual([a, b, 'peaceJam']);
    expect(await listed({ 'sort_by.field': 'DEFAULT', 'sort_by.direction': 'ASC' })).toEqual(['peaceJam', b, a]);
    expect(await listed({ 'filter_by.cluster_states': 'UNKNOWN' })).toEqual([]);
    expect(await listed({ 'filter_by.is_pinned': 'true' })).toEqual([]);
    expect(await listed({ 'filter_by.cluster_sources': 'JOB' })).toEqual([]);
    const two = await server.inject({ url: '/api/2.1/clusters/list?filter_by.cluster_states=RUNNING&filter_by.cluster_states=TERMINATED' });
    expect((two.body as { clusters: unknown[] }).clusters).toHaveLength(3);
  });

  test.for<[name: string, value: string, message: string]>([
    ['page_size', 'many', 'For input string: many'],
    ['page_size', '-1', 'page_size is -1, but must not be negative'],
    ['page_token', 'x', 'page_token is none that this server gave'],
    ['sort_by.field', 'NAME', 'sort_by.field is NAME, but must be CLUSTER_NAME or DEFAULT'],
    ['sort_by.direction', 'desc', 'sort_by.direction is desc, but must be ASC or DESC'],
    ['filter_by.cluster_states', 'Running', `filter_by.cluster_states is Running, but must be ${states}`],
    ['filter_by.cluster_states', '["RUNNING", "GONE"]', `filter_by.cluster_states is GONE, but must be ${states}`],
  ])('refuses the %s "%s"', async ([name, value, message]) => {
    await using server = new ScriptedWorkspace('modern');
    expect(refused(await get(server, 'list', { [name]: value }))).toEqual([400, { error_code: 'INVALID_PARAMETER_VALUE', message }]);
  });
});

describe('events', () => {
  type Events = { events: { type: string; timestamp: number; details: Details }[]; next_page?: Details; total_count?: number; next_page_token?: string };
  const events = async (server: ScriptedWorkspace, data: Details) => (await post(server, 'events', data)).body as Events;

  async function eventful(server: ScriptedWorkspace): Promise<string> {
    const id = await created(server);
    await become(server, 'RUNNING', id);
    for (const [call, more, state] of [['resize', { num_workers: 4 }, 'RUNNING'], ['restart', {}, 'RUNNING'], ['delete', {}, 'TERMINATED'], ['start', {}, 'RUNNING']] as const) {
      server.now += 1000;
      await post(server, call, { cluster_id: id, ...more });
      await become(server, state, id);
    }
    server.drivers.at(-1)?.die('Out of memory.');
    await become(server, 'ERROR', id);
    return id;
  }
  const all = ['CREATING', 'RUNNING', 'RESIZING', 'UPSIZE_COMPLETED', 'RESTARTING', 'RUNNING', 'TERMINATING', 'STARTING', 'RUNNING', 'DRIVER_UNAVAILABLE'];

  test('are what happened, the last first, or in order', async () => {
    await using server = new ScriptedWorkspace('modern');
    const id = await eventful(server);
    const { events: ordered, total_count } = await events(server, { cluster_id: id, order: 'ASC' });
    expect([ordered.map(({ type }) => type), total_count]).toEqual([all, 10]);
    expect((await events(server, { cluster_id: id })).events.map(({ type }) => type)).toEqual(all.toReversed());
    expect(ordered.map(({ timestamp }) => timestamp)).toEqual([0, 0, 1000, 1000, 2000, 2000, 3000, 4000, 4000, 4000]);
    expect(ordered[2]?.details).toEqual({ cluster_size: { num_workers: 4 }, target_num_workers: 4, cause: 'USER_REQUEST', user: 'token' });
    expect(ordered[9]?.details).toMatchObject({ driver_state_message: expect.stringContaining('Out of memory.'), reason: { code: 'DRIVER_UNREACHABLE' } });
    const some = await events(server, { cluster_id: id, order: 'ASC', event_types: ['RUNNING'], start_time: 1000, end_time: 2000 });
    expect(some.events).toMatchObject([{ type: 'RUNNING', timestamp: 2000 }]);
    expect((await events(server, { cluster_id: 'peaceJam' })).events).toEqual([]);
  });

  test.for<[how: string, first: Details]>([
    ['limit and offset', { limit: 4 }],
    ['page_size', { page_size: 4 }],
  ])('come in pages by %s, whose next request stands in the answer', async ([, first]) => {
    await using server = new ScriptedWorkspace('modern');
    const id = await eventful(server);
    const types: string[][] = [];
    for (let request: Details | undefined = { cluster_id: id, order: 'ASC', ...first }; request !== undefined; ) {
      const page: Events = await events(server, request);
      types.push(page.events.map(({ type }) => type));
      request = page.next_page;
    }
    expect(types).toEqual([all.slice(0, 4), all.slice(4, 8), all.slice(8)]);
  });

  test.for<[change: Details, message: string]>([
    [{ cluster_id: undefined }, 'Missing required field: cluster_id'],
    [{ cluster_id: 'none' }, 'Cluster none does not exist'],
    [{ order: 'UP' }, 'order is UP, but must be ASC or DESC'],
    [{ limit: 501 }, 'limit is 501, but must be from 1 to 500'],
    [{ offset: -1 }, 'offset is -1, but must not be negative'],
    [{ start_time: 'noon' }, 'start_time is not a time in milliseconds'],
    [{ event_types: { a: 1 } }, 'event_types is not a list of strings'],
  ])('are refused for %j', async ([change, message]) => {
    await using server = new ScriptedWorkspace('modern');
    const answer = await post(server, 'events', { cluster_id: 'peaceJam', ...change });
    expect(refused(answer)).toEqual([400, { error_code: 'INVALID_PARAMETER_VALUE', message }]);
  });
});

test('versions, zones and node types are those of this machine', async () => {
  await using server = new ScriptedWorkspace('modern');
  expect((await get(server, 'spark-versions')).body).toEqual({ versions: [{ key: '4.3.x-scala2.13', name: 'Apache Spark 4.3.0, Scala 2.13 (embedded)' }] });
  expect((await get(server, 'list-zones')).body).toEqual({ zones: ['local'], default_zone: 'local' });
  expect((await get(server, 'list-node-types')).body).toMatchObject({ node_types: [{ node_type_id: 'local', num_cores: availableParallelism() }] });
});

describe('bad requests', () => {
  test.for<[change: Details, message: string | RegExp]>([
    [{ spark_version: undefined }, 'Missing required field: spark_version'],
    [{ num_workers: undefined }, 'Missing required field: num_workers'],
    [{ num_workers: undefined, autoscale: { min_workers: 1 } }, /^The embedded workspace does not scale clusters by itself/],
    [{ num_workers: 'two' }, 'For input string: two'],
    [{ num_workers: 1.5 }, 'For input string: 1.5'],
    [{ num_workers: true }, 'num_workers is not an integer'],
    [{ num_workers: -1 }, 'A cluster cannot have -1 workers'],
    [{ num_workers: 5000 }, 'A cluster cannot have 5000 workers; at most 1000 are allowed'],
    [{ cluster_name: 7 }, 'cluster_name is not a string'],
    [{ cluster_name: '' }, 'The name of a cluster must not be empty'],
    ...['a\nb', 'a\u001b[2Jb', 'a\ud800b', 'a\u202eb', 'a\u2066b'].map((name): [{ cluster_name: string }, string] => [{ cluster_name: name }, 'The name of a cluster must not have control characters']),
    [{ spark_conf: 'x' }, 'spark_conf is not a JSON object'],
    [{ spark_conf: { 'spark.master': 'local[2]' } }, /^spark\.master cannot be set: /],
    [{ aws_attributes: [] }, 'aws_attributes is not an object'],
    [{ aws_attributes: { availability: 'SPOTTY' } }, 'availability is SPOTTY, but must be ON_DEMAND, SPOT or SPOT_WITH_FALLBACK'],
    [{ is_single_node: 'perhaps' }, 'For input string: perhaps'],
    [{ autotermination_minutes: 9 }, 'A cluster can end by itself after 10 to 10000 minutes, or never (0), not after 9'],
    [{ autotermination_minutes: -1 }, 'A cluster can end by itself after 10 to 10000 minutes, or never (0), not after -1'],
  ])('create with %j makes no cluster', async ([change, message]) => {
    await using server = new ScriptedWorkspace('modern');
    const answer = await post(server, 'create', { ...wanted, ...change });
    const words = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(refused(answer)).toEqual([400, { error_code: 'INVALID_PARAMETER_VALUE', message: words }]);
    expect([server.workspace.clusters.length, server.saved]).toEqual([1, []]);
  });

  test('a single node needs no workers, and is all of the machine', async () => {
    await using server = new ScriptedWorkspace('modern');
    const id = await created(server, { num_workers: undefined, is_single_node: true });
    expect((await become(server, 'RUNNING', id)).body).toMatchObject({ num_workers: 0, cluster_cores: availableParallelism() });
  });

  test.for<[call: string, state: string, prepare: (server: ScriptedWorkspace) => Promise<unknown> | void]>([
    ['start', 'Pending', (server) => server.workspace.defaultCluster.start()],
    ['start', 'Running', (server) => server.workspace.defaultCluster.driver()],
    ['restart', 'Pending', (server) => server.workspace.defaultCluster.start()],
    ['restart', 'Terminated', () => undefined],
    ['resize', 'Pending', (server) => server.workspace.defaultCluster.start()],
    ['resize', 'Terminated', () => undefined],
  ])('%s is refused while %s', async ([call, state, prepare]) => {
    await using server = new ScriptedWorkspace('modern');
    const start = deferred<ScriptedDriver>();
    if (state === 'Pending') server.startDriver = () => start.promise;
    await prepare(server);
    const answer = await post(server, call, { cluster_id: 'peaceJam', num_workers: 1 });
    const error = { error_code: 'INVALID_STATE', message: `Cluster peaceJam is in unexpected state ${state}.` };
    expect(refused(answer)).toEqual([400, error]);
    start.resolve(new ScriptedDriver());
  });

  test('the default cluster is not deleted for good, and a cluster that could not be forgotten stays', async () => {
    await using server = new ScriptedWorkspace('modern');
    expect(refused(await post(server, 'permanent-delete', { cluster_id: 'peaceJam' }))).toEqual([
      400,
      { error_code: 'INVALID_PARAMETER_VALUE', message: 'Cluster peaceJam belongs to the embedded workspace and cannot be deleted for good' },
    ]);
    const id = await created(server);
    const libraries = () => server.get('/api/2.0/libraries/all-cluster-statuses');
    await server.post('/api/2.0/libraries/install', { cluster_id: id, libraries: [{ pypi: { package: 'simplejson' } }] }, 'json');
    const save = server.save;
    server.save = async () => {
      throw new Error('no space left');
    };
    const answer = await post(server, 'permanent-delete', { cluster_id: id });
    expect(refused(answer)).toEqual([500, { error_code: 'INTERNAL_ERROR', message: 'no space left' }]);
    expect((await become(server, 'RUNNING', id)).status).toBe(200);
    expect((await libraries()).body).toMatchObject({ statuses: [{ cluster_id: id }] });
    server.save = save;
    await post(server, 'permanent-delete', { cluster_id: id });
    expect((await libraries()).text).not.toContain(id);
    expect(JSON.stringify(server.saved.at(-1))).not.toContain(id);
  });

  test.for(['application/json', 'application/x-www-form-urlencoded', 'text/plain', undefined])('a body that begins with { is JSON, sent as %s', async (type) => {
    await using server = new ScriptedWorkspace('modern');
    const send = (payload: string | Buffer) => {
      return server.inject({ method: 'POST', url: '/api/2.0/clusters/create', payload, headers: type === undefined ? {} : { 'content-type': type } });
    };
    const { body } = await send(` \n${JSON.stringify({ ...wanted, spark_conf: { 'spark.x': 'a&b=c' } })}`);
    const { cluster_id: id } = body as { cluster_id: string };
    expect(await details(server, id)).toMatchObject({ num_workers: 2, spark_conf: { 'spark.x': 'a&b=c' } });
    expect(refused(await send('{"cluster_name": '))).toEqual([
      400,
      { error_code: 'MALFORMED_REQUEST', message: expect.stringMatching(/^Invalid JSON given in the body of the request - /) },
    ]);
    expect(refused(await send(Buffer.from([0x7b, 0xff])))).toEqual([400, { error_code: 'MALFORMED_REQUEST', message: 'the body is not valid UTF-8' }]);
  });

  test.for<[what: string, path: string, headers: Record<string, string>, answer: unknown]>([
    ['no login', 'list', { authorization: '' }, [401, 'UNAUTHENTICATED', /^wrong or missing credentials/]],
    ['a foreign host', 'list', { host: 'evil.example' }, [403, 'PERMISSION_DENIED', /answers only as 127\.0\.0\.1/]],
    ['an endpoint that is none', 'pin', {}, [404, 'ENDPOINT_NOT_FOUND', /^No API found for 'GET \/clusters\/pin'$/]],
  ])('%s is refused in the words of 2.x', async ([, path, headers, answer]) => {
    await using server = new ScriptedWorkspace('modern');
    const { status, body } = await server.inject({ url: `/api/2.1/clusters/${path}`, headers });
    const [code, error, words] = answer as [number, string, RegExp];
    expect([status, body]).toEqual([code, { error_code: error, message: expect.stringMatching(words) }]);
  });
});
