import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Life } from '../../../src/lib/process-identity.ts';
import { identify, lifeOf } from '../../../src/lib/process-identity.ts';

interface Seen {
  readonly boot?: string;
  readonly namespace?: string;
  readonly machine?: string;
  /** State and start of the process with pid 7. */
  readonly process?: readonly [state: string, start: number] | undefined;
}

/** What a machine shows of itself. */
async function machineWith({ boot = 'boot-a', namespace = 'pid:[1]', machine = 'machine-a', process }: Seen) {
  const root = await mkdtemp(join(tmpdir(), 'identity-'));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await write('proc/sys/kernel/random/boot_id', `${boot}\n`);
  await write('etc/machine-id', `${machine}\n`);
  await mkdir(join(root, 'proc/self/ns'), { recursive: true });
  await symlink(namespace, join(root, 'proc/self/ns/pid'));
  if (process) await write('proc/7/stat', `7 (a) (b c) ${process[0]} ${'0 '.repeat(18)}${process[1]} 0 0\n`);
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

const running = ['S', 100] as const;

describe.runIf(platform() === 'linux')('a process', () => {
  test.for<[what: string, seen: Seen, life: Life]>([
    ['that runs is alive', { process: running }, 'alive'],
    ['whose pid is gone has ended', {}, 'ended'],
    ['that is a zombie has ended', { process: ['Z', 100] }, 'ended'],
    ['whose pid another one has now has ended', { process: ['S', 200] }, 'ended'],
    ['has ended with the boot of its machine', { boot: 'boot-b', process: running }, 'ended'],
    ['of another container has ended with the boot of its machine', { boot: 'boot-b', namespace: 'pid:[2]' }, 'ended'],
    ['of another container may live', { namespace: 'pid:[2]' }, 'unknown'],
    ['of another container is not the one with its pid here', { namespace: 'pid:[2]', process: running }, 'unknown'],
    ['of another machine may live', { boot: 'boot-b', machine: 'machine-b' }, 'unknown'],
  ])('%s', async ([, seen, life]) => {
    await using before = await machineWith({ process: running });
    await using now = await machineWith(seen);
    const identity = (await identify(7, before.root)) ?? '';
    expect(identity).toMatch(/^7:100:boot-a pid:\[1\] machine-a\//);
    expect(await lifeOf(identity, now.root)).toBe(life);
  });

  test.for<[what: string, seen: Seen, life: Life]>([
    ['is alive as it is seen to run', { process: running }, 'alive'],
    ['may live somewhere else when it is not seen', {}, 'unknown'],
    ['may live somewhere else when there is another boot', { boot: 'boot-b' }, 'unknown'],
  ])('that an earlier version named without its machine %s', async ([, seen, life]) => {
    await using now = await machineWith(seen);
    expect(await lifeOf('7:100:boot-a', now.root)).toBe(life);
  });
});

const looks = ['proc/7/stat', 'proc/sys/kernel/random/boot_id', 'etc/machine-id'];

test.runIf(platform() === 'linux').for(looks)('where %s cannot be read, a living process is not taken for one that has ended', async (path) => {
  await using at = await machineWith({ process: running });
  const identity = (await identify(7, at.root)) ?? '';
  await rm(join(at.root, path));
  // What cannot be read by root either.
  await mkdir(join(at.root, path));
  await expect(lifeOf(identity, at.root)).rejects.toThrow('EISDIR');
});

test.for(['', 'x', '12', '-1:2:3', '0:0:0'])('of what %j names nothing is known', async (text) => {
  expect(await lifeOf(text)).toBe('unknown');
});
