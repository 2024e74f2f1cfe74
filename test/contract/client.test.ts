import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandAddress } from '../../src/databricks/api/commands.ts';
import { allClusters } from '../../src/databricks/api/uploaded-libraries.ts';
import type { Client } from '../../src/databricks/client.ts';
import { readLibrary } from '../../src/databricks/parse/libraries.ts';
import type { ClusterId, ContextId, LibraryId } from '../../src/databricks/types.ts';
import type { JsonValue } from '../../src/lib/json.ts';
import { apiFixture, apiFixtures, type ApiFixture } from '../support/api-fixtures.ts';
import { clientFor, failureOf } from '../support/scripted-api.ts';
import type { SeenRequest } from '../support/scripted-server.ts';
import { startScriptedServer } from '../support/scripted-server.ts';

/* Every exchange of both documents, asked by the client as the document asks it, answered as it answers, and read by the client. */

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uploads of tests '));
});
afterAll(() => rm(folder, { recursive: true }));

/** A server that answers one exchange as the document prints it; `dialect: 'classic'` reads no JSON for API 1.2 and has no API 2.x of clusters. */
async function documented({ request, response, modern }: ApiFixture, dialect: 'classic' | 'modern' = 'classic') {
  const server = await startScriptedServer();
  const json = dialect === 'modern' && modern !== undefined ? modern : response.body;
  server.on(`${request.method} ${request.path.replace(/^\/api\/[\d.]+\//, '')}`, { status: response.status, json });
  server.guard(({ path, headers }) => {
    if (path.startsWith('/api/2.') && path.includes('/clusters/')) return { status: 404, json: { error: 'No such endpoint' } };
    if (dialect === 'modern' || !path.startsWith('/api/1.2/') || headers['content-type'] !== 'application/json') return undefined;
    return { status: 500, json: { error: `NoSuchElementException: key not found: ${Object.keys(request.data)[0]}` } };
  });
  const client = clientFor(server.url);
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What a request says, whatever its encoding: texts, but for JSON; of files their names and texts. */
async function said({ headers, fields, bytes }: SeenRequest): Promise<{ data: unknown; files: object }> {
  if (!headers['content-type']?.startsWith('multipart/')) return { data: fields, files: {} };
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': headers['content-type'] } }).formData();
  const data: Record<string, string> = {};
  const files: Record<string, object> = {};
  for (const [name, value] of form) {
    if (typeof value === 'string') data[name] = value;
    else files[name] = { name: value.name, text: await value.text() };
  }
  return { data, files };
}

/** In a query or form all values are texts, and nested ones JSON. */
function asTexts(data: ApiFixture['request']['data']): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
}

const text = (data: ApiFixture['request']['data'], name: string): string => String(data[name] ?? '');
const cluster = (data: ApiFixture['request']['data']) => text(data, 'clusterId') as ClusterId;
const library = (data: ApiFixture['request']['data']) => text(data, 'libraryId') as LibraryId;
const address = (data: ApiFixture['request']['data']) => data as unknown as CommandAddress;
const libraries = (wire: JsonValue | undefined) => (wire as JsonValue[]).map((one) => readLibrary(one) ?? expect.fail(`${JSON.stringify(one)} is no library`));

async function upload(client: Client, { data, files }: ApiFixture['request']): Promise<LibraryId> {
  const { name: fileName = '', text: content = '' } = files?.['uri'] ?? {};
  const path = join(folder, fileName);
  await writeFile(path, content);
  const type = text(data, 'libType');
  const source = type === 'python-pypi' ? { type, package: content } as const : { type: 'python-egg', path } as const;
  return client.uploadedLibraries.upload({ source, name: text(data, 'name'), folder: text(data, 'folder'), attachToAllClusters: data['attachToAllClusters'] === 'true' });
}

const wiki = [[1847917, '& Yet & Yet'], [28894499, "'A morte 'e Carnevale"], [16496086, "'Ayim"], [2231045, "'Hours..."], [4410030, "'Sgudi 'Snaysi"]];
const table = (id: string) => ({
  status: 'Finished',
  result: { kind: 'table', columns: [{ name: 'id', type: id }, { name: 'title', type: 'string' }], rows: wiki, truncated: false },
});
const refusal = (serverMessage: string) => ({ code: 'api', details: { status: 500, serverMessage } });

interface Reading {
  ask(client: Client, request: ApiFixture['request']): Promise<unknown>;
  /** What it comes to; a refusal is what it fails with. */
  readonly gives: unknown;
  /** Where today's servers' other answer comes to something else. */
  readonly givesModern?: unknown;
}

