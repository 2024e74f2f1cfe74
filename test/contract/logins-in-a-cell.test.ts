import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSession } from '../../src/session/session.ts';
import { databricksCli, printToken, type FakeMachine } from '../support/fake-programs.ts';
import { offerTokens, startLogins, type LoginPlace } from '../support/login-place.ts';
import { cell, connectionTo, finished, running } from '../support/scripted-api.ts';
import type { SeenRequest } from '../support/scripted-server.ts';

/* A login that ends while a cell runs: the cell goes on with the next one, be it got by itself or by the user. */

const ok = { end: 'result', result: { kind: 'text', text: 'done' } };
const later = '2999-01-01T00:00:00Z';
const basic = (password: string): string => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;
const bearer = (token: string): string => `Bearer ${token}`;

/** The API takes one login and no other; a command that runs has ended for whoever comes with the new one. */
function takesOnly({ server }: LoginPlace, authorization: string): void {
  const isFine = ({ path, headers }: SeenRequest): boolean => !path.startsWith('/api/') || headers.authorization === authorization;
  server.guard((request) => (isFine(request) ? undefined : { status: 401, json: { error: 'Invalid access token' } }));
}

/** Runs a cell whose login is refused from its second status call on, and gives what it said and came to. */
async function runWhileLoginEnds(place: LoginPlace, oldLogin: string, newLogin: string, logInAgain: () => Promise<unknown>) {
  const { server, machine } = place;
  const session = createSession({ language: 'python', connect: async () => connectionTo(await place.connect()), home: machine.home, identity: '' });
  try {
    takesOnly(place, oldLogin);
    server.on('GET commands/status', ({ headers }) => (headers.authorization === newLogin ? finished('done') : running));
    const first = cell();
    const run = session.run('1', 'python', first);
    await server.arrived('GET commands/status');
    takesOnly(place, newLogin);
    await server.arrived('GET commands/status', server.count('GET commands/status') + 2);
    await logInAgain();
    return { end: await run, said: first.stages.flatMap((stage) => (stage?.waitsFor === 'connection' ? [stage.text] : [])) };
  } finally {
    await session.close(5000);
  }
}

function expectOnce({ server }: LoginPlace): void {
  expect(server.count('POST commands/execute')).toBe(1);
  expect(server.count('POST contexts/create')).toBe(1);
  expect(server.seen.at(-1)?.route).toBe('POST contexts/destroy');
}

const profile = (machine: FakeMachine, token: string) => writeFile(join(machine.home, '.databrickscfg'), `[work]\ntoken = ${token}\n`);
const netrc = (machine: FakeMachine, password: string) => writeFile(join(machine.home, '.netrc'), `machine 127.0.0.1 login me password ${password}`);

test('a token of a profile that was revoked: the cell says what to look at, and its result comes when the file has a new one', async () => {
  await using place = await startLogins({ DATABRICKS_CONFIG_PROFILE: 'work' });
  await profile(place.machine, 'dapi-old');
  const { end, said } = await runWhileLoginEnds(place, bearer('dapi-old'), bearer('dapi-new'), async () => {
    // Some editors write a file by removing it first.
    await rm(join(place.machine.home, '.databrickscfg'));
    await profile(place.machine, 'dapi-new');
  });
  expect(end).toEqual(ok);
  expect(said[0]).toMatch(/does not accept the login for commands\/status: Invalid access token\. Check token of profile work in ~\/\.databrickscfg\. It has been so since .*Unless its cluster has ended the code goes on there, and its result is fetched when that is mended/);
  expect(said.join()).not.toMatch(/dapi-/);
  expectOnce(place);
});

test('a password in .netrc that was changed is read again', async () => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'netrc' });
  await netrc(place.machine, 'old');
  const { end } = await runWhileLoginEnds(place, basic('old'), basic('new'), () => netrc(place.machine, 'new'));
  expect(end).toEqual(ok);
  expectOnce(place);
});

test('a login of the Databricks CLI that has ended for good: the cell says how to log in, and its result comes after that', async () => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'databricks-cli' });
  const { machine, server } = place;
  await machine.install('databricks', databricksCli('0.296.0', `if [ "$5" = --force-refresh ]; then echo "Error: refresh token is invalid" >&2; exit 1; fi\n${printToken('old', later)}`));
  const session = createSession({ language: 'python', connect: async () => connectionTo(await place.connect()), home: machine.home, identity: '' });
  takesOnly(place, bearer('old'));
  server.on('GET commands/status', ({ headers }) => (headers.authorization === bearer('new') ? finished('done') : running));
  const said: string[] = [];
  let told = (): void => undefined;
  const wasTold = new Promise<void>((resolve) => (told = resolve));
  const run = session.run('1', 'python', {
    ...cell(),
    onStage: (stage) => {
      if (stage?.waitsFor !== 'connection') return;
      said.push(stage.text);
      told();
    },
  });
  await server.arrived('GET commands/status');
  takesOnly(place, bearer('new'));
  await wasTold;
  await machine.install('databricks', databricksCli('0.296.0', printToken('new', later)));
  expect(await run).toEqual(ok);
  expect(said[0]).toMatch(/^The Databricks CLI \(\S+\) gives no token: refresh token is invalid\. Log in with "databricks auth login --host http:\S+"\. It has been so since /);
  await session.close(5000);
  expectOnce(place);
});

test.for<[type: string, env: Record<string, string>, prepare: (place: LoginPlace, token: string) => unknown]>([
  ['databricks-cli', { DATABRICKS_AUTH_TYPE: 'databricks-cli' }, ({ machine }, token) => machine.install('databricks', databricksCli('0.296.0', printToken(token, later)))],
  ['azure-cli', { DATABRICKS_AUTH_TYPE: 'azure-cli', DATABRICKS_AZURE_RESOURCE_ID: '/s' }, ({ machine }, token) => machine.install('az', `echo '{"accessToken": "${token}", "expires_on": 32472144000}'`)],
  ['oauth-m2m', { DATABRICKS_CLIENT_ID: 'id', DATABRICKS_CLIENT_SECRET: 'secret' }, ({ server }, token) => offerTokens(server, { json: { access_token: token, expires_in: 3600 } })],
  ['metadata-service', { DATABRICKS_METADATA_SERVICE_URL: 'HOST/metadata' }, ({ server }, token) => server.on('GET /metadata', { json: { access_token: token, expires_on: 32472144000 } })],
])('%s: a token that the server refuses in the middle of a cell is replaced by a fresh one, and the cell never notices', async ([, env, prepare]) => {
  await using place = await startLogins(env);
  await prepare(place, 'old');
  const { server, machine } = place;
  const session = createSession({ language: 'python', connect: async () => connectionTo(await place.connect()), home: machine.home, identity: '' });
  takesOnly(place, bearer('old'));
  server.on('GET commands/status', ({ headers }) => (headers.authorization === bearer('new') ? finished('done') : running));
  const first = cell();
  const run = session.run('1', 'python', first);
  await server.arrived('GET commands/status');
  await prepare(place, 'new');
  takesOnly(place, bearer('new'));
  expect(await run).toEqual(ok);
  expect(first.stages.at(-1)).toBeUndefined();
  expect(first.stages.map((stage) => stage?.waitsFor)).not.toContain('connection');
  await session.close(5000);
  expectOnce(place);
});
