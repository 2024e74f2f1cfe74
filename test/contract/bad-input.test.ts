import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';
import type { Answer, BodyKind } from '../support/scripted-workspace.ts';

/* Every parameter of every endpoint: missing, empty, of the wrong type, unknown, too long. Broken requests: bad-requests.test.ts. */

const long = 'x'.repeat(1_000_000);
const odd: readonly JsonValue[] = ['', ' ', 'nobody', 17, 1.5, true, [], ['a'], {}, { a: 1 }, '../../etc/passwd', 'a\u0000b', '__proto__', 'constructor', 'toString', long];
const numbers: readonly JsonValue[] = ['1', '-1', '1e3', '0x1f', '99999999999999999999', '٣'];

const named: readonly JsonValue[] = [
  ...odd, ['jar'], [[]], [{}], [null], { jar: 'dbfs:/a.jar' }, [{ jar: '' }], [{ jar: 17 }], [{ jar: ['dbfs:/a.jar'] }], [{ jar: 'dbfs:/a.jar', egg: 'dbfs:/a.egg' }],
  [{ jar: null }], [{ nobody: 'x' }], [{ pypi: {} }], [{ pypi: { package: '' } }], [{ pypi: { package: 1 } }], [{ maven: { coordinates: 'a:b:1', exclusions: 'c:d' } }],
  [{ cran: {} }], [{ jar: `dbfs:/${long}.jar` }], [{ pypi: { package: long } }], [{ ['__proto__']: { jar: 'x' } }],
];

/** What is refused as a parameter of that kind. */
const bad = {
  cluster: [...odd, ' peaceJam', 'PEACEJAM'],
  context: [...odd, ...numbers],
  command: [...odd, ...numbers],
  language: [...odd, 'r', 'SCALA', 'scala '],
  workers: ['', 'six', -1, 1.5, 1_000_000_000, '6 ', '0x6', '1e1', true, [6], {}, long],
  flag: ['', 'maybe', 17, 'yes', [true], {}, long],
  name: ['', ' ', long],
  label: [long],
  settings: ['', 'spark.speculation=true', '[', 17, [1], { a: { b: 1 } }, { a: null }, { '': '1' }, { 'spark.master': 'local[9]' }, { a: long }],
  library: [...odd, ...numbers],
  libType: [...odd, 'jar', 'JAVA-JAR'],
  folder: [...odd, 'mylibraries', '/..', '/a/../b', '/../../etc', `/${long}`],
  someCluster: [...odd, 'PEACEJAM', '__all_clusters', '__ALL_CLUSTERS '],
  /** To be uninstalled: libraries that cannot be there are none of ours, and no error. */
  named,
  libraries: [
    ...named, [{ pypi: { package: '-r /etc/passwd' } }], [{ pypi: { package: 'a', repo: 'no address' } }], [{ maven: { coordinates: 'a:b' } }],
    [{ maven: { coordinates: 'a:b:1', exclusions: ['c'] } }],
    // One that is bad leaves out the good ones before it, too.
    [{ pypi: { package: 'simplejson' } }, { pypi: {} }],
  ],
  // With their types in JSON, as API 2.x takes them.
  id2: ['', ' ', 'nobody', 17, true, ['a'], { a: 1 }, '../../etc/passwd', '__proto__', 'a\u0000b', long],
  workers2: ['', 'six', -1, 1.5, 1_000_000_000, true, [6], {}, long],
  name2: ['', ' ', 17, ['a'], {}, long],
  label2: [17, ['a'], {}, long],
  version2: ['', 17, ['a'], {}, long],
  aws2: ['x', 17, [1], { availability: 17 }, { availability: 'CHEAP' }, { zone_id: ['a'] }],
  settings2: ['x', 17, [1], { a: { b: 1 } }, { 'spark.master': 'local[9]' }, { a: long }],
  minutes2: ['', 'ten', -1, 9, 10_001, 1.5, true, [60], {}, long],
  flag2: ['', 'maybe', 17, [true], {}, long],
  states2: ['', 'NOBODY', 'running', ['RUNNING', 'NOBODY'], 17, {}, long],
  field2: ['', 'NOBODY', 'cluster_name', 17, long],
  direction2: ['', 'UP', 'desc', 17, long],
  page2: ['', '-1', 'x', '1.5'],
  token2: ['x', 'bm9ib2R5', long],
  limit2: [0, -1, 501, 'x', 1.5],
  offset2: [-1, 'x', '', 1.5, true],
  time2: ['x', '', 1.5, true],
  order2: ['UP', 17],
  types2: [17, [17], {}],
  /** Anything goes: code is text, the id of `contexts/destroy` is echoed, and no cluster follows a policy. */
  any: [],
} satisfies Readonly<Record<string, readonly JsonValue[]>>;
type Kind = keyof typeof bad;