const readings: Readonly<Record<string, Reading>> = {
  'clusters-list': {
    ask: (client) => client.clusters.list(),
    gives: [
      { id: 'peaceJam', name: 'test', status: 'Running', driverIp: '10.12.34.56', jdbcPort: '10000' },
      { id: 'peaceJam2', name: 'test2', status: 'Running', driverIp: '10.12.34.56', jdbcPort: '10000' },
    ],
  },
  'clusters-status-unknown': { ask: (client, { data }) => client.clusters.get(cluster(data)), gives: refusal('RuntimeException: Unknown cluster id 1') },
  'clusters-restart': { ask: (client, { data }) => client.clusters.restart(cluster(data)), gives: undefined },
  'clusters-create': {
    ask: (client, { data }) =>
      client.clusters.create({ name: 'spark-it-up', workers: 6, useSpot: true, sparkVersion: '1.3.x', zoneId: 'us-west-1c', sparkConf: data['sparkConf'] as { 'spark.speculation': boolean } }),
    gives: 'peaceJam',
  },
  'clusters-resize': { ask: (client, { data }) => client.clusters.resize(cluster(data), 6), gives: undefined },
  'clusters-delete': { ask: (client, { data }) => client.clusters.delete(cluster(data)), gives: undefined },

  'contexts-create': { ask: (client, { data }) => client.contexts.create(cluster(data), 'scala'), gives: '1793653964133248955' },
  'contexts-status': { ask: (client, { data }) => client.contexts.status(address(data)), gives: { status: 'Running', cause: '' } },
  'contexts-status-unknown': { ask: (client, { data }) => client.contexts.status(address(data)), gives: refusal('ContextNotFound') },
  'number-format': { ask: (client, { data }) => client.contexts.status(address(data)), gives: refusal('NumberFormatException: For input string: None') },
  'contexts-destroy': { ask: (client, { data }) => client.contexts.destroy(address(data)), gives: undefined },
  'contexts-destroy-invalid': { ask: (client, { data }) => client.contexts.destroy(address(data)), gives: undefined },

  'commands-execute-file': {
    ask: (client, { data, files }) => client.commands.executeFile(address(data), 'sql', files?.['command'] ?? { name: '', text: '' }),
    gives: '2245426871786618466',
  },
  'commands-status-text': {
    ask: (client, { data }) => client.commands.status(address(data)),
    gives: { status: 'Finished', result: { kind: 'text', text: 'res0: Array[Int] = Array(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)' } },
  },
  'commands-status-table': { ask: (client, { data }) => client.commands.status(address(data)), gives: table('int'), givesModern: table('integer') },
  'commands-status-running': { ask: (client, { data }) => client.commands.status(address(data)), gives: { status: 'Running' } },
  'commands-status-error': {
    ask: (client, { data }) => client.commands.status(address(data)),
    gives: { status: 'Finished', result: { kind: 'error', cause: 'InnerExecutionException' } },
  },
  'commands-cancel': { ask: (client, { data }) => client.commands.cancel(address(data)), gives: undefined },

  'libraries-1.2-list': {
    ask: (client) => client.uploadedLibraries.list(),
    gives: [{ id: '1234', name: 'mylib', folder: '/' }, { id: '5678', name: 'jar1_2.10-1.0.jar', folder: '/' }],
  },
  'libraries-1.2-status': {
    ask: (client, { data }) => client.uploadedLibraries.status(library(data)),
    gives: {
      id: '1234', name: 'mytestjar', folder: '/', files: ['7fbcf1de_3a36_4628_8173_172413292907-jar4_2.10_1.0.jar'], type: 'java-jar', attachAllClusters: true,
      attachments: [{ clusterId: '0223-221237-tract', status: 'Attached', message: 'error message' }],
    },
  },
  'libraries-1.2-unknown': { ask: (client, { data }) => client.uploadedLibraries.status(library(data)), gives: refusal('NoSuchElementException: key not found: 2915') },
  'libraries-1.2-unknown-folder': { ask: upload, gives: refusal('NoSuchElementException: folder not found: mylibraries') },
  'libraries-1.2-upload-file': { ask: upload, gives: '12345' },
  'libraries-1.2-upload-pypi': { ask: upload, gives: '12345' },
  'libraries-1.2-delete': { ask: (client, { data }) => client.uploadedLibraries.delete(library(data)), gives: undefined },
  'libraries-1.2-attach': { ask: (client, { data }) => client.uploadedLibraries.attach(library(data), cluster(data)), gives: undefined },
  'libraries-1.2-detach': { ask: (client, { data }) => client.uploadedLibraries.detach(library(data), allClusters), gives: undefined },

  'libraries-2.0-all-cluster-statuses': {
    ask: (client) => client.libraries.allClusterStatuses(),
    gives: [
      { clusterId: '11203-my-cluster', libraries: [{ library: { kind: 'jar', uri: 'dbfs:/mnt/libraries/library.jar' }, status: 'INSTALLING', messages: [], forAllClusters: false }] },
      { clusterId: '20131-my-other-cluster', libraries: [{ library: { kind: 'egg', uri: 'dbfs:/mnt/libraries/library.egg' }, status: 'ERROR', messages: ['Could not download library'], forAllClusters: false }] },
    ],
  },
  'libraries-2.0-cluster-status': {
    ask: (client, { data }) => client.libraries.clusterStatus(text(data, 'cluster_id') as ClusterId),
    gives: {
      clusterId: '11203-my-cluster',
      libraries: [
        { library: { kind: 'jar', uri: 'dbfs:/mnt/libraries/library.jar' }, status: 'INSTALLED', messages: [] },
        { library: { kind: 'pypi', package: 'beautifulsoup4' }, status: 'INSTALLING', messages: ['Successfully resolved package from PyPI'] },
        {
          library: { kind: 'cran', package: 'ada', repo: 'https://cran.us.r-project.org' },
          status: 'FAILED',
          messages: ['R package installation is not supported on this spark version.\nPlease upgrade to Runtime 3.2 or higher'],
        },
      ],
    },
  },
  'libraries-2.0-install': {
    ask: (client, { data }) => client.libraries.install(text(data, 'cluster_id') as ClusterId, libraries(data['libraries'])),
    gives: undefined,
  },
};

