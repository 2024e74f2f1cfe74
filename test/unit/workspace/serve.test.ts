import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockHolder } from '../../../src/lib/lock-file.ts';
import { serve } from '../../../src/workspace/serve.ts';
import { workspaceFiles } from '../../../src/workspace/state-file.ts';
import { ScriptedDriver } from '../../support/scripted-driver.ts';
import { unremovable } from '../../support/too-deep.ts';

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'serve-'));
  onTestFinished(() => rm(home, { recursive: true }));
  return home;
}

/** A server that ends when it is up and `meanwhile` is over; gives what it logged and the work directories of its drivers. */
async function serveOnce(home: string, meanwhile = async (): Promise<void> => undefined) {
  const stop = new AbortController();
  const log: string[] = [];
  const workDirectories: string[] = [];
  await serve({
    home,
    version: '1.2.3',
    pid: process.pid,
    dialect: 'modern',
    port: 0,
    master: 'local[2]',
    idleTimeoutMs: 60_000,
    startDriver: async ({ workDirectory }) => {
      workDirectories.push(workDirectory);
      await mkdir(workDirectory);
      return new ScriptedDriver();
    },
    signal: stop.signal,
    log: (text) => {
      log.push(text);
      if (text === 'state file written') void meanwhile().finally(() => stop.abort());
    },
  });
  return { log, workDirectories };
}

test('what an earlier server left that cannot be removed keeps no server from starting, ending and giving the lock back', async () => {
  const home = await newHome();
  const { scratch, lock } = workspaceFiles(home);
  const before = join(scratch, 'driver-0-1');
  await mkdir(before, { recursive: true });
  await using stuck = await unremovable(before);
  for (const start of [1, 2]) {
    const { log, workDirectories } = await serveOnce(home);
    expect(log).toEqual(expect.arrayContaining([expect.stringMatching(/^could not remove all of .*scratch: /), 'state file written', 'ended']));
    expect(workDirectories).toEqual([join(scratch, `driver-${start}-1`)]);
    expect(await lockHolder(lock)).toBeUndefined();
    expect(await readdir(before)).toEqual([stuck.name]);
  }
});

test('a server whose home another machine has taken over, which could not see it, leaves that one’s things alone when it ends', async () => {
  const home = await newHome();
  const { scratch, lock } = workspaceFiles(home);
  const other = '7:100:another-boot pid:[1] another-machine';
  const { workDirectories } = await serveOnce(home, async () => {
    await writeFile(`${lock}.2`, other);
    await mkdir(join(scratch, 'driver-2-1'));
  });
  expect(workDirectories).toEqual([join(scratch, 'driver-1-1')]);
  expect(await readdir(scratch)).toContain('driver-2-1');
  expect(await readFile(`${lock}.2`, 'utf8')).toBe(other);
});
