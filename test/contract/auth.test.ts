import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClusterId } from '../../src/databricks/types.ts';
import { BridgeError } from '../../src/lib/errors.ts';
import { databricksCli, printToken } from '../support/fake-programs.ts';
import { offerTokens, takesOnly, startLogins } from '../support/login-place.ts';
import { failureOf } from '../support/scripted-api.ts';
import type { Answer } from '../support/scripted-server.ts';

/* Every kind of login against a real server, with real programs in the place of the vendors' command lines. */

const later = '2999-01-01T00:00:00Z';
const principal = { DATABRICKS_CLIENT_ID: 'the-id', DATABRICKS_CLIENT_SECRET: 'the-secret' };
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

async function failure(promise: Promise<unknown>): Promise<BridgeError> {
  const error = await failureOf(promise);
  expect(error).toBeInstanceOf(BridgeError);
  return error as BridgeError;
}

test.for<[type: string, env: Record<string, string>, authorization: string]>([
  ['pat', { DATABRICKS_TOKEN: 'dapi-1' }, 'Bearer dapi-1'],
  ['basic', { DATABRICKS_USERNAME: 'me', DATABRICKS_PASSWORD: 'pw' }, basic('me:pw')],
  ['oauth-m2m', principal, 'Bearer m2m-token'],
  ['databricks-cli', { DATABRICKS_AUTH_TYPE: 'databricks-cli' }, 'Bearer cli-token'],
  ['databricks-cli', {}, 'Bearer cli-token'],
  ['azure-cli', { DATABRICKS_AUTH_TYPE: 'azure-cli', DATABRICKS_AZURE_RESOURCE_ID: '/subscriptions/1' }, 'Bearer az-token'],
  ['metadata-service', { DATABRICKS_METADATA_SERVICE_URL: 'HOST/metadata/17' }, 'Bearer metadata-token'],
  ['netrc', { DATABRICKS_AUTH_TYPE: 'netrc' }, basic('token:netrc-password')],
])('%s with %j: every request carries it, and says so in its User-Agent', async ([type, env, authorization]) => {
  await using place = await startLogins(env);
  const { server, machine } = place;
  offerTokens(server, { json: { access_token: 'm2m-token', token_type: 'Bearer', expires_in: 3600 } });
  server.on('GET /metadata/17', { json: { access_token: 'metadata-token', token_type: 'Bearer', expires_on: Date.now() / 1000 + 3600 } });
  await machine.install('databricks', databricksCli('0.250.0', printToken('cli-token', later)));
  await machine.install('az', `echo '{"accessToken": "az-token", "expiresOn": "2999-01-01 00:00:00.000000", "tokenType": "Bearer"}'`);
  await writeFile(join(machine.home, '.netrc'), 'machine 127.0.0.1 login token password netrc-password');
  await place.ask();
  await place.ask();
  expect(place.logins()).toEqual([authorization, authorization]);
  expect(server.seen.at(-1)?.headers['user-agent']).toBe(`databricks-kernel/1.2.3 node/${process.versions.node} os/${process.platform} auth/${type}`);
});

