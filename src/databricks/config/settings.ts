import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BridgeError } from '../../lib/errors.ts';
import { Secret } from '../../lib/secret.ts';
import type { Profiles } from './profiles.ts';
import { parseProfiles } from './profiles.ts';

/** A value and the setting it came from, as sentences name it: `DATABRICKS_HOST`, `host of profile dev in ~/.databrickscfg`. */
export interface Setting<T> {
  readonly value: T;
  readonly origin: string;
}

/** The login that was chosen, complete, and the settings it came from. */
export type AuthSettings =
  /** A personal access token. */
  | { readonly type: 'pat'; readonly origin: string; readonly token: Secret }
  /** User and password. */
  | { readonly type: 'basic'; readonly origin: string; readonly username: string; readonly password: Secret };

/** Which server is meant, and how to log in to it. */
export type Settings =
  /** The embedded workspace; `clusterId` where one other than its default is wanted. */
  | { readonly kind: 'embedded'; readonly origin: string; readonly clusterId: Setting<string> | undefined }
  | {
      readonly kind: 'workspace';
      readonly host: Setting<URL>;
      readonly auth: AuthSettings;
      readonly clusterId: Setting<string> | undefined;
      /** Sent as a header where the host serves several workspaces; the `o` of an address copied from a browser. */
      readonly workspaceId: string | undefined;
    };

/** Where settings are read from. */
export interface SettingsSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory, where `.databrickscfg` lies. */
  readonly home: string;
  /** What the command line says, which goes before everything else. */
  readonly flags?: { readonly host?: string; readonly profile?: string; readonly clusterId?: string };
}

/** The fields that this version understands, under the names that the vendor's SDKs give them. */
const variables = {
  host: 'DATABRICKS_HOST',
  token: 'DATABRICKS_TOKEN',
  username: 'DATABRICKS_USERNAME',
  password: 'DATABRICKS_PASSWORD',
  client_id: 'DATABRICKS_CLIENT_ID',
  client_secret: 'DATABRICKS_CLIENT_SECRET',
  cluster_id: 'DATABRICKS_CLUSTER_ID',
  auth_type: 'DATABRICKS_AUTH_TYPE',
  workspace_id: 'DATABRICKS_WORKSPACE_ID',
} as const;
/** The variables that say which workspace and login are meant; a profile says the same. */
export const settingVariables: readonly string[] = Object.values(variables);
type Field = keyof typeof variables;
type Fields = Map<Field, Setting<string>>;

/** Where one of these is set already, a profile that nobody named is not read: it could only mix two logins. */
const hostAndAuth: readonly Field[] = ['host', 'token', 'username', 'password', 'client_id', 'client_secret'];

/**
 * Finds out which server is meant, by the rules of the vendor's SDKs: command line, then environment, then a profile of
 * `~/.databrickscfg`; a value that is set is never overwritten; an empty one counts as not set. No host anywhere means the embedded
 * workspace, unless something else says that a real one is meant. Throws `BridgeError` `config` with the setting to look at.
 */
export function readSettings(sources: SettingsSources): Settings {
  const fields = readEnvironment(sources);
  if (isEmbedded(fields)) return embedded(fields);
  readProfile(sources, fields);
  if (isEmbedded(fields)) return embedded(fields);

  const host = fields.get('host');
  if (host === undefined) return withoutHost(sources, fields);
  const { url, workspaceId } = readHost(host);
  return {
    kind: 'workspace',
    host: { value: url, origin: host.origin },
    auth: readAuth(fields, url),
    clusterId: fields.get('cluster_id'),
    workspaceId: readWorkspaceId(fields.get('workspace_id')) ?? workspaceId,
  };
}

function readEnvironment({ env, flags = {} }: SettingsSources): Fields {
  const fields: Fields = new Map();
  const set = (field: Field, value: string | undefined, origin: string): void => {
    const trimmed = value?.trim();
    if (trimmed !== undefined && trimmed !== '' && !fields.has(field)) fields.set(field, { value: trimmed, origin });
  };
  set('host', flags.host, '--host');
  set('cluster_id', flags.clusterId, '--cluster-id');
  for (const [field, name] of Object.entries(variables)) set(field as Field, env[name], name);
  return fields;
}

