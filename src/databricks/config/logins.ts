import { Secret } from '../../lib/secret.ts';
import { cloudOf } from '../clouds.ts';
import type { Field, Fields, Setting, SettingsSources, UsedProfile } from './fields.ts';
import { configError, placeOf, unreadProfile } from './fields.ts';
import { netrcFiles, readNetrc } from './netrc.ts';

/** A login that the settings describe, complete; `origin` names the settings it came from, for sentences. */
export type AuthSettings =
  | FixedLogin
  /** OAuth of a service principal: machine to machine. */
  | { readonly type: 'oauth-m2m'; readonly origin: string; readonly host: URL; readonly clientId: string; readonly clientSecret: Secret }
  /** What the installed Databricks CLI logged in to, by profile where that names the host. */
  | { readonly type: 'databricks-cli'; readonly origin: string; readonly host: URL; readonly profile: string | undefined; readonly cliPath: Setting<string> | undefined }
  /** A service on this machine that has a token, such as the VS Code extension's. */
  | { readonly type: 'metadata-service'; readonly origin: string; readonly host: URL; readonly url: Secret }
  /** What the Azure CLI logged in to. */
  | { readonly type: 'azure-cli'; readonly origin: string; readonly tenant: string | undefined; readonly resourceId: string | undefined };

/** A login that stays as it is until the settings change. */
export type FixedLogin =
  /** A personal access token. */
  | { readonly type: 'pat'; readonly origin: string; readonly token: Secret }
  /** User and password. */
  | { readonly type: 'basic' | 'netrc'; readonly origin: string; readonly username: string; readonly password: Secret };

export type AuthType = AuthSettings['type'];

/** In the order in which they are tried. */
const authTypes: readonly AuthType[] = ['pat', 'basic', 'oauth-m2m', 'databricks-cli', 'metadata-service', 'azure-cli', 'netrc'];

/** The logins to try, in order, and why the others are out of the question. */
export interface Logins {
  readonly host: URL;
  readonly candidates: readonly AuthSettings[];
  /** E.g. `azure-cli: w.test is no Azure workspace`. */
  readonly passedOver: readonly string[];
  /** Where a token is to be put if none of them works. */
  readonly tokenPlace: string;
}

/** A login that is set by fields of its own. If it is meant, it is the only one. */
const families: Readonly<Partial<Record<AuthType, readonly Field[]>>> = {
  pat: ['token'],
  basic: ['username', 'password'],
  'oauth-m2m': ['client_id', 'client_secret'],
  'metadata-service': ['metadata_service_url'],
};

/** What is known beside the fields. */
export interface LoginSurroundings {
  readonly host: Setting<URL>;
  readonly profile: UsedProfile | undefined;
  readonly sources: SettingsSources;
}

/**
 * Chooses the logins by the rules of the vendor's SDKs: `auth_type` names the only one; else one whose own fields are set, of which there
 * may be no two; else whatever this machine is logged in with. Throws `BridgeError` `config` for what is contradictory, incomplete or unknown.
 */
export function readLogins(fields: Fields, surroundings: LoginSurroundings): Logins {
  const { host: { value: host }, profile, sources } = surroundings;
  const tokenPlace = placeOf('token', profile);
  const wanted = fields.get('auth_type');
  if (wanted !== undefined) return { host, candidates: [demand(wanted, fields, surroundings)], passedOver: [], tokenPlace };
  const given = Object.entries(families).filter(([, needs]) => needs.some((field) => fields.has(field)));
  if (given.length > 1) {
    const settings = given.map(([, needs]) => needs.map((field) => fields.get(field)?.origin).find((origin) => origin !== undefined));
    const choice = placeOf('auth_type', profile);
    throw configError(choice, `There is more than one login, ${settings.join(' and ')}: remove one, or choose with ${choice} (${given.map(([type]) => type).join(' or ')}).`);
  }
  const [only] = given;
  if (only !== undefined) {
    const found = readers[only[0] as AuthType](fields, surroundings);
    if (typeof found !== 'string') return { host, candidates: [found], passedOver: [], tokenPlace };
  }
  const candidates: AuthSettings[] = [];
  const passedOver: string[] = [];
  for (const type of ['databricks-cli', 'azure-cli', 'netrc'] as const) {
    const found = readers[type](fields, surroundings);
    if (typeof found === 'string') passedOver.push(`${type}: ${found}`);
    else candidates.push(found);
  }
  const unread = profile === undefined ? unreadProfile(sources, fields) : undefined;
  if (unread !== undefined) passedOver.push(unread);
  return { host, candidates, passedOver, tokenPlace };
}

function demand(wanted: Setting<string>, fields: Fields, surroundings: LoginSurroundings): AuthSettings {
  const type = authTypes.find((known) => known === wanted.value);
  if (type === undefined) {
    throw configError(wanted.origin, `${wanted.origin} is ${wanted.value}, which is not supported: use one of ${authTypes.join(', ')}.`);
  }
  const found = readers[type](fields, surroundings);
  if (typeof found !== 'string') return found;
  throw configError(wanted.origin, `${wanted.origin} asks for ${type}, which cannot be: ${found}.`);
}