interface Parameter {
  readonly kind: Kind;
  /** All right in the workspace that `prepared` makes; `$context` and so on stand for the ids there. */
  readonly good: JsonValue;
  readonly optional?: true;
}
const required = (kind: Kind, good: JsonValue): Parameter => ({ kind, good });
const optional = (kind: Kind, good: JsonValue): Parameter => ({ kind, good, optional: true });

const clusterId = required('cluster', 'peaceJam');
const contextId = required('context', '$context');
const commandId = required('command', '$command');
const workers = required('workers', 2);

const libraryId = required('library', '$library');
const cluster_id = required('id2', 'peaceJam');
const libraries = required('libraries', [{ pypi: { package: 'simplejson' } }]);

type Endpoint = readonly [method: 'GET' | 'POST', path: string, parameters: Readonly<Record<string, Parameter>>];
const endpoints: readonly Endpoint[] = [
  ['GET', '/api/1.2/clusters/status', { clusterId }],
  ['POST', '/api/1.2/clusters/restart', { clusterId }],
  [
    'POST',
    '/api/1.2/clusters/create',
    {
      name: required('name', 'another'),
      numWorkerContainers: workers,
      useSpot: optional('flag', true),
      sparkVersion: optional('label', '1.3.x'),
      zoneId: optional('label', 'us-west-1c'),
      sparkConf: optional('settings', { 'spark.speculation': true }),
    },
  ],
  ['POST', '/api/1.2/clusters/resize', { clusterId, numWorkerContainers: workers }],
  ['POST', '/api/1.2/clusters/delete', { clusterId }],
  ['POST', '/api/1.2/contexts/create', { language: required('language', 'sql'), clusterId }],
  ['GET', '/api/1.2/contexts/status', { clusterId, contextId }],
  ['POST', '/api/1.2/contexts/destroy', { clusterId, contextId: required('any', '$context') }],
  ['POST', '/api/1.2/commands/execute', { language: required('language', 'sql'), clusterId, contextId, command: required('any', 'echo x') }],
  ['GET', '/api/1.2/commands/status', { clusterId, contextId, commandId }],
  ['POST', '/api/1.2/commands/cancel', { clusterId, contextId, commandId }],
  ['GET', '/api/1.2/libraries/status', { libraryId }],
  [
    'POST',
    '/api/1.2/libraries/upload',
    {
      libType: required('libType', 'python-pypi'),
      name: required('name', 'another'),
      folder: required('folder', '/mylibraries'),
      attachToAllClusters: optional('flag', 'false'),
      // A bad one gets an id: its status tells.
      uri: required('any', 'simplejson'),
    },
  ],
  ['POST', '/api/1.2/libraries/delete', { libraryId }],
  ['POST', '/api/1.2/libraries/attach', { libraryId, clusterId: required('someCluster', '__ALL_CLUSTERS') }],
  ['POST', '/api/1.2/libraries/detach', { libraryId, clusterId: required('someCluster', '__ALL_CLUSTERS') }],
  ['GET', '/api/2.0/libraries/cluster-status', { cluster_id }],
  ['POST', '/api/2.0/libraries/install', { cluster_id, libraries }],
  ['POST', '/api/2.0/libraries/uninstall', { cluster_id, libraries: required('named', [{ pypi: { package: 'simplejson' } }]) }],
  ...(['2.0', '2.1'] as const).flatMap(clusters2),
];

