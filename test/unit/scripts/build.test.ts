import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from '../../../scripts/build.mjs';

let dist: string;
beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'dist '));
  await build({ into: dist });
});
afterAll(() => rm(dist, { recursive: true }));

const scripts = async (): Promise<string[]> => (await readdir(dist)).filter((name) => name.endsWith('.js'));

/** What the program takes from outside its own files and Node, by that way of naming it. */
async function foreign(...ways: readonly RegExp[]): Promise<string[]> {
  const texts = await Promise.all((await scripts()).map((name) => readFile(join(dist, name), 'utf8')));
  const names = texts.flatMap((text) => ways.flatMap((way) => [...text.matchAll(way)].map(([, name = '']) => name)));
  const builtin = (name: string): boolean => name.startsWith('node:') || builtinModules.includes(name);
  return [...new Set(names)].filter((name) => !name.startsWith('.') && !builtin(name));
}

test('what is installed beside the program is zeromq; everything else is in it', async () => {
  // Not by `import`: Node would first read the package's sources for the names that they export.
  expect(await foreign(/(?:^|[;}\s])(?:import|export)\b[^'"();]*["']([^"'\s]+)["']/g, /\bimport\(["']([^"'\s]+)["']\)/g)).toEqual([]);
  expect(await foreign(/\b__require\d*\(["']([^"'\s]+)["']\)/g)).toEqual(['zeromq']);
});

test('what a kernel loads before its first reply is one file, beside the two that lead to it', async () => {
  const loads = (text: string, way: RegExp): string[] => [...text.matchAll(way)].map(([, name = '']) => name);
  const files = new Set(['main.js']);
  const [run = ''] = loads(await readFile(join(dist, 'main.js'), 'utf8'), /run[^]*?import\("\.\/([^"]+)"\)/g);
  files.add(run);
  for (const file of files) for (const name of loads(await readFile(join(dist, file), 'utf8'), /^(?:import|\}) (?:from )?"\.\/([^"]+)";$/gm)) files.add(name);
  const texts = await Promise.all([...files].map((file) => readFile(join(dist, file), 'utf8')));
  expect(texts.filter((text) => text.includes('iopub_welcome'))).toHaveLength(1);
  expect([...files]).toHaveLength(3);
});

test('the command can be executed as it is', async () => {
  expect((await readFile(join(dist, 'main.js'), 'utf8')).startsWith('#!/usr/bin/env node\n')).toBe(true);
  expect((await stat(join(dist, 'main.js'))).mode & 0o111).toBe(0o111);
});

test('building again writes no file that has not changed', async () => {
  const times = async (): Promise<number[]> => Promise.all((await scripts()).map(async (name) => (await stat(join(dist, name))).mtimeMs));
  const before = await times();
  await build({ into: dist });
  expect(await times()).toEqual(before);
});

test('chunks of an earlier build stay for the kernels that run it, and go when they are old or a package is made', async () => {
  const young = join(dist, 'chunk-YOUNG.js');
  const old = join(dist, 'chunk-OLD.js');
  for (const path of [young, old]) await writeFile(path, '');
  const lastWeek = new Date(Date.now() - 7 * 24 * 3600 * 1000);
  await utimes(old, lastWeek, lastWeek);
  await build({ into: dist });
  expect(await scripts()).toContain('chunk-YOUNG.js');
  expect(await scripts()).not.toContain('chunk-OLD.js');
  await build({ into: dist, clean: true });
  expect(await scripts()).not.toContain('chunk-YOUNG.js');
});

test('the licences of all bundled packages are with them', async () => {
  const text = await readFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  expect(text).toMatch(/^commander \d[\d.]* \(MIT\)\n\n\(The MIT License\)/m);
  expect(text).not.toMatch(/^License: undefined$/m);
});
