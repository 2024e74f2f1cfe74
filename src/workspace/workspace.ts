import { isAlive } from '../lib/process-identity.ts';
import { unknownCluster } from './api-error.ts';
import { Cluster } from './cluster.ts';
import type { StartDriver } from './cluster.ts';

/** Contexts that no request has named for this long are given up, as real clusters do. */
const contextLifetimeMs = 24 * 60 * 60 * 1000;

export interface WorkspaceOptions {
  readonly clusterId: string;
  readonly clusterName: string;
  readonly startDriver: StartDriver;
  readonly newId: () => string;
  readonly now: () => number;
  log(text: string): void;
}

/** Everything that the API names, beginning with the clusters; knows when it was last used. */
export class Workspace implements AsyncDisposable {
  readonly defaultCluster: Cluster;
  readonly #options: WorkspaceOptions;
  readonly #clusters: ReadonlyMap<string, Cluster>;
  #lastRequest: number;

  constructor(options: WorkspaceOptions) {
    const { clusterId, clusterName, startDriver, newId, now, log } = options;
    this.#options = options;
    this.#lastRequest = now();
    this.defaultCluster = new Cluster({ id: clusterId, name: clusterName, startDriver, newId, now, log });
    this.#clusters = new Map([[clusterId, this.defaultCluster]]);
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

  get openContexts(): number {
    return this.clusters.reduce((sum, cluster) => sum + cluster.contexts.length, 0);
  }

  use(): void {
    this.#lastRequest = this.#options.now();
  }

  /** Milliseconds without a request and without a context; 0 while there is one. */
  get idleFor(): number {
    return this.openContexts > 0 ? 0 : this.#options.now() - this.#lastRequest;
  }

  /** Destroys the contexts whose owner has died and those that nobody has used for a day. */
  async sweep(): Promise<void> {
    for (const cluster of this.clusters) {
      for (const context of cluster.contexts) {
        const orphaned = context.owner !== undefined && !(await isAlive(context.owner));
        if (!orphaned && context.unusedFor < contextLifetimeMs) continue;
        this.#options.log(`context ${context.id}: destroyed, ${orphaned ? 'its owner has died' : 'unused for a day'}`);
        await cluster.destroyContext(context.id);
        this.use();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.clusters.map((cluster) => cluster[Symbol.asyncDispose]()));
  }
}