/** Clusters API 2.x, as the vendor's clients call it. */
function clusters2(version: string): readonly Endpoint[] {
  const path = (call: string) => `/api/${version}/clusters/${call}`;
  const pages = { page_size: optional('page2', 5), page_token: optional('token2', '') };
  return [
    ['GET', path('get'), { cluster_id }],
    [
      'GET',
      path('list'),
      {
        'filter_by.cluster_states': optional('states2', 'RUNNING'),
        'filter_by.cluster_sources': optional('any', 'API'),
        'filter_by.is_pinned': optional('flag2', false),
        'filter_by.policy_id': optional('any', 'nobody'),
        'sort_by.field': optional('field2', 'CLUSTER_NAME'),
        'sort_by.direction': optional('direction2', 'DESC'),
        ...(version !== '2.0' && pages),
      },
    ],
    [
      'POST',
      path('create'),
      {
        cluster_name: optional('name2', 'another'),
        spark_version: required('version2', '16.4.x-scala2.13'),
        num_workers: required('workers2', 2),
        node_type_id: optional('label2', 'local'),
        aws_attributes: optional('aws2', { availability: 'SPOT', zone_id: 'local' }),
        spark_conf: optional('settings2', { 'spark.speculation': true }),
        autotermination_minutes: optional('minutes2', 60),
        is_single_node: optional('flag2', false),
      },
    ],
    ['POST', path('start'), { cluster_id: required('id2', '$stopped') }],
    ['POST', path('restart'), { cluster_id }],
    ['POST', path('resize'), { cluster_id, num_workers: required('workers2', 2) }],
    ['POST', path('delete'), { cluster_id }],
    ['POST', path('permanent-delete'), { cluster_id: required('id2', '$stopped') }],
    [
      'POST',
      path('events'),
      {
        cluster_id,
        limit: optional('limit2', 10),
        offset: optional('offset2', 0),
        start_time: optional('time2', 0),
        end_time: optional('time2', 9_999_999_999_999),
        order: optional('order2', 'ASC'),
        event_types: optional('types2', ['RUNNING']),
      },
    ],
    // In pages by token, which have no limit and no offset.
    ['POST', path('events'), { cluster_id, ...pages }],
  ];
}

/** A workspace in which all that the good parameters name exists, and nothing is about to change. */
async function prepared(dialect: DialectName = 'modern'): Promise<{ readonly workspace: ScriptedWorkspace; readonly good: (parameter: Parameter) => JsonValue }> {
  const workspace = new ScriptedWorkspace(dialect);
  const context = await workspace.createContext('sql');
  await workspace.until(() => workspace.contextStatus(context), ({ status }) => status === 'Running');
  const command = await workspace.execute(context, 'hang', 'sql');
  await workspace.until(() => workspace.status(context, command), ({ status }) => status === 'Running');
  const data = { libType: 'python-pypi', name: 'mylib', folder: '/', uri: 'mylib' };
  const { id: library } = (await workspace.post('/api/1.2/libraries/upload', data)).body as { id: string };
  const stopped = await workspace.createCluster();
  await workspace.clusterIs(stopped, 'Running');
  await workspace.post('/api/1.2/clusters/delete', { clusterId: stopped });
  await workspace.clusterIs(stopped, 'Terminated');
  const named = new Map<JsonValue, JsonValue>([['$context', context], ['$command', command], ['$library', library], ['$stopped', stopped]]);
  return { workspace, good: ({ good }) => named.get(good) ?? good };
}

/** All that the API tells of a workspace. */
async function snapshot(workspace: ScriptedWorkspace): Promise<unknown> {
  const lists = ['/api/1.2/clusters/list', '/api/2.1/clusters/list', '/api/1.2/libraries/list', '/api/2.0/libraries/all-cluster-statuses'];
  const answers = await Promise.all(lists.map((path) => workspace.get(path)));
  const contexts = workspace.workspace.clusters.map(({ contexts: open }) => open.map(({ id, state }) => [id, state.status]));
  const files = (await readdir(workspace.directory, { recursive: true })).toSorted();
  return [answers.map(({ body }) => body), contexts, files, workspace.saved.at(-1)];
}

function send(workspace: ScriptedWorkspace, method: string, path: string, data: JsonObject, kind: BodyKind): Promise<Answer> {
  if (method === 'POST') return workspace.post(path, data, kind);
  return workspace.get(path, Object.fromEntries(Object.entries(data).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])));
}

