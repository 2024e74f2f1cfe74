import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeDirectory } from '../../../src/workspace/remove-directory.ts';
import { unremovable } from '../../support/too-deep.ts';

/** From now on this process is one whom permissions bind; for root they are no test. */
function asNobody(): void {
  if (process.geteuid?.() !== 0) return;
  process.seteuid?.(65_534);
  onTestFinished(() => process.seteuid?.(0));
}

async function place(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'remove-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

test('a directory goes with those in it that nobody may write to, enter or read; what links lead to stays as it is', async () => {
  asNobody();
  const at = await place();
  const outside = join(at, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'file'), '');
  await chmod(outside, 0o500);
  const scratch = join(at, 'scratch');
  for (const name of ['read-only', 'closed']) await mkdir(join(scratch, name, 'deeper'), { recursive: true });
  await writeFile(join(scratch, 'read-only', 'deeper', 'file'), '');
  await symlink(outside, join(scratch, 'link'));
  for (const name of ['read-only/deeper', 'read-only']) await chmod(join(scratch, name), 0o555);
  await chmod(join(scratch, 'closed'), 0);
  const log: string[] = [];
  await removeDirectory(scratch, (text) => log.push(text));
  expect([await readdir(at), log]).toEqual([['outside'], []]);
  await expect(rm(join(outside, 'file'))).rejects.toThrow('EACCES');
  await chmod(outside, 0o700);
});

test('what cannot be removed is logged and left', async () => {
  const at = await place();
  await using stuck = await unremovable(at);
  const log: string[] = [];
  await removeDirectory(at, (text) => log.push(text));
  expect(await readdir(at)).toEqual([stuck.name]);
  expect(log).toEqual([expect.stringMatching(new RegExp(`^could not remove all of ${at}: .*ENAMETOOLONG`))]);
});

test('a directory that is not there needs no removal', async () => {
  const log: string[] = [];
  await removeDirectory(join(await place(), 'none'), (text) => log.push(text));
  expect(log).toEqual([]);
});
