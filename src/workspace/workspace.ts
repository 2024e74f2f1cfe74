import { lifeOf } from '../lib/process-identity.ts';
import { illegalArgument, limitReached, unknownCluster } from './api-error.ts';
import { Cluster } from './cluster.ts';
import type { StartDriver } from './cluster.ts';
import { checkCluster, checkWorkers } from './cluster-definition.ts';
import type { ClusterDefinition, NewCluster } from './cluster-definition.ts';
import { Libraries } from './libraries/libraries.ts';
import type { StoredWorkspace } from './store.ts';

/** Contexts that no request has named for this long are given up, as real clusters do. */
const contextLifetimeMs = 24 * 60 * 60 * 1000;

/** Those that are terminated count, too: each can be started. */
const maxClusters = 500;

export interface WorkspaceOptions {
  /** The cluster that is used where none is named, unless `stored` has another definition with its id. */
  readonly defaultCluster: ClusterDefinition;
  /** What an earlier workspace left. */
  readonly stored?: StoredWorkspace | undefined;
  /** Keeps what the next workspace shall find; resolves when it is safe. */
  save(stored: StoredWorkspace): Promise<void>;
  readonly startDriver: StartDriver;
  /** The directory behind `dbfs:/`. */
  readonly dbfsRoot: string;
  /** Where uploads are until they are whole; on the same file system. */
  readonly uploadDirectory: string;
  /** Of one file; default 1 GiB. */
  readonly maxUploadBytes?: number | undefined;
  /** For contexts and commands. */
  readonly newId: () => string;
  readonly newClusterId: () => string;
  /** Milliseconds since 1970, of a clock that never goes back. */
  readonly now: () => number;
  log(text: string): void;
}

/** Everything that the API names, beginning with the clusters; knows when it was last used. */
export class Workspace implements AsyncDisposable {
  readonly defaultCluster: Cluster;
  readonly libraries: Libraries;
  readonly #options: WorkspaceOptions;
  readonly #clusters = new Map<string, Cluster>();
  /** The ends of clusters that are forgotten already. */
  readonly #leaving = new Set<Promise<void>>();
  #lastRequest: number;

  constructor(options: WorkspaceOptions) {
    const { defaultCluster, stored, dbfsRoot, uploadDirectory, maxUploadBytes = 1024 ** 3, now, log } = options;
    this.#options = options;
    this.#lastRequest = now();
    this.libraries = new Libraries({ stored: stored?.libraries, dbfsRoot, uploadDirectory, maxUploadBytes, save: () => this.#save(), log });
    const others = stored?.clusters.filter(({ id }) => id !== defaultCluster.id) ?? [];
    this.defaultCluster = this.#add(stored?.clusters.find(({ id }) => id === defaultCluster.id) ?? defaultCluster);
    for (const definition of others) this.#add(definition);
  }

  get clusters(): readonly Cluster[] {
    return [...this.#clusters.values()];
  }

  /** @throws ApiError when there is no such cluster. */
  cluster(id: string): Cluster {
    const cluster = this.#clusters.get(id);
    if (cluster === undefined) throw unknownCluster(id);
    return cluster;
  }

  /** A cluster that is starting when this resolves. @throws ApiError for one that cannot be, and for one too many */
  async createCluster(wanted: NewCluster): Promise<Cluster> {
    checkCluster(wanted);
    if (this.#clusters.size >= maxClusters) throw limitReached(`The workspace has ${maxClusters} clusters: delete one for good first`);
    const cluster = this.#add({ ...wanted, id: this.#options.newClusterId() });
    try {
      await this.#save();
    } catch (error) {
      this.#clusters.delete(cluster.id);
      this.libraries.forget(cluster.id);
      throw error;
    }
    cluster.start('created');
    return cluster;
  }

  /** A cluster that is changing its size when this resolves. @throws ApiError for a size or a state that does not allow it */
  async resizeCluster(id: string, numWorkers: number): Promise<Cluster> {
    const cluster = this.cluster(id);
    checkWorkers(numWorkers);
    const undo = cluster.resize(numWorkers);
    try {
      await this.#save();
    } catch (error) {
      undo();
      throw error;
    }
    return cluster;
  }

  /** Ends a cluster and forgets it. @throws ApiError for the default one */
  async removeCluster(id: string): Promise<void> {
    const cluster = this.cluster(id);
    if (cluster === this.defaultCluster) throw illegalArgument(`Cluster ${id} belongs to the embedded workspace and cannot be deleted for good`);
    this.#clusters.delete(id);
    const bringLibrariesBack = this.libraries.forget(id);
    try {
      await this.#save();
    } catch (error) {
      this.#clusters.set(id, cluster);
      bringLibrariesBack();
      throw error;
    }
    const gone = cluster[Symbol.asyncDispose]().then(() => void this.#leaving.delete(gone));
    this.#leaving.add(gone);
  }

  #add(definition: ClusterDefinition): Cluster {
    const { newId, now, log } = this.#options;
    const libraries = this.libraries.on(definition.id);
    const startDriver: StartDriver = async (current, onProgress) => {
      const driver = await this.#options.startDriver(current, onProgress);
      libraries.use(driver);
      return driver;
    };
    const cluster = new Cluster({ definition, startDriver, newId, now, log });
    this.#clusters.set(cluster.id, cluster);
    return cluster;
  }

  #save(): Promise<void> {
    return this.#options.save({ clusters: this.clusters.map(({ definition }) => definition), libraries: this.libraries.stored });
  }

  get openContexts(): number {
    return this.clusters.reduce((sum, cluster) => sum + cluster.contexts.length, 0);
  }

  use(): void {
    this.#lastRequest = this.#options.now();
  }

  /** Whether it holds a context, or works on something that was asked for: a cluster that starts or changes, a library. */
  get #isBusy(): boolean {
    const changes = this.clusters.some(({ state }) => state.status === 'Pending' || state.status === 'Reconfiguring');
    return changes || this.openContexts > 0 || this.libraries.areInstalling;
  }

  /** Milliseconds since the last request, and since it was last seen to be at work by `sweep`; 0 while it is. */
  get idleFor(): number {
    return this.#isBusy ? 0 : this.#options.now() - this.#lastRequest;
  }

  /** Destroys the contexts whose owner has died and those that nobody has used for a day; ends clusters that are to end when idle. */
  async sweep(): Promise<void> {
    if (this.#isBusy) this.use();
    for (const cluster of this.clusters) {
      for (const context of cluster.contexts) {
        const orphaned = context.owner !== undefined && (await lifeOf(context.owner)) === 'ended';
        if (!orphaned && context.unusedFor < contextLifetimeMs) continue;
        this.#options.log(`context ${context.id}: destroyed, ${orphaned ? 'its owner has died' : 'unused for a day'}`);
        await cluster.destroyContext(context.id);
        this.use();
      }
      cluster.terminateIfIdle();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#leaving, ...this.clusters.map((cluster) => cluster[Symbol.asyncDispose]())]);
  }
}
