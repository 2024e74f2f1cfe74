import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

let directory: string;
let program: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lifecycle-'));
  program = join(directory, 'lifecycle.mjs');
  const entryPoints = [join(import.meta.dirname, '../../fixtures/programs/lifecycle.ts')];
  await build({ entryPoints, outfile: program, bundle: true, format: 'esm', platform: 'node', logLevel: 'silent' });
});
afterAll(() => rm(directory, { recursive: true }));

/** A running program, whose lines can be waited for, and which dies with the test. */
class Program implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;
  readonly #lines: AsyncIterator<string>;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(command, args, { env });
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done ? undefined : value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

const start = (behaviour: string, env?: NodeJS.ProcessEnv): Program => new Program(process.execPath, [program, behaviour], env);

test.for([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s closes what is open and ends with %i', async ([signal, code]) => {
  await using running = start('closes');
  expect(await running.line()).toBe('ready');
  running.child.kill(signal);
  expect(await running.line()).toBe(signal);
  expect(await running.ended).toBe(code);
});

test('SIGINT interrupts and does not end', async () => {
  await using running = start('closes');
  await running.line();
  running.child.kill('SIGINT');
  expect(await running.line()).toBe('interrupted');
  running.child.kill('SIGTERM');
  expect(await running.line()).toBe('SIGTERM');
});

test.for(['hangs', 'fails'])('a close that %s does not keep the process alive', async (behaviour) => {
  await using running = start(behaviour);
  await running.line();
  running.child.kill('SIGTERM');
  expect(await running.line()).toBe('SIGTERM');
  expect(await running.ended).toBe(143);
});

test.for(['throws', 'rejects'])('a program that %s what nobody catches says so, closes and ends with 1', async (behaviour) => {
  await using running = start(behaviour);
  let errors = '';
  running.child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  expect([await running.line(), await running.line()]).toEqual(['ready', 'defect']);
  expect(await running.ended).toBe(1);
  expect(errors).toMatch(/^a defect\n/);
});

test('the death of its parent ends a process', async () => {
  await using shell = new Program('sh', ['-c', `"${process.execPath}" "${program}" closes & wait`]);
  expect(await shell.line()).toBe('ready');
  shell.child.kill('SIGKILL');
  expect(await shell.line()).toBe('parent');
  // The pipe closes when its last writer, the orphan, is gone.
  expect(await shell.line()).toBeUndefined();
});

test('the death of the front end in JPY_PARENT_PID ends a process whose parent, a wrapper, lives on', async () => {
  await using frontEnd = new Program('sleep', ['600']);
  await using running = start('closes', { ...process.env, JPY_PARENT_PID: String(frontEnd.child.pid) });
  await running.line();
  frontEnd.child.kill('SIGKILL');
  expect(await running.line()).toBe('parent');
  expect(await running.ended).toBe(0);
});

test('a front end that dies before the process has begun ends it, too', async () => {
  const orphan = `while kill -0 $JPY_PARENT_PID 2>&-; do sleep 0.05; done; exec "${process.execPath}" "${program}" closes`;
  await using shell = new Program('sh', ['-c', 'JPY_PARENT_PID=$$ sh -c "$0" &', orphan]);
  expect([await shell.line(), await shell.line()]).toEqual(['ready', 'parent']);
  expect(await shell.line()).toBeUndefined();
});

test('a JPY_PARENT_PID that names no process is not believed', async () => {
  await using gone = new Program('true', []);
  await gone.ended;
  await using running = start('closes', { ...process.env, JPY_PARENT_PID: String(gone.child.pid) });
  await running.line();
  running.child.kill('SIGTERM');
  expect(await running.line()).toBe('SIGTERM');
});
