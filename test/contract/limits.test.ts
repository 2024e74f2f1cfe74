import { readFile, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { LibraryWorkspace } from '../support/library-workspace.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';
import type { Answer } from '../support/scripted-workspace.ts';

/* How many of a thing there can be, and what is told of a disk that does not take more. The sizes of bodies: bad-requests.test.ts. */

/** Asks `count` times for one more, which goes well, and gives the answer to the next one. */
async function oneTooMany(count: number, ask: (n: number) => Promise<Answer>): Promise<Answer> {
  for (let n = 0; n < count; n++) expect((await ask(n)).status).toBe(200);
  return ask(count);
}

test('a cluster has room for 145 contexts, and for one more when one has gone', async () => {
  await using workspace = new ScriptedWorkspace('modern');
  const create = () => workspace.post('/api/1.2/contexts/create', { language: 'sql', clusterId: workspace.clusterId });
  const first = await workspace.createContext();
  const { status, body } = await oneTooMany(144, create);
  expect([status, body]).toEqual([500, { error: 'IllegalStateException: Cannot create a new execution context: cluster peaceJam has the maximum number of 145 contexts' }]);
  await workspace.post('/api/1.2/contexts/destroy', { clusterId: workspace.clusterId, contextId: first });
  expect((await create()).status).toBe(200);
});

test('a context takes a thousand commands, and one more when a result has been read', async () => {
  await using workspace = new ScriptedWorkspace('modern');
  const contextId = await workspace.createContext();
  const execute = () => workspace.post('/api/1.2/commands/execute', { language: 'scala', clusterId: workspace.clusterId, contextId, command: 'echo x' });
  const first = await workspace.execute(contextId, 'echo first');
  const { status, body } = await oneTooMany(999, execute);
  expect([status, body]).toEqual([500, { error: `IllegalStateException: Context ${contextId} holds 1000 commands whose results nobody has read: read them, or wait` }]);
  await workspace.ended(contextId, first);
  expect((await execute()).status).toBe(200);
});

test('a workspace has room for 500 clusters', async () => {
  await using workspace = new ScriptedWorkspace('modern');
  const create = (n: number) => workspace.post('/api/2.1/clusters/create', { cluster_name: `c${n}`, spark_version: 'x', num_workers: 1 }, 'json');
  const { status, body } = await oneTooMany(499, create);
  expect([status, body]).toEqual([400, { error_code: 'QUOTA_EXCEEDED', message: 'The workspace has 500 clusters: delete one for good first' }]);
  expect(workspace.workspace.clusters).toHaveLength(500);
});

test('a cluster can have 500 libraries, and keeps those that it has when more are wanted', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  const named = (from: number, count: number) => Array.from({ length: count }, (_, n) => ({ cran: { package: `p${from + n}` } }));
  expect((await workspace.install(named(0, 499))).status).toBe(200);
  const { status, body } = await workspace.install(named(499, 2));
  expect([status, body]).toEqual([400, { error_code: 'QUOTA_EXCEEDED', message: 'A cluster can have 500 libraries: uninstall some first' }]);
  expect(await workspace.statuses()).toHaveLength(499);
  expect((await workspace.install(named(498, 2))).status).toBe(200);
});

test('a workspace keeps a thousand uploaded libraries, 500 of them for all clusters', async () => {
  await using workspace = new ScriptedWorkspace('modern');
  const upload = (attachToAllClusters: boolean) => (n: number) => {
    return workspace.post('/api/1.2/libraries/upload', { libType: 'python-pypi', name: `l${n}`, folder: '/', uri: `l${n}`, attachToAllClusters });
  };
  const common = await oneTooMany(500, upload(true));
  expect(common.body).toEqual({ error: 'IllegalStateException: All clusters can have 500 libraries in common: detach one first' });
  const full = await oneTooMany(500, upload(false));
  expect([full.status, full.body]).toEqual([500, { error: 'IllegalStateException: The workspace has 1000 uploaded libraries: delete one first' }]);
});

test.for([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EACCES', 'the permission is missing'],
  ['EROFS', 'the file system can only be read'],
  ['EMFILE', 'too many files are open'],
  ['ELOOP', 'ELOOP'],
])('what a disk refuses with %s is told by its cause; where, only the log says', async ([code, cause]) => {
  await using workspace = new ScriptedWorkspace('modern');
  const where = '/home/somebody/workspace-store.json.draft';
  workspace.save = async () => {
    throw Object.assign(new Error(`${code}: something, open '${where}'`), { code, syscall: 'open', path: where });
  };
  const message = `The embedded workspace cannot use its files: ${cause}. Its log says which`;
  const old = await workspace.post('/api/1.2/clusters/create', { name: 'x', numWorkerContainers: 1 });
  expect([old.status, old.body]).toEqual([500, { error: `IOException: ${message}` }]);
  const today = await workspace.post('/api/2.1/clusters/create', { spark_version: 'x', num_workers: 1 }, 'json');
  expect([today.status, today.body]).toEqual([500, { error_code: 'INTERNAL_ERROR', message }]);
  expect(workspace.log.filter((line) => line.includes(where))).toHaveLength(2);
});

test('an upload to a place that cannot be made is told so, and where by the log', async () => {
  await using workspace = new ScriptedWorkspace('modern');
  await writeFile(workspace.uploadDirectory, 'in the way');
  const data = { libType: 'java-jar', name: 'x', folder: '/', attachToAllClusters: 'false' };
  const answer = await workspace.post('/api/1.2/libraries/upload', data, 'multipart', { uri: { name: 'x.jar', text: 'PK' } });
  expect([answer.status, answer.body]).toEqual([500, { error: 'IOException: The embedded workspace cannot use its files: EEXIST. Its log says which' }]);
  expect(workspace.log.join('\n')).toContain(workspace.uploadDirectory);
  await rm(workspace.uploadDirectory);
});

test('a driver that cannot write is told of by its cause, in cluster and context', async () => {
  await using workspace = new ScriptedWorkspace('modern');
  const where = '/no/such/directory';
  workspace.startDriver = () => readFile(where) as Promise<never>;
  const context = await workspace.createContext();
  const cause = 'The embedded workspace cannot use its files: one of them is gone. Its log says which';
  const answer = await workspace.until(() => workspace.contextStatus(context), ({ status }) => status === 'Error');
  expect(answer.body).toMatchObject({ cause });
  expect((await workspace.clusterStatus(workspace.clusterId)).body).toMatchObject({ status: 'Error', message: cause });
  expect(workspace.log.join('\n')).toContain(where);
});