/** A refusal in words, as the version of the API that was asked says it. */
function expectRefusal({ status, body, headers, text }: Answer, path: string, what: string): void {
  expect([400, 404, 413, 500], `${what} → ${status} ${text.slice(0, 200)}`).toContain(status);
  // No failure of the server's own.
  expect(text, what).not.toMatch(/"(?:\w*Error:|INTERNAL_ERROR)/);
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(body).toEqual(path.startsWith('/api/1.2/') ? { error: expect.stringMatching(/\w/) } : { error_code: expect.stringMatching(/^[A-Z_]+$/), message: expect.stringMatching(/\w/) });
}

/** Servers and bodies that an endpoint is tried with: each encoding once. In 2.x only JSON has types: its forms are below. */
function waysOf([method, path]: Endpoint): readonly (readonly [DialectName, BodyKind])[] {
  if (path.includes('/clusters/') && !path.startsWith('/api/1.2/')) return [['modern', method === 'GET' ? 'form' : 'json']];
  if (method === 'GET') return [['classic', 'form'], ['modern', 'form']];
  return path.startsWith('/api/1.2/') ? [['classic', 'form'], ['modern', 'json'], ['modern', 'multipart']] : [['classic', 'json']];
}

const cases = endpoints.flatMap((endpoint) => waysOf(endpoint).map(([dialect, encoding]) => [endpoint[0], endpoint[1], dialect, encoding, endpoint[2]] as const));

describe('each parameter', () => {
  test.for(cases)('%s %s refuses what is missing or bad, and nothing has changed (%s, %s)', async ([method, path, dialect, encoding, parameters]) => {
    const { workspace, good } = await prepared(dialect);
    await using _ = workspace;
    const before = await snapshot(workspace);
    const data = Object.fromEntries(Object.entries(parameters).map(([name, parameter]) => [name, good(parameter)]));
    for (const [name, { kind, optional: mayBeMissing }] of Object.entries(parameters)) {
      const { [name]: _left, ...without } = data;
      if (mayBeMissing === undefined) {
        const answer = await send(workspace, method, path, without, encoding);
        expectRefusal(answer, path, `no ${name}`);
        expect(answer.text).toContain(path.startsWith('/api/1.2/') ? `NoSuchElementException: key not found: ${name}` : name);
      }
      for (const value of bad[kind]) {
        const answer = await send(workspace, method, path, { ...data, [name]: value }, encoding);
        expectRefusal(answer, path, `${name}: ${JSON.stringify(value).slice(0, 50)}`);
      }
      expect(await snapshot(workspace), `after a bad ${name}`).toEqual(before);
    }
    // The server is there, and what was all right before still is.
    const answer = await send(workspace, method, path, data, encoding);
    expect(answer.status, answer.text).toBe(200);
  });

  const forms = endpoints.filter(([method, path]) => method === 'POST' && !path.startsWith('/api/1.2/'));
  test.for(forms.map(([, path, parameters]) => [path, parameters] as const))('%s takes a form, whose nested values are JSON text', async ([path, parameters]) => {
    const { workspace, good } = await prepared();
    await using _ = workspace;
    const data = Object.fromEntries(Object.entries(parameters).map(([name, parameter]) => [name, good(parameter)]));
    const answer = await workspace.post(path, data, 'form');
    expect(answer.status, answer.text).toBe(200);
  });

  test.for(endpoints.map(([method, path, parameters]) => [method, path, parameters] as const))('%s %s does not mind parameters that it does not know', async ([method, path, parameters]) => {
    const { workspace, good } = await prepared();
    await using _ = workspace;
    const data = Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, good(value)]));
    const more = { nobody: 'x', nested: { a: [1, null] }, ' ': '', long };
    const answer = await send(workspace, method, path, { ...data, ...more }, 'json');
    expect(answer.status, answer.text).toBe(200);
  });
});

test.for(['classic', 'modern'] as const)('any calls with any values, one after the other, are answered in the API’s words (%s)', async (dialect) => {
  const call = fc.constantFrom(...endpoints).chain(([method, path, parameters]) => {
    const values = Object.fromEntries(
      Object.entries(parameters).map(([name, parameter]) => {
        const value = fc.oneof({ weight: 3, arbitrary: fc.constant(parameter) }, fc.constantFrom(...odd.slice(0, -1), ...bad[parameter.kind].slice(0, -1)), fc.jsonValue());
        return [name, fc.option(value, { freq: 9, nil: undefined })];
      }),
    );
    return fc.tuple(fc.constant([method, path] as const), fc.constantFrom<BodyKind>('json', 'form', 'multipart'), fc.record(values));
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 5, maxLength: 30 }), async (calls) => {
      const { workspace, good } = await prepared(dialect);
      await using _ = workspace;
      for (const [[method, path], encoding, values] of calls) {
        const given = Object.entries(values).filter(([, value]) => value !== undefined);
        const data = Object.fromEntries(given.map(([name, value]) => [name, isParameter(value) ? good(value) : (value as JsonValue)]));
        const answer = await send(workspace, method, path, data, encoding);
        if (answer.status === 200) continue;
        const absent = dialect === 'classic' && /^\/api\/2\.\d\/clusters/.test(path);
        if (absent) expect(answer.status).toBe(404);
        else expectRefusal(answer, path, `${method} ${path} ${JSON.stringify(data)}`);
      }
      expect((await workspace.get('/api/1.2/clusters/list')).status).toBe(200);
    }),
    { numRuns: 40 },
  );
});