test('a service principal is logged in where the host says, once, and not with every request', async () => {
  await using place = await startLogins(principal);
  offerTokens(place.server, { json: { access_token: 'm2m-token', expires_in: 3600 } });
  await place.connect();
  await Promise.all([place.ask(), place.ask(), place.ask()]);
  const [discovery, request, ...rest] = place.server.seen;
  expect(discovery).toMatchObject({ route: 'GET /oidc/.well-known/oauth-authorization-server' });
  expect(discovery?.headers.authorization).toBeUndefined();
  expect(request).toMatchObject({
    route: 'POST /oidc/v1/token',
    fields: { grant_type: 'client_credentials', scope: 'all-apis' },
    headers: { authorization: basic('the-id:the-secret'), 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(rest.every(({ path, headers }) => path.startsWith('/api/') && headers.authorization === 'Bearer m2m-token')).toBe(true);
});

test('a token of a service principal that is refused is replaced, once for all requests that met the refusal, and they go out again', async () => {
  await using place = await startLogins(principal);
  offerTokens(place.server, { json: { access_token: 'old', expires_in: 3600 } }, { json: { access_token: 'new', expires_in: 3600 } });
  await place.ask();
  place.server.guard(takesOnly('new'));
  await Promise.all([place.ask(), place.ask(), place.ask()]);
  expect(place.server.count('POST /oidc/v1/token')).toBe(2);
  expect(place.logins().slice(1).toSorted()).toEqual([...Array(3).fill('Bearer new'), ...Array(3).fill('Bearer old')]);
});

test('a token of a service principal is renewed when it ends, and none is used after its end', async () => {
  await using place = await startLogins(principal);
  offerTokens(place.server, { json: { access_token: 'first', expires_in: 3600 } }, { json: { access_token: 'second', expires_in: 3600 } });
  await place.ask();
  place.pass(3_570_000);
  await place.ask();
  await place.ask();
  expect(place.logins()).toEqual(['Bearer first', 'Bearer second', 'Bearer second']);
  expect(place.server.count('GET /oidc/.well-known/oauth-authorization-server')).toBe(1);
});

test.for<[what: string, answer: Answer, sentence: RegExp]>([
  ['a wrong secret', { status: 401, json: { error: 'invalid_client', error_description: 'Client authentication failed' } }, /does not accept the service principal \(HTTP 401\): invalid_client: Client authentication failed\. Check DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET\.$/],
  ['a wrong secret, in older words', { status: 400, json: { errorCode: 'E1', errorSummary: 'No.' } }, /\(HTTP 400\): E1: No\. Check/],
  ['a login page', { text: '<html><title>Sign in</title></html>' }, /The login server 127\.0\.0\.1:\d+ answered without a token that can be used/],
  ['a redirect', { status: 302, text: '', headers: { location: 'https://login.test/?secret' } }, /does not accept the service principal \(HTTP 302\)/],
  ['a token that is no header', { json: { access_token: 'a\nb', expires_in: 1 } }, /answered without a token that can be used/],
])('%s at the token endpoint is a sentence about the setting', async ([, answer, sentence]) => {
  await using place = await startLogins(principal);
  offerTokens(place.server, answer);
  const error = await failure(place.ask());
  expect(error).toMatchObject({ code: 'config', details: { setting: 'DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET' } });
  expect(error.message).toMatch(sentence);
  expect(place.logins()).toEqual([]);
});

test.for<[what: string, answer: Answer]>([
  ['trouble', { status: 503, text: '' }],
  ['too many requests', { status: 429, json: { error: 'slow down' } }],
  ['a broken connection', 'reset'],
])('%s at the token endpoint is outlasted', async ([, answer]) => {
  await using place = await startLogins(principal);
  offerTokens(place.server, answer, { json: { access_token: 't', expires_in: 3600 } });
  await place.ask();
  expect(place.logins()).toEqual(['Bearer t']);
});

test('a host without a login server for machines is told from a wrong secret', async () => {
  await using place = await startLogins(principal);
  const error = await failure(place.ask());
  expect(error.code).toBe('config');
  expect(error.message).toContain('does not say where it gives tokens to service principals (HTTP 404 for /oidc/.well-known/oauth-authorization-server)');
});

test('no secret is sent to a login server that is not https', async () => {
  await using place = await startLogins(principal);
  place.server.on('GET /oidc/.well-known/oauth-authorization-server', { json: { token_endpoint: 'http://elsewhere.test/token' } });
  expect((await failure(place.ask())).message).toContain('names http://elsewhere.test as its login server, to which no secret is sent: it is not https');
});

test('a profile of the Databricks CLI is asked for by name', async () => {
  await using place = await startLogins({ DATABRICKS_HOST: '', DATABRICKS_CONFIG_PROFILE: 'dev' });
  await writeFile(join(place.machine.home, '.databrickscfg'), `[dev]\nhost = ${place.server.url.origin}\nauth_type = databricks-cli\n`);
  await place.machine.install('databricks', databricksCli('0.250.0', printToken('cli-token', later)));
  await place.ask();
  expect(await place.machine.calls('databricks')).toEqual(['version --output json', 'auth token --profile dev']);
  expect(place.logins()).toEqual(['Bearer cli-token']);
});

test.for(['0.205.0', '0.0.0', 'x.y.z'])('a Databricks CLI of version %s, which may not know profiles, is asked for the host', async (version) => {
  await using place = await startLogins({ DATABRICKS_HOST: '', DATABRICKS_CONFIG_PROFILE: 'dev' });
  await writeFile(join(place.machine.home, '.databrickscfg'), `[dev]\nhost = ${place.server.url.origin}\nauth_type = databricks-cli\n`);
  await place.machine.install('databricks', databricksCli(version, printToken('cli-token', later)));
  await place.ask();
  expect((await place.machine.calls('databricks')).at(-1)).toBe(`auth token --host ${place.server.url.origin}`);
});

test.for<[version: string, flags: string]>([['0.296.0', ' --force-refresh'], ['1.2.0', ' --force-refresh'], ['0.250.0', '']])(
  'a token of the Databricks CLI %s that is refused is asked for anew%s',
  async ([version, flags]) => {
    await using place = await startLogins();
    const answers = `if [ -e "$0.used" ]; then ${printToken('new', later)}; else : > "$0.used"; ${printToken('old', later)}; fi`;
    await place.machine.install('databricks', databricksCli(version, answers));
    place.server.guard(takesOnly('new'));
    await place.ask();
    const host = `auth token --host ${place.server.url.origin}`;
    expect(await place.machine.calls('databricks')).toEqual([host, 'version --output json', host + flags]);
    expect(place.logins()).toEqual(['Bearer old', 'Bearer new']);
  },
);

test('a refused token that the Databricks CLI has no other for is not sent again, and the sentence says how to log in', async () => {
  await using place = await startLogins();
  await place.machine.install('databricks', databricksCli('0.250.0', printToken('old', later)));
  place.server.guard(takesOnly('new'));
  const error = await failure(place.ask());
  expect(error.message).toContain(`Check the login of the Databricks CLI (databricks auth login --host ${place.server.url.origin}).`);
  expect(place.logins()).toEqual(['Bearer old']);
});

test('a Databricks CLI that is not logged in says so in its own words, with the command that helps', async () => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'databricks-cli' });
  await place.machine.install('databricks', databricksCli('0.250.0', 'echo "Error: cache: databricks OAuth is not configured for this host." >&2; exit 1'));
  const error = await failure(place.ask());
  expect(error.message).toBe(
    `The Databricks CLI (${place.machine.home}/databricks) gives no token: cache: databricks OAuth is not configured for this host. Log in with "databricks auth login --host ${place.server.url.origin}".`,
  );
});

