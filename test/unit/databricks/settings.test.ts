import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createCredentials } from '../../../src/databricks/auth/chain.ts';
import { parseProfiles } from '../../../src/databricks/config/profiles.ts';
import type { SettingsSources } from '../../../src/databricks/config/settings.ts';
import { readSettings } from '../../../src/databricks/config/settings.ts';
import { BridgeError } from '../../../src/lib/errors.ts';
import { temporaryDirectory } from '../../support/scripted-api.ts';

type Env = Record<string, string>;
const host = { DATABRICKS_HOST: 'https://w.test' };
const token = { DATABRICKS_TOKEN: 'dapi-secret' };
const user = { DATABRICKS_USERNAME: 'me', DATABRICKS_PASSWORD: 'pa:ss word' };

const file = `
; the usual one
[DEFAULT]
host = https://default.test/
token = dapi-default

[dev]
HOST= dev.test   # a comment
username = dev
password = p#a;s=s
cluster_id = 0101-dev

[my.dotted]
host: https://dotted.test
token = "dapi-quoted"

[local]
host = embedded

[nohost]
token = dapi-nohost

[oauth]
host = https://oauth.test
auth_type = databricks-cli

[m2m]
host = https://m2m.test
client_id = id
client_secret = dapi-secret
`;

async function read(env: Env, content: string | undefined = undefined, flags?: SettingsSources['flags']) {
  await using home = await temporaryDirectory();
  if (content !== undefined) await writeFile(join(home.path, '.databrickscfg'), content);
  return readSettings({ env, home: home.path, ...(flags && { flags }) });
}

/** What came out, without secrets and classes. */
async function summary(...sources: Parameters<typeof read>) {
  const settings = await read(...sources);
  const clusterId = settings.clusterId?.value;
  if (settings.kind === 'embedded') return { embedded: settings.origin, clusterId };
  const { host, auth, workspaceId } = settings;
  const { authorization } = await createCredentials(auth).headers();
  return { host: host.value.href, from: host.origin, auth: auth.origin, authorization, clusterId, workspaceId };
}

const bearer = (value: string) => `Bearer ${value}`;
const basic = (value: string) => `Basic ${Buffer.from(value).toString('base64')}`;

test.for<[string, Parameters<typeof read>, object]>([
  ['nothing at all', [{}], { embedded: 'no DATABRICKS_HOST' }],
  ['a file without DEFAULT', [{}, '[dev]\nhost = https://dev.test\n'], { embedded: 'no DATABRICKS_HOST' }],
  ['embedded by name, whatever else is set', [{ DATABRICKS_HOST: 'embedded', ...token, ...user, DATABRICKS_CONFIG_PROFILE: 'nobody' }, file], { embedded: 'DATABRICKS_HOST' }],
  ['embedded with a cluster', [{ DATABRICKS_HOST: ' Embedded ', DATABRICKS_CLUSTER_ID: 'c' }], { embedded: 'DATABRICKS_HOST', clusterId: 'c' }],
  ['embedded by flag', [{ ...host, ...token }, undefined, { host: 'embedded' }], { embedded: '--host' }],
  ['embedded by profile', [{ DATABRICKS_CONFIG_PROFILE: 'local' }, file], { embedded: 'host of profile local in ~/.databrickscfg' }],
  ['empty variables, which are not set', [{ DATABRICKS_HOST: '', DATABRICKS_TOKEN: ' ', DATABRICKS_CLUSTER_ID: '' }], { embedded: 'no DATABRICKS_HOST' }],
  ['host and token', [{ ...host, ...token }], { host: 'https://w.test/', from: 'DATABRICKS_HOST', auth: 'DATABRICKS_TOKEN', authorization: bearer('dapi-secret') }],
  ['host, user and password', [{ ...host, ...user }], { auth: 'DATABRICKS_USERNAME and DATABRICKS_PASSWORD', authorization: basic('me:pa:ss word') }],
  ['a choice between two logins', [{ ...host, ...token, ...user, DATABRICKS_AUTH_TYPE: 'basic' }], { authorization: basic('me:pa:ss word') }],
  ['the other choice', [{ ...host, ...token, ...user, DATABRICKS_AUTH_TYPE: 'pat' }], { authorization: bearer('dapi-secret') }],
  ['the DEFAULT profile', [{}, file], { host: 'https://default.test/', from: 'host of profile DEFAULT in ~/.databrickscfg', authorization: bearer('dapi-default') }],
  ['the DEFAULT profile with a cluster from the environment', [{ DATABRICKS_CLUSTER_ID: 'c' }, file], { host: 'https://default.test/', clusterId: 'c' }],
  ['no profile where the environment has host and login', [{ ...host, ...token }, file], { host: 'https://w.test/', authorization: bearer('dapi-secret') }],
  ['a named profile', [{ DATABRICKS_CONFIG_PROFILE: 'dev' }, file], { host: 'https://dev.test/', authorization: basic('dev:p#a;s=s'), clusterId: '0101-dev' }],
  ['a profile by flag before the variable', [{ DATABRICKS_CONFIG_PROFILE: 'nobody' }, file, { profile: 'dev' }], { host: 'https://dev.test/' }],
  ['the environment before a named profile', [{ ...host, DATABRICKS_CLUSTER_ID: 'env', DATABRICKS_CONFIG_PROFILE: 'dev' }, file], { host: 'https://w.test/', clusterId: 'env', authorization: basic('dev:p#a;s=s') }],
  ['flags before the environment', [{ ...host, ...token, DATABRICKS_CLUSTER_ID: 'env' }, undefined, { host: 'https://flag.test', clusterId: 'flag' }], { host: 'https://flag.test/', from: '--host', clusterId: 'flag' }],
  ['a profile with a dot and quotes', [{ DATABRICKS_CONFIG_PROFILE: 'my.dotted' }, file], { host: 'https://dotted.test/', authorization: bearer('dapi-quoted') }],
  ['the default_profile of __settings__', [{}, `[__settings__]\ndefault_profile = dev\n${file}`], { host: 'https://dev.test/' }],
  ['Windows line ends and a byte order mark', [{}, `\uFEFF${file.replaceAll('\n', '\r\n')}`], { host: 'https://default.test/', authorization: bearer('dapi-default') }],
])('%s', async ([, sources, expected]) => {
  expect(await summary(...sources)).toMatchObject(expected);
});

