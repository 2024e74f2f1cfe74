import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JsonValue } from '../../src/lib/json.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import type { DriverLibrary } from '../../src/workspace/driver/driver.ts';
import type { StoredWorkspace } from '../../src/workspace/store.ts';
import { apiFixture, apiFixtures } from '../support/api-fixtures.ts';
import type { ApiFixture } from '../support/api-fixtures.ts';
import { ScriptedDriver } from '../support/scripted-driver.ts';
import { ScriptedWorkspace, plainCluster } from '../support/scripted-workspace.ts';
import type { Answer, BodyKind } from '../support/scripted-workspace.ts';

/* Every exchange of both documents, as it stands there, in every encoding that a body may have. */

const contextId = '5456852751451433082';

/** What must have happened before a request of the document can get the answer that the document shows. */
const before: Readonly<Record<string, (workspace: ScriptedWorkspace) => Promise<void>>> = {
  'clusters-list': (workspace) => workspace.workspace.cluster('peaceJam2').driver().then(() => undefined),
  'contexts-create': async (workspace) => {
    workspace.nextIds = ['1793653964133248955'];
  },
  'contexts-status': (workspace) => openContext(workspace, '1793653964133248955', 'scala'),
  'contexts-destroy': (workspace) => openContext(workspace, '1793653964133248955', 'scala'),
  'commands-execute': async (workspace) => {
    await openContext(workspace, contextId, 'scala');
    workspace.nextIds = ['5220029674192230006'];
  },
  'commands-execute-file': async (workspace) => {
    await openContext(workspace, contextId, 'scala');
    workspace.nextIds = ['2245426871786618466'];
  },
  'commands-status-text': (workspace) => run(workspace, '5220029674192230006', 'sc.parallelize(1 to 10).collect'),
  'commands-status-table': (workspace) => run(workspace, '2245426871786618466', 'select id, title from wiki limit 5\n', 'sql'),
  'commands-status-running': (workspace) => run(workspace, '8370632921745693416', 'hang'),
  'commands-status-error': (workspace) => run(workspace, '3881634436378952468', 'inner failure'),
  'commands-cancel': (workspace) => run(workspace, '2245426871786618466', 'hang'),
  'libraries-1.2-list': async (workspace) => {
    await upload(workspace, { libType: 'python-pypi', name: 'mylib', folder: '/', uri: 'mylib' });
    await upload(workspace, { libType: 'java-jar', name: 'jar1_2.10-1.0.jar', folder: '/' }, 'jar1_2.10-1.0.jar');
  },
  'libraries-1.2-status': async (workspace) => {
    const data = { libType: 'java-jar', name: 'mytestjar', folder: '/', attachToAllClusters: 'true' };
    await upload(workspace, data, 'jar4_2.10_1.0.jar');
    await startAll(workspace);
    await workspace.until(() => workspace.get('/api/1.2/libraries/status', { libraryId: '1234' }), (body) => !JSON.stringify(body).includes('"Attaching"'));
  },
  'libraries-1.2-delete': (workspace) => upload(workspace, { libType: 'python-pypi', name: 'mylib', folder: '/', uri: 'mylib' }),
  'libraries-1.2-attach': (workspace) => upload(workspace, { libType: 'python-pypi', name: 'mylib', folder: '/', uri: 'mylib' }),
  'libraries-1.2-detach': (workspace) => {
    return upload(workspace, { libType: 'python-pypi', name: 'mylib', folder: '/', uri: 'mylib', attachToAllClusters: 'true' });
  },
  'libraries-2.0-all-cluster-statuses': async (workspace) => {
    await startAll(workspace, ({ kind }) => kind === 'jar');
    await file(workspace, 'mnt/libraries/library.jar');
    await install(workspace, '11203-my-cluster', [{ jar: 'dbfs:/mnt/libraries/library.jar' }], 'INSTALLING');
    await install(workspace, '20131-my-other-cluster', [{ egg: 'dbfs:/mnt/libraries/library.egg' }], 'FAILED');
  },
  'libraries-2.0-cluster-status': async (workspace) => {
    await startAll(workspace, ({ kind }) => kind === 'pypi');
    await file(workspace, 'mnt/libraries/library.jar');
    const [jar, pypi, cran] = (apiFixture('libraries-2.0-cluster-status').response.body as { library_statuses: { library: JsonValue }[] }).library_statuses;
    // One comes after the other: what the document shows is so only if the last one has failed before.
    await install(workspace, '1234-567890-example123', [cran?.library ?? null], 'FAILED');
    await install(workspace, '1234-567890-example123', [jar?.library ?? null, pypi?.library ?? null], 'Successfully resolved');
  },
  'libraries-2.0-install': (workspace) => startAll(workspace),
  'libraries-2.0-uninstall': (workspace) => startAll(workspace),
};

