import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BridgeError } from '../../lib/errors.ts';
import type { Profiles } from './profiles.ts';
import { decodeProfiles, parseProfiles } from './profiles.ts';

/** A value and the setting it came from, as sentences name it: `DATABRICKS_HOST`, `host of profile dev in ~/.databrickscfg`. */
export interface Setting<T> {
  readonly value: T;
  readonly origin: string;
}

/** Where settings are read from. */
export interface SettingsSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory, where `.databrickscfg` and `.netrc` lie. */
  readonly home: string;
  /** `linux` unless it is said. */
  readonly platform?: NodeJS.Platform;
  /** What the command line says, which goes before everything else. */
  readonly flags?: { readonly host?: string; readonly profile?: string; readonly clusterId?: string };
}

/** What says which workspace and login are meant, under the names that the vendor's SDKs give it. */
const workspaceVariables = {
  host: 'DATABRICKS_HOST',
  token: 'DATABRICKS_TOKEN',
  username: 'DATABRICKS_USERNAME',
  password: 'DATABRICKS_PASSWORD',
  client_id: 'DATABRICKS_CLIENT_ID',
  client_secret: 'DATABRICKS_CLIENT_SECRET',
  metadata_service_url: 'DATABRICKS_METADATA_SERVICE_URL',
  azure_workspace_resource_id: 'DATABRICKS_AZURE_RESOURCE_ID',
  cluster_id: 'DATABRICKS_CLUSTER_ID',
  auth_type: 'DATABRICKS_AUTH_TYPE',
  workspace_id: 'DATABRICKS_WORKSPACE_ID',
} as const;
/** What is true of this machine or its user, whichever workspace is meant. */
const machineVariables = {
  databricks_cli_path: 'DATABRICKS_CLI_PATH',
  azure_tenant_id: 'ARM_TENANT_ID',
  azure_client_id: 'ARM_CLIENT_ID',
  azure_client_secret: 'ARM_CLIENT_SECRET',
} as const;
const variables = { ...workspaceVariables, ...machineVariables };

/** The variables that say which workspace and login are meant; a profile says the same. */
export const settingVariables: readonly string[] = Object.values(workspaceVariables);
export type Field = keyof typeof variables;
export type Fields = Map<Field, Setting<string>>;

const profileFlag = '--profile';

/** Where a field that is missing is to be set, as sentences name it: with `--profile` no variable would be read. */
export function placeOf(field: Field, profile: UsedProfile | undefined): string {
  return profile?.origin === profileFlag ? `${field} of profile ${profile.value}` : variables[field];
}

/** Where one of these is set already, a profile that nobody named is not read: it could only mix two logins. */
const hostAndAuth: readonly Field[] = ['host', 'token', 'username', 'password', 'client_id', 'client_secret', 'metadata_service_url', 'azure_workspace_resource_id'];

/** The first field that says that a workspace is meant, and not only what this machine has. */
export function firstOfWorkspace(fields: Fields): Setting<string> | undefined {
  return [...fields].find(([field]) => field in workspaceVariables)?.[1];
}

/** What command line and environment say; an empty value counts as not set. */
export function readEnvironment({ env, flags = {} }: SettingsSources): Fields {
  const fields: Fields = new Map();
  const set = (field: Field, value: string | undefined, origin: string): void => {
    const trimmed = value?.trim();
    if (trimmed !== undefined && trimmed !== '' && !fields.has(field)) fields.set(field, { value: trimmed, origin });
  };
  set('host', flags.host, '--host');
  set('cluster_id', flags.clusterId, '--cluster-id');
  // Whoever names a profile there means no other workspace: the shell may hold the cluster or the login of one.
  const read = profileOf(flags) === undefined ? variables : machineVariables;
  for (const [field, name] of Object.entries(read)) set(field as Field, env[name], name);
  return fields;
}

/** The profile that the command line or the environment names. */
export function namedProfile({ env, flags = {} }: SettingsSources): Setting<string> | undefined {
  const flag = profileOf(flags);
  if (flag !== undefined) return { value: flag, origin: profileFlag };
  const variable = env['DATABRICKS_CONFIG_PROFILE']?.trim();
  if (variable !== undefined && variable !== '') return { value: variable, origin: 'DATABRICKS_CONFIG_PROFILE' };
  return undefined;
}

