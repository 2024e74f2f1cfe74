import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { setAsideIfLong } from '../../../src/workspace/log-file.ts';

test('a log goes on until it is long, then it is set aside in place of the one before; only its owner reads it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'log-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const log = join(directory, 'a.log');
  expect(await setAsideIfLong(log)).toBe(0);
  expect((await stat(log)).mode & 0o777).toBe(0o600);
  // One that others could read is theirs no longer.
  await chmod(log, 0o644);
  await writeFile(log, 'short');
  expect(await setAsideIfLong(log)).toBe(5);
  expect((await stat(log)).mode & 0o777).toBe(0o600);
  await writeFile(`${log}.old`, 'older');
  await writeFile(log, 'x'.repeat(5_000_000));
  expect(await setAsideIfLong(log)).toBe(0);
  expect(await readdir(directory)).toEqual(['a.log', 'a.log.old']);
  expect((await readFile(`${log}.old`)).length).toBe(5_000_000);
});
