import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixedLogin } from '../../../src/databricks/auth/credentials.ts';
import { readNetworkSettings } from '../../../src/databricks/config/network.ts';
import { parseProfiles } from '../../../src/databricks/config/profiles.ts';
import type { SettingsSources } from '../../../src/databricks/config/fields.ts';
import { settingVariables } from '../../../src/databricks/config/fields.ts';
import type { AuthSettings, FixedLogin } from '../../../src/databricks/config/logins.ts';
import { readSettings } from '../../../src/databricks/config/settings.ts';
import { BridgeError } from '../../../src/lib/errors.ts';
import { temporaryDirectory } from '../../support/scripted-api.ts';

type Env = Record<string, string>;
const host = { DATABRICKS_HOST: 'https://w.test' };
const token = { DATABRICKS_TOKEN: 'dapi-secret' };
const principal = { DATABRICKS_CLIENT_ID: 'id', DATABRICKS_CLIENT_SECRET: 'dapi-secret' };
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
  const { host, logins, workspaceId } = settings;
  const [login] = logins.candidates;
  const authorization = login && isFixed(login) ? fixedLogin(login).headers()['authorization'] : undefined;
  const types = logins.candidates.map(({ type }) => type);
  return { host: host.value.href, from: host.origin, types, auth: login?.origin, authorization, clusterId, workspaceId: workspaceId?.value, passedOver: logins.passedOver };
}

function isFixed(login: AuthSettings): login is FixedLogin {
  return login.type === 'pat' || login.type === 'basic' || login.type === 'netrc';
}

const byDefault = { types: ['databricks-cli'], passedOver: ['azure-cli: w.test is no Azure workspace', 'netrc: ~/.netrc has no entry for w.test'] };
const bearer = (value: string) => `Bearer ${value}`;
const basic = (value: string) => `Basic ${Buffer.from(value).toString('base64')}`;

