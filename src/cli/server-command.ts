import { Option, type Command } from 'commander';
import type { Client } from '../databricks/client.ts';
import type { ClusterId } from '../databricks/types.ts';
import { interruptible } from './interruptible.ts';
import { showRetries, startProgress, type Progress } from './progress.ts';

/** The options that choose a server, and a cluster on it; what they do not say, the settings do. */
export interface ServerOptions {
  readonly profile?: string;
  readonly host?: string;
  readonly clusterId?: string;
}

/** What the action of a command works with that talks to a server. */
export interface Task {
  readonly client: Client;
  /** The server's name in sentences for the user. */
  readonly host: string;
  /** The embedded workspace of this machine. */
  readonly embedded: boolean;
  /** The cluster of `--cluster-id` or of the settings. Throws `BridgeError` `config` where neither chooses one. */
  clusterId(): ClusterId;
  /** Aborts when the command is to end what it does, tidy up and return. It ends waits, and never a request in flight. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface ServerCommandOptions {
  /** Whether the command is about a cluster, and takes `--cluster-id`. */
  readonly cluster?: boolean;
  /** When progress begins to show, in milliseconds; after a second where nothing is said. */
  readonly progressAfterMs?: number;
}

/** Adds `--profile` (`-p`, as the Databricks CLI has it), `--host` and, where the command is about one, `--cluster-id`. */
export function addServerOptions(command: Command, { cluster = false }: Pick<ServerCommandOptions, 'cluster'> = {}): Command {
  command
    .addOption(new Option('-p, --profile <name>', 'profile of ~/.databrickscfg, in place of variables such as DATABRICKS_HOST').helpGroup(group))
    .addOption(new Option('--host <url>', 'workspace; "embedded" is the one that comes with this program').helpGroup(group));
  return cluster ? command.addOption(new Option('--cluster-id <id>', 'cluster; default: DATABRICKS_CLUSTER_ID or the profile\'s').helpGroup(group)) : command;
}

const group = 'Where:';

/**
 * Makes `action` what a command does, connected as its options and the settings say, with progress, and interruptible.
 * `Args` are the command's arguments in order, `Options` its options, which are given last.
 */
export function onServer<Args extends readonly unknown[], Options extends object>(
  command: Command,
  { cluster, progressAfterMs }: ServerCommandOptions,
  action: (task: Task, ...given: [...Args, Options & ServerOptions]) => Promise<void>,
): Command {
  return addServerOptions(command, { cluster: cluster ?? false }).action((...received: readonly unknown[]) => {
    // The last that commander gives is the command itself.
    const given = received.slice(0, -1) as unknown as [...Args, Options & ServerOptions];
    const flags = given.at(-1) as ServerOptions;
    return interruptible(async ({ interrupted: signal }) => {
      using progress = startProgress(progressAfterMs === undefined ? {} : { afterMs: progressAfterMs });
      signal.addEventListener('abort', () => progress.show('Ending, when what was sent already is answered; press Ctrl-C again to end at once'), { once: true });
      const { createConnectHost, refuseWithoutCluster } = await import('./connect.ts');
      const { client, describe, defaultCluster, embedded } = await createConnectHost(flags, showRetries(progress))({ onStage: ({ text }) => progress.show(text), signal });
      const clusterId = (): ClusterId => defaultCluster?.value ?? refuseWithoutCluster(describe.host);
      try {
        await action({ client, host: describe.host, embedded, clusterId, signal, progress }, ...given);
      } finally {
        await client.close();
      }
    });
  });
}
