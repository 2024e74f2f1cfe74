import { once } from 'node:events';
import { readFile, readdir, rm, stat, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DialectName } from '../../src/workspace/dialect.ts';
import { apiFixture } from '../support/api-fixtures.ts';
import { eventually } from '../support/eventually.ts';
import { LibraryWorkspace } from '../support/library-workspace.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';
import type { Answer, BodyKind, Files } from '../support/scripted-workspace.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

/* Library management of API 1.2. What becomes of libraries on clusters: libraries-2.test.ts; both APIs look at one state. */

const path = (name: string) => `/api/1.2/libraries/${name}`;
const refused = (error: string): Pick<Answer, 'status' | 'body'> => ({ status: 500, body: { error } });
const said = ({ status, body }: Answer) => ({ status, body });
/** A zip archive without files. */
const zip = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1');
const all = '__ALL_CLUSTERS';
const inUploads = /^[\da-f]{8}_[\da-f]{4}_[\da-f]{4}_[\da-f]{4}_[\da-f]{12}-/;

class UploadWorkspace extends LibraryWorkspace {
  static override async running(dialect: DialectName): Promise<UploadWorkspace> {
    const workspace = new UploadWorkspace(dialect);
    await workspace.workspace.defaultCluster.driver();
    return workspace;
  }

  send(data: Readonly<Record<string, string>>, files: Files = {}, kind: BodyKind = 'multipart'): Promise<Answer> {
    return this.post(path('upload'), { libType: 'java-jar', name: 'mylib', folder: '/', attachToAllClusters: 'false', ...data }, kind, files);
  }

  async upload(data: Readonly<Record<string, string>> = {}, file: Files[string] = { name: 'mylib.jar', text: zip }): Promise<string> {
    return ((await this.send(data, { uri: file })).body as { id: string }).id;
  }

  uploadPypi(name: string, data: Readonly<Record<string, string>> = {}): Promise<string> {
    return this.upload({ libType: 'python-pypi', name, ...data }, { name: 'uri', text: name });
  }

  async libraryStatus(libraryId: string): Promise<Record<string, unknown>> {
    return (await this.get(path('status'), { libraryId })).body as Record<string, unknown>;
  }

  /** Its status once it is this on the cluster. */
  is(libraryId: string, wanted: string, clusterId = this.clusterId): Promise<Answer> {
    return this.until(
      () => this.get(path('status'), { libraryId }),
      ({ statuses }) => (statuses as { clusterId: string; status: string }[]).some((one) => one.clusterId === clusterId && one.status === wanted),
    );
  }

  call(name: 'attach' | 'detach', libraryId: string, clusterId = this.clusterId): Promise<Answer> {
    return this.post(path(name), { libraryId, clusterId });
  }

  /** What is kept of uploads, and what is half there. */
  async kept(): Promise<readonly string[]> {
    const names = await Promise.all([join(this.dbfsRoot, 'FileStore', 'jars'), this.uploadDirectory].map((folder) => readdir(folder).catch(() => [])));
    return names.flat();
  }
}

