import { createCredentials, renewableCredentials } from '../databricks/auth/chain.ts';
import { createClient } from '../databricks/client.ts';
import type { AuthSettings, Settings, SettingsSources } from '../databricks/config/settings.ts';
import { readSettings } from '../databricks/config/settings.ts';
import { localPatience } from '../databricks/retry.ts';
import type { ClusterId } from '../databricks/types.ts';
import { BridgeError } from '../lib/errors.ts';
import { packageVersion } from '../lib/package-file.ts';
import { kernelHome } from '../lib/paths.ts';
import { Secret } from '../lib/secret.ts';
import type { Connect, Connection, Wait } from '../session/connection.ts';
import type { LaunchCommand } from '../workspace/locate.ts';
import { thisMachine } from './machine.ts';
import { workspaceLaunch } from './workspace-launch.ts';

/** What the embedded workspace is found or started with. */
export interface EmbeddedPlace {
  /** `DATABRICKS_KERNEL_HOME`. */
  readonly home: string;
  readonly version: string;
  readonly launch: LaunchCommand;
}

/** Connects as the settings of this machine say, read anew each time: what was changed in `~/.databrickscfg` needs no restart. */
export function createConnect(flags?: SettingsSources['flags']): Connect {
  return async (wait) => {
    const machine = thisMachine();
    const read = (): Settings => readSettings({ env: machine.env, home: machine.home, ...(flags && { flags }) });
    return connect(read, wait, { home: kernelHome(machine), version: packageVersion, launch: workspaceLaunch() });
  };
}

/**
 * Turns settings into a client and the cluster that they choose; finds or starts the embedded workspace where they mean that.
 * Asks a real server nothing yet. Throws `BridgeError` `config` where no cluster is chosen, and what `read` and `locateWorkspace` throw.
 * `read` is called again when the login is refused.
 */
export async function connect(read: () => Settings, wait: Wait, place: EmbeddedPlace): Promise<Connection> {
  const settings = read();
  return settings.kind === 'embedded' ? connectEmbedded(settings, wait, place) : connectWorkspace(settings, read, place);
}

async function connectEmbedded(settings: Settings & { kind: 'embedded' }, { onStage, signal }: Wait, place: EmbeddedPlace): Promise<Connection> {
  const { locateWorkspace } = await import('../workspace/locate.ts');
  const located = await locateWorkspace({ ...place, signal, onStage: (text) => onStage({ waitsFor: 'workspace', text }) });
  const url = new URL(located.url);
  // Basic, because the classic dialect takes nothing else.
  const auth: AuthSettings = { type: 'basic', origin: '"databricks-kernel workspace status"', username: 'token', password: new Secret(located.token) };
  const clusterId = (settings.clusterId?.value ?? located.clusterId) as ClusterId;
  return {
    client: createClient({
      url,
      hostOrigin: '"databricks-kernel workspace status"',
      credentials: createCredentials(auth),
      userAgent: userAgent(place.version, auth),
      patience: localPatience,
    }),
    clusterId,
    clusterOrigin: settings.clusterId?.origin ?? '"databricks-kernel workspace status"',
    describe: { host: `the embedded workspace (${url.host})`, cluster: clusterId },
    embedded: true,
  };
}

function connectWorkspace(settings: Settings & { kind: 'workspace' }, read: () => Settings, { version }: EmbeddedPlace): Connection {
  const { host, auth, clusterId, workspaceId } = settings;
  if (clusterId === undefined) {
    throw new BridgeError(
      'config',
      `No cluster is chosen on ${host.value.host}: set DATABRICKS_CLUSTER_ID, or cluster_id in the profile, to the id that the cluster's page shows under Configuration > Tags (ClusterId) and in its address, or that "databricks clusters list" prints.`,
      { setting: 'DATABRICKS_CLUSTER_ID' },
    );
  }
  const readAuth = (): AuthSettings => {
    const now = read();
    // The login of another host is none of this one's business.
    return now.kind === 'workspace' && now.host.value.href === host.value.href ? now.auth : auth;
  };
  return {
    client: createClient({
      url: host.value,
      hostOrigin: host.origin,
      credentials: renewableCredentials(auth, readAuth),
      userAgent: userAgent(version, auth),
      ...(workspaceId !== undefined && { headers: { 'x-databricks-workspace-id': workspaceId } }),
    }),
    clusterId: clusterId.value as ClusterId,
    clusterOrigin: clusterId.origin,
    describe: { host: host.value.host, cluster: clusterId.value },
    embedded: false,
  };
}

/** As the vendor's SDKs write it: product first, then what their statistics know how to read. */
function userAgent(version: string, auth: AuthSettings): string {
  return `databricks-kernel/${version} node/${process.versions.node} os/${process.platform} auth/${auth.type}`;
}