/** What an answer may have else than the document shows: hosts and ids, and what the document left out. */
const differs: Readonly<Record<string, (documented: unknown) => unknown>> = {
  'clusters-list': (documented) => (documented as object[]).map((cluster) => ({ ...cluster, driverIp: '127.0.0.1' })),
  'clusters-status': (documented) => expect.objectContaining({ ...(documented as object), driverIp: '127.0.0.1', status: 'Running' }),
  'clusters-create': () => ({ id: expect.stringMatching(/^\d{4}-\d{6}-\w+$/) }),
  'libraries-1.2-list': (documented) => (documented as { id: string }[]).map((library, index) => ({ ...library, id: String(1234 + index) })),
  'libraries-1.2-status': (documented) => {
    const { files, statuses, ...library } = documented as { files: string[]; statuses: object[] };
    const [, name] = files[0]?.split('-') ?? [];
    const all = ['peaceJam', '0223-221237-tract'].map((clusterId) => ({ ...statuses[0], clusterId, message: '' }));
    return { ...library, files: [expect.stringMatching(new RegExp(`^[\\da-f]{8}(_[\\da-f]{4}){3}_[\\da-f]{12}-${name}$`))], statuses: all };
  },
  'libraries-1.2-delete': () => ({ id: '1234' }),
  'libraries-1.2-attach': () => ({ id: '1234' }),
  'libraries-1.2-detach': () => ({ id: '1234' }),
  'libraries-2.0-all-cluster-statuses': (documented) => {
    const [first, second] = (documented as { statuses: { library_statuses: object[] }[] }).statuses;
    const failed = { ...second?.library_statuses[0], status: 'FAILED', messages: ['There is no file dbfs:/mnt/libraries/library.egg'] };
    return { statuses: [first, { ...second, library_statuses: [failed] }] };
  },
  'libraries-2.0-cluster-status': (documented) => {
    const [jar, pypi, cran] = (documented as { library_statuses: object[] }).library_statuses;
    return { cluster_id: '1234-567890-example123', library_statuses: [cran, jar, pypi] };
  },
};

async function openContext(workspace: ScriptedWorkspace, id: string, language: string): Promise<void> {
  workspace.nextIds = [id];
  await workspace.createContext(language);
  await workspace.until(() => workspace.contextStatus(id), ({ status }) => status === 'Running');
}

