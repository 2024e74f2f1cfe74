import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claimCount, lockHolder, takeLock } from '../../../src/lib/lock-file.ts';
import { identify, isAlive } from '../../../src/lib/process-identity.ts';

async function place() {
  const directory = await mkdtemp(join(tmpdir(), 'lock-'));
  return { directory, path: join(directory, 'a.lock'), [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

async function me(): Promise<string> {
  const identity = await identify(process.pid);
  if (identity === undefined) throw new Error('This process has no identity');
  return identity;
}

test('a lock is held until it is released, and names its holder', async () => {
  await using at = await place();
  const owner = await me();
  const lock = await takeLock(at.path, owner);
  expect(await lockHolder(at.path)).toBe(owner);
  expect(await takeLock(at.path, owner)).toBeUndefined();
  await lock?.release();
  expect(await lockHolder(at.path)).toBeUndefined();
  expect(await takeLock(at.path, owner)).toBeDefined();
  expect(await readdir(at.directory)).toEqual(['a.lock.2']);
});

test('who wanted the lock before another held it does not get it after that one', async () => {
  await using at = await place();
  const owner = await me();
  const before = await claimCount(at.path);
  const other = await takeLock(at.path, owner, before);
  expect(await takeLock(at.path, owner, before)).toBeUndefined();
  await other?.release();
  expect(await takeLock(at.path, owner, before)).toBeUndefined();
  expect(await takeLock(at.path, owner, await claimCount(at.path))).toBeDefined();
});

test('a lock is no longer held when somebody has taken it who could not see that its owner lives', async () => {
  await using at = await place();
  const lock = await takeLock(at.path, '7:100:another-boot pid:[1] another-machine');
  expect(await lock?.isHeld()).toBe(true);
  const taken = await takeLock(at.path, await me());
  expect([await lock?.isHeld(), await taken?.isHeld()]).toEqual([false, true]);
  await lock?.release();
  expect([await taken?.isHeld(), await lockHolder(at.path)]).toEqual([true, await me()]);
  expect(lock?.number).not.toBe(taken?.number);
});

test.for([
  ['nothing', {}],
  ['a dead owner’s lock', { 'a.lock.4': '1:0:another-boot' }],
  ['a lock that was released', { 'a.lock.4': '' }],
  ['leftovers of killed processes', { 'a.lock.3': '1:0:x', 'a.lock.4': '1:0:x', 'a.lock.draft-0': 'x', 'a.lock.3.draft': '' }],
] as const)('of many takers at once exactly one gets it, over %s', async ([, files]) => {
  await using at = await place();
  for (const [name, text] of Object.entries(files)) await writeFile(join(at.directory, name), text);
  const owner = await me();
  const locks = await Promise.all(Array.from({ length: 30 }, () => takeLock(at.path, owner)));
  expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
  expect((await readdir(at.directory)).filter((name) => /^a\.lock\.\d+$/.test(name))).toHaveLength(1);
});

test('a process is alive until it ends, and its pid alone does not name it', async () => {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const identity = (await identify(child.pid ?? 0)) ?? '';
  expect(await isAlive(identity)).toBe(true);
  expect(await isAlive(`${child.pid}:0:another-boot`)).toBe(false);
  expect(await isAlive(String(child.pid))).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'close');
  expect([await isAlive(identity), await identify(child.pid ?? 0)]).toEqual([false, undefined]);
});