function profileOf({ profile }: NonNullable<SettingsSources['flags']>): string | undefined {
  return profile?.trim() || undefined;
}

/** The profile that was read: its name, what chose it, and what it says that nothing before it said. */
export interface UsedProfile extends Setting<string> {
  readonly gave: ReadonlySet<Field>;
}

/**
 * Adds what the profile says that is named, or meant by default; a value that is set is never overwritten. Gives the profile that was
 * read, or `undefined` where there is none. Throws `BridgeError` `config` for a named one that does not exist.
 */
export function readProfile(sources: SettingsSources, fields: Fields): UsedProfile | undefined {
  const named = namedProfile(sources);
  if (named === undefined && hostAndAuth.some((field) => fields.has(field))) return undefined;
  const file = configFile(sources);
  const profiles = readFile(file, named);
  const byDefault = defaultProfile(profiles);
  const name = named?.value ?? (byDefault || usualProfile);
  const profile = name === '__settings__' ? undefined : profiles.get(name);
  if (profile === undefined) {
    if (named === undefined && name === usualProfile) return undefined;
    const setting = named?.origin ?? `default_profile of ${file.shown}`;
    const known = namesOf(profiles);
    const choice = known.length > 0 ? `it has ${known.join(', ')}` : 'it has no profiles';
    throw configError(setting, `${setting} names the profile ${name}, which ${file.shown} does not have (${choice}).`);
  }
  const gave = new Set<Field>();
  for (const field of Object.keys(variables) as Field[]) {
    const value = profile.get(field);
    if (value === undefined || value === '' || fields.has(field)) continue;
    fields.set(field, { value, origin: `${field} of profile ${name} in ${file.shown}` });
    gave.add(field);
  }
  return { value: name, origin: named?.origin ?? (byDefault ? `default_profile of ${file.shown}` : file.shown), gave };
}

const usualProfile = 'DEFAULT';

/** The profile that the file itself says is to be read. */
function defaultProfile(profiles: Profiles): string | undefined {
  return profiles.get('__settings__')?.get('default_profile');
}

/** Says of the profile that is meant by default why it was not read, where nobody named one; `undefined` where there is none. */
export function unreadProfile(sources: SettingsSources, fields: Fields): string | undefined {
  const before = hostAndAuth.map((field) => fields.get(field)).find((setting) => setting !== undefined);
  if (before === undefined) return undefined;
  const file = configFile(sources);
  try {
    const profiles = readFile(file, undefined);
    const name = defaultProfile(profiles) || usualProfile;
    if (!namesOf(profiles).includes(name)) return undefined;
    return `profile ${name} of ${file.shown}: not read, because ${before.origin} is set; --profile ${name} or DATABRICKS_CONFIG_PROFILE reads it`;
  } catch {
    // One that cannot be read would have been of no use.
    return undefined;
  }
}

/** The profiles there are. Throws `BridgeError` `config` for a file that cannot be read. */
export function profileNames(sources: SettingsSources): readonly string[] {
  return namesOf(readFile(configFile(sources), undefined));
}

function namesOf(profiles: Profiles): readonly string[] {
  return [...profiles.keys()].filter((key) => key !== '__settings__');
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
  return { path: inHome(path, home), shown: path, asked: true };
}

/** A path that may begin with `~`. */
export function inHome(path: string, home: string): string {
  return path.replace(/^~(?=$|[\\/])/, () => home);
}

/** A file that is not there holds no profiles; that matters only if one is named. */
function readFile({ path, shown, asked }: ConfigFile, named: Setting<string> | undefined): Profiles {
  try {
    return parseProfiles(decodeProfiles(readFileSync(path)));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (code === 'ENOENT' && named === undefined) return new Map();
    const setting = asked ? 'DATABRICKS_CONFIG_FILE' : (named?.origin ?? shown);
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw configError(setting, `The configuration file ${shown} ${reason}: check ${setting}.`);
  }
}

export function configError(setting: string, message: string): BridgeError<'config'> {
  return new BridgeError('config', message, { setting });
}