test.for<[string, Parameters<typeof read>, object]>([
  ['nothing at all', [{}], { embedded: 'no DATABRICKS_HOST' }],
  ['a file without DEFAULT', [{}, '[dev]\nhost = https://dev.test\n'], { embedded: 'no DATABRICKS_HOST' }],
  ['embedded by name, whatever else is set', [{ DATABRICKS_HOST: 'embedded', ...token, ...user, DATABRICKS_CONFIG_PROFILE: 'nobody' }, file], { embedded: 'DATABRICKS_HOST' }],
  ['embedded with a cluster', [{ DATABRICKS_HOST: ' Embedded ', DATABRICKS_CLUSTER_ID: 'c' }], { embedded: 'DATABRICKS_HOST', clusterId: 'c' }],
  ['embedded by flag', [{ ...host, ...token }, undefined, { host: 'embedded' }], { embedded: '--host' }],
  ['embedded by flag, where the environment has the cluster of another workspace', [{ ...host, ...token, DATABRICKS_CLUSTER_ID: 'c' }, undefined, { host: 'embedded' }], { embedded: '--host', clusterId: undefined }],
  ['embedded and a cluster by flag', [{ ...host, DATABRICKS_CLUSTER_ID: 'c' }, undefined, { host: 'embedded', clusterId: 'other' }], { embedded: '--host', clusterId: 'other' }],
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
  ['a profile by flag in place of the environment, whose login and cluster are of another workspace', [{ ...host, ...token, ...user, DATABRICKS_CLUSTER_ID: 'prod', DATABRICKS_WORKSPACE_ID: '1', DATABRICKS_AUTH_TYPE: 'pat' }, file, { profile: 'dev' }], { host: 'https://dev.test/', authorization: basic('dev:p#a;s=s'), clusterId: '0101-dev', workspaceId: undefined }],
  ['a profile by flag without a cluster, which the environment does not give it', [{ DATABRICKS_CLUSTER_ID: 'prod' }, file, { profile: 'my.dotted' }], { host: 'https://dotted.test/', clusterId: undefined }],
  ['a profile by flag beside what is true of the machine', [{ ...token, DATABRICKS_CLI_PATH: '/x', ARM_TENANT_ID: 't' }, file, { profile: 'oauth' }], { types: ['databricks-cli'] }],
  ['host and cluster by flag before a profile by flag', [{ ...host, DATABRICKS_CLUSTER_ID: 'env' }, file, { profile: 'dev', host: 'https://flag.test', clusterId: 'flag' }], { host: 'https://flag.test/', clusterId: 'flag', authorization: basic('dev:p#a;s=s') }],
  ['an empty profile by flag, which is not set', [{ ...host, ...token }, file, { profile: ' ' }], { host: 'https://w.test/', authorization: bearer('dapi-secret') }],
  ['embedded by a profile by flag', [{ ...host, ...token, DATABRICKS_CLUSTER_ID: 'prod' }, file, { profile: 'local' }], { embedded: 'host of profile local in ~/.databrickscfg', clusterId: undefined }],
  ['the environment before a named profile', [{ ...host, DATABRICKS_CLUSTER_ID: 'env', DATABRICKS_CONFIG_PROFILE: 'dev' }, file], { host: 'https://w.test/', clusterId: 'env', authorization: basic('dev:p#a;s=s') }],
  ['flags before the environment', [{ ...host, ...token, DATABRICKS_CLUSTER_ID: 'env' }, undefined, { host: 'https://flag.test', clusterId: 'flag' }], { host: 'https://flag.test/', from: '--host', clusterId: 'flag' }],
  ['a profile with a dot and quotes', [{ DATABRICKS_CONFIG_PROFILE: 'my.dotted' }, file], { host: 'https://dotted.test/', authorization: bearer('dapi-quoted') }],
  ['the default_profile of __settings__', [{}, `[__settings__]\ndefault_profile = dev\n${file}`], { host: 'https://dev.test/' }],
  ['a service principal', [{ ...host, ...principal }], { types: ['oauth-m2m'], auth: 'DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET' }],
  ['a service principal in a profile', [{ DATABRICKS_CONFIG_PROFILE: 'm2m' }, file], { types: ['oauth-m2m'], auth: 'client_id of profile m2m in ~/.databrickscfg and client_secret of profile m2m in ~/.databrickscfg' }],
  ['a metadata service', [{ ...host, DATABRICKS_METADATA_SERVICE_URL: 'http://localhost:1/x' }], { types: ['metadata-service'], auth: 'DATABRICKS_METADATA_SERVICE_URL' }],
  ['a profile of the Databricks CLI', [{ DATABRICKS_CONFIG_PROFILE: 'oauth' }, file], { types: ['databricks-cli'], auth: 'the login of the Databricks CLI (databricks auth login --profile oauth)' }],
  ['a profile of the Databricks CLI for another host, whose login it would not be', [{ DATABRICKS_CONFIG_PROFILE: 'oauth', ...host }, file], { types: ['databricks-cli'], auth: 'the login of the Databricks CLI (databricks auth login --host https://w.test)' }],
  ['a host alone, which is what this machine is logged in with', [host], byDefault],
  ['the tenant of Azure, which is no login by itself', [{ ...host, ARM_TENANT_ID: 't' }], byDefault],
  ['the tenant of Azure beside a token', [{ ...host, ...token, ARM_TENANT_ID: 't' }], { types: ['pat'] }],
  ['a host alone beside a DEFAULT profile, which is not read and said to be there', [host, file], { ...byDefault, passedOver: [...byDefault.passedOver, 'profile DEFAULT of ~/.databrickscfg: not read, because DATABRICKS_HOST is set; --profile DEFAULT or DATABRICKS_CONFIG_PROFILE reads it'] }],
  ['a host by flag beside a default_profile, which is not read either', [{}, `[__settings__]\ndefault_profile = dev\n${file}`, { host: 'w.test' }], { ...byDefault, passedOver: [...byDefault.passedOver, 'profile dev of ~/.databrickscfg: not read, because --host is set; --profile dev or DATABRICKS_CONFIG_PROFILE reads it'] }],
  ['a host alone beside profiles that nobody means', [host, '[dev]\n'], byDefault],
  ['nothing but the tenant of Azure and a path', [{ ARM_TENANT_ID: 't', DATABRICKS_CLI_PATH: '/x' }], { embedded: 'no DATABRICKS_HOST' }],
  ['the DEFAULT profile beside the tenant of Azure', [{ ARM_TENANT_ID: 't' }, file], { host: 'https://default.test/', authorization: bearer('dapi-default') }],
  ['an Azure host', [{ DATABRICKS_HOST: 'adb-1.2.azuredatabricks.net' }], { types: ['databricks-cli', 'azure-cli'] }],
  ['an Azure host of another cloud', [{ DATABRICKS_HOST: 'adb-1.2.databricks.azure.us' }], { types: ['databricks-cli', 'azure-cli'] }],
  ['a service principal of Azure, which is not the user of az', [{ DATABRICKS_HOST: 'adb-1.2.azuredatabricks.net', ARM_CLIENT_ID: 'i', ARM_CLIENT_SECRET: 's', ARM_TENANT_ID: 't' }], { types: ['databricks-cli'], passedOver: [expect.stringMatching(/^azure-cli: ARM_CLIENT_ID names a service principal of Azure, which is not supported: /), expect.stringContaining('netrc')] }],
  ['a service principal of Azure in a profile', [{}, '[DEFAULT]\nhost = adb-1.2.azuredatabricks.net\nazure_client_id = i\nazure_client_secret = s\n'], { types: ['databricks-cli'], passedOver: [expect.stringContaining('azure_client_id of profile DEFAULT'), expect.stringContaining('netrc')] }],
  ['the user of az, asked for beside a service principal', [{ DATABRICKS_HOST: 'adb-1.2.azuredatabricks.net', ARM_CLIENT_ID: 'i', ARM_CLIENT_SECRET: 's', DATABRICKS_AUTH_TYPE: 'azure-cli' }], { types: ['azure-cli'] }],
  ['a host that only looks like Azure', [{ DATABRICKS_HOST: 'azuredatabricks.net.w.test' }], { types: ['databricks-cli'] }],
  ['a host that its resource says to be of Azure', [{ ...host, DATABRICKS_AZURE_RESOURCE_ID: '/subscriptions/1' }], { types: ['databricks-cli', 'azure-cli'] }],
  ['a choice of what this machine is logged in with', [{ ...host, ...token, DATABRICKS_AUTH_TYPE: 'databricks-cli' }], { types: ['databricks-cli'], passedOver: [] }],
  ['Windows line ends and a byte order mark', [{}, `\uFEFF${file.replaceAll('\n', '\r\n')}`], { host: 'https://default.test/', authorization: bearer('dapi-default') }],
])('%s', async ([, sources, expected]) => {
  expect(await summary(...sources)).toMatchObject(expected);
});

