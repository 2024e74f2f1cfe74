import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { driverJar } from '../../../../src/workspace/driver/compile.ts';

test.for<[what: string, java: string | undefined, sentence: string]>([
  ['a full disk', 'echo "error: error writing org/apache/spark/embedded/Main: $9/x.class: No space left on device" >&2; exit 1', 'the disk is full'],
  ['a defect of the sources', 'echo "warning: careful" >&2; echo "Main.scala:3: error: not found: value x" >&2; echo "  x" >&2; exit 1', 'Main.scala:3: error: not found: value x'],
  ['words on another stream', 'echo something; exit 3', 'Java ended with 3'],
  ['a signal', 'kill -9 $$', 'Java ended with a signal'],
  ['no Java', undefined, 'Java cannot be run (ENOENT)'],
])('a driver that cannot be compiled because of %s says so in one short sentence, and leaves nothing', async ([, java, sentence]) => {
  const directory = await mkdtemp(join(tmpdir(), 'compile-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const program = join(directory, 'java');
  if (java !== undefined) await writeFile(program, `#!/bin/sh\n${java}\n`).then(() => chmod(program, 0o755));
  await mkdir(join(directory, 'jars'));
  const made = driverJar({ java: program, python: '', sparkHome: directory }, join(directory, 'cache'), () => undefined);
  await expect(made).rejects.toThrow(new Error(`The Spark driver cannot be compiled: ${sentence}.`));
  expect(await readdir(join(directory, 'cache'))).toEqual([]);
});