/** Exchanges that the client does not have in one call of its own, or not in these very words; the tests below are theirs. */
const readElsewhere = ['clusters-status', 'commands-execute', 'libraries-2.0-uninstall'];

test('every exchange of both documents is read', () => {
  expect([...Object.keys(readings), ...readElsewhere].sort()).toEqual(apiFixtures.map(({ name }) => name).sort());
});

describe.for(['classic', 'modern'] as const)('a %s server', (dialect) => {
  test.for(Object.keys(readings))('%s', async (name) => {
    const fixture = apiFixture(name);
    const { ask, gives, givesModern } = readings[name] ?? expect.fail();
    await using exchange = await documented(fixture, dialect);
    const failed = fixture.response.status !== 200;
    const answer = failed ? await failureOf(ask(exchange.client, fixture.request)) : await ask(exchange.client, fixture.request);
    const expected = dialect === 'modern' && givesModern !== undefined ? givesModern : gives;
    if (expected === undefined) expect(answer).toBeUndefined();
    else if (typeof expected === 'object') expect(answer).toMatchObject(expected as object);
    else expect(answer).toBe(expected);

    const request = exchange.server.seen.at(-1) ?? expect.fail('nothing was asked');
    const { data, files = {}, method, path } = fixture.request;
    expect([request.route.split(' ')[0], request.path]).toEqual([method, path]);
    const isJson = request.headers['content-type'] === 'application/json';
    expect(isJson).toBe(method === 'POST' && Object.keys(files).length === 0 && (dialect === 'modern' || path.startsWith('/api/2.0/')));
    expect(await said(request)).toEqual({ data: isJson ? data : asTexts(data), files });
  });
});

test('commands/execute gives the id, once it is known how the server reads', async () => {
  await using exchange = await documented(apiFixture('commands-execute'), 'modern');
  const { data } = apiFixture('commands-execute').request;
  expect(await exchange.client.commands.execute(address(data), 'scala', text(data, 'command'))).toBe('5220029674192230006');
  expect(exchange.server.seen.at(-1)?.fields).toEqual(data);
});

test('code is never sent in JSON and then in a form to find out what the server reads', async () => {
  await using exchange = await documented(apiFixture('commands-execute'), 'classic');
  const { data } = apiFixture('commands-execute').request;
  expect(await failureOf(exchange.client.commands.execute(address(data), 'scala', text(data, 'command')))).toMatchObject({ code: 'api' });
  expect(exchange.server.count('POST commands/execute')).toBe(1);
});