function isEmbedded(fields: Fields): boolean {
  return fields.get('host')?.value.toLowerCase() === 'embedded';
}

function embedded(fields: Fields): Settings {
  return { kind: 'embedded', origin: fields.get('host')?.origin ?? 'no DATABRICKS_HOST', clusterId: fields.get('cluster_id') };
}

function withoutHost(sources: SettingsSources, fields: Fields): Settings {
  const named = namedProfile(sources);
  const other = fields.values().next().value ?? named;
  if (other === undefined) return embedded(fields);
  throw configError(
    other.origin,
    `${other.origin} is set, but no host: set DATABRICKS_HOST to the address of your workspace (or to "embedded" for the one on this machine).`,
  );
}

function namedProfile({ env, flags = {} }: SettingsSources): Setting<string> | undefined {
  const flag = flags.profile?.trim();
  if (flag !== undefined && flag !== '') return { value: flag, origin: '--profile' };
  const variable = env['DATABRICKS_CONFIG_PROFILE']?.trim();
  if (variable !== undefined && variable !== '') return { value: variable, origin: 'DATABRICKS_CONFIG_PROFILE' };
  return undefined;
}

function readProfile(sources: SettingsSources, fields: Fields): void {
  const named = namedProfile(sources);
  if (named === undefined && hostAndAuth.some((field) => fields.has(field))) return;
  const file = configFile(sources);
  const profiles = readFile(file, named);
  const name = named?.value ?? profiles.get('__settings__')?.get('default_profile') ?? 'DEFAULT';
  const profile = name === '__settings__' ? undefined : profiles.get(name);
  if (profile === undefined) {
    if (named === undefined && name === 'DEFAULT') return;
    const setting = named?.origin ?? `default_profile of ${file.shown}`;
    const known = [...profiles.keys()].filter((key) => key !== '__settings__');
    const choice = known.length > 0 ? `it has ${known.join(', ')}` : 'it has no profiles';
    throw configError(setting, `${setting} names the profile ${name}, which ${file.shown} does not have (${choice}).`);
  }
  for (const field of Object.keys(variables) as Field[]) {
    const value = profile.get(field);
    if (value !== undefined && value !== '' && !fields.has(field)) {
      fields.set(field, { value, origin: `${field} of profile ${name} in ${file.shown}` });
    }
  }
}

interface ConfigFile {
  readonly path: string;
  readonly shown: string;
  /** Somebody asked for this very file, so its absence is an error. */
  readonly asked: boolean;
}

function configFile({ env, home }: SettingsSources): ConfigFile {
  const path = env['DATABRICKS_CONFIG_FILE']?.trim();
  if (path === undefined || path === '') return { path: join(home, '.databrickscfg'), shown: '~/.databrickscfg', asked: false };
  return { path: path.replace(/^~(?=$|[\\/])/, home), shown: path, asked: true };
}

