import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockHolder } from '../../../src/lib/lock-file.ts';
import { serve } from '../../../src/workspace/serve.ts';
import { workspaceFiles } from '../../../src/workspace/state-file.ts';
import { ScriptedDriver } from '../../support/scripted-driver.ts';
import { unremovable } from '../../support/too-deep.ts';

/** A server that ends as soon as it is up; gives what it logged and the work directories of its drivers. */
async function serveOnce(home: string) {
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
      if (text === 'state file written') stop.abort();
    },
  });
  return { log, workDirectories };
}

test('what an earlier server left that cannot be removed keeps no server from starting, ending and giving the lock back', async () => {
  const home = await mkdtemp(join(tmpdir(), 'serve-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const { scratch, lock } = workspaceFiles(home);
  // A process of the same number, as the servers of containers are.
  const before = join(scratch, `driver-${process.pid}-1`);
  await mkdir(before, { recursive: true });
  await using stuck = await unremovable(before);
  for (let start = 0; start < 2; start++) {
    const { log, workDirectories } = await serveOnce(home);
    expect(log).toEqual(expect.arrayContaining([expect.stringMatching(/^could not remove all of .*scratch: /), 'state file written', 'ended']));
    expect(workDirectories).toEqual([join(scratch, `driver-${process.pid}-2`)]);
    expect(await lockHolder(lock)).toBeUndefined();
    expect(await readdir(before)).toEqual([stuck.name]);
  }
});
