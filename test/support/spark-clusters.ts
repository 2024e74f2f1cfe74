import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster, ClusterState } from '../../src/workspace/cluster.ts';
import type { NewCluster } from '../../src/workspace/cluster-definition.ts';
import type { Context } from '../../src/workspace/context.ts';
import type { Driver, DriverLanguage } from '../../src/workspace/driver/driver.ts';
import { startSparkDriver } from '../../src/workspace/driver/spark-driver.ts';
import { newClusterId, newId } from '../../src/workspace/ids.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { testOptions } from '../fixtures/drivers/test-driver.ts';
import { eventually } from './eventually.ts';
import { plainCluster } from './scripted-workspace.ts';

/** A workspace whose clusters are real Spark drivers on `master`. Its default cluster is started by nobody. */
export class SparkClusters implements AsyncDisposable {
  readonly workspace: Workspace;
  /** The code of what the drivers were given to run, in order. */
  readonly executed: string[] = [];
  /** The code of what they have run to its end. */
  readonly finished: string[] = [];
  readonly #options = testOptions();

  constructor(master: string) {
    const { directory, dbfsRoot } = this.#options;
    let count = 0;
    this.workspace = new Workspace({
      defaultCluster: plainCluster('embedded', 'Embedded Spark'),
      save: async () => undefined,
      dbfsRoot,
      uploadDirectory: join(directory, 'uploads'),
      newId,
      newClusterId,
      now: () => Date.now(),
      log: () => undefined,
      startDriver: async ({ id, numWorkers, sparkConf }, onProgress) => {
        const workDirectory = join(directory, `work-${++count}`);
        return this.#noting(await startSparkDriver({ ...this.#options, clusterId: id, numWorkers, sparkConf, master, onProgress, workDirectory }));
      },
    });
  }

  #noting(driver: Driver): Driver {
    const execute: Driver['execute'] = async (command) => {
      this.executed.push(command.code);
      const result = await driver.execute(command);
      this.finished.push(command.code);
      return result;
    };
    return new Proxy(driver, {
      get(_, name) {
        if (name === 'execute') return execute;
        const value: unknown = Reflect.get(driver, name);
        return typeof value === 'function' ? value.bind(driver) : value;
      },
    });
  }

  /** A cluster that is starting. */
  create(more: Partial<NewCluster>): Promise<Cluster> {
    const { id: _, ...plain } = plainCluster('', 'test');
    return this.workspace.createCluster({ ...plain, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workspace[Symbol.asyncDispose]();
    await rm(this.#options.directory, { recursive: true, force: true });
  }
}

/** Waits until the cluster is in that state, or in Error. */
export async function become(cluster: Cluster, status: ClusterState['status']): Promise<void> {
  await eventually(async () => [status, 'Error'].includes(cluster.state.status));
  if (cluster.state.status !== status) throw new Error(`Cluster ${cluster.id} is in Error: ${cluster.message}`);
}

/** Commands in a context of their own. */
export class Cells {
  readonly context: Context;
  readonly language: DriverLanguage;

  constructor(cluster: Cluster, language: DriverLanguage) {
    this.context = cluster.createContext(language, undefined);
    this.language = language;
  }

  /** The text of the result, without the name and type that Scala gives it, or the cause of the failure. */
  async run(code: string, language: DriverLanguage = this.language): Promise<string> {
    const command = this.context.execute(language, code);
    await eventually(async () => command.state.phase === 'ended');
    const outcome = command.state.phase === 'ended' ? command.state.outcome : undefined;
    if (outcome?.kind === 'text') return outcome.text.replace(/^(?:val \w+: .+? =\s|Out\[\d+\]: )/, '');
    if (outcome?.kind === 'table') return outcome.rows;
    if (outcome?.kind === 'error' || outcome?.kind === 'failed') return outcome.cause;
    throw new Error(`${code} came to ${JSON.stringify(outcome)}`);
  }
}