/** A file that is not there holds no profiles; that matters only if one is named. */
function readFile({ path, shown, asked }: ConfigFile, named: Setting<string> | undefined): Profiles {
  try {
    return parseProfiles(readFileSync(path, 'utf8'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (code === 'ENOENT' && named === undefined) return new Map();
    const setting = asked ? 'DATABRICKS_CONFIG_FILE' : (named?.origin ?? shown);
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw configError(setting, `The configuration file ${shown} ${reason}: check ${setting}.`);
  }
}

/** Scheme and host only, as the vendor's SDKs keep them. `https` where none is said. */
function readHost({ value, origin }: Setting<string>): { url: URL; workspaceId: string | undefined } {
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `https://${value}`;
  const wrong = (why: string): BridgeError => configError(origin, `${origin} ${why}: it must look like https://dbc-a1b2345c-d6e7.cloud.databricks.com.`);
  if (!URL.canParse(address)) throw wrong('is no web address');
  const url = new URL(address);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrong('is no http or https address');
  if (url.username !== '' || url.password !== '') throw wrong('must not hold a user or password');
  return { url: new URL(url.origin), workspaceId: /^\d+$/.exec(url.searchParams.get('o') ?? '')?.[0] };
}

/** It travels as a header, which does not take every sign. */
function readWorkspaceId(setting: Setting<string> | undefined): string | undefined {
  if (setting === undefined || /^\d+$/.test(setting.value)) return setting?.value;
  throw configError(setting.origin, `${setting.origin} is no number: copy what follows "?o=" in the address of the workspace, or remove the setting.`);
}

const logins = { pat: ['token'], basic: ['username', 'password'], 'oauth-m2m': ['client_id', 'client_secret'] } as const;

function readAuth(fields: Fields, url: URL): AuthSettings {
  const wanted = fields.get('auth_type');
  if (wanted !== undefined && wanted.value !== 'pat' && wanted.value !== 'basic') {
    throw configError(wanted.origin, `${wanted.origin} is ${wanted.value}, which is not supported yet: use pat (a token) or basic (user and password).`);
  }
  const given = Object.entries(logins).filter(([, needs]) => needs.some((field) => fields.has(field)));
  if (wanted === undefined && given.length > 1) {
    const settings = given.map(([, needs]) => needs.map((field) => fields.get(field)?.origin).find((origin) => origin !== undefined));
    throw configError(
      'DATABRICKS_AUTH_TYPE',
      `There is more than one login, ${settings.join(' and ')}: remove one, or choose with DATABRICKS_AUTH_TYPE (pat or basic).`,
    );
  }
  const type = wanted?.value ?? given[0]?.[0];
  if (type === 'pat') return readToken(fields, url);
  if (type === 'basic') return readBasic(fields);
  const client = fields.get('client_id') ?? fields.get('client_secret');
  if (client !== undefined) {
    throw configError(client.origin, `${client.origin} is set, but OAuth is not supported yet: set DATABRICKS_TOKEN, or DATABRICKS_USERNAME and DATABRICKS_PASSWORD.`);
  }
  throw configError('DATABRICKS_TOKEN', `There is no login for ${url.origin}: set DATABRICKS_TOKEN, or DATABRICKS_USERNAME and DATABRICKS_PASSWORD.`);
}

function readToken(fields: Fields, url: URL): AuthSettings {
  const token = fields.get('token');
  if (token === undefined) {
    throw configError('DATABRICKS_TOKEN', `${fields.get('auth_type')?.origin ?? url.origin} asks for a token, but there is none: set DATABRICKS_TOKEN.`);
  }
  if (!/^[\x21-\x7e]+$/.test(token.value)) {
    throw configError(token.origin, `${token.origin} holds characters that no token has (spaces, line breaks or others): copy it again.`);
  }
  return { type: 'pat', origin: token.origin, token: new Secret(token.value) };
}

function readBasic(fields: Fields): AuthSettings {
  const username = fields.get('username');
  const password = fields.get('password');
  if (username === undefined || password === undefined) {
    const missing = username === undefined ? 'DATABRICKS_USERNAME' : 'DATABRICKS_PASSWORD';
    const other = (username ?? password ?? fields.get('auth_type'))?.origin;
    throw configError(missing, `${other} is set, but not its other half: set ${missing} too.`);
  }
  if (username.value.includes(':')) {
    throw configError(username.origin, `${username.origin} holds a colon, which a user name cannot have with this kind of login.`);
  }
  return {
    type: 'basic',
    origin: username.origin === password.origin ? username.origin : `${username.origin} and ${password.origin}`,
    username: username.value,
    password: new Secret(password.value),
  };
}

function configError(setting: string, message: string): BridgeError<'config'> {
  return new BridgeError('config', message, { setting });
}