describe.for<DialectName>(['classic', 'modern'])('%s', (dialect) => {
  test('the document’s egg is uploaded under a short number, listed, and found where dbfs:/ keeps uploads', async () => {
    await using workspace = await UploadWorkspace.running(dialect);
    const { request } = apiFixture('libraries-1.2-upload-file');
    const { status, body } = await workspace.post(request.path, request.data, 'multipart', request.files);
    expect({ status, body }).toEqual({ status: 200, body: { id: expect.stringMatching(/^\d{4,}$/) } });
    const { id } = body as { id: string };
    expect((await workspace.get(path('list'))).body).toEqual([{ id, name: 'mylib.egg', folder: '/mylibraries' }]);
    const { files } = await workspace.libraryStatus(id);
    expect(files).toEqual([expect.stringMatching(/-userlib-0.1-py2.7.egg$/)]);
    const [file = ''] = files as string[];
    expect(file).toMatch(inUploads);
    expect(await readFile(join(workspace.dbfsRoot, 'FileStore/jars', file), 'latin1')).toBe(request.files?.['uri']?.text);
  });

  test('the document’s status is ours, with its own error where there is one', async () => {
    await using workspace = await UploadWorkspace.running(dialect);
    const { response } = apiFixture('libraries-1.2-status');
    const id = await workspace.upload({ name: 'mytestjar', attachToAllClusters: 'true' }, { name: 'jar4_2.10_1.0.jar', text: zip });
    await workspace.is(id, 'Attached');
    expect(await workspace.libraryStatus(id)).toEqual({
      ...(response.body as object),
      id,
      files: [expect.stringMatching(/-jar4_2.10_1.0.jar$/)],
      statuses: [{ clusterId: workspace.clusterId, status: 'Attached', message: '' }],
    });
  });

  test.for<[what: string, kind: BodyKind]>([
    ['a file part', 'multipart'],
    ['text in a multipart body', 'multipart'],
    ['text in a form', 'form'],
  ])('the document’s PyPI package is uploaded as %s', async ([what, kind]) => {
    await using workspace = await UploadWorkspace.running(dialect);
    const { request } = apiFixture('libraries-1.2-upload-pypi');
    const asFile = what === 'a file part';
    const answer = await workspace.post(request.path, { ...request.data, ...(asFile ? {} : { uri: 'fuzzywuzzy' }) }, kind, asFile ? request.files : {});
    const { id } = answer.body as { id: string };
    expect(await workspace.libraryStatus(id)).toEqual({
      id,
      name: 'fuzzywuzzy',
      folder: '/mylibraries',
      files: [],
      libType: 'python-pypi',
      attachAllClusters: 'false',
      statuses: [{ clusterId: workspace.clusterId, status: 'Detached', message: '' }],
    });
    await workspace.call('attach', id);
    await workspace.is(id, 'Attached');
    expect(workspace.lastDriver.installed).toEqual([{ kind: 'pypi', package: 'fuzzywuzzy', repo: undefined }]);
    expect(await workspace.kept()).toEqual([]);
  });

  test('the document’s unknown ids and folders are refused as it says', async () => {
    await using workspace = await UploadWorkspace.running(dialect);
    for (const name of ['libraries-1.2-unknown', 'libraries-1.2-unknown-folder']) {
      const { request, response } = apiFixture(name);
      const data = request.data as Readonly<Record<string, string>>;
      const answer = request.method === 'GET' ? await workspace.get(request.path, data) : await workspace.post(request.path, data, 'multipart', request.files);
      expect(said(answer)).toEqual(response);
    }
    for (const name of ['attach', 'detach'] as const) expect(said(await workspace.call(name, '2915'))).toEqual(refused('NoSuchElementException: key not found: 2915'));
    expect(said(await workspace.post(path('delete'), { libraryId: '2915' }))).toEqual(refused('NoSuchElementException: key not found: 2915'));
    expect(await workspace.kept()).toEqual([]);
  });

  test.for<[what: string, name: 'status' | 'delete' | 'attach' | 'detach', data: Readonly<Record<string, string>>, error: string]>([
    ['no id', 'status', {}, 'NoSuchElementException: key not found: libraryId'],
    ['an empty id', 'status', { libraryId: '' }, 'NoSuchElementException: key not found: '],
    ['no id', 'delete', {}, 'NoSuchElementException: key not found: libraryId'],
    ['no id', 'attach', { clusterId: 'peaceJam' }, 'NoSuchElementException: key not found: libraryId'],
    ['no cluster', 'attach', { libraryId: '1001' }, 'NoSuchElementException: key not found: clusterId'],
    ['an unknown cluster', 'attach', { libraryId: '1001', clusterId: 'nowhere' }, 'RuntimeException: Unknown cluster id nowhere'],
    ['no cluster', 'detach', { libraryId: '1001' }, 'NoSuchElementException: key not found: clusterId'],
    ['an unknown cluster', 'detach', { libraryId: '1001', clusterId: 'nowhere' }, 'RuntimeException: Unknown cluster id nowhere'],
    ['all clusters, written otherwise', 'attach', { libraryId: '1001', clusterId: '__all_clusters' }, 'RuntimeException: Unknown cluster id __all_clusters'],
  ])('%s is refused by %s', async ([, name, data, error]) => {
    await using workspace = await UploadWorkspace.running(dialect);
    await workspace.uploadPypi('six');
    expect(said(name === 'status' ? await workspace.get(path(name), data) : await workspace.post(path(name), data))).toEqual(refused(error));
  });

  test.for<[what: string, data: Readonly<Record<string, string | undefined>>, error: string]>([
    ['no type', { libType: undefined }, 'NoSuchElementException: key not found: libType'],
    ['an unknown type', { libType: 'r-cran' }, 'IllegalArgumentException: Unknown library type r-cran; use java-jar, python-egg, python-pypi'],
    ['no name', { name: undefined }, 'NoSuchElementException: key not found: name'],
    ['an empty name', { name: ' ' }, 'IllegalArgumentException: The name of a library must not be empty'],
    ['a name too long', { name: 'x'.repeat(300) }, 'IllegalArgumentException: The name has 300 characters; at most 255 are allowed'],
    ['no folder', { folder: undefined }, 'NoSuchElementException: key not found: folder'],
    ['a folder without /', { folder: 'mylibraries' }, 'NoSuchElementException: folder not found: mylibraries'],
    ['an empty folder', { folder: '' }, 'NoSuchElementException: folder not found: '],
    ['a folder that leads elsewhere', { folder: '/mylibraries/../../etc' }, 'NoSuchElementException: folder not found: /mylibraries/../../etc'],
    ['a flag that is none', { attachToAllClusters: 'maybe' }, 'IllegalArgumentException: For input string: maybe'],
  ])('an upload with %s is refused, and nothing of it is kept', async ([, data, error]) => {
    await using workspace = await UploadWorkspace.running(dialect);
    const given = { libType: 'java-jar', name: 'mylib', folder: '/', attachToAllClusters: 'false', ...data };
    const sent = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    expect(said(await workspace.post(path('upload'), sent, 'multipart', { uri: { name: 'x.jar', text: zip } }))).toEqual(refused(error));
    expect(await workspace.kept()).toEqual([]);
    expect((await workspace.get(path('list'))).body).toEqual([]);
  });

  test('an upload without uri, or with a file in its place, is refused', async () => {
    await using workspace = await UploadWorkspace.running(dialect);
    expect(said(await workspace.send({}))).toEqual(refused('NoSuchElementException: key not found: uri'));
    expect(said(await workspace.send({}, { file: { name: 'x.jar', text: zip } }))).toEqual(refused('IllegalArgumentException: file cannot be a file'));
    expect(await workspace.kept()).toEqual([]);
  });
});

