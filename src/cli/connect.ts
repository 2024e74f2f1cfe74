import { createCredentials } from '../databricks/auth/chain.ts';
import { fixedCredentials, type Credentials } from '../databricks/auth/credentials.ts';
import type { Client } from '../databricks/client.ts';
import { createClient } from '../databricks/client.ts';
import type { Setting, SettingsSources } from '../databricks/config/fields.ts';
import type { Logins } from '../databricks/config/logins.ts';
import { readNetworkSettings } from '../databricks/config/network.ts';
import type { Settings } from '../databricks/config/settings.ts';
import { readSettings } from '../databricks/config/settings.ts';
import { createNetwork } from '../databricks/network.ts';
import { localPatience, type OnRetry } from '../databricks/retry.ts';
import type { ClusterId } from '../databricks/types.ts';
import { userAgent } from '../databricks/user-agent.ts';
import { BridgeError } from '../lib/errors.ts';
import { isLoopback } from '../lib/loopback.ts';
import { packageVersion } from '../lib/package-file.ts';
import { kernelHome, type Machine } from '../lib/paths.ts';
import { Secret } from '../lib/secret.ts';
import { systemClock, type Clock } from '../lib/time.ts';
import { trace } from '../lib/trace.ts';
import type { Connect, Connection, Wait } from '../session/connection.ts';
import type { LaunchCommand } from '../workspace/locate.ts';
import { thisMachine } from './machine.ts';
import { workspaceLaunch } from './workspace-launch.ts';

const log = trace('connect');

/** What connections are made with. */
export interface Place {
  /** Where the network, programs and files of logins are found. */
  readonly machine: Machine;
  /** Milliseconds since 1970, by which tokens end. */
  readonly now?: () => number;
  /** By which attempts are repeated. */
  readonly clock?: Clock;
  /** `DATABRICKS_KERNEL_HOME`. */
  readonly home: string;
  readonly version: string;
  readonly launch: LaunchCommand;
  readonly onRetry?: OnRetry | undefined;
}

/** A server, with the cluster on it that is meant where no other is named. */
export interface HostConnection {
  readonly client: Client;
  /** What the client logs in with. */
  readonly credentials: Credentials;
  /** The name that sentences for the user use. */
  readonly describe: { readonly host: string };
  /** The one that the settings choose, or the embedded workspace's own. */
  readonly defaultCluster: Setting<ClusterId> | undefined;
  /** The embedded workspace: it lives on this machine, and when it cannot be reached it is gone with all its contexts. */
  readonly embedded: boolean;
}

/** Connects as the settings of this machine say, read anew each time: what was changed in `~/.databrickscfg` needs no restart. */
export function createConnect(flags?: SettingsSources['flags'], onRetry?: OnRetry): Connect {
  return async (wait) => connect(settingsOfThisMachine(flags), wait, placeOfThisMachine(onRetry));
}

/** As `createConnect`, for what needs no cluster. Close its client when done. */
export function createConnectHost(flags?: SettingsSources['flags'], onRetry?: OnRetry): (wait: Wait) => Promise<HostConnection> {
  return async (wait) => connectHost(settingsOfThisMachine(flags), wait, placeOfThisMachine(onRetry));
}

function settingsOfThisMachine(flags: SettingsSources['flags']): () => Settings {
  return () => readSettings({ ...thisMachine(), ...(flags && { flags }) });
}

function placeOfThisMachine(onRetry?: OnRetry): Place {
  const machine = thisMachine();
  return { machine, home: kernelHome(machine), version: packageVersion, launch: workspaceLaunch(), onRetry };
}

/** As `connectHost`, with the cluster that commands run on. Throws `BridgeError` `config` where none is chosen, too. */
export async function connect(read: () => Settings, wait: Wait, place: Place): Promise<Connection> {
  const { client, describe, defaultCluster, embedded } = await connectHost(read, wait, place);
  const { value: clusterId, origin: clusterOrigin } = defaultCluster ?? refuseWithoutCluster(describe.host);
  return { client, clusterId, clusterOrigin, describe: { ...describe, cluster: clusterId }, embedded };
}

