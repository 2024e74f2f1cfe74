import { mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Store } from '../../../src/workspace/store.ts';
import { ScriptedWorkspace, plainCluster } from '../../support/scripted-workspace.ts';

function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'store-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'store.json');
}

const stored = {
  lastId: 1001,
  uploaded: [{ id: '1001', name: 'x', folder: '/', libType: 'java-jar', library: { kind: 'jar', uri: 'dbfs:/x.jar' }, files: ['x.jar'] }],
  forAll: [{ kind: 'pypi', package: 'six' }],
  onClusters: { a: [{ kind: 'maven', coordinates: 'a:b:1', exclusions: ['c:d'] }] },
} as const;
const contents = { clusters: [{ ...plainCluster('a', 'first'), sparkConf: { 'spark.x': 'é' } }, plainCluster('b', 'second')], libraries: stored };

test('what is saved is loaded, from a file for its owner only', async () => {
  const file = temporaryFile();
  expect(await new Store(file).load(() => undefined)).toBeUndefined();
  await new Store(file).save(contents);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await new Store(file).load(() => undefined)).toEqual(contents);
});

test('saves at the same time leave the last one, whole', async () => {
  const file = temporaryFile();
  const store = new Store(file);
  await Promise.all(Array.from({ length: 20 }, (_, n) => store.save({ clusters: [plainCluster(String(n), 'x'.repeat(n * 1000))] })));
  expect((await store.load(() => undefined))?.clusters.map(({ id }) => id)).toEqual(['19']);
});

test.for<[what: string, text: string]>([
  ['half a file', '{"clusters": [{"id":'],
  ['no object', '7'],
  ['nothing', ''],
  ['a foreign file', '{"clusters": "many"}'],
  ['a definition of another kind', JSON.stringify({ clusters: [{ ...plainCluster('a', 'x'), numWorkers: '2' }] })],
  ['a library of another kind', JSON.stringify({ clusters: [], libraries: { ...stored, forAll: [{ kind: 'gem', package: 'rails' }] } })],
  ['an upload without an id', JSON.stringify({ clusters: [], libraries: { ...stored, uploaded: [{ ...stored.uploaded[0], id: undefined }] } })],
])('%s is set aside and told, and the next save makes a new one', async ([, text]) => {
  const file = temporaryFile();
  await writeFile(file, text);
  const log: string[] = [];
  expect(await new Store(file).load((line) => log.push(line))).toBeUndefined();
  expect(log).toEqual([`${file} cannot be read (it is no file of a workspace), and its clusters and libraries are forgotten; it was renamed to ${file}.broken`]);
  expect(await readFile(`${file}.broken`, 'utf8')).toBe(text);
  await new Store(file).save(contents);
  expect((await readdir(join(file, '..'))).sort()).toEqual(['store.json', 'store.json.broken']);
});

test('a second one is set aside beside the first', async () => {
  const file = temporaryFile();
  const texts = ['first', 'second', 'third'];
  for (const text of texts) {
    await writeFile(file, text);
    await new Store(file).load(() => undefined);
  }
  expect(await Promise.all(['.broken', '.broken-2', '.broken-3'].map((end) => readFile(`${file}${end}`, 'utf8')))).toEqual(texts);
});

test('neither a draft that lies there for all to read nor the umask opens a file to others', async () => {
  const file = temporaryFile();
  const before = process.umask(0);
  try {
    for (const lying of [`${file}.draft`, file]) await writeFile(lying, 'old', { mode: 0o666 });
    await new Store(file).save(contents);
  } finally {
    process.umask(before);
  }
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readdir(join(file, '..'))).sort()).toEqual(['store.json']);
});

test('what somebody has put in the place of the draft is not written to', async () => {
  const file = temporaryFile();
  const other = join(file, '..', 'other');
  await writeFile(other, 'theirs');
  await symlink(other, `${file}.draft`);
  await new Store(file).save(contents);
  expect(await readFile(other, 'utf8')).toBe('theirs');
});

test('a directory in its place is set aside, too', async () => {
  const file = temporaryFile();
  await mkdir(file);
  const log: string[] = [];
  expect(await new Store(file).load((line) => log.push(line))).toBeUndefined();
  expect(log).toEqual([expect.stringContaining('cannot be read (EISDIR)')]);
  await new Store(file).save(contents);
  expect(await new Store(file).load(() => undefined)).toEqual(contents);
});

test('a file that can be neither read nor set aside costs the workspace no more than what is in it', async () => {
  // With another end its name would be longer than names can be.
  const file = join(temporaryFile(), '..', 'x'.repeat(250));
  await writeFile(file, '{');
  const log: string[] = [];
  expect(await new Store(file).load((line) => log.push(line))).toBeUndefined();
  expect(log).toEqual([expect.stringContaining('it cannot be renamed: ')]);
});

test('clusters are as they were in the next workspace, and Terminated until they are used', async () => {
  await using before = new ScriptedWorkspace('modern');
  const id = await before.createCluster({ name: 'mine', numWorkerContainers: 3, sparkConf: { 'spark.speculation': true } });
  await before.clusterIs(id, 'Running');
  await before.post('/api/1.2/clusters/resize', { clusterId: id, numWorkerContainers: 5 });
  await before.workspace.defaultCluster.driver();
  await before.post('/api/1.2/clusters/resize', { clusterId: before.clusterId, numWorkerContainers: 1 });
  await using after = new ScriptedWorkspace('modern', before.saved.at(-1));
  expect((await after.get('/api/1.2/clusters/list')).body).toMatchObject([
    { id: 'peaceJam', name: 'spark-it-up', status: 'Terminated' },
    { id, name: 'mine', status: 'Terminated' },
  ]);
  expect((await after.clusterStatus(id)).body).toMatchObject({ numWorkers: 5, sparkConf: { 'spark.speculation': 'true' } });
  expect((await after.clusterStatus('peaceJam')).body).toMatchObject({ numWorkers: 1 });
  await after.createContext('scala', id);
  await after.clusterIs(id, 'Running');
});
