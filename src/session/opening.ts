import type { ContextAddress } from '../databricks/api/commands.ts';
import type { ContextId, RemoteLanguage } from '../databricks/types.ts';
import { passClusterGate } from './cluster-gate.ts';
import type { Connect, Connection, Wait } from './connection.ts';
import type { Journal } from './journal.ts';
import { makeContext, takeUp } from './making.ts';
import type { Stage } from './stage.ts';

/** A context that takes commands. */
export interface OpenContext {
  readonly connection: Connection;
  readonly address: ContextAddress;
  /** The life of the cluster in which it was opened, as `Cluster.incarnation`. */
  readonly incarnation: string;
  /** Whether this program made it, and destroys it. */
  readonly owned: boolean;
  /** What the first command in it is told of its cluster. */
  readonly remarks: readonly string[];
}

/** What the slots of one session share. */
export interface Surroundings {
  readonly connect: Connect;
  readonly journal: Journal;
  /** This process, for the embedded workspace, which watches it; '' where the platform cannot name it. */
  readonly identity: string;
  /** Called with each connection made. */
  onConnected(connection: Connection): void;
  /** Destroys a context. Never rejects: one that cannot be destroyed now stays in the journal. */
  discard(connection: Connection, address: ContextAddress): Promise<void>;
  /**
   * Closes a connection, in the background: when the context on it that is the session's own is destroyed, or when `rest` is over, which is to be done
   * in one that is not.
   */
  retire(connection: Connection, own?: ContextAddress, rest?: Promise<void>): void;
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

  /** `existing`: a context that lives already and is taken up instead of a new one. */
  constructor(surroundings: Surroundings, language: RemoteLanguage, existing?: ContextId) {
    this.#surroundings = surroundings;
    this.done = this.#open(language, existing);
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

  async #open(language: RemoteLanguage, existing: ContextId | undefined): Promise<OpenContext | undefined> {
    const { connect, journal, onConnected, discard, retire } = this.#surroundings;
    const wait: Wait = { onStage: (stage) => this.#setStage(stage), signal: this.#abandoned.signal };
    const connection = await connect(wait);
    onConnected(connection);
    let opened = false;
    try {
      const cluster = await passClusterGate(connection, wait, () => existing === undefined && this.mayStartCluster);
      if (wait.signal.aborted) return undefined;
      if (existing !== undefined) {
        const address = await takeUp(connection, existing, cluster, wait);
        const owned = await journal.adopt(connection, address);
        opened = true;
        return { connection, address, owned, incarnation: cluster?.incarnation ?? '', remarks: cluster?.remarks ?? [] };
      }
      if (cluster === undefined) return undefined;
      const address = await makeContext(connection, wait, {
        language,
        cluster,
        create: async () => {
          const made = await this.#create(connection, language, wait.signal);
          await journal.add(connection, made);
          return made;
        },
        discard: (context) => discard(connection, context),
      });
      opened = true;
      return { connection, address, owned: true, incarnation: cluster.incarnation, remarks: cluster.remarks };
    } finally {
      if (!opened) retire(connection);
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
