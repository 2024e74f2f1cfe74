import { text } from 'node:stream/consumers';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { remoteCall } from '../../../src/languages/remote.ts';
import { eventually } from '../../support/eventually.ts';

/** Starts a Python that runs the command of `%sh`, as a cluster's would. */
function start(script: string, flags: readonly string[] = []) {
  const { code } = remoteCall('notebook/magics/sh.py', { script, flags, boundary: '<end>' });
  // By a pipe of its own: it may be longer than an argument can be.
  const child = spawn('python3', ['-u', '-c', 'exec(open(3).read())'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const [, stdout, , program] = child.stdio as unknown as readonly [null, Readable, Readable, Writable];
  program.end(code);
  const ended = once(child, 'close');
  return {
    child,
    stdout,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function output(script: string, flags?: readonly string[]): Promise<string> {
  await using python = start(script, flags);
  const pieces: Buffer[] = [];
  python.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  await python.ended;
  return Buffer.concat(pieces).toString('utf8');
}

/** Whether a process runs; one that has ended and only waits to be reaped by process 1 does not. */
function runs(pid: number): boolean {
  const file = `/proc/${pid}/status`;
  return existsSync(file) && !/^State:\s+[ZX]/m.test(readFileSync(file, 'utf8'));
}

describe('the script of %sh, on a real Python', () => {
  test.for<[what: string, script: string, flags: readonly string[], printed: string]>([
    ['is printed', 'echo a; echo "é 京"', [], 'a\né 京\n<end>0\n'],
    ['merges its error output in order', 'echo a; echo b >&2; echo c', [], 'a\nb\nc\n<end>0\n'],
    ['tells its exit code', 'echo a; exit 3', [], 'a\n<end>3\n'],
    ['goes on after a command that failed', 'false; echo b', [], 'b\n<end>0\n'],
    ['stops there with -e', 'false; echo b', ['-e'], '<end>1\n'],
    ['tells the signal that ended it', 'kill -9 $$', [], '<end>-9\n'],
    ['may hold every sign', `printf '%s' "\\\\ ' \\" \${HOME:+x} \u2028"`, [], `\\ ' " x \u2028<end>0\n`],
    ['may print what is no text', "printf 'a\\377b'", [], 'a\ufffdb<end>0\n'],
    ['has no input', 'cat; echo end', [], 'end\n<end>0\n'],
    ['may be longer than an argument can be', `: ${'x'.repeat(200_000)}\necho ok`, [], 'ok\n<end>0\n'],
    ['is bash', '[[ a == a ]] && echo bash', [], 'bash\n<end>0\n'],
  ])('%s', async ([, script, flags, printed]) => {
    expect(await output(script, flags)).toBe(printed);
  });

  test('ends with all that it started when the command is cancelled', async () => {
    await using python = start('sleep 1000 & echo $!; sleep 1000 & echo $!; wait');
    const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
    const pids = [await lines.next(), await lines.next()].map(({ value }) => Number(value));
    python.child.kill('SIGINT');
    await python.ended;
    expect(pids.map((pid) => pid > 0)).toEqual([true, true]);
    // The signal has been sent; a busy machine lets them die a moment later.
    await eventually(async () => !pids.some(runs));
  });

  test('leaves no name behind', async () => {
    const { code } = remoteCall('notebook/magics/sh.py', { script: 'true', flags: [], boundary: '' });
    const child = spawn('python3', ['-c', `${code}\nprint([name for name in globals() if not name.startswith("__")])`], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
    expect(printed).toBe('0\n[]\n');
  });
});