test.for<[libType: string, file: string, library: string, kind: string]>([
  ['java-jar', 'a.jar', 'jar', 'jar'],
  ['python-egg', 'a-1.0-py3.11.egg', 'egg', 'egg'],
  ['python-egg', 'a-1.0-py3-none-any.whl', 'whl', 'whl'],
  ['python-egg', 'a.wheelhouse.zip', 'whl', 'whl'],
])('an uploaded %s named %s is the %s of Libraries API 2.0, with its own name for the installer', async ([libType, file, library, kind]) => {
  await using workspace = await UploadWorkspace.running('modern');
  const id = await workspace.upload({ libType }, { name: file, text: zip });
  await workspace.call('attach', id);
  await workspace.is(id, 'Attached');
  const [kept = ''] = await workspace.kept();
  expect(await workspace.statuses()).toEqual([
    { library: { [library]: `dbfs:/FileStore/jars/${kept}` }, status: 'INSTALLED', messages: [], is_library_for_all_clusters: false },
  ]);
  expect(workspace.lastDriver.installed).toEqual([{ kind, file: join(workspace.dbfsRoot, 'FileStore/jars', kept), name: file }]);
});

test('a jar may be named by the address of a file that is there', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  await workspace.files('mnt/libraries/library.jar');
  const id = ((await workspace.send({ uri: 'dbfs:/mnt/libraries/library.jar' }, {}, 'json')).body as { id: string }).id;
  await workspace.install([{ jar: 'dbfs:/mnt/libraries/library.jar' }]);
  await workspace.is(id, 'Attached');
  await workspace.post(path('delete'), { libraryId: id });
  expect(await stat(join(workspace.dbfsRoot, 'mnt/libraries/library.jar'))).toBeDefined();
});