async function run(workspace: ScriptedWorkspace, id: string, code: string, language = 'scala'): Promise<void> {
  await openContext(workspace, contextId, 'scala');
  workspace.nextIds = [id];
  await workspace.execute(contextId, code, language);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Uploads a library, as a file where it has a file name. */
async function upload(workspace: ScriptedWorkspace, data: Readonly<Record<string, string>>, fileName?: string): Promise<void> {
  const text = apiFixture('libraries-1.2-upload-file').request.files?.['uri']?.text ?? '';
  const answer = await workspace.post('/api/1.2/libraries/upload', data, 'multipart', fileName === undefined ? {} : { uri: { name: fileName, text } });
  expect(answer.status, answer.text).toBe(200);
}

/** Below `dbfs:/`. */
async function file(workspace: ScriptedWorkspace, path: string): Promise<void> {
  await mkdir(join(workspace.dbfsRoot, path, '..'), { recursive: true });
  await writeFile(join(workspace.dbfsRoot, path), 'PK');
}

/** Starts the drivers of all clusters; what `hangs` says is being installed until they end. */
async function startAll(workspace: ScriptedWorkspace, hangs: (library: DriverLibrary) => boolean = () => false): Promise<void> {
  workspace.startDriver = async () => {
    const driver = new ScriptedDriver();
    driver.install = async (library, onResolved) => {
      onResolved();
      if (hangs(library)) await driver.exited;
      return { kind: 'installed' };
    };
    return driver;
  };
  const others = workspace.workspace.clusters.filter(({ id }) => id !== workspace.clusterId);
  await Promise.all(others.map((cluster) => cluster.driver()));
}

/** Installs libraries and waits until the cluster's statuses hold that word. */
async function install(workspace: ScriptedWorkspace, clusterId: string, libraries: JsonValue, word: string): Promise<void> {
  const answer = await workspace.post('/api/2.0/libraries/install', { cluster_id: clusterId, libraries }, 'json');
  expect(answer.status, answer.text).toBe(200);
  await workspace.until(() => workspace.get('/api/2.0/libraries/cluster-status', { cluster_id: clusterId }), (body) => JSON.stringify(body).includes(word));
}

/** The clusters and the next library id that the exchange names, beside the cluster `peaceJam`. */
function stored(name: string): StoredWorkspace {
  const named: Readonly<Record<string, readonly string[]>> = {
    'libraries-1.2-status': ['0223-221237-tract'],
    'libraries-1.2-attach': ['0223-221237-tract'],
    'libraries-2.0-all-cluster-statuses': ['11203-my-cluster', '20131-my-other-cluster'],
    'libraries-2.0-cluster-status': ['1234-567890-example123'],
    'libraries-2.0-install': ['10201-my-cluster'],
    'libraries-2.0-uninstall': ['10201-my-cluster'],
  };
  const others = (named[name] ?? []).map((id) => plainCluster(id, id));
  const lastId = name.startsWith('libraries-1.2-upload') ? 12344 : 1233;
  return {
    clusters: name === 'clusters-list' ? [plainCluster('peaceJam', 'test'), plainCluster('peaceJam2', 'test2')] : others,
    libraries: { lastId, uploaded: [], forAll: [], onClusters: {} },
  };
}

/** Of a request's body. `curl`: JSON that `curl --data` calls a form. */
type Encoding = BodyKind | 'curl';

async function send(workspace: ScriptedWorkspace, { request }: ApiFixture, encoding: Encoding): Promise<Answer> {
  const { method, path, data, files = {} } = request;
  if (method === 'GET') return workspace.get(path, data as Readonly<Record<string, string>>);
  if (encoding === 'curl') {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return workspace.inject({ method, url: path, headers, payload: JSON.stringify(data, undefined, 2) });
  }
  // A file can be uploaded as a part of a multipart body only; in the other encodings its text is a parameter like any other.
  if (encoding === 'multipart') return workspace.post(path, data, encoding, files);
  return workspace.post(path, { ...data, ...Object.fromEntries(Object.entries(files).map(([name, { text }]) => [name, text])) }, encoding);
}

function encodingsOf({ name, request }: ApiFixture, dialect: DialectName): readonly Encoding[] {
  if (request.method === 'GET') return ['form'];
  if (request.path.startsWith('/api/2.0/')) return ['json', 'curl', 'form'];
  if (name === 'libraries-1.2-upload-file') return ['multipart'];
  return dialect === 'classic' ? ['form', 'multipart'] : ['form', 'multipart', 'json'];
}

const exchanges = (['classic', 'modern'] as const).flatMap((dialect) =>
  apiFixtures.flatMap((fixture) => encodingsOf(fixture, dialect).map((encoding) => [fixture.name, dialect, encoding, fixture] as const)),
);

test.for(exchanges)('%s holds literally (%s, %s)', async ([name, dialect, encoding, fixture]) => {
  await using workspace = new ScriptedWorkspace(dialect, stored(name));
  await workspace.workspace.defaultCluster.driver();
  await before[name]?.(workspace);
  const answer = await send(workspace, fixture, encoding);
  const documented = dialect === 'modern' ? (fixture.modern ?? fixture.response.body) : fixture.response.body;
  expect(answer.body).toEqual(differs[name]?.(documented) ?? documented);
  expect(answer.status).toBe(fixture.response.status);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
});
