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

test('what is installed beside the program is zeromq; everything else is in it', async () => {
  const imported = new Set<string>();
  for (const name of await scripts()) {
    const text = await readFile(join(dist, name), 'utf8');
    for (const [, from = ''] of text.matchAll(/(?:^|[;}\s])(?:import|export)\b[^'"();]*["']([^"'\s]+)["']|\bimport\(["']([^"'\s]+)["']\)/g)) imported.add(from);
  }
  const builtin = (name: string): boolean => name.startsWith('node:') || builtinModules.includes(name);
  const foreign = [...imported].filter((name) => name !== '' && !name.startsWith('.') && !builtin(name));
  expect(foreign).toEqual(['zeromq']);
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
