import { mkdir, readFile, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';
import type { Answer } from '../support/scripted-workspace.ts';

/* Names that try to lead out of where libraries live: nothing outside is read, and nothing anywhere is lost, changed or overwritten. */

const zip = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1');

/** A workspace with a library of each kind that is not to be touched, files outside of `dbfs:/`, and links that lead there. */
async function prepared(): Promise<ScriptedWorkspace> {
  const workspace = new ScriptedWorkspace('modern');
  const { directory, dbfsRoot } = workspace;
  await workspace.workspace.defaultCluster.driver();
  await mkdir(join(directory, 'outside'));
  for (const name of ['secret.jar', 'secret.egg', 'secret-1.0-py3-none-any.whl']) await writeFile(join(directory, 'outside', name), zip);
  await mkdir(join(dbfsRoot, 'mnt'));
  await writeFile(join(dbfsRoot, 'mnt', 'library.jar'), zip);
  await symlink(join(directory, 'outside', 'secret.jar'), join(dbfsRoot, 'link.jar'));
  await symlink(join(directory, 'outside'), join(dbfsRoot, 'out'));
  await symlink('../../outside', join(dbfsRoot, 'mnt', 'out'));
  expect((await uploaded(workspace, {})).status).toBe(200);
  expect((await install(workspace, { jar: 'dbfs:/mnt/library.jar' })).status).toBe(200);
  return workspace;
}

function uploaded(workspace: ScriptedWorkspace, data: Readonly<Record<string, string>>, fileName = 'mylib.jar'): Promise<Answer> {
  const all = { libType: 'java-jar', name: 'mylib', folder: '/', attachToAllClusters: 'true', ...data };
  return workspace.post('/api/1.2/libraries/upload', all, 'multipart', 'uri' in data ? {} : { uri: { name: fileName, text: zip } });
}

function install(workspace: ScriptedWorkspace, library: object): Promise<Answer> {
  return workspace.post('/api/2.0/libraries/install', { cluster_id: workspace.clusterId, libraries: [library] }, 'json');
}

interface Status {
  readonly library: Readonly<Record<string, unknown>>;
  readonly status: string;
  readonly messages: readonly string[];
}

/** All libraries of the cluster, once each has got where it gets. */
async function settled(workspace: ScriptedWorkspace): Promise<readonly Status[]> {
  const answer = await workspace.until(
    () => workspace.get('/api/2.0/libraries/cluster-status', { cluster_id: workspace.clusterId }),
    (body) => !/"(?:PENDING|RESOLVING|INSTALLING)"/.test(JSON.stringify(body)),
  );
  return (answer.body as { library_statuses: Status[] }).library_statuses;
}

/** Every file of the workspace with its contents; links are not followed. */
async function files(workspace: ScriptedWorkspace): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(workspace.directory, { recursive: true, withFileTypes: true });
  const all = entries.filter((entry) => !entry.isDirectory()).map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(workspace.directory.length), entry.isSymbolicLink() ? 'link' : await readFile(path, 'latin1')] as const;
  });
  return new Map((await Promise.all(all)).toSorted());
}

const uris = (suffix: string) => {
  const secret = `secret${suffix}`;
  return [
    `dbfs:/../outside/${secret}`, `dbfs:/mnt/../../outside/${secret}`, `dbfs:/mnt/./../..//outside/${secret}`, `dbfs://../outside/${secret}`, `dbfs:///../outside/${secret}`,
    `dbfs:/%2e%2e/outside/${secret}`, `dbfs:/..%2foutside%2f${secret}`, `dbfs:/.%2e/outside/${secret}`, `dbfs:\\..\\outside\\${secret}`, `dbfs:/..\\outside\\${secret}`,
    `dbfs:/out/${secret}`, `dbfs:/mnt/out/${secret}`, `/dbfs/../outside/${secret}`, `/dbfs/out/${secret}`, `/dbfs/../../../../../../etc/passwd${suffix}`, `../outside/${secret}`,
    `file:/etc/hosts${suffix}`, `file:///etc/hosts${suffix}`, `/etc/hosts${suffix}`, `outside/${secret}`, `s3://bucket/${secret}`, `s3a://bucket/${secret}`, `http://127.0.0.1/${secret}`,
    `DBFS:/../outside/${secret}`, `dbfs:..${suffix}`, `dbfs:/${suffix}`, `dbfs:/..${suffix}/`, `dbfs:/mnt`, 'dbfs:/', 'dbfs:', `dbfs:/out/${secret}\u0000`, `dbfs:/mnt/library.jar\u0000${suffix}`,
  ];
};

