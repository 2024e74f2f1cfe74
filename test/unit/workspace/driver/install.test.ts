import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { packageFile } from '../../../../src/lib/package-file.ts';
import { lastWords } from '../../../../src/workspace/driver/python-overlay.ts';
import { python } from '../../../support/jupyter.ts';
import { LibraryIndex } from '../../../support/library-index.ts';

const program = (name: string) => packageFile('src', 'workspace', 'driver', 'python', name);

/** Runs the installer with an environment of a driver; what it said last where it failed. */
async function install(environment: string, library: object, settings: NodeJS.ProcessEnv = {}): Promise<{ failed: string | undefined; printed: string }> {
  const installer = spawn(join(environment, 'bin', 'python'), ['-I', program('install.py')], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...settings },
  });
  const ended = new Promise<number | null>((resolve) => installer.once('close', resolve));
  installer.stdin.write(`${JSON.stringify({ library, scratch: join(environment, '..') })}\n`);
  const [code, printed, errors] = await Promise.all([ended, text(installer.stdout), text(installer.stderr)]);
  installer.stdin.end();
  return { failed: code === 0 ? undefined : lastWords([...printed.split('\n'), ...errors.split('\n')]), printed };
}

/** In pip's place: says which of the user's settings reach it. */
const pip = 'import os, json\nprint(json.dumps(sorted(name for name in os.environ if name.startswith("PIP_"))))\n';

test('where pip installs is not for the user’s settings to say; its indexes and proxies are', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'install-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const environment = join(directory, 'python');
  execFileSync('python3', ['-m', 'venv', '--without-pip', environment]);
  const [version = ''] = readdirSync(join(environment, 'lib'));
  const module = join(environment, 'lib', version, 'site-packages', 'pip');
  await mkdir(module);
  await writeFile(join(module, '__main__.py'), pip);
  const elsewhere = { PIP_TARGET: '/t', PIP_PREFIX: '/p', PIP_ROOT: '/r', PIP_USER: '1' };
  const { printed } = await install(environment, { kind: 'pypi', package: 'six' }, { ...elsewhere, PIP_INDEX_URL: 'https://example.com/simple', PIP_CERT: '/c', PIP_PROXY: 'http://127.0.0.1:1' });
  expect(JSON.parse(printed)).toEqual(['PIP_CERT', 'PIP_DRY_RUN', 'PIP_INDEX_URL', 'PIP_PROXY']);
});

/* The real pip in the environment of a driver, with libraries that would rather be something else. */
describe('in the environment of a driver', () => {
  let directory = '';
  let environment = '';
  let index: LibraryIndex;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'install-test-'));
    environment = join(directory, 'python');
    execFileSync(python, [program('overlay.py'), environment]);
    execFileSync(python, [packageFile('test', 'fixtures', 'libraries', 'hostile.py'), directory]);
    index = await LibraryIndex.open(directory);
  });
  afterAll(async () => {
    await index[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const file = (kind: 'whl' | 'egg', name: string) => ({ kind, name, file: join(directory, kind, name) });
  const wheel = (name: string) => file('whl', `${name}-1.0-py3-none-any.whl`);
  const house = (name: string) => file('whl', `${name}.wheelhouse.zip`);
  const egg = (name: string) => file('egg', `${name}-1.0-py3.11.egg`);
  /** All that is in the environment but for compiled modules, and its own files' contents. */
  const everything = async () => {
    const names = (await readdir(environment, { recursive: true })).filter((name) => !name.includes('__pycache__')).toSorted();
    return [names, ...(await Promise.all(['constraints.txt', 'pyvenv.cfg'].map((name) => readFile(join(environment, name), 'utf8'))))];
  };

  test.for<[what: string, library: () => object, words: RegExp]>([
    ['a package', () => wheel('package'), /its pyspark would take the place of what the cluster runs on\.$/],
    ['a module', () => wheel('single'), /its py4j\.py would take/],
    ['a compiled module', () => wheel('native'), /its IPython\.cpython-311-x86_64-linux-gnu\.so would take/],
    ['a module in another scheme', () => wheel('scheme'), /its pyspark would take/],
    ['what Python runs first', () => wheel('customize'), /its sitecustomize\.py would take/],
    ['what Python runs first, of the user', () => wheel('user'), /its usercustomize\.py would take/],
    ['the metadata', () => wheel('metadata'), /its pyspark-9\.0\.dist-info would take/],
    ['a program', () => wheel('program'), /its file program-1\.0\.data\/scripts\/python3 would take the place of the environment's own\.$/],
    ['a file', () => wheel('constraints'), /its file constraints-1\.0\.data\/data\/constraints\.txt would lie among those of the environment itself\.$/],
    ['a module as a file', () => wheel('site'), /its file site-1\.0\.data\/data\/lib\/.* would lie among/],
    ['a directory before the others', () => wheel('path'), /it would take the place of pyspark, which the cluster runs on\.$/],
    ['a package of an index', () => ({ kind: 'pypi', package: 'shadow', repo: index.url('simple') }), /^shadow cannot be installed: it would take the place of py4j, which the cluster runs on\.$/],
    ['one wheel of several', () => house('mixed'), /its pyspark would take/],
    ['a package of an egg', () => egg('package'), /its pyspark would take/],
    ['a compiled module of an egg', () => egg('customize'), /its sitecustomize\.pyc would take/],
    ['a thousand wheels', () => house('many'), /it has 1001 entries; at most 1000 are unpacked\.$/],
    ['wheels that fill the disk', () => house('large'), /it has 6442450944 bytes when it is unpacked; at most 4294967296 are\.$/],
    ['an egg that fills the disk', () => egg('large'), /it has 6442450944 bytes when/],
  ])('what would take the place of the cluster’s own, or fill its disk, is refused in words and leaves nothing: %s', async ([, library, words]) => {
    const before = await everything();
    expect((await install(environment, library())).failed).toMatch(words);
    expect(await everything()).toEqual(before);
    expect((await readdir(directory)).filter((name) => name.startsWith('tmp'))).toEqual([]);
  });

  test('what is no wheel in a wheelhouse stays there, and .pth files that hide nothing are as good as any', async () => {
    expect(await install(environment, house('other'))).toMatchObject({ failed: undefined, printed: expect.stringContaining('Successfully installed good-1.0') });
    const [names] = await everything();
    expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/site-packages\/good\.pth$/), 'share/good/a.txt']));
    expect(names).not.toEqual(expect.arrayContaining([expect.stringContaining('huge.bin')]));
  });

  test('nothing in the user’s pip.conf sends it elsewhere or keeps it away, while index-url counts', async () => {
    const home = join(directory, 'home');
    await mkdir(join(home, '.config', 'pip'), { recursive: true });
    const settings = ['target', 'prefix', 'root'].map((name) => `${name} = ${join(directory, 'elsewhere')}`);
    await writeFile(join(home, '.config', 'pip', 'pip.conf'), ['[global]', `index-url = ${index.url('simple')}`, '[install]', ...settings, 'user = true', 'dry-run = true', ''].join('\n'));
    expect((await install(environment, { kind: 'pypi', package: 'needs' }, { HOME: home })).failed).toBeUndefined();
    const [names] = await everything();
    expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/site-packages\/needs\.py$/)]));
    expect(await readdir(directory)).not.toContain('elsewhere');
    expect((await readdir(home, { recursive: true })).filter((name) => name.endsWith('needs.py'))).toEqual([]);
  });
});