/** What a command says that needs a cluster and finds none. */
export function refuseWithoutCluster(host: string): never {
  throw new BridgeError(
    'config',
    `No cluster is chosen on ${host}: set DATABRICKS_CLUSTER_ID, or cluster_id in the profile, or --cluster-id to the id that the cluster's page shows under Configuration > Tags (ClusterId) and in its address, or that "databricks-kernel clusters list" prints.`,
    { setting: 'DATABRICKS_CLUSTER_ID' },
  );
}

/**
 * Turns settings into a client; finds or starts the embedded workspace where they mean that. Asks a real server nothing yet.
 * Throws what `read` and `locateWorkspace` throw. `read` is called again when the login is refused.
 */
export async function connectHost(read: () => Settings, wait: Wait, place: Place): Promise<HostConnection> {
  const settings = read();
  return settings.kind === 'embedded' ? connectEmbedded(settings, wait, place) : connectWorkspace(settings, read, wait, place);
}

async function connectEmbedded(settings: Settings & { kind: 'embedded' }, { onStage, signal }: Wait, place: Place): Promise<HostConnection> {
  const { locateWorkspace } = await import('../workspace/locate.ts');
  const located = await locateWorkspace({ ...place, signal, onStage: (text) => onStage({ waitsFor: 'workspace', text }) });
  const url = new URL(located.url);
  const origin = '"databricks-kernel workspace status"';
  const { value: clusterId, origin: clusterOrigin } = settings.clusterId ?? { value: located.clusterId, origin };
  // Basic, because the classic dialect takes nothing else.
  const credentials = fixedCredentials({ type: 'basic', origin, username: 'token', password: new Secret(located.token) });
  return {
    credentials,
    client: createClient({
      url,
      hostOrigin: origin,
      credentials,
      userAgent: userAgentFrom(place),
      patience: localPatience,
      onRetry: place.onRetry,
    }),
    defaultCluster: { value: clusterId as ClusterId, origin: clusterOrigin },
    describe: { host: `the embedded workspace (${url.host})` },
    embedded: true,
  };
}

function connectWorkspace(settings: Settings & { kind: 'workspace' }, read: () => Settings, { signal }: Wait, place: Place): HostConnection {
  const { machine, now = Date.now, clock = systemClock } = place;
  const { host, logins, clusterId, workspaceId } = settings;
  warnOfNoEncryption(host);
  const network = createNetwork(readNetworkSettings(machine.env));
  const readAgain = (): Logins => {
    const again = read();
    // The login of another host is none of this one's business.
    return again.kind === 'workspace' && again.host.value.href === host.value.href ? again.logins : logins;
  };
  const credentials = createCredentials(logins, readAgain, { network, machine, now, signal });
  return {
    credentials,
    client: createClient({
      url: host.value,
      hostOrigin: host.origin,
      network,
      clock,
      onRetry: place.onRetry,
      credentials,
      userAgent: userAgentFrom(place),
      ...(workspaceId !== undefined && { headers: { 'x-databricks-workspace-id': workspaceId.value } }),
    }),
    defaultCluster: clusterId && { value: clusterId.value as ClusterId, origin: clusterId.origin },
    describe: { host: host.value.host },
    embedded: false,
  };
}

const warnedOf = new Set<string>();

/** Once in a process, which may be a kernel with many contexts. */
function warnOfNoEncryption({ value: { protocol, hostname, origin }, origin: setting }: Setting<URL>): void {
  if (protocol !== 'http:' || isLoopback(hostname) || warnedOf.has(origin)) return;
  warnedOf.add(origin);
  log.warn(`${origin} is asked without encryption: whoever is on the way reads the login and the data. Write https:// in ${setting}, if the workspace answers there.`);
}

function userAgentFrom({ machine, version }: Place): string {
  return userAgent({ version, nodeVersion: process.versions.node, platform: machine.platform, env: machine.env });
}
