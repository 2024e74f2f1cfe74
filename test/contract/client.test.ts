import { expect, test } from 'vitest';
import type { ClusterId, CommandId, ContextId } from '../../src/databricks/types.ts';
import { BridgeError } from '../../src/lib/errors.ts';
import { apiFixture } from '../support/api-fixtures.ts';
import { clientFor, failureOf } from '../support/scripted-api.ts';
import { startScriptedServer } from '../support/scripted-server.ts';

/* Each documented exchange of contexts, commands and clusters, answered as the document prints it, and read by the client. */

async function documented(name: string, dialect: 'classic' | 'modern' = 'classic') {
  const { request, response, modern } = apiFixture(name);
  const server = await startScriptedServer();
  const json = dialect === 'modern' && modern !== undefined ? modern : response.body;
  server.on(`${request.method} ${request.path.replace('/api/1.2/', '')}`, { status: response.status, json });
  const client = clientFor(server.url);
  const clusterId = (request.data['clusterId'] ?? 'peaceJam') as ClusterId;
  const contextId = (request.data['contextId'] ?? '') as ContextId;
  const commandId = (request.data['commandId'] ?? '') as CommandId;
  return {
    client,
    address: { clusterId, contextId, commandId },
    server,
    expectRequest() {
      const seen = server.seen.at(-1);
      expect(seen?.path).toBe(request.path);
      expect(seen?.fields).toEqual({ ...request.data, ...Object.fromEntries(Object.entries(request.files ?? {}).map(([field, { text }]) => [field, text])) });
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('contexts/create gives the id', async () => {
  await using exchange = await documented('contexts-create');
  expect(await exchange.client.contexts.create(exchange.address.clusterId, 'scala')).toBe('1793653964133248955');
  exchange.expectRequest();
});

test('contexts/status gives the status', async () => {
  await using exchange = await documented('contexts-status');
  expect(await exchange.client.contexts.status(exchange.address)).toEqual({ status: 'Running', cause: '' });
  exchange.expectRequest();
});

test('contexts/status of an unknown context fails with ContextNotFound', async () => {
  await using exchange = await documented('contexts-status-unknown');
  const error = await failureOf(exchange.client.contexts.status(exchange.address));
  expect(error).toMatchObject({ code: 'api', details: { status: 500, serverMessage: 'ContextNotFound' } });
  exchange.expectRequest();
});

test.for(['contexts-destroy', 'contexts-destroy-invalid'])('%s is no error', async (name) => {
  await using exchange = await documented(name);
  await exchange.client.contexts.destroy(exchange.address);
  exchange.expectRequest();
});

test('commands/execute gives the id', async () => {
  await using exchange = await documented('commands-execute');
  const command = apiFixture('commands-execute').request.data['command'] ?? '';
  expect(await exchange.client.commands.execute(exchange.address, 'scala', command)).toBe('5220029674192230006');
  exchange.expectRequest();
});

test('commands/execute with the command of a file gives the id', async () => {
  await using exchange = await documented('commands-execute-file');
  const command = apiFixture('commands-execute-file').request.files?.['command']?.text ?? '';
  expect(await exchange.client.commands.execute(exchange.address, 'sql', command)).toBe('2245426871786618466');
  exchange.expectRequest();
});

const wiki = [
  [1847917, '& Yet & Yet'],
  [28894499, "'A morte 'e Carnevale"],
  [16496086, "'Ayim"],
  [2231045, "'Hours..."],
  [4410030, "'Sgudi 'Snaysi"],
];
const table = (id: string) => ({
  status: 'Finished',
  result: { kind: 'table', columns: [{ name: 'id', type: id }, { name: 'title', type: 'string' }], rows: wiki, truncated: false },
});
test.for<['classic' | 'modern', string, unknown]>([
  ['classic', 'commands-status-text', { status: 'Finished', result: { kind: 'text', text: 'res0: Array[Int] = Array(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)' } }],
  ['classic', 'commands-status-table', table('int')],
  ['modern', 'commands-status-table', table('integer')],
  ['classic', 'commands-status-running', { status: 'Running' }],
  ['modern', 'commands-status-running', { status: 'Running' }],
  ['classic', 'commands-status-error', { status: 'Finished', result: { kind: 'error', summary: '', cause: 'InnerExecutionException' } }],
])('%s %s is read', async ([dialect, name, state]) => {
  await using exchange = await documented(name, dialect);
  expect(await exchange.client.commands.status(exchange.address)).toEqual(state);
  exchange.expectRequest();
});

test('commands/cancel answers with the id, which nobody needs', async () => {
  await using exchange = await documented('commands-cancel');
  await exchange.client.commands.cancel(exchange.address);
  exchange.expectRequest();
});

test('clusters/list serves where API 2.0 is absent, and is asked directly from then on', async () => {
  await using exchange = await documented('clusters-list');
  const expected = { id: 'peaceJam', name: 'test', status: 'Running', message: '' };
  expect(await exchange.client.clusters.get('peaceJam' as ClusterId)).toEqual(expected);
  expect(await exchange.client.clusters.get('peaceJam' as ClusterId)).toEqual(expected);
  expect(exchange.server.seen.map(({ path }) => path)).toEqual(['/api/2.0/clusters/get', '/api/1.2/clusters/list', '/api/1.2/clusters/list']);
});

test('a cluster that the list does not hold is unknown', async () => {
  await using exchange = await documented('clusters-list');
  const error = await failureOf(exchange.client.clusters.get('1' as ClusterId));
  expect(error).toBeInstanceOf(BridgeError);
  expect(error).toMatchObject({ code: 'api', details: { serverMessage: 'RuntimeException: Unknown cluster id 1' } });
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
  expect(server.seen[0]?.headers).toMatchObject({ authorization: 'Bearer dapi-very-secret', 'user-agent': 'databricks-kernel/0.0.0' });
  await client.close();
});