test('the Databricks CLI is asked on a closed input, so that one that wants to ask back ends', async () => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'databricks-cli' });
  await place.machine.install('databricks', databricksCli('0.250.0', `read answer || ${printToken('cli-token', later)}`));
  await place.ask();
  expect(place.logins()).toEqual(['Bearer cli-token']);
});

test('no word of a setting reaches a shell', async () => {
  const name = '$(touch evil);touch evil&&"';
  await using place = await startLogins({ DATABRICKS_HOST: '', DATABRICKS_CONFIG_PROFILE: name });
  await writeFile(join(place.machine.home, '.databrickscfg'), `[${name}]\nhost = ${place.server.url.origin}\nauth_type = databricks-cli\n`);
  await place.machine.install('databricks', databricksCli('0.250.0', printToken('cli-token', later)));
  await place.ask();
  expect((await place.machine.calls('databricks')).at(-1)).toBe(`auth token --profile ${name}`);
});

const legacy = 'exit 0\nfrom databricks_cli.cli import cli';

test('the old Python CLI is told apart and refused in words', async () => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'databricks-cli' });
  const path = await place.machine.install('databricks', legacy);
  expect((await failure(place.ask())).message).toBe(
    `${path} is the Databricks CLI of before 2023 (the Python package databricks-cli), which cannot give tokens: install the current one.`,
  );
  expect(await place.machine.calls('databricks')).toEqual([]);
});

test('a current CLI further on in the PATH is found behind the old Python one', async () => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'databricks-cli' });
  await place.machine.install('databricks', legacy);
  await mkdir(join(place.machine.home, 'bin'));
  await place.machine.install('bin/databricks', databricksCli('0.250.0', printToken('cli-token', later)));
  Object.assign(place.machine.env, { PATH: `${place.machine.home}:${place.machine.home}/bin` });
  await place.ask();
  expect(place.logins()).toEqual(['Bearer cli-token']);
});

test.for<[what: string, path: (home: string) => string]>([
  ['a path', (home) => `${home}/my cli`],
  ['a name on the PATH', () => 'my cli'],
])('DATABRICKS_CLI_PATH may be %s', async ([, path]) => {
  await using place = await startLogins();
  Object.assign(place.machine.env, { DATABRICKS_CLI_PATH: path(place.machine.home) });
  await place.machine.install('my cli', databricksCli('0.250.0', printToken('cli-token', later)));
  await place.ask();
  expect(place.logins()).toEqual(['Bearer cli-token']);
});

test('DATABRICKS_CLI_PATH that is no program is named', async () => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'databricks-cli', DATABRICKS_CLI_PATH: '/nowhere/databricks' });
  expect((await failure(place.ask())).message).toBe('DATABRICKS_CLI_PATH names /nowhere/databricks, which is no program.');
});

test.for<[what: string, script: string, words: string]>([
  ['no JSON', 'echo hello', 'answered without a token that can be used'],
  ['no token', `echo '{"expiry": "${later}"}'`, 'answered without a token that can be used'],
  ['no time', `echo '{"access_token": "t"}'`, 'answered with a token, but not with a time when it ends'],
])('a Databricks CLI that answers with %s is a sentence', async ([, script, words]) => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'databricks-cli' });
  await place.machine.install('databricks', databricksCli('0.250.0', script));
  expect((await failure(place.ask())).message).toContain(words);
});

