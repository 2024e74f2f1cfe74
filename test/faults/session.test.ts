import { expect, test } from 'vitest';
import { fixedCredentials } from '../../src/databricks/auth/credentials.ts';
import { localPatience } from '../../src/databricks/retry.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { Connection } from '../../src/session/connection.ts';
import { createSession } from '../../src/session/session.ts';
import { deadPort } from '../support/free-ports.ts';
import { identity } from '../support/identities.ts';
import type { Answer } from '../support/scripted-server.ts';
import { ok, startSession, type SessionPlaceOptions } from '../support/session-place.ts';
import { cell, clientFor, connectionTo, failureOf, finished, loginPages, refused, running, secretToken, startScriptedApi, temporaryDirectory } from '../support/scripted-api.ts';

/* What the network, proxies and servers do to a cell: no code runs twice, no context leaks, and the sentence is clear. */

async function start(options: SessionPlaceOptions = {}, more: Partial<Connection> = {}) {
  const place = await startSession('python', more, options);
  return Object.assign(place, {
    run: (code = '1') => place.session.run(code, 'python', cell()),
    failure: () => failureOf(place.session.run('1', 'python', cell())),
  });
}

test('an unreachable host is named with the setting, and nothing counts as sent', async () => {
  const to = new URL(`http://127.0.0.1:${await deadPort()}`);
  await using place = await start({ to: () => to });
  const message = `Nothing answers at ${to.origin} (connection refused): check DATABRICKS_HOST.`;
  expect(await place.failure()).toMatchObject({ code: 'net', message, details: { sent: false } });
});

test('a host that does not exist is named with the setting', async () => {
  await using place = await start({ to: () => new URL('https://no-such-host.invalid') });
  const error = await place.failure();
  expect(error).toMatchObject({ code: 'net', details: { host: 'https://no-such-host.invalid', sent: false } });
  expect(String(error)).toContain('check DATABRICKS_HOST');
});

test('a server without TLS behind an https address is no mystery', async () => {
  await using plain = await startScriptedApi();
  await using place = await start({ to: () => new URL(plain.url.href.replace('http:', 'https:')) });
  const error = await place.failure();
  expect(error).toMatchObject({ code: 'net', details: { sent: false } });
  expect(String(error)).toMatch(/The secure connection to https:.* failed/);
});

test('wrong credentials name the setting and never show the secret; the kernel can go on', async () => {
  await using place = await start();
  place.server.on('GET clusters/get', { status: 401, json: { error: 'Invalid access token' } }, { json: { state: 'RUNNING' } });
  const error = await place.failure();
  expect(error).toMatchObject({ code: 'api', details: { status: 401 } });
  expect(String(error)).toContain('does not accept the login for clusters/get: Invalid access token. Check DATABRICKS_TOKEN.');
  expect(String(error)).not.toContain(secretToken);
  expect(await place.run()).toEqual(ok);
});

test('a password with any signs arrives whole', async () => {
  const credentials = fixedCredentials({ type: 'basic', origin: 'x', username: 'jürgen', password: new Secret('p:ä# 😀') });
  await using place = await start({ credentials });
  await place.run();
  const [scheme, code = ''] = place.server.seen[0]?.headers.authorization?.split(' ') ?? [];
  expect([scheme, Buffer.from(code, 'base64').toString()]).toEqual(['Basic', 'jürgen:p:ä# 😀']);
});

test.for<[string, Answer, string]>([
  ['a login page', loginPages.page, 'with a web page (a login page?)'],
  ['a redirect to one', loginPages.redirect, 'redirects clusters/get to https://login.test instead'],
])('%s instead of the API is a clear error', async ([, answer, words]) => {
  await using place = await start();
  place.server.on('GET clusters/get', answer);
  const error = await place.failure();
  expect(error).toMatchObject({ code: 'api' });
  expect(String(error)).toContain(words);
  expect(String(error)).toContain('check DATABRICKS_HOST');
});

test.for<[string, Answer]>([
  ['429 with Retry-After', { status: 429, json: { error: 'slow down' }, headers: { 'retry-after': '2' } }],
  ['503 of a cluster without workers', refused('UnknownWorkerEnvironmentException: x', 503)],
  ['500 of a cluster that is not ready', refused('ClusterNotReadyException: x')],
])('a POST that met %s was surely not processed and goes out again', async ([, answer]) => {
  await using place = await start();
  place.server.on('POST contexts/create', answer, { json: { id: 'x1' } });
  place.server.on('POST commands/execute', answer, { json: { id: 'k1' } });
  expect(await place.run()).toEqual(ok);
  expect(place.server.count('POST commands/execute')).toBe(2);
});

