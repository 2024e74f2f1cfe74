import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { createCredentials } from '../../src/databricks/auth/chain.ts';
import { readSettings } from '../../src/databricks/config/settings.ts';
import { createNetwork } from '../../src/databricks/network.ts';
import { BridgeError } from '../../src/lib/errors.ts';
import { packageFile } from '../../src/lib/package-file.ts';
import { databricksCli, fakeMachine, printToken } from '../support/fake-programs.ts';
import { python } from '../support/jupyter.ts';
import { offerTokens } from '../support/login-place.ts';
import { startScriptedServer } from '../support/scripted-server.ts';

/* The same settings are read by the vendor's SDK for Python and by us, and come to the same host and login, or are refused by both. */

type Env = Readonly<Record<string, string>>;
const host = { DATABRICKS_HOST: 'HOST' };
const token = { DATABRICKS_TOKEN: 'dapi-1' };
const user = { DATABRICKS_USERNAME: 'me', DATABRICKS_PASSWORD: 'p#w ü' };
const principal = { DATABRICKS_CLIENT_ID: 'id', DATABRICKS_CLIENT_SECRET: 'secret' };
const metadata = { DATABRICKS_METADATA_SERVICE_URL: 'HOST/metadata' };

const file = `
[DEFAULT]
host = HOST
token = dapi-default

[dev]
host = HOST/
username = dev
password = p#a;s=s

[cli]
host = HOST
auth_type = databricks-cli

[m2m]
host = HOST
client_id = id
client_secret = secret

[both]
host = HOST
token = dapi-both
username = me
password = pw
`;

/** What both come to: a kind of login, or a refusal, for which the SDK has these words. */
const cases: readonly [what: string, env: Env, expected: { readonly type: string } | { readonly error: string }][] = [
  ['host and token', { ...host, ...token }, { type: 'pat' }],
  ['a host with a slash at its end', { DATABRICKS_HOST: 'HOST/', ...token }, { type: 'pat' }],
  ['user and password', { ...host, ...user }, { type: 'basic' }],
  ['a service principal', { ...host, ...principal }, { type: 'oauth-m2m' }],
  ['a metadata service', { ...host, ...metadata }, { type: 'metadata-service' }],
  ['the Databricks CLI', { ...host, DATABRICKS_AUTH_TYPE: 'databricks-cli' }, { type: 'databricks-cli' }],
  ['a host alone', host, { type: 'databricks-cli' }],
  ['the DEFAULT profile', {}, { type: 'pat' }],
  ['the DEFAULT profile beside a host', { ...host, ...user }, { type: 'basic' }],
  ['a profile', { DATABRICKS_CONFIG_PROFILE: 'dev' }, { type: 'basic' }],
  ['a profile of the Databricks CLI', { DATABRICKS_CONFIG_PROFILE: 'cli' }, { type: 'databricks-cli' }],
  ['a profile with a service principal', { DATABRICKS_CONFIG_PROFILE: 'm2m' }, { type: 'oauth-m2m' }],
  ['the environment before a profile', { DATABRICKS_CONFIG_PROFILE: 'DEFAULT', ...token }, { type: 'pat' }],
  ['a choice between two logins', { ...host, ...token, ...user, DATABRICKS_AUTH_TYPE: 'basic' }, { type: 'basic' }],
  ['a choice in the environment for a profile with two', { DATABRICKS_CONFIG_PROFILE: 'both', DATABRICKS_AUTH_TYPE: 'pat' }, { type: 'pat' }],
  ['two logins', { ...host, ...token, ...user }, { error: 'more than one authorization method configured: basic and pat' }],
  ['a token and a service principal', { ...host, ...token, ...principal }, { error: 'more than one authorization method configured: oauth and pat' }],
  ['a token and a metadata service', { ...host, ...token, ...metadata }, { error: 'more than one authorization method configured: metadata-service and pat' }],
  ['two logins in a profile', { DATABRICKS_CONFIG_PROFILE: 'both' }, { error: 'more than one authorization method configured: basic and pat' }],
  ['one login in the environment, another in a profile', { DATABRICKS_CONFIG_PROFILE: 'dev', ...token }, { error: 'more than one authorization method configured: basic and pat' }],
  ['a profile that is not there', { DATABRICKS_CONFIG_PROFILE: 'nobody' }, { error: 'has no nobody profile configured' }],
  ['the reserved profile', { DATABRICKS_CONFIG_PROFILE: '__settings__' }, { error: '__settings__ is a reserved section name' }],
  ['a login that is not complete', { ...host, DATABRICKS_AUTH_TYPE: 'oauth-m2m', DATABRICKS_CLIENT_ID: 'id' }, { error: 'cannot configure default credentials' }],
];

interface Read {
  readonly host: string;
  readonly type: string;
  readonly authorization: string;
}

let theirs: readonly (Read | { readonly error: string })[];
let ours: readonly (Read | BridgeError)[];

beforeAll(async () => {
  await using server = await startScriptedServer();
  const { origin } = server.url;
  offerTokens(server, { json: { access_token: 'm2m-token', token_type: 'Bearer', expires_in: 3600 } });
  server.on('GET /.well-known/databricks-config', { json: { oidc_endpoint: `${origin}/oidc`, workspace_id: '1' } });
  server.on('GET /metadata', { json: { access_token: 'metadata-token', token_type: 'Bearer', expires_on: Math.round(Date.now() / 1000) + 3600 } });
  await using machine = await fakeMachine();
  await machine.install('databricks', databricksCli('0.250.0', printToken('cli-token', '2999-01-01T00:00:00Z')));
  await writeFile(join(machine.home, '.databrickscfg'), file.replaceAll('HOST', origin));
  const environments = cases.map(([, env]): Env => Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace('HOST', origin)])));

  const child = spawn(python, [packageFile('test', 'fixtures', 'clients', 'databricks_sdk_settings.py')], {
    env: { ...machine.env, HOME: machine.home },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(environments));
  const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
  theirs = JSON.parse(printed) as typeof theirs;

  const network = createNetwork({});
  const read = async (env: Env): Promise<Read | BridgeError> => {
    try {
      const settings = readSettings({ env, home: machine.home });
      if (settings.kind === 'embedded') throw new Error('the embedded workspace was not meant');
      const credentials = createCredentials(settings.logins, () => settings.logins, { network, machine, now: Date.now });
      const login = await credentials.login();
      return { host: settings.host.value.origin, type: login.type, authorization: login.headers()['authorization'] ?? '' };
    } catch (error) {
      if (error instanceof BridgeError) return error;
      throw error;
    }
  };
  ours = await Promise.all(environments.map(read));
  await network.close();
});

test.for(cases.map(([what, , expected], index) => [what, expected, index] as const))('%s', ([, expected, index]) => {
  const [their, our] = [theirs[index], ours[index]];
  if ('error' in expected) {
    expect(their).toEqual({ error: expect.stringContaining(expected.error) });
    expect(our).toMatchObject({ code: 'config' });
  } else {
    expect(our).toMatchObject(expected);
    expect({ ...their, host: (their as Read).host.replace(/\/$/, '') }).toEqual(our);
  }
});