test.for([
  ['w.test', 'https://w.test/', undefined],
  ['w.test:8443', 'https://w.test:8443/', undefined],
  ['https://w.test:443/', 'https://w.test/', undefined],
  ['https://w.test/?o=123#setting/clusters', 'https://w.test/', '123'],
  ['https://w.test/?workspace_id=123', 'https://w.test/', '123'],
  ['https://w.test/?o=abc', 'https://w.test/', undefined],
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
  ['a cluster by flag without host', [{}, undefined, { clusterId: 'c' }], '--cluster-id', '--cluster-id is set, but no host: give --host with the address of your workspace, or --host embedded for the one on this machine.'],
  ['an auth type without host', [{ DATABRICKS_AUTH_TYPE: 'pat' }], 'DATABRICKS_AUTH_TYPE', 'is set, but no host'],
  ['a profile without host', [{ DATABRICKS_CONFIG_PROFILE: 'nohost' }, file], 'token of profile nohost in ~/.databrickscfg', 'is set, but no host'],
  ['a profile by flag without host, which no variable would help', [host, file, { profile: 'nohost' }], 'token of profile nohost in ~/.databrickscfg', 'is set, but no host: give --host with the address of your workspace'],
  ['a profile by flag with half a login, which no variable would complete', [user, '[half]\nhost = h.test\nusername = me\n', { profile: 'half' }], 'password of profile half', 'username of profile half in ~/.databrickscfg is set, but not its other half: set password of profile half too.'],
  ['a profile by flag with two logins', [{ DATABRICKS_AUTH_TYPE: 'pat' }, `${file}token = dapi-m2m\n`, { profile: 'm2m' }], 'auth_type of profile m2m', 'remove one, or choose with auth_type of profile m2m (pat or oauth-m2m)'],
  ['an empty profile', [{ DATABRICKS_CONFIG_PROFILE: 'empty' }, '[empty]\n'], 'DATABRICKS_CONFIG_PROFILE', 'is set, but no host'],
  ['a cluster id with a line break', [{ ...host, ...token, DATABRICKS_CLUSTER_ID: '0101\n-dev' }], 'DATABRICKS_CLUSTER_ID', 'holds signs that no cluster id has: copy it again'],
  ['a cluster id with a blank, of the embedded workspace', [{ DATABRICKS_HOST: 'embedded', DATABRICKS_CLUSTER_ID: '0101 dev' }], 'DATABRICKS_CLUSTER_ID', 'holds signs that no cluster id has: copy it again'],
  ['a user without password', [{ ...host, DATABRICKS_USERNAME: 'me' }], 'DATABRICKS_PASSWORD', 'DATABRICKS_USERNAME is set, but not its other half'],
  ['a password without user', [{ ...host, DATABRICKS_PASSWORD: 'dapi-secret' }], 'DATABRICKS_USERNAME', 'DATABRICKS_PASSWORD is set, but not its other half'],
  ['two logins', [{ ...host, ...token, ...user }], 'DATABRICKS_AUTH_TYPE', 'more than one login, DATABRICKS_TOKEN and DATABRICKS_USERNAME'],
  ['two logins from two places', [{ ...token, DATABRICKS_CONFIG_PROFILE: 'dev' }, file], 'DATABRICKS_AUTH_TYPE', 'DATABRICKS_TOKEN and username of profile dev'],
  ['pat without token', [{ ...host, ...user, DATABRICKS_AUTH_TYPE: 'pat' }], 'DATABRICKS_AUTH_TYPE', 'DATABRICKS_AUTH_TYPE asks for pat, which cannot be: there is no token, set DATABRICKS_TOKEN'],
  ['basic without user', [{ ...host, ...token, DATABRICKS_AUTH_TYPE: 'basic' }], 'DATABRICKS_AUTH_TYPE', 'DATABRICKS_AUTH_TYPE asks for basic, which cannot be: there is no user'],
  ['a login that we do not have', [{ ...host, ...token, DATABRICKS_AUTH_TYPE: 'google-id' }], 'DATABRICKS_AUTH_TYPE', 'DATABRICKS_AUTH_TYPE is google-id, which is not supported: use one of pat, basic, oauth-m2m, databricks-cli, metadata-service, azure-cli, netrc'],
  ['a profile with a login that we do not have', [{ DATABRICKS_CONFIG_PROFILE: 'browser' }, `${file}[browser]\nhost = b.test\nauth_type = external-browser`], 'auth_type of profile browser in ~/.databrickscfg', 'is external-browser, which is not supported'],
  ['half of OAuth', [{ ...host, DATABRICKS_CLIENT_SECRET: 'dapi-secret' }], 'DATABRICKS_CLIENT_ID', 'DATABRICKS_CLIENT_SECRET is set, but not its other half'],
  ['OAuth and a token', [{ ...host, ...token, ...principal }], 'DATABRICKS_AUTH_TYPE', 'more than one login, DATABRICKS_TOKEN and DATABRICKS_CLIENT_ID: remove one, or choose with DATABRICKS_AUTH_TYPE (pat or oauth-m2m)'],
  ['a token and a metadata service', [{ ...host, ...token, DATABRICKS_METADATA_SERVICE_URL: 'http://127.0.0.1:1/' }], 'DATABRICKS_AUTH_TYPE', 'more than one login, DATABRICKS_TOKEN and DATABRICKS_METADATA_SERVICE_URL'],
  ['a metadata service elsewhere', [{ ...host, DATABRICKS_METADATA_SERVICE_URL: 'http://dapi-secret.test/x' }], 'DATABRICKS_METADATA_SERVICE_URL', 'is no http address of this machine'],
  ['a metadata service elsewhere, disguised', [{ ...host, DATABRICKS_METADATA_SERVICE_URL: 'http://127.0.0.1.dapi-secret.test/x' }], 'DATABRICKS_METADATA_SERVICE_URL', 'is no http address of this machine'],
  ['a metadata service without host', [{ DATABRICKS_METADATA_SERVICE_URL: 'http://localhost:1/' }], 'DATABRICKS_METADATA_SERVICE_URL', 'is set, but no host'],
  ['the Azure CLI for another host', [{ ...host, DATABRICKS_AUTH_TYPE: 'azure-cli' }], 'DATABRICKS_AUTH_TYPE', 'DATABRICKS_AUTH_TYPE asks for azure-cli, which cannot be: w.test is no Azure workspace'],
  ['a demand for a .netrc that is not there', [{ ...host, DATABRICKS_AUTH_TYPE: 'netrc' }], 'DATABRICKS_AUTH_TYPE', 'asks for netrc, which cannot be: ~/.netrc has no entry for w.test'],
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

test.for<[encoding: string, mark: number[], swap: boolean]>([
  ['UTF-16, as Windows writes it', [0xff, 0xfe], false],
  ['UTF-16 of the other order', [0xfe, 0xff], true],
])('a profile file in %s is read', async ([, mark, swap]) => {
  await using home = await temporaryDirectory();
  const text = Buffer.from(file, 'utf16le');
  await writeFile(join(home.path, '.databrickscfg'), Buffer.concat([Buffer.from(mark), swap ? text.swap16() : text]));
  expect(readSettings({ env: {}, home: home.path })).toMatchObject({ kind: 'workspace' });
});

test('DATABRICKS_CONFIG_FILE may begin with the home directory', async () => {
  await using home = await temporaryDirectory();
  await writeFile(join(home.path, 'cfg'), file);
  expect(readSettings({ env: { DATABRICKS_CONFIG_FILE: '~/cfg' }, home: home.path })).toMatchObject({ kind: 'workspace' });
});

test('no way of printing settings or credentials shows a secret', async () => {
  const metadata = { DATABRICKS_METADATA_SERVICE_URL: 'http://localhost:1/dapi-secret' };
  for (const env of [{ ...host, ...token }, { ...host, ...user }, { ...host, ...principal }, { ...host, ...metadata }]) {
    const settings = await read(env);
    const [login] = settings.kind === 'workspace' ? settings.logins.candidates : [];
    const printed = [settings, login && isFixed(login) && fixedLogin(login)].map((value) => inspect(value, { depth: 9, showHidden: true }) + JSON.stringify(value) + String(value)).join();
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

test('whatever the settings hold, they are read, or refused as wrong settings', async () => {
  await using home = await temporaryDirectory();
  const names = [...settingVariables, 'DATABRICKS_CLI_PATH', 'ARM_TENANT_ID', 'ARM_CLIENT_ID', 'ARM_CLIENT_SECRET', 'DATABRICKS_CONFIG_PROFILE', 'HTTPS_PROXY', 'NO_PROXY'];
  const value = fc.oneof(fc.string(), fc.constantFrom('https://w.test', 'w.test:1/?o=1', 'embedded', 'pat', 'basic', 'oauth-m2m', 'netrc', 'http://localhost:1', 'dev', '__proto__', '[x]'));
  const env = fc.dictionary(fc.constantFrom(...names), value);
  await fc.assert(
    fc.asyncProperty(env, fc.string({ unit: 'binary' }), fc.string(), async (variables, profiles, netrc) => {
      await writeFile(join(home.path, '.databrickscfg'), profiles);
      await writeFile(join(home.path, '.netrc'), netrc);
      try {
        readSettings({ env: variables, home: home.path });
        readNetworkSettings(variables);
      } catch (error) {
        expect(error).toBeInstanceOf(BridgeError);
        expect(error).toMatchObject({ code: 'config' });
      }
    }),
  );
});