describe('the address of a library', () => {
  test.for([
    ['jar', '.jar'],
    ['egg', '.egg'],
    ['whl', '-1.0-py3-none-any.whl'],
  ] as const)('that leads out of dbfs:/ is refused or FAILED, with words: %s', async ([kind, suffix]) => {
    await using workspace = await prepared();
    const links = kind === 'jar' ? ['dbfs:/link.jar', '/dbfs/link.jar', 'dbfs:/mnt/../link.jar'] : [];
    const before = await settled(workspace);
    const filesBefore = await files(workspace);
    for (const uri of [...uris(suffix), ...links]) {
      const answer = await install(workspace, { [kind]: uri });
      if (answer.status !== 200) expect(answer.body, uri).toEqual({ error_code: 'INVALID_PARAMETER_VALUE', message: expect.stringMatching(/\w/) });
    }
    const after = await settled(workspace);
    expect(after).toEqual(expect.arrayContaining([...before]));
    const failed = after.filter(({ status }) => status !== 'INSTALLED');
    expect(failed).toHaveLength(after.length - before.length);
    for (const { status, messages } of failed) expect([status, messages]).toEqual(['FAILED', [expect.stringMatching(/\w/)]]);
    expect(workspace.drivers[0]?.installed.map((library) => ('file' in library ? library.name : ''))).toEqual(['mylib.jar', 'library.jar']);
    expect(await files(workspace)).toEqual(filesBefore);
  });

  test('of any characters never makes a file outside of dbfs:/ a library', async () => {
    await using workspace = await prepared();
    const filesBefore = await files(workspace);
    const piece = fc.constantFrom('..', '.', '/', '//', '\\', '%2e', '%2f', '%00', '\u0000', 'mnt', 'out', 'outside', 'secret.jar', 'link.jar', 'dbfs:', 'file:', '~', '?', '#', ' ', '\n', 'é');
    const uri = fc.tuple(fc.constantFrom('dbfs:/', '/dbfs/', 'dbfs:', ''), fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 })).map(([start, pieces]) => `${start}${pieces.join('')}.jar`);
    await fc.assert(
      fc.asyncProperty(uri, async (jar) => {
        expect([200, 400]).toContain((await install(workspace, { jar })).status);
      }),
      { numRuns: 300 },
    );
    await settled(workspace);
    const installed = workspace.drivers[0]?.installed.flatMap((library) => ('file' in library ? [library.file] : [])) ?? [];
    const root = await realpath(workspace.dbfsRoot);
    expect(installed.filter((file) => !file.startsWith(`${root}/`) || file.includes('secret'))).toEqual([]);
    expect(await files(workspace)).toEqual(filesBefore);
  });
});

/** What an attacker would call things. */
const names = [
  '../../outside/secret.jar', '..', '.', '/', '/etc/passwd', '../mnt/library.jar', '..\\..\\outside\\secret.jar', 'C:\\Windows\\a.jar', '%2e%2e%2foutside%2fsecret.jar',
  '..%5coutside', 'a/../../b.jar', '~/.ssh/id', 'a\nb.jar', 'a\r\nset-cookie: x=y', '-rf.jar', '--help', '$(id).jar', '`id`.jar', ';id', 'a b.jar', 'é💥.jar', '.jar', 'CON', 'x'.repeat(255),
];

describe('what is uploaded', () => {
  test('lies beside what is there, whatever file, library and folder are called', async () => {
    await using workspace = await prepared();
    const filesBefore = await files(workspace);
    for (const name of names) {
      for (const answer of [await uploaded(workspace, {}, name), await uploaded(workspace, { name }), await uploaded(workspace, { folder: `/${name}` })]) {
        if (answer.status !== 200) expect([answer.status, answer.body]).toEqual([500, { error: expect.stringMatching(/^(?:NoSuchElementException: folder not found: |IllegalArgumentException: )/) }]);
      }
    }
    const filesAfter = await files(workspace);
    for (const [path, contents] of filesBefore) expect(filesAfter.get(path), path).toBe(contents);
    const added = [...filesAfter.keys()].filter((path) => !filesBefore.has(path));
    expect(added.filter((path) => !/^\/dbfs\/FileStore\/jars\/[\da-f]{8}_[\da-f_]{27}-[\w.+-]+$/.test(path))).toEqual([]);
    expect(added.length).toBeGreaterThan(names.length);
    const list = (await workspace.get('/api/1.2/libraries/list')).body as unknown[];
    expect(list).toHaveLength(added.length + 1);
  });

  test('and removed again leaves what was there, as it was', async () => {
    await using workspace = await prepared();
    const filesBefore = await files(workspace);
    const ids = [];
    for (const name of names) ids.push(((await uploaded(workspace, { attachToAllClusters: 'false' }, name)).body as { id: string }).id);
    for (const libraryId of ids) expect((await workspace.post('/api/1.2/libraries/delete', { libraryId })).body).toEqual({ id: libraryId });
    for (const libraryId of ids) expect((await workspace.post('/api/1.2/libraries/delete', { libraryId })).status).toBe(500);
    expect(await files(workspace)).toEqual(filesBefore);
  });

  test.for(uris('.jar'))('as the address %j is no file outside of dbfs:/', async (uri) => {
    await using workspace = await prepared();
    const filesBefore = await files(workspace);
    const { status, body } = await uploaded(workspace, { uri });
    expect(status, JSON.stringify(body)).toBe(200);
    const { id: libraryId } = body as { id: string };
    await settled(workspace);
    const library = (await workspace.get('/api/1.2/libraries/status', { libraryId })).body;
    expect(library).toMatchObject({ files: [], statuses: [{ status: 'Error', message: expect.stringMatching(/\w/) }] });
    expect((await workspace.post('/api/1.2/libraries/delete', { libraryId })).status).toBe(200);
    expect(await files(workspace)).toEqual(filesBefore);
  });

  test.for(['', 'mylibraries', '..', '/..', '/../etc', '/a/../b', '/a/..', 'C:\\', '\\', '%2f', '/%00\u0000/..', './', '~'])('to the folder %j is refused as unknown', async (folder) => {
    await using workspace = await prepared();
    const filesBefore = await files(workspace);
    const answer = await uploaded(workspace, { folder });
    expect([answer.status, answer.body]).toEqual([500, { error: `NoSuchElementException: folder not found: ${folder}` }]);
    expect(await files(workspace)).toEqual(filesBefore);
  });
});