test.for([
  ['w.test', 'https://w.test/', undefined],
  ['w.test:8443', 'https://w.test:8443/', undefined],
  ['https://w.test:443/', 'https://w.test/', undefined],
  ['https://w.test/?o=123#setting/clusters', 'https://w.test/', '123'],
  ['https://w.test/some/path/', 'https://w.test/', undefined],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/', undefined],
  ['HTTPS://W.Test', 'https://w.test/', undefined],
] as const)('the host %s becomes %s', async ([given, url, workspaceId]) => {
  const found = await summary({ DATABRICKS_HOST: given, ...token });
  expect(found).toMatchObject({ host: url });
  expect(found).toHaveProperty('workspaceId', workspaceId);
});

test.for<[string, Parameters<typeof read>, string, string]>([
  ['a token without host', [token], 'DATABRICKS_TOKEN', 'DATABRICKS_TOKEN is set, but no host'],
  ['a user without host', [user], 'DATABRICKS_USERNAME', 'is set, but no host'],
  ['a cluster without host', [{ DATABRICKS_CLUSTER_ID: 'c' }], 'DATABRICKS_CLUSTER_ID', 'is set, but no host'],
  ['a cluster by flag without host', [{}, undefined, { clusterId: 'c' }], '--cluster-id', 'is set, but no host'],
  ['an auth type without host', [{ DATABRICKS_AUTH_TYPE: 'pat' }], 'DATABRICKS_AUTH_TYPE', 'is set, but no host'],
  ['a profile without host', [{ DATABRICKS_CONFIG_PROFILE: 'nohost' }, file], 'token of profile nohost in ~/.databrickscfg', 'is set, but no host'],
  ['an empty profile', [{ DATABRICKS_CONFIG_PROFILE: 'empty' }, '[empty]\n'], 'DATABRICKS_CONFIG_PROFILE', 'is set, but no host'],
  ['a host without login', [host], 'DATABRICKS_TOKEN', 'There is no login for https://w.test'],
  ['a user without password', [{ ...host, DATABRICKS_USERNAME: 'me' }], 'DATABRICKS_PASSWORD', 'DATABRICKS_USERNAME is set, but not its other half'],
  ['a password without user', [{ ...host, DATABRICKS_PASSWORD: 'dapi-secret' }], 'DATABRICKS_USERNAME', 'DATABRICKS_PASSWORD is set, but not its other half'],
  ['two logins', [{ ...host, ...token, ...user }], 'DATABRICKS_AUTH_TYPE', 'more than one login, DATABRICKS_TOKEN and DATABRICKS_USERNAME'],
  ['two logins from two places', [{ ...token, DATABRICKS_CONFIG_PROFILE: 'dev' }, file], 'DATABRICKS_AUTH_TYPE', 'DATABRICKS_TOKEN and username of profile dev'],
  ['pat without token', [{ ...host, ...user, DATABRICKS_AUTH_TYPE: 'pat' }], 'DATABRICKS_TOKEN', 'DATABRICKS_AUTH_TYPE asks for a token'],
  ['basic without user', [{ ...host, ...token, DATABRICKS_AUTH_TYPE: 'basic' }], 'DATABRICKS_USERNAME', 'DATABRICKS_AUTH_TYPE is set, but not its other half'],
  ['a login of a later version', [{ ...host, ...token, DATABRICKS_AUTH_TYPE: 'azure-cli' }], 'DATABRICKS_AUTH_TYPE', 'DATABRICKS_AUTH_TYPE is azure-cli, which is not supported yet'],
  ['a profile with a login of a later version', [{ DATABRICKS_CONFIG_PROFILE: 'oauth' }, file], 'auth_type of profile oauth in ~/.databrickscfg', 'not supported yet'],
  ['OAuth in a profile', [{ DATABRICKS_CONFIG_PROFILE: 'm2m' }, file], 'client_id of profile m2m in ~/.databrickscfg', 'OAuth is not supported yet'],
  ['half of OAuth', [{ ...host, DATABRICKS_CLIENT_SECRET: 'dapi-secret' }], 'DATABRICKS_CLIENT_SECRET', 'OAuth is not supported yet'],
  ['an unknown profile', [{ DATABRICKS_CONFIG_PROFILE: 'prod' }, '[dev]\n[test]\n'], 'DATABRICKS_CONFIG_PROFILE', 'names the profile prod, which ~/.databrickscfg does not have (it has dev, test)'],
  ['the reserved profile', [{}, file, { profile: '__settings__' }], '--profile', 'names the profile __settings__, which ~/.databrickscfg does not have'],
  ['a default_profile that is not there', [{}, '[__settings__]\ndefault_profile = gone\n'], 'default_profile of ~/.databrickscfg', 'names the profile gone'],
  ['a profile and no file', [{ DATABRICKS_CONFIG_PROFILE: 'dev' }], 'DATABRICKS_CONFIG_PROFILE', 'The configuration file ~/.databrickscfg does not exist'],
  ['a profile and no file where one is named', [{ DATABRICKS_CONFIG_PROFILE: 'dev', DATABRICKS_CONFIG_FILE: '/nowhere/cfg' }], 'DATABRICKS_CONFIG_FILE', 'The configuration file /nowhere/cfg does not exist'],
  ['a file that is a directory', [{ DATABRICKS_CONFIG_FILE: '/' }], 'DATABRICKS_CONFIG_FILE', 'The configuration file / cannot be read (EISDIR)'],
  ['a host with a login in it', [{ DATABRICKS_HOST: 'https://me:dapi-secret@w.test', ...token }], 'DATABRICKS_HOST', 'must not hold a user or password'],
  ['a host of another kind', [{ DATABRICKS_HOST: 'ftp://w.test', ...token }], 'DATABRICKS_HOST', 'is no http or https address'],
  ['a host that is no address', [{ DATABRICKS_HOST: 'https://', ...token }], 'DATABRICKS_HOST', 'is no web address'],
  ['a host with a space', [{ DATABRICKS_HOST: 'my host', ...token }], 'DATABRICKS_HOST', 'is no web address'],
  ['a token with a line break', [{ ...host, DATABRICKS_TOKEN: 'dapi-secret\nX-Evil: 1' }], 'DATABRICKS_TOKEN', 'holds characters that no token has'],
  ['a user with a colon', [{ ...host, DATABRICKS_USERNAME: 'a:b', DATABRICKS_PASSWORD: 'dapi-secret' }], 'DATABRICKS_USERNAME', 'holds a colon'],
])('%s is one clear line that names the setting', async ([, sources, setting, words]) => {
  const error: unknown = await read(...sources).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BridgeError);
  expect(error).toMatchObject({ code: 'config', details: { setting } });
  const { message } = error as BridgeError;
  expect(message).toContain(words);
  expect(message).not.toMatch(/\n/);
  expect(inspect(error)).not.toMatch(/dapi-|pa:ss/);
});

