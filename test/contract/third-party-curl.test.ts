import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/lib/json.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import type { WorkspaceState } from '../../src/workspace/state-file.ts';
import { apiFixture } from '../support/api-fixtures.ts';
import { eventually } from '../support/eventually.ts';
import { runProgram } from '../support/run-program.ts';
import { skip } from '../support/skip.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

/* curl, as a person types it. */

let workspace = '';
let curl = false;
beforeAll(async () => {
  workspace = await buildWorkspaceProgram();
  curl = await runProgram('curl', ['--version']).then(({ code }) => code === 0, () => false);
});
afterAll(() => rm(dirname(workspace), { recursive: true, force: true }));
beforeEach((context) => {
  if (!curl && process.env['CI'] === undefined) skip(context, 'there is no curl on PATH');
});

/** A workspace and a shell in its home, whose `.netrc` holds the login. */
class Terminal implements AsyncDisposable {
  readonly home = new WorkspaceHome(workspace);
  readonly state: WorkspaceState;

  private constructor(home: WorkspaceHome, state: WorkspaceState) {
    this.home = home;
    this.state = state;
  }

  static async open(dialect: DialectName): Promise<Terminal> {
    const home = new WorkspaceHome(workspace);
    const terminal = new Terminal(home, await home.start(['--dialect', dialect]));
    await terminal.write('.netrc', `machine 127.0.0.1 login token password ${terminal.state.token}\n`);
    await chmod(join(home.path, '.netrc'), 0o600);
    return terminal;
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.home.path, name), text);
  }

  /** A file below `dbfs:/`. */
  async dbfs(path: string): Promise<void> {
    const file = join(this.home.files.dbfs, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, 'PK');
  }

  /** What a line prints. `$HOST`, `$TOKEN` and `$CLUSTER` stand for what the workspace's state says. */
  async run(line: string): Promise<string> {
    const { url, token, clusterId } = this.state;
    const env = this.home.env({ HOST: url, TOKEN: token, CLUSTER: clusterId });
    const { code, stdout, stderr } = await runProgram('sh', ['-c', line], { env, cwd: this.home.path });
    expect(code, stderr).toBe(0);
    return stdout;
  }

  async json(line: string): Promise<unknown> {
    return JSON.parse(await this.run(line));
  }

  async id(line: string): Promise<string> {
    return ((await this.json(line)) as { id: string }).id;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.home[Symbol.asyncDispose]();
  }
}

test.for(['classic', 'modern'] as const)('the 1.2 document’s contexts and commands with -u, --data and -F (%s)', async (dialect) => {
  await using terminal = await Terminal.open(dialect);
  const login = 'curl -s -u token:$TOKEN';
  expect(await terminal.json(`${login} $HOST/api/1.2/clusters/list`)).toMatchObject([{ id: terminal.state.clusterId, driverIp: '127.0.0.1' }]);
  const context = await terminal.id(`${login} $HOST/api/1.2/contexts/create --data language=scala --data clusterId=$CLUSTER`);
  const address = `--data clusterId=$CLUSTER --data contextId=${context}`;
  await eventually(async () => {
    const answer = await terminal.json(`${login} --get $HOST/api/1.2/contexts/status ${address}`);
    return JSON.stringify(answer) === JSON.stringify({ status: 'Running', id: context });
  });
  await terminal.write('wiki.sql', apiFixture('commands-execute-file').request.files?.['command']?.text ?? '');
  const file = `-F language=sql -F clusterId=$CLUSTER -F contextId=${context} -F command=@./wiki.sql`;
  const command = await terminal.id(`${login} $HOST/api/1.2/commands/execute ${file}`);
  const { response, modern } = apiFixture('commands-status-table');
  const documented = (dialect === 'modern' ? modern : response.body) as object;
  expect(await terminal.json(`${login} --get $HOST/api/1.2/commands/status ${address} --data commandId=${command}`)).toEqual({
    ...documented,
    id: command,
  });
  const text = `--data-urlencode 'command=sc.parallelize(1 to 10).collect'`;
  const scala = await terminal.id(`${login} $HOST/api/1.2/commands/execute ${address} --data language=scala ${text}`);
  expect(await terminal.json(`${login} --get $HOST/api/1.2/commands/status ${address} --data commandId=${scala}`)).toEqual({
    ...(apiFixture('commands-status-text').response.body as object),
    id: scala,
  });
  const hanging = await terminal.id(`${login} $HOST/api/1.2/commands/execute ${address} --data language=scala --data command=hang`);
  expect(await terminal.id(`${login} $HOST/api/1.2/commands/cancel ${address} --data commandId=${hanging}`)).toBe(hanging);
  expect(await terminal.id(`${login} $HOST/api/1.2/contexts/destroy ${address}`)).toBe(context);
  const gone = `${login} -w '%{http_code}' --get $HOST/api/1.2/contexts/status ${address}`;
  expect(await terminal.run(gone)).toBe('{"error":"ContextNotFound"}500');
});

