import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageVersion } from '../../src/lib/package-file.ts';
import type { WorkspaceState } from '../../src/workspace/state-file.ts';
import { CommandLine } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

/* The commands for clusters and libraries on an embedded workspace, whose drivers need no Spark. */

let program = '';
beforeAll(async () => {
  program = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(program), { recursive: true, force: true }));

/** A zip archive without files. */
const emptyZip = Buffer.from(`PK\u0005\u0006${'\0'.repeat(18)}`, 'latin1');

describe.for(['classic', 'modern'] as const)('on a %s workspace', (dialect) => {
  let home: WorkspaceHome;
  let cli: CommandLine;
  let state: WorkspaceState;
  beforeAll(async () => {
    home = new WorkspaceHome(program);
    state = await home.start(['--dialect', dialect], { TEST_VERSION: packageVersion });
    cli = await CommandLine.create({ DATABRICKS_HOST: 'embedded', DATABRICKS_KERNEL_HOME: home.path });
  });
  afterAll(async () => {
    await cli[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  /** What a command prints that must succeed, without its line end. */
  async function printed(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await cli.run(args);
    expect(code, stderr).toBe(0);
    return stdout.replace(/\n$/, '');
  }
  /** What the workspace itself says; sooner than a command does. */
  const asked = async (path: string) => (await home.call(state, `/api/1.2/${path}`)).body;
  /** The number of workers of a cluster that runs. */
  const runningWith = async (id: string): Promise<unknown> => {
    const { status, numWorkers } = (await asked(`clusters/status?clusterId=${id}`)) as Record<string, unknown>;
    return status === 'Running' ? numWorkers : undefined;
  };
  const json = async (...args: readonly string[]) => JSON.parse(await printed(...args, '--json'));

  test('a cluster lives through all of its states', async () => {
    const id = await printed('clusters', 'create', 'nightly', '--workers', '2', '--spot', '--zone', 'us-west-1c', '--conf', 'spark.speculation=true');
    const listed = await json('clusters', 'list');
    expect(listed.map((cluster: { name: string; status: string }) => [cluster.name, cluster.status])).toEqual([[expect.any(String), 'Running'], ['nightly', 'Running']]);
    expect(await json('clusters', 'status', id)).toMatchObject({ id, name: 'nightly', status: 'Running', workers: 2 });
    // These drivers do it sooner than anybody could see it under way.
    await printed('clusters', 'resize', id, '--workers', '5', '--no-wait');
    await eventually(async () => (await runningWith(id)) === 5);
    await printed('clusters', 'restart', id, '--no-wait');
    await eventually(async () => (await runningWith(id)) === 5);
    expect(await printed('clusters', 'delete', id)).toBe(`Cluster nightly (${id}) is Terminated.`);
    for (const _ of ['stopped', 'running']) expect(await printed('clusters', 'start', id)).toBe(`Cluster nightly (${id}) is Running.`);
    if (dialect === 'classic') {
      expect(await cli.run(['clusters', 'events', id])).toMatchObject({ code: 1, stderr: expect.stringContaining('has no list of events (Clusters API 2.x)') });
      return;
    }
    const events = await json('clusters', 'events', id);
    expect(events.at(-1)).toMatchObject({ type: 'CREATING' });
    expect(events.map(({ type }: { type: string }) => type)).toEqual(expect.arrayContaining(['RUNNING', 'RESTARTING', 'STARTING']));
    expect(await json('clusters', 'spark-versions')).toHaveLength(1);
    expect(await json('clusters', 'node-types')).toHaveLength(1);
    expect(await printed('clusters', 'permanent-delete', id)).toBe(`Cluster ${id} is deleted for good.`);
    expect(await cli.run(['clusters', 'status', id])).toMatchObject({ code: 2, stderr: expect.stringContaining(`There is no cluster ${id} on the embedded workspace `) });
  });

  test('a library is uploaded, attached, detached and deleted', async () => {
    await writeFile(join(cli.home, 'my lib-1.0.egg'), emptyZip);
    const id = await printed('libraries', 'upload', 'my lib-1.0.egg', '--folder', '/mylibraries');
    expect(await json('libraries', 'list')).toContainEqual({ id, name: 'my lib-1.0.egg', folder: '/mylibraries' });
    const statusOf = async () => {
      const { statuses } = (await asked(`libraries/status?libraryId=${id}`)) as { statuses: { clusterId: string; status: string }[] };
      return statuses.find(({ clusterId }) => clusterId === state.clusterId)?.status;
    };
    expect(await json('libraries', 'status', id)).toMatchObject({ libType: 'python-egg', attachAllClusters: false });
    expect(await statusOf()).toBe('Detached');
    await printed('libraries', 'attach', id);
    await eventually(async () => (await statusOf()) === 'Attached');
    await printed('libraries', 'detach', id);
    expect(await statusOf()).toBe('Detaching');
    await printed('clusters', 'restart', '--no-wait');
    await eventually(async () => (await statusOf()) === 'Detached');
    await printed('libraries', 'attach', id, '--all');
    expect(await asked(`libraries/status?libraryId=${id}`)).toMatchObject({ attachAllClusters: 'true' });
    await printed('libraries', 'detach', id, '--all');
    expect(await asked(`libraries/status?libraryId=${id}`)).toMatchObject({ attachAllClusters: 'false' });
    await printed('libraries', 'delete', id);
    expect(await cli.run(['libraries', 'status', id])).toMatchObject({ code: 2, stderr: expect.stringContaining(`There is no library ${id} on the embedded workspace `) });
  });

  test('a package of PyPI is uploaded by its name', async () => {
    const id = await printed('libraries', 'upload', '--type', 'python-pypi', 'fuzzywuzzy', '--attach-all');
    expect(await json('libraries', 'status', id)).toMatchObject({ name: 'fuzzywuzzy', libType: 'python-pypi', attachAllClusters: true });
  });

  test('libraries are installed, shown and uninstalled, and one that fails says why', async () => {
    const { code, stdout, stderr } = await cli.run(['libraries', 'install', '--pypi', 'simplejson', '--pypi', 'will-fail']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^pypi simplejson +INSTALLED/m);
    expect(stdout).toMatch(/^pypi will-fail +FAILED/m);
    expect(stderr).toMatch(/^1 of 2 libraries failed on cluster \S+\.\n\npypi will-fail:\n(?: {2}.*\n)* {2}.*No matching distribution found for will-fail/m);
    expect(await printed('libraries', 'cluster-status')).toMatch(/^pypi simplejson +INSTALLED/m);
    expect(await printed('libraries', 'all-cluster-statuses')).toMatch(/^\S+ +pypi will-fail +FAILED/m);
    await printed('libraries', 'uninstall', '--pypi', 'simplejson');
    expect(await printed('libraries', 'cluster-status')).toMatch(/^pypi simplejson +UNINSTALL_ON_RESTART/m);
  });

  test('libraries are not installed on a cluster that is stopped', async () => {
    await printed('clusters', 'delete');
    expect(await cli.run(['libraries', 'install', '--pypi', 'a'])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/is Terminated and cannot do this now: "databricks-kernel clusters start \S+" starts it\.\n$/) });
  });
});

test('a cluster that cannot start is told with its reason, and its id all the same', async () => {
  await using home = new WorkspaceHome(program);
  await home.run(['start'], { TEST_VERSION: packageVersion, TEST_NO_DRIVER: 'There is no Java.' });
  await using cli = await CommandLine.create({ DATABRICKS_HOST: 'embedded', DATABRICKS_KERNEL_HOME: home.path });
  const { code, stdout, stderr } = await cli.run(['clusters', 'create', 'nightly', '--workers', '1']);
  expect(code).toBe(1);
  expect(stderr.split('\n').at(-2)).toMatch(/^Cluster nightly \(\S+\) on the embedded workspace \(\S+\) is not Running but Error: There is no Java\.$/);
  expect((await cli.run(['clusters', 'status', stdout.trim()])).stdout).toMatch(/^Status +Error$/m);
  // It is not wrong: the next cell starts it.
  expect((await cli.run(['doctor', '--cluster-id', stdout.trim()])).stdout).toMatch(/^ {2}– Cluster +nightly \(\S+\) is in state Error: There is no Java\n +→ the next cell starts it, or you do: databricks-kernel clusters start \S+$/m);
});