function isParameter(value: unknown): value is Parameter {
  return typeof value === 'object' && value !== null && 'kind' in value && 'good' in value;
}

describe.for(['classic', 'modern'] as const)('what is done twice (%s)', (dialect) => {
  test('a context that is destroyed again is echoed again, and closed once', async () => {
    await using workspace = new ScriptedWorkspace(dialect);
    const context = await workspace.createContext();
    await workspace.ended(context, await workspace.execute(context, 'echo x'));
    const data = { clusterId: 'peaceJam', contextId: context };
    const answers = await Promise.all([1, 2, 3].map(() => workspace.post('/api/1.2/contexts/destroy', data)));
    for (const { status, body } of answers) expect([status, body]).toEqual([200, { id: context }]);
    expect(workspace.drivers[0]?.closed).toEqual([context]);
  });

  test('a command that is cancelled again is still cancelled, and its result can be read once', async () => {
    await using workspace = new ScriptedWorkspace(dialect);
    const context = await workspace.createContext();
    const command = await workspace.execute(context, 'hang');
    await workspace.until(() => workspace.status(context, command), ({ status }) => status === 'Running');
    const answers = await Promise.all([1, 2, 3].map(() => workspace.cancel(context, command)));
    for (const { status, body } of answers) expect([status, body]).toEqual([200, { id: command }]);
    expect((await workspace.ended(context, command)).body).toMatchObject({ results: { cause: expect.stringContaining('CommandCancelledException') } });
    const read = [500, { error: `NoSuchElementException: key not found: ${command}` }];
    for (const { status, body } of [await workspace.status(context, command), await workspace.cancel(context, command)]) expect([status, body]).toEqual(read);
  });

  test('a result that is asked for by many at once is given to one', async () => {
    await using workspace = new ScriptedWorkspace(dialect);
    const context = await workspace.createContext();
    const command = await workspace.execute(context, 'echo once');
    await workspace.ended(context, await workspace.execute(context, 'echo later'));
    const answers = await Promise.all(Array.from({ length: 10 }, () => workspace.status(context, command)));
    expect(answers.filter(({ status }) => status === 200).map(({ body }) => body)).toMatchObject([{ results: { data: 'once' } }]);
    expect(answers.filter(({ status }) => status === 500)).toHaveLength(9);
  });
});

describe.for(['classic', 'modern'] as const)('an id of another cluster or context (%s)', (dialect) => {
  test('is unknown there, and what it names goes on where it is', async () => {
    await using workspace = new ScriptedWorkspace(dialect);
    const other = await workspace.createCluster();
    const context = await workspace.createContext();
    const second = await workspace.createContext();
    const command = await workspace.execute(context, 'hang');
    const elsewhere = { clusterId: other, contextId: context, commandId: command, language: 'scala', command: 'echo x' };
    const answers = [
      await workspace.get('/api/1.2/contexts/status', elsewhere),
      await workspace.get('/api/1.2/commands/status', elsewhere),
      await workspace.post('/api/1.2/commands/execute', elsewhere),
      await workspace.post('/api/1.2/commands/cancel', elsewhere),
    ];
    for (const { status, body } of answers) expect([status, body]).toEqual([500, { error: 'ContextNotFound' }]);
    expect((await workspace.post('/api/1.2/contexts/destroy', elsewhere)).body).toEqual({ id: context });
    const inSecond = { clusterId: workspace.clusterId, contextId: second, commandId: command };
    for (const { status, body } of [await workspace.get('/api/1.2/commands/status', inSecond), await workspace.post('/api/1.2/commands/cancel', inSecond)]) {
      expect([status, body]).toEqual([500, { error: `NoSuchElementException: key not found: ${command}` }]);
    }
    expect((await workspace.status(context, command)).body).toMatchObject({ status: 'Running' });
    expect((await workspace.contextStatus(context)).body).toEqual({ status: 'Running', id: context });
    expect(workspace.drivers.flatMap(({ closed }) => closed)).toEqual([]);
  });
});