test('libraries/uninstall names the libraries of the shorthand in full', async () => {
  const fixture = apiFixture('libraries-2.0-uninstall');
  await using exchange = await documented(fixture);
  await exchange.client.libraries.uninstall('10201-my-cluster' as ClusterId, libraries(fixture.request.data['libraries']));
  expect(exchange.server.seen.at(-1)?.fields).toEqual({ cluster_id: '10201-my-cluster', libraries: [{ jar: 'dbfs:/mnt/libraries/library.jar' }, { cran: { package: 'ada' } }] });
});

test('clusters/status and clusters/list serve together where API 2.0 is absent, and are asked directly from then on', async () => {
  await using exchange = await documented(apiFixture('clusters-status'));
  exchange.server.on('GET clusters/list', { json: apiFixture('clusters-list').response.body });
  const expected = { id: 'peaceJam', name: 'spark-it-up', status: 'Running', driverIp: '12.34.56.78', jdbcPort: '10000' };
  expect(await exchange.client.clusters.get('peaceJam' as ClusterId)).toMatchObject(expected);
  expect(await exchange.client.clusters.get('peaceJam' as ClusterId)).toMatchObject(expected);
  const first = ['/api/1.2/clusters/status', '/api/1.2/clusters/list'];
  expect(exchange.server.seen.map(({ path }) => path)).toEqual(['/api/2.0/clusters/get', ...first, ...first]);
});

test('clusters/status alone serves where it carries the status', async () => {
  await using exchange = await documented(apiFixture('clusters-status'));
  exchange.server.on('GET clusters/status', { json: { id: 'peaceJam', name: 'spark-it-up', status: 'Terminated' } });
  expect(await exchange.client.clusters.get('peaceJam' as ClusterId)).toMatchObject({ status: 'Terminated' });
  expect(exchange.server.count('GET clusters/list')).toBe(0);
});

test('a server that reads forms only is spoken to in forms from its first refusal on', async () => {
  await using server = await startScriptedServer();
  server.on('POST contexts/create', ({ headers }) =>
    headers['content-type'] === 'application/json'
      ? { status: 500, json: { error: 'NoSuchElementException: key not found: language' } }
      : { json: { id: '17' } },
  );
  server.on('POST commands/execute', { json: { id: '18' } });
  const client = clientFor(server.url);
  const clusterId = 'c 1&=é' as ClusterId;
  const contextId = await client.contexts.create(clusterId, 'scala');
  await client.commands.execute({ clusterId, contextId }, 'scala', 'val a = "ä&b=c+1"\n');
  expect(client.dialect.body).toBe('form');
  expect(server.seen.map(({ headers }) => headers['content-type'])).toEqual([
    'application/json',
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded',
  ]);
  expect(server.seen.at(-1)?.fields).toEqual({ language: 'scala', clusterId, contextId: '17', command: 'val a = "ä&b=c+1"\n' });
  await client.close();
});

test('a server that refuses forms too is no server of the document, and is spoken to in JSON again', async () => {
  await using server = await startScriptedServer();
  server.on('POST contexts/create', { status: 415, json: { error: 'Unsupported Media Type' } });
  const client = clientFor(server.url);
  expect(await failureOf(client.contexts.create('1' as ClusterId, 'scala'))).toMatchObject({ code: 'api', details: { status: 415 } });
  expect(server.count('POST contexts/create')).toBe(2);
  expect(client.dialect.body).toBe('json');
  await client.close();
});

test('another refusal of contexts/create does not change the dialect', async () => {
  await using server = await startScriptedServer();
  server.on('POST contexts/create', { status: 500, json: { error: 'RuntimeException: Unknown cluster id 1' } });
  const client = clientFor(server.url);
  expect(await failureOf(client.contexts.create('1' as ClusterId, 'scala'))).toMatchObject({ code: 'api' });
  expect(client.dialect.body).toBe('json');
  expect(server.count('POST contexts/create')).toBe(1);
  await client.close();
});

test('a token is sent as Bearer, with a user agent', async () => {
  await using server = await startScriptedServer();
  server.on('GET contexts/status', { json: { status: 'Running' } });
  const client = clientFor(server.url);
  await client.contexts.status({ clusterId: 'a' as ClusterId, contextId: 'b' as ContextId });
  expect(server.seen[0]?.headers).toMatchObject({ authorization: 'Bearer dapi-very-secret', 'user-agent': 'databricks-kernel/0.0.0 auth/pat' });
  await client.close();
});
