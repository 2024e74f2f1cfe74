import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { readSettings } from '../../src/databricks/config/settings.ts';
import { configureTrace } from '../../src/lib/trace.ts';
import { databricksCli } from '../support/fake-programs.ts';
import type { LoginPlace } from '../support/login-place.ts';
import { offerTokens, startLogins } from '../support/login-place.ts';
import { failures, leaksIn, logins, plant, secrets } from '../support/planted-secrets.ts';
import { failureOf } from '../support/scripted-api.ts';
import type { Answer, SeenRequest } from '../support/scripted-server.ts';

/* No secret is in what an error, a log or an argument shows, whatever a server, a program or a proxy does with it. */

afterEach(() => configureTrace(undefined));

/** A place with everything planted, whose log is a file. */
async function planted(env: Readonly<Record<string, string>>): Promise<LoginPlace> {
  const place = await startLogins(env);
  await plant(place.server, place.machine);
  configureTrace(join(place.machine.home, 'log'));
  return place;
}

/** All that is ever shown of an error, and all that was logged or given to a program. */
async function shown(place: LoginPlace, error?: unknown): Promise<string> {
  const log = await readFile(join(place.machine.home, 'log'), 'utf8');
  const calls = [...(await place.machine.calls('databricks')), ...(await place.machine.calls('az'))];
  const printed = error instanceof Error ? `${error.stack} ${JSON.stringify(error)} ${inspect(error, { depth: 12, showHidden: true })}` : '';
  return [log, ...calls, printed].join('\n');
}

test('a secret is found in every form in which it travels', () => {
  const { password } = secrets;
  const { authorization } = { authorization: `Basic ${Buffer.from(`me:${password}`).toString('base64')}` };
  for (const text of [`x${password}y`, encodeURIComponent(password), authorization, JSON.stringify({ password })]) expect(leaksIn(text)).not.toEqual([]);
  expect(leaksIn('nothing here')).toEqual([]);
});

test.for(Object.entries(logins))('%s: what succeeds is logged without it', async ([, env]) => {
  await using place = await planted(env);
  await place.ask();
  const text = await shown(place);
  // The log is not empty, and the request did carry a login.
  expect(text).toContain('GET /api/2.0/clusters/get: 200');
  expect(leaksIn(place.logins()[0] ?? '')).not.toEqual([]);
  expect(leaksIn(text)).toEqual([]);
});

const kinds = Object.keys(logins);
test.for(kinds.flatMap((kind) => Object.keys(failures).map((failure): [string, string] => [kind, failure])))('%s: %s shows nothing', async ([kind = '', failure = '']) => {
  await using place = await planted(logins[kind] ?? {});
  place.server.guard((request) => (request.path.startsWith('/api/') ? failures[failure]?.(request) : undefined));
  const error = await failureOf(place.ask());
  expect(leaksIn(await shown(place, error))).toEqual([]);
});

test.for(Object.keys(failures))('oauth-m2m: %s at the token endpoint shows nothing', async (failure = '') => {
  await using place = await planted(logins['oauth-m2m'] ?? {});
  place.server.guard((request) => (request.path === '/oidc/v1/token' ? failures[failure]?.(request) : undefined));
  const error = await failureOf(place.ask());
  expect(leaksIn(await shown(place, error))).toEqual([]);
});

test.for(Object.keys(failures))('metadata-service: %s of the service shows nothing', async (failure = '') => {
  await using place = await planted(logins['metadata-service'] ?? {});
  place.server.guard((request) => (request.path === secrets.metadataPath ? failures[failure]?.(request) : undefined));
  const error = await failureOf(place.ask());
  expect(leaksIn(await shown(place, error))).toEqual([]);
});

test.for<[what: string, script: string]>([
  ['on its stderr', `echo "Error: token ${secrets.cliToken} has expired" >&2; exit 1`],
  ['on both, and fails', `echo '{"access_token": "${secrets.cliToken}"}'; echo "${secrets.cliToken}" >&2; exit 1`],
  ['in JSON that is cut off', `printf '{"access_token": "${secrets.cliToken}"'`],
  ['without its time', `echo '{"access_token": "${secrets.cliToken}"}'`],
  ['and is killed', `echo '{"access_token": "${secrets.cliToken}"}'; kill -9 $$`],
])('databricks-cli: a program that prints its token %s shows nothing', async ([, script]) => {
  await using place = await planted(logins['databricks-cli'] ?? {});
  await place.machine.install('databricks', databricksCli('1.0.0', script));
  const error = await failureOf(place.ask());
  expect(leaksIn(await shown(place, error))).toEqual([]);
});

test('a renewed token is hidden as the first one is', async () => {
  await using place = await planted(logins['oauth-m2m'] ?? {});
  const second = `${secrets.oauthToken}2`;
  offerTokens(place.server, { json: { access_token: secrets.oauthToken, expires_in: 3600 } }, { json: { access_token: second, expires_in: 3600 } });
  await place.ask();
  const repeat = (request: SeenRequest): Answer | undefined => (request.path.startsWith('/api/') ? failures['a 401 that repeats the login']?.(request) : undefined);
  place.server.guard(repeat);
  const error = await failureOf(place.ask());
  expect(place.logins()).toEqual([`Bearer ${secrets.oauthToken}`, `Bearer ${secrets.oauthToken}`, `Bearer ${second}`]);
  expect(String(error)).toContain('***');
  expect(leaksIn(await shown(place, error))).toEqual([]);
});

test.for<[what: string, env: Record<string, string>]>([
  ['a login in the host', { DATABRICKS_HOST: `https://me:${secrets.hostPassword}@w.test`, ...logins['pat'] }],
  ['a host that is none', { DATABRICKS_HOST: `me:${secrets.hostPassword}@:x`, ...logins['pat'] }],
  ['two logins', { ...logins['pat'], ...logins['basic'] }],
  ['a token with a line break', { DATABRICKS_TOKEN: `${secrets.token}\nx` }],
  ['a user with a colon', { DATABRICKS_USERNAME: 'a:b', DATABRICKS_PASSWORD: secrets.password }],
  ['half a login', { DATABRICKS_CLIENT_SECRET: secrets.clientSecret }],
  ['a metadata service elsewhere', { DATABRICKS_METADATA_SERVICE_URL: `https://w.test${secrets.metadataPath}` }],
  ['no host', { DATABRICKS_HOST: '', DATABRICKS_TOKEN: secrets.token }],
  ['a proxy that is none', { ...logins['pat'], HTTPS_PROXY: `me:${secrets.proxyPassword}@` }],
  ['a proxy that is not there', { DATABRICKS_HOST: 'https://w.invalid', ...logins['pat'], HTTPS_PROXY: `http://proxy-user:${secrets.proxyPassword}@127.0.0.1:1` }],
])('%s is an error that shows nothing', async ([, env]) => {
  await using place = await planted(env);
  const error = await failureOf(place.ask());
  expect(leaksIn(await shown(place, error))).toEqual([]);
});

test('settings, however they are printed, show nothing', async () => {
  for (const env of Object.values(logins)) {
    await using place = await planted(env);
    const settings = readSettings(place.machine);
    expect(leaksIn(`${inspect(settings, { depth: 12, showHidden: true })} ${JSON.stringify(settings)}`)).toEqual([]);
  }
});
