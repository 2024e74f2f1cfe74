import { expect, test } from 'vitest';
import { fixedCredentials, type Credentials, type Login } from '../../../src/databricks/auth/credentials.ts';
import { runCommand, type CommandRun } from '../../../src/databricks/run-command.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { deferred } from '../../support/deferred.ts';
import { cell, clientFor, failureOf, secretToken, startScriptedApi } from '../../support/scripted-api.ts';
import type { ScriptedServer } from '../../support/scripted-server.ts';
import { ok, startSession } from '../../support/session-place.ts';

/* A login that takes time, as from a program that asks the user, while a cell waits. */

const fresh = () => fixedCredentials({ type: 'pat', origin: 'DATABRICKS_TOKEN', token: new Secret(secretToken) });
const known = fresh();

/** Credentials that have a newer login whenever one is refused. */
function renewable() {
  let renewals = 0;
  const credentials: Credentials = {
    async login(refused) {
      if (refused === undefined) return known.login();
      renewals += 1;
      return fresh().login();
    },
  };
  return { credentials, renewals: () => renewals };
}

/** Credentials that are had at once until they are `held`; then the next login comes when the test says so. */
function slowCredentials() {
  const asked = deferred();
  const come = deferred<Login>();
  let held: 'no' | 'each' | 'renewed' = 'no';
  const credentials: Credentials = {
    async login(refused) {
      if (held === 'no' || (held === 'renewed' && refused === undefined)) return known.login();
      asked.resolve();
      return come.promise;
    },
  };
  return { credentials, asked: asked.promise, hold: (which: 'each' | 'renewed') => void (held = which), release: async () => { held = 'no'; come.resolve(await known.login()); } };
}

test.for<[what: string, which: 'each' | 'renewed', before: (server: ScriptedServer) => void]>([
  ['before its code is sent', 'each', () => undefined],
  ['after the server refused the one before', 'renewed', (server) => server.on('POST commands/execute', { status: 401, json: { error: 'expired' } }, { json: { id: 'k9' } })],
])('an interrupt of a cell that waits for a login %s ends it at once, and its code is never sent', async ([, which, before]) => {
  const { credentials, asked, hold, release } = slowCredentials();
  await using place = await startSession('python', {}, { credentials });
  const { server, session } = place;
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  before(server);
  hold(which);
  const waiting = cell();
  const run = session.run('2', 'python', waiting);
  await asked;
  waiting.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  await release();
  expect(await session.run('3', 'python', cell())).toEqual(ok);
  expect(server.seen.filter(({ route }) => route === 'POST commands/execute').map(({ fields }) => fields['command'])).toEqual(
    which === 'renewed' ? ['1', '2', '3'] : ['1', '3'],
  );
  expect(server.count('POST commands/cancel')).toBe(0);
  expect(server.count('POST contexts/create')).toBe(1);
});

test.for<[status: number, words: string]>([
  [401, 'Credential was not sent or was of an unsupported type'],
  [403, 'Invalid access token.'],
  [403, 'JWT has expired'],
  [403, 'Token is expiring within 30 seconds. (token expirationTime: Tue Nov 29 17:43:25 UTC 2022)'],
  [400, 'com.databricks.backend.common.util.ExpiredJwtException: JWT expired at 2021-01-01T00:00:00Z'],
])('a login that is refused with %i and "%s" is renewed, and the cell runs in its context', async ([status, message]) => {
  const { credentials, renewals } = renewable();
  await using place = await startSession('python', {}, { credentials });
  const { server, session } = place;
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  server.on('POST commands/execute', { status, json: { error_code: status, message } }, { json: { id: 'k2' } });
  server.on('GET commands/status', { status, json: { message } }, { status, json: { message } }, { json: { id: 'k2', status: 'Finished', results: { resultType: 'text', data: 'done' } } });
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(renewals()).toBeGreaterThan(1);
  expect(server.count('POST contexts/create')).toBe(1);
});

test.for<[status: number, words: string]>([
  [403, 'PERMISSION_DENIED: you may not attach to this cluster'],
  [400, 'INVALID_PARAMETER_VALUE: no such token library'],
])('a refusal with %i and "%s" asks for no other login', async ([status, message]) => {
  const { credentials, renewals } = renewable();
  await using place = await startSession('python', {}, { credentials });
  place.server.on('POST commands/execute', { status, json: { message } });
  await failureOf(place.session.run('1', 'python', cell()));
  expect(renewals()).toBe(0);
});

test('code is not sent for a run that was interrupted before it began', async () => {
  await using server = await startScriptedApi();
  const client = clientFor(server.url);
  const signals = cell();
  signals.interrupt();
  const context = { clusterId: 'c1', contextId: 'x1' } as CommandRun['context'];
  expect(await runCommand(client, { context, language: 'python', code: '1', interrupted: signals.interrupted, killed: signals.killed })).toEqual({ end: 'interrupted' });
  expect(server.count('POST commands/execute')).toBe(0);
  await client.destroy();
});
