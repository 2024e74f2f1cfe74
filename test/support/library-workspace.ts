import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import { ScriptedWorkspace } from './scripted-workspace.ts';
import type { Answer } from './scripted-workspace.ts';
import type { ScriptedDriver } from './scripted-driver.ts';

/** A library on a cluster, as the API says it. */
export interface LibraryStatus {
  readonly library: JsonObject;
  readonly status: string;
  readonly messages: readonly string[];
  readonly is_library_for_all_clusters: boolean;
}

/** A workspace with the calls of Libraries API 2.0. */
export class LibraryWorkspace extends ScriptedWorkspace {
  /** With a running cluster. */
  static async running(dialect: DialectName): Promise<LibraryWorkspace> {
    const workspace = new LibraryWorkspace(dialect);
    await workspace.workspace.defaultCluster.driver();
    return workspace;
  }

  /** Files are looked at, which takes more than a few turns. The test's own time limit ends what never comes. */
  override async until(ask: () => Promise<Answer>, wanted: (body: Record<string, unknown>) => boolean): Promise<Answer> {
    for (;;) {
      const answer = await ask();
      if (wanted(answer.body as Record<string, unknown>)) return answer;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Files below `dbfs:/`, as good as any to a scripted driver. */
  async files(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await mkdir(dirname(join(this.dbfsRoot, name)), { recursive: true });
      await writeFile(join(this.dbfsRoot, name), 'PK');
    }
  }

  install(libraries: JsonValue, clusterId = this.clusterId): Promise<Answer> {
    return this.post('/api/2.0/libraries/install', { cluster_id: clusterId, libraries }, 'json');
  }

  uninstall(libraries: JsonValue, clusterId = this.clusterId): Promise<Answer> {
    return this.post('/api/2.0/libraries/uninstall', { cluster_id: clusterId, libraries }, 'json');
  }

  async statuses(clusterId = this.clusterId): Promise<readonly LibraryStatus[]> {
    const answer = await this.get('/api/2.0/libraries/cluster-status', { cluster_id: clusterId });
    return (answer.body as { library_statuses: LibraryStatus[] }).library_statuses;
  }

  async words(): Promise<readonly string[]> {
    return (await this.statuses()).map(({ status }) => status);
  }

  /** The statuses once they are these, in their order. */
  async become(...wanted: readonly string[]): Promise<readonly LibraryStatus[]> {
    await this.until(
      () => this.get('/api/2.0/libraries/cluster-status', { cluster_id: this.clusterId }),
      (body) => JSON.stringify((body['library_statuses'] as LibraryStatus[]).map(({ status }) => status)) === JSON.stringify(wanted),
    );
    return this.statuses();
  }

  async restart(): Promise<void> {
    const before = this.drivers.length;
    await this.post('/api/1.2/clusters/restart', { clusterId: this.clusterId });
    await this.until(() => this.clusterStatus(this.clusterId), ({ status }) => status === 'Running' && this.drivers.length > before);
  }

  get lastDriver(): ScriptedDriver {
    const driver = this.drivers.at(-1);
    if (driver === undefined) throw new Error('No driver has started');
    return driver;
  }
}