test.for<[string, Answer]>([
  ['a reset', 'reset'],
  ['half an answer', 'half'],
  ['no answer in time', 'silence'],
])('an execute that met %s may have run: it is reported, not repeated, and the context goes on', async ([, answer]) => {
  await using place = await start({ deadlineMs: 2000 });
  place.server.on('POST commands/execute', answer, { json: { id: 'k2' } });
  const error = await place.failure();
  expect(error).toMatchObject({ code: 'command' });
  expect(String(error)).toContain('it was not sent again');
  expect(place.server.count('POST commands/execute')).toBe(1);
  expect(await place.run()).toEqual(ok);
  expect(place.server.count('POST contexts/create')).toBe(1);
});

test.for<Answer>([refused('gateway', 502), refused('busy', 503), refused('gateway', 504), refused('Timed out after 10 s', 503)])(
  'an execute that met %j may have run: that is said, and it is not repeated',
  async (answer) => {
    await using place = await start();
    place.server.on('POST commands/execute', answer);
    expect(await place.failure()).toMatchObject({ code: 'command', message: expect.stringContaining('it was not sent again') });
    expect(place.server.count('POST commands/execute')).toBe(1);
  },
);

test.for<[string, Answer]>([
  ['a reset', 'reset'],
  ['no answer in time', 'silence'],
])('a create that met %s is not repeated; the next run tries anew', async ([, answer]) => {
  await using place = await start({ deadlineMs: 2000 });
  place.server.on('POST contexts/create', answer, { json: { id: 'x2' } });
  expect(await place.failure()).toMatchObject({ code: 'net', details: { sent: true } });
  expect(place.server.count('POST contexts/create')).toBe(1);
  expect(await place.run()).toEqual(ok);
});

test.for<[string, Answer]>([
  ['a reset', 'reset'],
  ['half an answer', 'half'],
  ['no answer in time', 'silence'],
  ['503', refused('busy', 503)],
])('a GET that met %s goes out again', async ([, answer]) => {
  await using place = await start({ deadlineMs: 2000 });
  place.server.on('GET clusters/get', answer, { json: { state: 'RUNNING' } });
  place.server.on('GET contexts/status', answer, { json: { status: 'Running' } });
  place.server.on('GET commands/status', answer, running, finished('done'));
  expect(await place.run()).toEqual(ok);
  expect(place.server.count('POST commands/execute')).toBe(1);
});

test('an answer to create without an id is an error, not a context called undefined', async () => {
  await using place = await start();
  place.server.on('POST contexts/create', { json: {} });
  expect(String(await place.failure())).toContain("The server's answer holds no id");
});

test('an embedded workspace that ended costs the context; the next run connects anew', async () => {
  const old = await startScriptedApi();
  await using fresh = await startScriptedApi();
  await using home = await temporaryDirectory();
  let connections = 0;
  const connect = async () => connectionTo(clientFor((connections += 1) === 1 ? old.url : fresh.url, { patience: localPatience }), { embedded: true });
  const session = createSession({ language: 'python', connect, home: home.path, identity });
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  await old[Symbol.asyncDispose]();
  expect(await failureOf(session.run('2', 'python', cell()))).toMatchObject({ code: 'context', details: { lost: true } });
  const next = cell();
  expect(await session.run('3', 'python', next)).toEqual(ok);
  expect(next.notices).toHaveLength(1);
  expect(connections).toBe(2);
  await session.close(1000);
});

test('another embedded workspace at the same port, which refuses the old token, is noticed', async () => {
  await using place = await start({}, { embedded: true });
  expect(await place.run()).toEqual(ok);
  place.server.on('POST commands/execute', { status: 401, json: { error: 'Unauthorized: wrong or missing credentials' } }, { json: { id: 'k2' } });
  place.server.on('GET contexts/status', { status: 401, json: { error: 'Unauthorized: wrong or missing credentials' } }, { json: { status: 'Running' } });
  expect(await place.failure()).toMatchObject({ code: 'context', details: { lost: true } });
  expect(await place.run()).toEqual(ok);
});

test('an embedded workspace that ends in the middle of a cell is noticed', async () => {
  await using server = await startScriptedApi();
  await using home = await temporaryDirectory();
  server.on('GET commands/status', running);
  const connect = async () => connectionTo(clientFor(server.url, { patience: localPatience }), { embedded: true });
  const session = createSession({ language: 'python', connect, home: home.path, identity });
  const failure = failureOf(session.run('1', 'python', cell()));
  await server.arrived('GET commands/status');
  await server[Symbol.asyncDispose]();
  expect(await failure).toMatchObject({ code: 'context', details: { lost: true } });
  await session.close(1000);
});

test('a cell on a real workspace outlasts a server that is gone for a minute', async () => {
  await using place = await start();
  const resets = Array.from({ length: 12 }, (): Answer => 'reset');
  place.server.on('GET commands/status', running, ...resets, finished('done'));
  expect(await place.run()).toEqual(ok);
});
