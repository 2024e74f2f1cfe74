import type { Fields, Setting, SettingsSources } from './fields.ts';
import { configError, firstOfWorkspace, namedProfile, readEnvironment, readProfile } from './fields.ts';
import type { Logins } from './logins.ts';
import { readLogins } from './logins.ts';

/** Which server is meant, and how to log in to it. */
export type Settings =
  /** The embedded workspace; `clusterId` where one other than its default is wanted. */
  | { readonly kind: 'embedded'; readonly origin: string; readonly clusterId: Setting<string> | undefined }
  | {
      readonly kind: 'workspace';
      readonly host: Setting<URL>;
      readonly logins: Logins;
      readonly clusterId: Setting<string> | undefined;
      /** Sent as a header where the host serves several workspaces; the `o` of an address copied from a browser. */
      readonly workspaceId: Setting<string> | undefined;
      /** The profile that was read. */
      readonly profile: Setting<string> | undefined;
    };

/**
 * Finds out which server is meant, by the rules of the vendor's SDKs: command line, then environment, then a profile of
 * `~/.databrickscfg`; a value that is set is never overwritten; an empty one counts as not set. A profile that the command line names stands
 * in place of the environment. No host anywhere means the embedded
 * workspace, unless something else says that a real one is meant. Throws `BridgeError` `config` with the setting to look at.
 */
export function readSettings(sources: SettingsSources): Settings {
  const fields = readEnvironment(sources);
  if (isEmbedded(fields)) return embedded(fields);
  const profile = readProfile(sources, fields);
  if (isEmbedded(fields)) return embedded(fields);

  const given = fields.get('host');
  if (given === undefined) return withoutHost(sources, fields);
  const { url, workspaceId } = readHost(given);
  const host = { value: url, origin: given.origin };
  return {
    kind: 'workspace',
    host,
    logins: readLogins(fields, { host, profile, sources }),
    clusterId: readClusterId(fields.get('cluster_id')),
    workspaceId: readWorkspaceId(fields.get('workspace_id')) ?? (workspaceId === undefined ? undefined : { value: workspaceId, origin: given.origin }),
    profile,
  };
}

function isEmbedded(fields: Fields): boolean {
  return fields.get('host')?.value.toLowerCase() === 'embedded';
}

function embedded(fields: Fields): Settings {
  const host = fields.get('host');
  const clusterId = fields.get('cluster_id');
  // Whoever asks for it on the command line has the cluster of another workspace in the environment.
  const isForeign = host?.origin.startsWith('--') && !clusterId?.origin.startsWith('--');
  return { kind: 'embedded', origin: host?.origin ?? 'no DATABRICKS_HOST', clusterId: isForeign ? undefined : readClusterId(clusterId) };
}

function withoutHost(sources: SettingsSources, fields: Fields): Settings {
  const other = firstOfWorkspace(fields) ?? namedProfile(sources);
  if (other === undefined) return embedded(fields);
  // Who wrote an option is helped by another; and with --profile by no variable.
  const remedy = other.origin.startsWith('--') || namedProfile(sources)?.origin.startsWith('--')
    ? 'give --host with the address of your workspace, or --host embedded for the one on this machine'
    : 'set DATABRICKS_HOST to the address of your workspace (or to "embedded" for the one on this machine)';
  throw configError(other.origin, `${other.origin} is set, but no host: ${remedy}.`);
}

/** Scheme and host only, as the vendor's SDKs keep them. `https` where none is said. */
function readHost({ value, origin }: Setting<string>): { url: URL; workspaceId: string | undefined } {
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `https://${value}`;
  const wrong = (why: string): Error => configError(origin, `${origin} ${why}: it must look like https://dbc-a1b2345c-d6e7.cloud.databricks.com.`);
  if (!URL.canParse(address)) throw wrong('is no web address');
  const url = new URL(address);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrong('is no http or https address');
  if (url.username !== '' || url.password !== '') throw wrong('must not hold a user or password');
  const workspaceId = [url.searchParams.get('o'), url.searchParams.get('workspace_id')].find((id) => /^\d+$/.test(id ?? ''));
  return { url: new URL(url.origin), workspaceId: workspaceId ?? undefined };
}

/** What is copied with a line break or a blank in it is no id, and sentences that name it would be hard to read. */
function readClusterId(setting: Setting<string> | undefined): Setting<string> | undefined {
  if (setting === undefined || /^[\x21-\x7e]+$/.test(setting.value)) return setting;
  throw configError(setting.origin, `${setting.origin} holds signs that no cluster id has: copy it again from the cluster's page, or from what "databricks-kernel clusters list" prints.`);
}

/** It travels as a header, which does not take every sign. */
function readWorkspaceId(setting: Setting<string> | undefined): Setting<string> | undefined {
  if (setting === undefined || /^\d+$/.test(setting.value)) return setting;
  throw configError(setting.origin, `${setting.origin} is no number: copy what follows "?o=" in the address of the workspace, or remove the setting.`);
}