test.for<[what: string, data: Readonly<Record<string, string>>, file: Files[string], message: RegExp]>([
  ['a jar that is no archive', {}, { name: 'x.jar', text: 'not a jar' }, /^[\da-f_]+-x\.jar is no jar: it is not a zip archive$/],
  ['half a jar', {}, { name: 'x.jar', text: 'PK\u0003\u0004 the beginning alone' }, /-x\.jar is no jar: it is not a zip archive$/],
  ['an empty jar', {}, { name: 'x.jar', text: '' }, /-x\.jar is no jar: it is not a zip archive$/],
  ['an egg that is no archive', { libType: 'python-egg' }, { name: 'x.egg', text: 'no' }, /-x\.egg is no egg: it is not a zip archive$/],
  ['an egg among jars', {}, { name: 'x.egg', text: zip }, /-x\.egg is no jar: its name must end with \.jar$/],
  ['an option instead of a package', { libType: 'python-pypi' }, { name: 'uri', text: '--pre' }, /^"--pre" is no name of a PyPI package/],
  ['no package', { libType: 'python-pypi' }, { name: 'uri', text: ' \n' }, /^"" is no name of a PyPI package/],
])('%s gets an id, and its status tells the error', async ([, data, file, message]) => {
  await using workspace = await UploadWorkspace.running('modern');
  const id = await workspace.upload(data, file);
  expect(await workspace.libraryStatus(id)).toMatchObject({ id, statuses: [{ clusterId: workspace.clusterId, status: 'Error', message: expect.stringMatching(message) }] });
});

test('what the installer says of an attached library is its error', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  const id = await workspace.uploadPypi('fail');
  expect(await workspace.libraryStatus(id)).toMatchObject({ statuses: [{ status: 'Detached', message: '' }] });
  await workspace.call('attach', id);
  expect((await workspace.is(id, 'Error')).body).toMatchObject({ statuses: [{ message: 'No matching distribution found for fail' }] });
  const skipped = await workspace.upload({}, { name: 'jar1_2.10-1.0.jar', text: zip });
  await workspace.call('attach', skipped);
  expect((await workspace.is(skipped, 'Error')).body).toMatchObject({ statuses: [{ message: expect.stringMatching(/ is made for Scala 2\.10; this cluster runs Scala 2\.13$/) }] });
});

test('a library goes through all statuses of the document', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  const id = await workspace.uploadPypi('slow-to-install');
  await workspace.is(id, 'Detached');
  expect(said(await workspace.call('attach', id))).toEqual({ status: 200, body: { id } });
  await workspace.is(id, 'Attaching');
  await workspace.become('INSTALLING');
  workspace.lastDriver.release();
  await workspace.is(id, 'Attached');
  expect(said(await workspace.call('detach', id))).toEqual({ status: 200, body: { id } });
  await workspace.is(id, 'Detaching');
  await workspace.restart();
  await workspace.is(id, 'Detached');
  expect(workspace.lastDriver.installed).toEqual([]);
});

test('attached to all clusters, a library is on those of today and tomorrow, and Libraries API 2.0 says so', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  const before = await workspace.createCluster();
  const id = await workspace.uploadPypi('six');
  await workspace.call('attach', id, all);
  const after = await workspace.createCluster();
  for (const cluster of [workspace.clusterId, before, after]) await workspace.is(id, 'Attached', cluster);
  expect(await workspace.libraryStatus(id)).toMatchObject({ attachAllClusters: 'true' });
  expect(await workspace.statuses(after)).toMatchObject([{ library: { pypi: { package: 'six' } }, status: 'INSTALLED', is_library_for_all_clusters: true }]);
  await workspace.call('attach', id, after);
  expect(await workspace.statuses(after)).toMatchObject([{ is_library_for_all_clusters: true }]);
});

