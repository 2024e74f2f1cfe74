import type { ContextAddress } from '../databricks/api/commands.ts';
import type { RemoteLanguage } from '../databricks/types.ts';
import { waitForContext } from '../databricks/wait.ts';
import { passClusterGate } from './cluster-gate.ts';
import type { Connect, Connection, Wait } from './connection.ts';
import type { Journal } from './journal.ts';
import type { Stage } from './stage.ts';

/** A context that takes commands. */
export interface OpenContext {
  readonly connection: Connection;
  readonly address: ContextAddress;
}

/** What the slots of one session share. */
export interface Surroundings {
  readonly connect: Connect;
  readonly journal: Journal;
  /** This process, for the embedded workspace, which watches it; '' where the platform cannot name it. */
  readonly identity: string;
  /** Called with each connection made. */
  onConnected(connection: Connection): void;
  /** Destroys a context and closes its connection, in the background. */
  retire(connection: Connection, address?: ContextAddress): void;
}

/** A context on its way. It belongs to the slot: a cell that no longer wants to wait for it goes, and the next finds it further on. */
export class Opening {
  /** Resolves to nothing where the cluster is stopped and nobody allowed to start it. */
  readonly done: Promise<OpenContext | undefined>;
  /** Set while a cell waits: opening a notebook must not start a cluster, running a cell may. */
  mayStartCluster = false;
  readonly #surroundings: Surroundings;
  readonly #abandoned = new AbortController();
  readonly #watchers = new Set<(stage: Stage) => void>();
  #stage: Stage | undefined;

  constructor(surroundings: Surroundings, language: RemoteLanguage) {
    this.#surroundings = surroundings;
    this.done = this.#open(language);
    // A failure is for the cell that waits; where none does, the next one opens again and meets it.
    this.done.catch(() => undefined);
  }

  /** Tells the stage at once and when it changes, until the returned function is called. */
  watch(onStage: (stage: Stage) => void): () => void {
    if (this.#stage !== undefined) onStage(this.#stage);
    this.#watchers.add(onStage);
    return () => this.#watchers.delete(onStage);
  }

  /** Nobody will want the context: the waits end, and what is made already is destroyed. */
  abandon(): void {
    this.#abandoned.abort();
  }

  async #open(language: RemoteLanguage): Promise<OpenContext | undefined> {
    const { connect, journal, onConnected, retire } = this.#surroundings;
    const wait: Wait = { onStage: (stage) => this.#setStage(stage), signal: this.#abandoned.signal };
    const connection = await connect(wait);
    onConnected(connection);
    let address: ContextAddress | undefined;
    let opened = false;
    try {
      const usable = await passClusterGate(connection, wait, () => this.mayStartCluster);
      if (!usable || wait.signal.aborted) return undefined;
      wait.onStage({ waitsFor: 'context', text: `Opening a ${language} context on cluster ${connection.describe.cluster} at ${connection.describe.host}` });
      address = await this.#create(connection, language, wait.signal);
      await journal.add(connection.client.host, address);
      await waitForContext(connection.client, address, wait.signal);
      opened = true;
      return { connection, address };
    } finally {
      if (!opened) retire(connection, address);
    }
  }

  async #create(connection: Connection, language: RemoteLanguage, giveUp: AbortSignal): Promise<ContextAddress> {
    const { client, clusterId, embedded } = connection;
    const { identity } = this.#surroundings;
    const owner = embedded && identity !== '' ? identity : undefined;
    return { clusterId, contextId: await client.contexts.create(clusterId, language, { owner, giveUp }) };
  }

  #setStage(stage: Stage): void {
    this.#stage = stage;
    for (const watcher of this.#watchers) watcher(stage);
  }
}