test('the Azure CLI is asked for the application of Databricks in the tenant that is set, and the resource is named to the workspace', async () => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'azure-cli', DATABRICKS_AZURE_RESOURCE_ID: '/subscriptions/1/x', ARM_TENANT_ID: 'my-tenant' });
  await place.machine.install('az', `echo '{"accessToken": "az-token", "expiresOn": "2001-01-01 00:00:00.000000", "expires_on": 32472144000}'`);
  await place.ask();
  await place.ask();
  expect(await place.machine.calls('az')).toEqual(['account get-access-token --resource 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d --output json --tenant my-tenant']);
  expect(place.server.seen[0]?.headers).toMatchObject({ authorization: 'Bearer az-token', 'x-databricks-azure-workspace-resource-id': '/subscriptions/1/x' });
});

test('an Azure CLI that is not logged in says so, with the command that helps', async () => {
  await using place = await startLogins({ DATABRICKS_AUTH_TYPE: 'azure-cli', DATABRICKS_AZURE_RESOURCE_ID: '/s', ARM_TENANT_ID: 'my-tenant' });
  await place.machine.install('az', `echo "ERROR: Please run 'az login' to setup account." >&2; exit 1`);
  expect((await failure(place.ask())).message).toBe(
    `The Azure CLI gives no token for Databricks: Please run 'az login' to setup account. Log in with "az login --tenant my-tenant".`,
  );
});

test('a metadata service is asked for the host, as version 1', async () => {
  await using place = await startLogins({ DATABRICKS_METADATA_SERVICE_URL: 'HOST/metadata/17' });
  place.server.on('GET /metadata/17', { json: { access_token: 't', expires_on: Date.now() / 1000 + 3600 } });
  await place.ask();
  expect(place.server.seen[0]?.headers).toMatchObject({ 'x-databricks-metadata-version': '1', 'x-databricks-host': place.server.url.origin });
});

test.for<[what: string, answer: { status?: number; json?: unknown; text?: string }, words: RegExp]>([
  ['refuses', { status: 404, json: { error: 'unknown host' } }, /gives no token \(HTTP 404: unknown host\): check DATABRICKS_METADATA_SERVICE_URL, and whether the program that offers it still runs/],
  ['does not say until when', { json: { access_token: 't' } }, /does not say when its token ends/],
  ['has no token', { json: { access_token: '', expires_on: 32472144000 } }, /answered without a token that can be used/],
  ['is something else', { text: '<html>' }, /does not say when its token ends/],
])('a metadata service that %s is a sentence', async ([, answer, words]) => {
  await using place = await startLogins({ DATABRICKS_METADATA_SERVICE_URL: 'HOST/metadata/17' });
  place.server.on('GET /metadata/17', answer);
  expect((await failure(place.ask())).message).toMatch(words);
});

test('where no login is set, those of this machine are tried in order: the Databricks CLI before a .netrc', async () => {
  await using place = await startLogins();
  await writeFile(join(place.machine.home, '.netrc'), 'machine 127.0.0.1 login token password netrc-password');
  await place.machine.install('databricks', databricksCli('0.250.0', 'echo "Error: not logged in" >&2; exit 1'));
  await place.ask();
  expect(place.logins()).toEqual([basic('token:netrc-password')]);
  await place.machine.install('databricks', databricksCli('0.250.0', printToken('cli-token', later)));
  await (await place.connect()).clusters.get('c1' as ClusterId);
  expect(place.logins().at(-1)).toBe('Bearer cli-token');
});

test('where nothing gives a login, the sentence says what was tried, why each failed, and what to do', async () => {
  await using place = await startLogins({ DATABRICKS_AZURE_RESOURCE_ID: '/s' });
  const error = await failure(place.ask());
  const host = place.server.url.origin;
  expect(error).toMatchObject({ code: 'config', details: { setting: 'DATABRICKS_TOKEN' } });
  expect(error.message).toBe(
    `There is no login for ${host}: set DATABRICKS_TOKEN, or run "databricks auth login --host ${host}". Tried: ` +
      'databricks-cli: The Databricks CLI is not installed (no databricks on the PATH); azure-cli: The Azure CLI is not installed (no az on the PATH); netrc: ~/.netrc has no entry for 127.0.0.1.',
  );
  expect(place.server.seen).toEqual([]);
});

test('a login that came to nothing is looked for again by the next request', async () => {
  await using place = await startLogins();
  await failure(place.ask());
  await place.machine.install('databricks', databricksCli('0.250.0', printToken('cli-token', later)));
  await place.ask();
  expect(place.logins()).toEqual(['Bearer cli-token']);
});
