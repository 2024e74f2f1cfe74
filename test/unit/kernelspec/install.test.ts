import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installSpec, uninstallSpecs } from '../../../src/kernelspec/install.ts';
import { kernelSpec } from '../../../src/kernelspec/spec.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kernel spec '));
});
afterEach(() => rm(root, { recursive: true }));

const spec = kernelSpec('sql', { node: '/usr/bin/node', main: '/opt/main.js', env: {} });
const home = (): string => join(root, 'home', 'databricks-kernel');
const kernels = (): string => join(root, 'prefix', 'share', 'jupyter', 'kernels');
const directory = (): string => join(kernels(), 'databricks-sql');
const install = (where = directory()): Promise<void> => installSpec(where, 'sql', spec, home());
const everything = (): Promise<string[]> => readdir(root, { recursive: true });

test('a kernelspec is installed with its logos, and uninstalled without a trace', async () => {
  await install();
  expect((await readdir(directory())).sort()).toEqual(['kernel.json', 'logo-32x32.png', 'logo-64x64.png', 'logo-svg.svg']);
  expect(JSON.parse(await readFile(join(directory(), 'kernel.json'), 'utf8'))).toEqual(spec);
  expect(await uninstallSpecs([], home(), { everywhere: true })).toEqual({ removed: [directory()], left: [] });
  expect(await everything()).toEqual([]);
});

test('installing again replaces the kernelspec and is still uninstalled without a trace', async () => {
  await install();
  await installSpec(directory(), 'sql', { ...spec, display_name: 'Another' }, home());
  expect(JSON.parse(await readFile(join(directory(), 'kernel.json'), 'utf8'))).toMatchObject({ display_name: 'Another' });
  await uninstallSpecs([], home(), { everywhere: true });
  expect(await everything()).toEqual([]);
});

test('uninstall takes away no directory that was there before, and none in use', async () => {
  await mkdir(kernels(), { recursive: true });
  await mkdir(home(), { recursive: true });
  await writeFile(join(home(), 'workspace.json'), '{}');
  const other = join(root, 'other', 'share', 'jupyter', 'kernels');
  await install();
  await install(join(other, 'databricks-sql'));
  await writeFile(join(root, 'other', 'share', 'note.txt'), 'mine');
  await uninstallSpecs([], home(), { everywhere: true });
  expect(await readdir(kernels())).toEqual([]);
  expect(await readdir(home())).toEqual(['workspace.json']);
  expect(await readdir(join(root, 'other'), { recursive: true })).toEqual(['share', join('share', 'note.txt')]);
});

test('uninstall of one place leaves the other places alone, and the last one takes the record with it', async () => {
  const other = join(root, 'other', 'kernels');
  await install();
  await install(join(other, 'databricks-sql'));
  expect((await uninstallSpecs([kernels()], home(), { everywhere: false })).removed).toEqual([directory()]);
  expect(await readdir(other)).toEqual(['databricks-sql']);
  await uninstallSpecs([other], home(), { everywhere: false });
  expect(await everything()).toEqual([]);
});

test('a kernelspec of ours that is not on record is found where Jupyter looks', async () => {
  await install();
  await rm(home(), { recursive: true });
  expect((await uninstallSpecs([kernels()], home(), { everywhere: true })).removed).toEqual([directory()]);
});

test.for([
  ['kernel.json', '{"argv": ["python3"], "display_name": "Mine", "language": "sql"}'],
  ['kernel.json', 'not JSON'],
  ['kernel.js', 'define()'],
] as const)("another program's kernelspec (%s: %s) is neither overwritten nor removed", async ([file, text]) => {
  await mkdir(directory(), { recursive: true });
  await writeFile(join(directory(), file), text);
  await expect(install()).rejects.toMatchObject({ code: 'config', message: expect.stringMatching(/another program's kernel: .*--name/) });
  expect(await uninstallSpecs([kernels()], home(), { everywhere: true })).toEqual({ removed: [], left: [] });
  expect(await readdir(directory())).toEqual([file]);
  expect(await readFile(join(directory(), file), 'utf8')).toBe(text);
});

test("a file that the user put beside ours is left, and said to be", async () => {
  await install();
  await writeFile(join(directory(), 'kernel.js'), 'define()');
  expect(await uninstallSpecs([kernels()], home(), { everywhere: true })).toEqual({ removed: [], left: [directory()] });
  expect(await readdir(directory())).toEqual(['kernel.js']);
});

test('an installation that was killed half-way is finished by the next, or removed', async () => {
  await install();
  await rm(join(directory(), 'kernel.json'));
  await install();
  expect(await readdir(directory())).toContain('kernel.json');
  await rm(join(directory(), 'kernel.json'));
  await uninstallSpecs([], home(), { everywhere: true });
  expect(await everything()).toEqual([]);
});

test.for(['Prod', 'my kernel', 'größe', '$HOME'])('"%s" is no name for a kernel', async (name) => {
  await expect(install(join(kernels(), name))).rejects.toThrow(`Jupyter accepts no kernel named "${name}"`);
});