test('detached from all clusters, a library stays where it was attached by name', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  const other = await workspace.createCluster();
  const id = await workspace.uploadPypi('six', { attachToAllClusters: 'true' });
  await workspace.call('attach', id, other);
  for (const cluster of [workspace.clusterId, other]) await workspace.is(id, 'Attached', cluster);
  expect(said(await workspace.call('detach', id, all))).toEqual({ status: 200, body: { id } });
  expect(await workspace.libraryStatus(id)).toMatchObject({
    attachAllClusters: 'false',
    statuses: [
      { clusterId: workspace.clusterId, status: 'Detaching' },
      { clusterId: other, status: 'Attached' },
    ],
  });
  const later = await workspace.createCluster();
  await workspace.is(id, 'Detached', later);
  await workspace.restart();
  await workspace.is(id, 'Detached');
});

test('attached to all clusters, a library stays on one from which it is detached by name, and is no longer there by itself', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  const id = await workspace.uploadPypi('six', { attachToAllClusters: 'true' });
  const stays = async () => {
    await workspace.restart();
    await workspace.is(id, 'Attached');
    expect(await workspace.libraryStatus(id)).toMatchObject({ attachAllClusters: 'true' });
    expect(await workspace.statuses()).toMatchObject([{ status: 'INSTALLED', is_library_for_all_clusters: true }]);
  };
  await workspace.is(id, 'Attached');
  expect(said(await workspace.call('detach', id))).toEqual({ status: 200, body: { id } });
  await stays();
  await workspace.call('attach', id);
  expect(said(await workspace.uninstall([{ pypi: { package: 'six' } }]))).toEqual({ status: 200, body: {} });
  await stays();
  await workspace.call('detach', id, all);
  await workspace.is(id, 'Detaching');
});

test('attached to a terminated cluster, a library comes when that starts', async () => {
  await using workspace = new UploadWorkspace('modern');
  const id = await workspace.uploadPypi('six');
  expect((await workspace.call('attach', id)).status).toBe(200);
  await workspace.is(id, 'Attaching');
  await workspace.workspace.defaultCluster.driver();
  await workspace.is(id, 'Attached');
});

test('a deleted library is off the list and its file gone; clusters that have it keep it until they restart', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  const id = await workspace.upload();
  await workspace.call('attach', id);
  await workspace.is(id, 'Attached');
  expect(said(await workspace.post(path('delete'), { libraryId: id }))).toEqual({ status: 200, body: { id } });
  expect((await workspace.get(path('list'))).body).toEqual([]);
  expect(said(await workspace.get(path('status'), { libraryId: id }))).toEqual(refused(`NoSuchElementException: key not found: ${id}`));
  expect(await workspace.kept()).toEqual([]);
  expect(await workspace.words()).toEqual(['UNINSTALL_ON_RESTART']);
  await workspace.restart();
  expect(await workspace.words()).toEqual([]);
  expect(said(await workspace.post(path('delete'), { libraryId: id }))).toEqual(refused(`NoSuchElementException: key not found: ${id}`));
});

test('a deleted library that all clusters had goes from all of them', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  const id = await workspace.upload({ attachToAllClusters: 'true' });
  await workspace.is(id, 'Attached');
  await workspace.post(path('delete'), { libraryId: id });
  expect(await workspace.words()).toEqual(['UNINSTALL_ON_RESTART']);
  const later = await workspace.createCluster();
  await workspace.clusterIs(later, 'Running');
  expect(await workspace.statuses(later)).toEqual([]);
});

test('libraries with one name in one folder are two, and two uploads of one package are one on the cluster', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  const [one, two] = [await workspace.upload(), await workspace.upload()];
  expect(one).not.toBe(two);
  expect(await workspace.kept()).toHaveLength(2);
  const [first, second] = [await workspace.uploadPypi('six'), await workspace.uploadPypi('six')];
  await workspace.call('attach', first);
  await workspace.is(second, 'Attached');
  await workspace.post(path('delete'), { libraryId: first });
  await workspace.is(second, 'Attached');
});