test.for(['classic', 'modern'] as const)('the 1.2 document’s clusters and libraries with -u, --data and -F (%s)', async (dialect) => {
  await using terminal = await Terminal.open(dialect);
  const call = (path: string, more = '') => `curl -s -u token:$TOKEN $HOST/api/1.2/${path} ${more}`;
  const statusOf = async (id: string) => ((await terminal.json(call('clusters/status', `--get --data clusterId=${id}`))) as { status: string }).status;
  const becomes = (id: string, status: string) => eventually(async () => (await statusOf(id)) === status);

  const data = `--data name=spark-it-up --data numWorkerContainers=6 --data useSpot=true --data sparkVersion=1.3.x --data zoneId=us-west-1c`;
  const cluster = await terminal.id(call('clusters/create', `${data} --data-urlencode 'sparkConf={ "spark.speculation": true }'`));
  await becomes(cluster, 'Running');
  expect(await terminal.json(call('clusters/status', `--get --data clusterId=${cluster}`))).toMatchObject({
    id: cluster,
    name: 'spark-it-up',
    numWorkers: 6,
    useSpot: true,
    sparkVersion: '1.3.x',
    zoneId: 'us-west-1c',
    sparkConf: { 'spark.speculation': 'true' },
  });
  expect(await terminal.id(call('clusters/resize', `--data clusterId=${cluster} --data numWorkerContainers=4`))).toBe(cluster);
  await becomes(cluster, 'Running');
  expect(await terminal.id(call('clusters/restart', `--data clusterId=${cluster}`))).toBe(cluster);
  await becomes(cluster, 'Running');

  await terminal.write('userlib-0.1-py2.7.egg', apiFixture('libraries-1.2-upload-file').request.files?.['uri']?.text ?? '');
  const upload = '-F libType=python-egg -F name=mylib.egg -F folder=/mylibraries -F attachToAllClusters=false -F uri=@./userlib-0.1-py2.7.egg';
  const library = await terminal.id(call('libraries/upload', upload));
  const pypi = await terminal.id(call('libraries/upload', '-F libType=python-pypi -F name=fuzzywuzzy -F folder=/mylibraries -F attachToAllClusters=false -F uri=fuzzywuzzy'));
  expect(await terminal.json(call('libraries/list'))).toEqual([
    { id: library, name: 'mylib.egg', folder: '/mylibraries' },
    { id: pypi, name: 'fuzzywuzzy', folder: '/mylibraries' },
  ]);
  const attached = async () => {
    const { statuses } = (await terminal.json(call('libraries/status', `--get --data libraryId=${library}`))) as { statuses: { clusterId: string; status: string }[] };
    return statuses.find(({ clusterId }) => clusterId === cluster)?.status;
  };
  expect(await terminal.id(call('libraries/attach', `--data libraryId=${library} --data clusterId=${cluster}`))).toBe(library);
  await eventually(async () => (await attached()) === 'Attached');
  expect(await terminal.id(call('libraries/detach', `--data libraryId=${library} --data clusterId=${cluster}`))).toBe(library);
  expect(await attached()).toBe('Detaching');
  expect(await terminal.id(call('libraries/delete', `--data libraryId=${library}`))).toBe(library);
  expect(await terminal.run(call('libraries/status', `--get --data libraryId=${library}`))).toBe(`{"error":"NoSuchElementException: key not found: ${library}"}`);

  expect(await terminal.id(call('clusters/delete', `--data clusterId=${cluster}`))).toBe(cluster);
  await becomes(cluster, 'Terminated');
});

describe.for(['classic', 'modern'] as const)('the lines of the Libraries API 2.0, as they stand there (%s)', (dialect) => {
  test('install libraries, tell of them in three ways, and uninstall them', async () => {
    await using terminal = await Terminal.open(dialect);
    const { url, clusterId } = terminal.state;
    /** A line of the document with its placeholders replaced; what `jq` prints prettily is read as it is. */
    const typed = (name: string, index = 0) => {
      const line = apiFixture(`libraries-2.0-${name}`).curl?.[index] ?? expect.fail(`the document has no such line for ${name}`);
      return line.replaceAll('https://<databricks-instance>', url).replaceAll('<cluster-id>', clusterId).replace(/ \\\n\| jq \.$/, '');
    };
    const libraries = (name: string) => apiFixture(`libraries-2.0-${name}`).request.data['libraries'] as readonly JsonObject[];
    for (const name of ['install', 'uninstall']) {
      await terminal.write(`${name}-libraries.json`, JSON.stringify({ cluster_id: clusterId, libraries: libraries(name) }, undefined, 2));
    }
    for (const file of ['library.jar', 'library.egg', 'mlflow-0.0.1.dev0-py2-none-any.whl', 'wheel-libraries.wheelhouse.zip']) await terminal.dbfs(`mnt/libraries/${file}`);

    expect(await terminal.json(typed('install'))).toEqual({});
    const statuses = async () => {
      const answer = (await terminal.json(typed('cluster-status'))) as { library_statuses: { library: JsonObject; status: string }[] };
      return answer.library_statuses.map(({ library, status }) => [library, status] as const);
    };
    await eventually(async () => !(await statuses()).some(([, status]) => /PENDING|RESOLVING|INSTALLING/.test(status)));
    const installed = libraries('install').map((library) => [library, 'cran' in library ? 'FAILED' : 'INSTALLED'] as const);
    expect(await statuses()).toEqual(installed);
    const one = await terminal.json(typed('cluster-status'));
    expect(await terminal.json(typed('cluster-status', 1))).toEqual(one);
    expect(await terminal.json(typed('all-cluster-statuses'))).toEqual({ statuses: [one] });

    expect(await terminal.json(typed('uninstall'))).toEqual({});
    const cran = libraries('install').at(-1);
    const uninstalled = installed.filter(([library]) => !('jar' in library || 'cran' in library));
    expect(await statuses()).toEqual([...uninstalled, [{ jar: 'dbfs:/mnt/libraries/library.jar' }, 'UNINSTALL_ON_RESTART'], [cran, 'UNINSTALL_ON_RESTART']]);
  });
});