/** Reads one login; a text says why there is none. Throws `BridgeError` `config` for half of one. */
type Reader = (fields: Fields, surroundings: LoginSurroundings) => AuthSettings | string;

const readers: Readonly<Record<AuthType, Reader>> = {
  pat(fields, { profile }) {
    const token = fields.get('token');
    if (token === undefined) return `there is no token, set ${placeOf('token', profile)}`;
    if (/^[\x21-\x7e]+$/.test(token.value)) return { type: 'pat', origin: token.origin, token: new Secret(token.value) };
    throw configError(token.origin, `${token.origin} holds characters that no token has (spaces, line breaks or others): copy it again.`);
  },
  basic(fields, { profile }) {
    const pair = both(fields, ['username', 'password'], profile);
    if (pair === undefined) return `there is no user, set ${placeOf('username', profile)} and ${placeOf('password', profile)}`;
    const { first: username, second: password, origin } = pair;
    refuseColon(username);
    return { type: 'basic', origin, username: username.value, password: new Secret(password.value) };
  },
  'oauth-m2m'(fields, { host, profile }) {
    const pair = both(fields, ['client_id', 'client_secret'], profile);
    if (pair === undefined) return `there is no service principal, set ${placeOf('client_id', profile)} and ${placeOf('client_secret', profile)}`;
    const { first: id, second: secret, origin } = pair;
    refuseColon(id);
    return { type: 'oauth-m2m', origin, host: host.value, clientId: id.value, clientSecret: new Secret(secret.value) };
  },
  'databricks-cli'(fields, { host, profile }) {
    // The profile's token is for the profile's host, which another setting may have replaced.
    const named = profile?.gave.has('host') ? profile.value : undefined;
    const origin = `the login of the Databricks CLI (databricks auth login ${named === undefined ? `--host ${host.value.origin}` : `--profile ${named}`})`;
    return { type: 'databricks-cli', origin, host: host.value, profile: named, cliPath: fields.get('databricks_cli_path') };
  },
  'metadata-service'(fields, { host, profile }) {
    const setting = fields.get('metadata_service_url');
    if (setting === undefined) return `there is no address, set ${placeOf('metadata_service_url', profile)}`;
    const { value, origin } = setting;
    if (!isOnThisMachine(value)) {
      throw configError(origin, `${origin} is no http address of this machine (http://localhost:…): a token is asked for nowhere else.`);
    }
    return { type: 'metadata-service', origin, host: host.value, url: new Secret(value) };
  },
  'azure-cli'(fields, { host, profile }) {
    const resourceId = fields.get('azure_workspace_resource_id')?.value;
    if (cloudOf(host.value.hostname) !== 'Azure' && resourceId === undefined) {
      return `${host.value.host} is no Azure workspace`;
    }
    const principal = fields.get('azure_client_id');
    // The vendor's SDKs would log in as that: whoever set it must not act as somebody else without a word.
    if (principal !== undefined && fields.has('azure_client_secret') && !fields.has('auth_type')) {
      return `${principal.origin} names a service principal of Azure, which is not supported: set ${placeOf('client_id', profile)} and ${placeOf('client_secret', profile)} to one of Databricks, or ${placeOf('auth_type', profile)} to azure-cli for the login of az`;
    }
    if (resourceId !== undefined && !/^[\x21-\x7e]+$/.test(resourceId)) return 'DATABRICKS_AZURE_RESOURCE_ID is no resource id';
    return { type: 'azure-cli', origin: 'the login of the Azure CLI (az login)', tenant: fields.get('azure_tenant_id')?.value, resourceId };
  },
  netrc(_fields, { host, sources }) {
    const files = netrcFiles(sources);
    const names = files.map(({ origin }) => origin).join(' or ');
    const { hostname } = host.value;
    try {
      const entry = readNetrc(files, hostname);
      if (entry === undefined) return `${names} has no entry for ${hostname}`;
      const { login, password } = entry.value;
      if (!login || !password) return `the entry for ${hostname} in ${entry.origin} has no login and password`;
      if (login.includes(':')) return `the login for ${hostname} in ${entry.origin} holds a colon, which a user name cannot have`;
      return { type: 'netrc', origin: `${hostname} in ${entry.origin}`, username: login, password: new Secret(password) };
    } catch (error) {
      return `${names} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`;
    }
  },
};

/** Two fields that make sense only together; `undefined` where none is set. */
function both(fields: Fields, [one, other]: readonly [Field, Field], profile: UsedProfile | undefined): { first: Setting<string>; second: Setting<string>; origin: string } | undefined {
  const first = fields.get(one);
  const second = fields.get(other);
  if (first === undefined && second === undefined) return undefined;
  if (first === undefined || second === undefined) {
    const missing = placeOf(first === undefined ? one : other, profile);
    throw configError(missing, `${(first ?? second)?.origin} is set, but not its other half: set ${missing} too.`);
  }
  return { first, second, origin: first.origin === second.origin ? first.origin : `${first.origin} and ${second.origin}` };
}

function refuseColon({ value, origin }: Setting<string>): void {
  if (value.includes(':')) throw configError(origin, `${origin} holds a colon, which a user name cannot have with this kind of login.`);
}

function isOnThisMachine(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