test.for(['../../../etc/passwd.jar', '..\\..\\x.jar', '/etc/x.jar', '.jar', '..', 'a b;rm -rf $HOME`.jar', 'ünï.jar', `${'x'.repeat(500)}.jar`, 'a\nb.jar'])('a file named %j is kept in its place, under a name that does no harm', async (name) => {
  await using workspace = await UploadWorkspace.running('modern');
  const id = await workspace.upload({ name: '../../../etc/name' }, { name, text: zip });
  const [file = '', ...more] = await workspace.kept();
  expect(more).toEqual([]);
  expect(file).toMatch(inUploads);
  expect(file.replace(inUploads, '')).toMatch(/^[\w.+-]{1,150}$/);
  expect(await workspace.libraryStatus(id)).toMatchObject({ name: '../../../etc/name', files: [file] });
  expect((await readdir(workspace.directory)).toSorted()).toEqual(['dbfs', 'uploads']);
});

test('where dbfs:/ leads elsewhere by a link, nothing is uploaded', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  await workspace.files('../elsewhere/x');
  await symlink(join(workspace.directory, 'elsewhere'), join(workspace.dbfsRoot, 'FileStore'));
  const answer = await workspace.send({}, { uri: { name: 'x.jar', text: zip } });
  expect(said(answer)).toEqual(refused('IllegalStateException: dbfs:/FileStore/jars leads out of dbfs:/'));
  expect(await workspace.kept()).toEqual([]);
});

test('an upload that cannot be saved leaves nothing', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  workspace.save = () => Promise.reject(new Error('no space left on device'));
  expect(said(await workspace.send({}, { uri: { name: 'x.jar', text: zip } }))).toEqual(refused('Error: no space left on device'));
  expect(await workspace.kept()).toEqual([]);
  expect((await workspace.get(path('list'))).body).toEqual([]);
});

test('uploads and attachments are there in the next workspace, under ids that no other gets', async () => {
  await using before = await UploadWorkspace.running('modern');
  const [gone, pypi] = [await before.upload(), await before.uploadPypi('six', { attachToAllClusters: 'true' })];
  await before.call('attach', pypi);
  await before.post(path('delete'), { libraryId: gone });
  const status = await before.libraryStatus(pypi);
  await using after = new UploadWorkspace('modern', before.saved.at(-1));
  expect(await after.libraryStatus(pypi)).toEqual({ ...status, statuses: [{ clusterId: after.clusterId, status: 'Attaching', message: '' }] });
  expect([gone, pypi]).not.toContain(await after.uploadPypi('attrs'));
});