test('DATABRICKS_CONFIG_FILE may begin with the home directory', async () => {
  await using home = await temporaryDirectory();
  await writeFile(join(home.path, 'cfg'), file);
  expect(readSettings({ env: { DATABRICKS_CONFIG_FILE: '~/cfg' }, home: home.path })).toMatchObject({ kind: 'workspace' });
});

test('no way of printing settings or credentials shows a secret', async () => {
  for (const env of [{ ...host, ...token }, { ...host, ...user }]) {
    const settings = await read(env);
    const credentials = settings.kind === 'workspace' ? createCredentials(settings.auth) : undefined;
    const printed = [settings, credentials].map((value) => inspect(value, { depth: 9, showHidden: true }) + JSON.stringify(value) + String(value)).join();
    expect(printed).toContain('***');
    expect(printed).not.toMatch(/dapi-secret|pa:ss/);
  }
});

test('a profile file may hold anything', () => {
  expect(parseProfiles('lost = 1\n[a]\n= 1\nx\n[b\n[]\nk=\n[__proto__]\nk = v\n[a]\nk = 2 ; c\n')).toEqual(
    new Map([
      ['a', new Map([['k', '2']])],
      ['', new Map([['k', '']])],
      ['__proto__', new Map([['k', 'v']])],
    ]),
  );
});
