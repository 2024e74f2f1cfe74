import type { Client } from '../databricks/client.ts';
import type { ClusterId } from '../databricks/types.ts';
import type { Stage } from './stage.ts';

/** A server and the cluster on it that commands run on. */
export interface Connection {
  readonly client: Client;
  readonly clusterId: ClusterId;
  /** The names that sentences for the user use. */
  readonly describe: { readonly host: string; readonly cluster: string };
  /** The setting that chose the cluster. */
  readonly clusterOrigin: string;
  /** The embedded workspace: it lives on this machine, and when it cannot be reached it is gone with all its contexts. */
  readonly embedded: boolean;
}

/** Makes a connection. Asked anew for every context, because the embedded workspace comes back under another address. */
export type Connect = (wait: Wait) => Promise<Connection>;

/** A wait that tells what it waits for and that can be given up: what has become useless then throws or answers nothing. */
export interface Wait {
  onStage(stage: Stage): void;
  readonly signal: AbortSignal;
}