describe('a large upload', () => {
  const boundary = 'XX';
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  const field = (name: string, value: string) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const fields = field('libType', 'java-jar') + field('name', 'big') + field('folder', '/') + field('attachToAllClusters', 'false');
  const fileHead = `--${boundary}\r\ncontent-disposition: form-data; name="uri"; filename="big.jar"\r\ncontent-type: application/java-archive\r\n\r\n`;

  /** A body whose file has that many bytes and ends as a zip archive does, made as it is read. */
  function* body(bytes: number): Generator<Buffer> {
    const block = Buffer.alloc(1_000_000);
    yield Buffer.from(`${fileHead}PK`);
    for (let sent = 2 + zip.length; sent < bytes; sent += block.length) yield block.subarray(0, Math.min(block.length, bytes - sent));
    yield zip;
    yield Buffer.from(`\r\n${fields}--${boundary}--\r\n`);
  }

  test('of 100 MB goes to disk as it comes, before any parameter is known', async () => {
    await using workspace = await UploadWorkspace.running('modern');
    let most = 0;
    const watched = function* (): Generator<Buffer> {
      for (const chunk of body(100_000_000)) {
        most = Math.max(most, process.memoryUsage().arrayBuffers);
        yield chunk;
      }
    };
    const before = process.memoryUsage().arrayBuffers;
    const answer = await workspace.inject({ method: 'POST', url: path('upload'), headers, payload: Readable.from(watched()) });
    expect(answer.status, answer.text).toBe(200);
    const [file = ''] = await workspace.kept();
    expect((await stat(join(workspace.dbfsRoot, 'FileStore/jars', file))).size).toBe(100_000_000);
    expect(await workspace.libraryStatus((answer.body as { id: string }).id)).toMatchObject({ statuses: [{ status: 'Detached' }] });
    expect(most - before).toBeLessThan(50_000_000);
  });

  test('of more than the limit is refused with its number, and nothing of it is kept', async () => {
    await using workspace = await UploadWorkspace.running('modern');
    const answer = await workspace.inject({ method: 'POST', url: path('upload'), headers, payload: Readable.from(body(ScriptedWorkspace.maxUploadBytes + 1)) });
    expect(said(answer)).toEqual({ status: 413, body: { error: 'IllegalArgumentException: The file is larger than 120 MB, which is the most that can be uploaded' } });
    expect(await workspace.kept()).toEqual([]);
  });

  test.for<[what: string, payload: string]>([
    ['ends within the file', `${fields}${fileHead}PK`],
    ['ends after the file', `${fields}${fileHead}PK\r\n`],
    ['ends within a parameter behind the file', `${fileHead}PK\r\n${fields.slice(0, -10)}`],
    ['has two files', `${fields}${fileHead}PK\r\n${fileHead}PK\r\n--${boundary}--\r\n`],
  ])('that %s is refused in words, and nothing of it is kept', async ([, payload]) => {
    await using workspace = await UploadWorkspace.running('modern');
    const answer = await workspace.inject({ method: 'POST', url: path('upload'), headers, payload });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body).toEqual({ error: expect.stringMatching(/\w/) });
    expect(await workspace.kept()).toEqual([]);
  });

  test('whose client hangs up leaves nothing', async () => {
    await using workspace = await UploadWorkspace.running('modern');
    const { port } = await workspace.listen();
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const login = Buffer.from(`token:${UploadWorkspace.token}`).toString('base64');
    socket.write(`POST ${path('upload')} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Basic ${login}\r\ncontent-type: ${headers['content-type']}\r\ncontent-length: 1000000\r\n\r\n`);
    socket.write(`${fields}${fileHead}PK`);
    await eventually(async () => (await workspace.kept()).length === 1);
    socket.destroy();
    await eventually(async () => (await workspace.kept()).length === 0);
  });
});

describe('a workspace that is a process of its own', () => {
  let program = '';
  beforeAll(async () => {
    program = await buildWorkspaceProgram();
  });
  afterAll(() => rm(dirname(program), { recursive: true, force: true }));

  test('takes a file of 100 MB, and its next process has it and its attachments', async () => {
    await using home = new WorkspaceHome(program);
    const state = await home.start();
    const form = new FormData();
    for (const [name, value] of Object.entries({ libType: 'java-jar', name: 'big', folder: '/', attachToAllClusters: 'true' })) form.append(name, value);
    form.append('uri', new Blob(['PK', Buffer.alloc(100_000_000), zip]), 'big.jar');
    const headers = { authorization: `Bearer ${state.token}` };
    const { id } = (await (await fetch(new URL(path('upload'), state.url), { method: 'POST', headers, body: form })).json()) as { id: string };
    const attached = async () => {
      const { body } = await home.call(await home.state(), `${path('status')}?libraryId=${id}`);
      return (body as { statuses: { status: string }[] }).statuses[0]?.status === 'Attached' ? body : undefined;
    };
    await eventually(async () => (await attached()) !== undefined);
    const before = await attached();
    expect(before).toMatchObject({ id, name: 'big', files: [expect.stringMatching(/-big\.jar$/)], attachAllClusters: 'true' });
    expect((await home.run(['stop'])).code).toBe(0);
    await home.start();
    await eventually(async () => (await attached()) !== undefined);
    expect(await attached()).toEqual(before);
    const [file = ''] = (before as { files: string[] }).files;
    expect((await stat(join(home.files.dbfs, 'FileStore/jars', file))).size).toBe(2 + 100_000_000 + zip.length);
  });
});

test('a second file is refused by its name, and nothing of the first is left', async () => {
  await using workspace = await UploadWorkspace.running('modern');
  const file = { name: 'mylib.jar', text: zip };
  expect(said(await workspace.send({}, { uri: file, other: file }))).toEqual(refused('IllegalArgumentException: other cannot be a file'));
  expect(await workspace.kept()).toEqual([]);
});
