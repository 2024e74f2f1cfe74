import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { packageFile } from '../../src/lib/package-file.ts';
import { cellSignal, type CellSignal } from '../support/cell-signal.ts';
import { contextNotFound, contextStatus, kept, kernelCommand, living, openContexts, startDatabricksKernel } from '../support/databricks-kernel.ts';
import { runProgram } from '../support/run-program.ts';
import { temporaryDirectory } from '../support/scripted-api.ts';
import { startKernel, type KernelCommand, type RunningKernel } from '../support/start-kernel.ts';

/** Cells that would run for ten minutes, each after a line that says that it has begun. */
const long: [title: string, language: KernelLanguage, code: (signal: CellSignal) => string][] = [
  ['Thread.sleep in Scala', 'scala', (signal) => `val kept = 7; ${signal.scala}; Thread.sleep(600000)`],
  ['a sleep in Python', 'python', (signal) => `kept = 7\n${signal.python}\nimport time; time.sleep(600)`],
  ['a loop in Python', 'python', (signal) => `kept = 7\n${signal.python}\nwhile True: pass`],
  [
    'a Spark job in Python',
    'python',
    (signal) => `kept = 7\ndef slow(i):\n    ${signal.python}\n    import time; time.sleep(600)\nsc.parallelize([1], 1).foreach(slow)`,
  ],
  ['a Spark job in Scala', 'scala', (signal) => `val kept = 7; sc.parallelize(Seq(1), 1).foreach { _ => ${signal.scala}; Thread.sleep(600000) }`],
];

test.for(long)('an interrupt ends %s, its job is gone, and variables stay', async ([, language, code]) => {
  await using signal = await cellSignal();
  await using observer = await startDatabricksKernel('python');
  await using kernel = await startDatabricksKernel(language);
  const running = kernel.execute(code(signal));
  await signal.arrived();
  expect(await kernel.interrupt()).toMatchObject({ status: 'ok' });
  const { reply, outputs } = await running;
  expect(reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
  expect(kept(outputs)).toEqual([expect.stringMatching(/^error: KeyboardInterrupt: /)]);
  const jobs = await observer.execute('while sc.statusTracker().getActiveJobsIds(): pass\nlist(sc.statusTracker().getActiveJobsIds())');
  expect(kept(jobs.outputs)).toEqual(['execute_result: []']);
  const next = await kernel.execute('kept + 1');
  expect(kept(next.outputs)).toEqual([expect.stringMatching(/8$/)]);
});

test("an interrupt leaves the jobs of other notebooks alone, and an idle kernel's variables", async () => {
  await using signal = await cellSignal();
  await using other = await startDatabricksKernel('python');
  await using kernel = await startDatabricksKernel('scala');
  const done = join(signal.directory, 'done');
  const theirs = other.execute(
    `def wait(i):\n    ${signal.python}\n    import os, time\n    while not os.path.exists(${JSON.stringify(done)}): time.sleep(0.01)\n    return i\nsc.parallelize([5], 1).map(wait).collect()`,
  );
  await signal.arrived();
  await using mine = await cellSignal();
  const running = kernel.execute(`val kept = 7; ${mine.scala}; Thread.sleep(600000)`);
  await mine.arrived();
  await kernel.interrupt();
  expect((await running).reply).toMatchObject({ ename: 'KeyboardInterrupt' });
  await kernel.interrupt();
  await kernel.execute(`new java.io.File(${JSON.stringify(done)}).createNewFile()`);
  expect(kept((await theirs).outputs)).toEqual(['execute_result: [5]']);
});

test('Scala code that cannot be stopped costs its context, and says so; the next cell has a new one', async () => {
  await using signal = await cellSignal();
  await using kernel = await startDatabricksKernel('scala');
  const running = kernel.execute(`val kept = 7\nvar n = 0L\nval signal = new java.io.File(${JSON.stringify(signal.directory)})\nwhile (signal.exists) { n += 1; if (n == 1000) ${signal.scala} }`);
  await signal.arrived();
  await kernel.interrupt();
  const { outputs } = await running;
  expect(kept(outputs).join()).toMatch(/did not stop within 5 seconds of the cancel\. Its context is lost/);
  const next = await kernel.execute('1 + 1');
  expect(next.reply.status).toBe('ok');
  expect(kept(next.outputs).at(-1)).toBe('execute_result: val res0: Int = 2');
});

/** What a command prints that must succeed. */
async function cli(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(process.execPath, [packageFile('dist', 'main.js'), ...args], { env: { ...process.env, ...inject('sparkEnvironment') } });
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** The one context that `kernel` holds; it is the only kernel that runs. */
async function contextOf(kernel: RunningKernel) {
  await kernel.execute(kernel.connectionFile.kernel_name === 'sql' ? 'select 1' : '1');
  const [context, ...more] = await living(await openContexts());
  expect(more).toEqual([]);
  if (context === undefined) throw new Error('the kernel has noted no context');
  expect(await contextStatus(context)).toMatchObject({ status: 'Running' });
  return context;
}

const ends: [title: string, end: (kernel: RunningKernel) => Promise<unknown>, exit: object][] = [
  ['shutdown_request', (kernel) => kernel.shutdown(), { code: 0, signal: null }],
  ['shutdown_request to restart', (kernel) => kernel.shutdown(true), { code: 0, signal: null }],
  ['SIGTERM', async (kernel) => kernel.process.kill('SIGTERM'), { code: 143, signal: null }],
];

test.for(ends)('%s destroys the context', async ([, end, exit]) => {
  await using kernel = await startDatabricksKernel('python');
  const context = await contextOf(kernel);
  await end(kernel);
  expect(await kernel.exited).toEqual(exit);
  expect(await contextStatus(context)).toEqual(contextNotFound);
  expect(await living(await openContexts())).toEqual([]);
});

test('SIGTERM in the middle of a cell destroys the context with its command', async () => {
  await using signal = await cellSignal();
  await using kernel = await startDatabricksKernel('python');
  const context = await contextOf(kernel);
  const running = kernel.execute(`${signal.python}\nwhile True: pass`);
  running.catch(() => undefined);
  await signal.arrived();
  kernel.process.kill('SIGTERM');
  expect(await kernel.exited).toEqual({ code: 143, signal: null });
  expect(await contextStatus(context)).toEqual(contextNotFound);
});

/** The same kernel as the child of a process that a test can kill. */
function orphaned({ argv, ...rest }: KernelCommand): KernelCommand {
  const [program, ...args] = argv;
  const parent = 'const { spawn } = require("node:child_process"); const [p, ...a] = process.argv.slice(1); spawn(p, a, { stdio: "inherit" });';
  return { ...rest, argv: [process.execPath, '-e', parent, program ?? '', ...args] };
}

test('a dead parent ends the kernel, which destroys its context', async () => {
  const kernel = await startKernel(orphaned(kernelCommand('python')));
  const context = await contextOf(kernel);
  kernel.process.kill('SIGKILL');
  // Its streams close when the kernel itself, which inherited them, has ended.
  await kernel.exited;
  kernel[Symbol.dispose]();
  expect(await contextStatus(context)).toEqual(contextNotFound);
});

test('a context that outlives its kernels is picked up with its variables: by a kernel that is started for it, and in the middle of another one', async () => {
  const id = await cli('contexts', 'create', '-l', 'python', '--wait');
  await cli('exec', '-l', 'python', '--context-id', id, 'kept = 7');
  await using first = await startKernel(kernelCommand('python', {}, ['--context-id', id]));
  expect(kept((await first.execute('kept + 1')).outputs)).toEqual(['execute_result: 8']);
  await first.shutdown();
  await using other = await startDatabricksKernel('python');
  expect((await other.execute(`%context attach ${id}`)).text).toContain(`Cells run in execution context ${id} on cluster `);
  expect(kept((await other.execute('kept + 2')).outputs)).toEqual(['execute_result: 9']);
  await other.shutdown();
  expect(await cli('contexts', 'status', id)).toBe('Running');
  await cli('contexts', 'destroy', id);
});

test('a restarted kernel has a new context without the old variables', async () => {
  await using first = await startDatabricksKernel('python');
  await first.execute('x = 1');
  await first.shutdown(true);
  await using second = await startDatabricksKernel('python');
  expect(kept((await second.execute('x')).outputs)).toEqual(["error: NameError: name 'x' is not defined"]);
});

test('a driver that dies in the middle of a cell ends it with a sentence, and the next cell has a new one', async () => {
  await using signal = await cellSignal();
  await using kernel = await startDatabricksKernel('scala');
  const pid = kept((await kernel.execute('ProcessHandle.current.pid')).outputs).join().match(/(\d+)$/)?.[1];
  const running = kernel.execute(`${signal.scala}; Thread.sleep(600000)`);
  await signal.arrived();
  process.kill(Number(pid), 'SIGKILL');
  const { reply, outputs } = await running;
  expect(reply.status).toBe('error');
  expect(kept(outputs).join()).toMatch(/Spark driver of cluster embedded has ended, and its variables are gone/);
  expect(kept((await kernel.execute('1 + 1')).outputs).at(-1)).toBe('execute_result: val res0: Int = 2');
});

test('a workspace that is killed in the middle of a cell ends it with a sentence; its code has run once, and the next cell has a new context in a new workspace', async () => {
  await using signal = await cellSignal();
  await using home = await temporaryDirectory();
  const ledger = join(home.path, 'ledger');
  await using kernel = await startDatabricksKernel('python');
  const lost = await contextOf(kernel);
  const workspace = async (): Promise<{ pid: number; contexts: number }> => JSON.parse(await cli('workspace', 'status', '--json'));
  const killed = await workspace();
  const running = kernel.execute(`kept = 7\nopen(${JSON.stringify(ledger)}, "a").write("ran\\n")\n${signal.python}\nimport time; time.sleep(600)`);
  await signal.arrived();
  process.kill(killed.pid, 'SIGKILL');
  const { reply, outputs } = await running;
  expect(reply.status).toBe('error');
  expect(kept(outputs)).toEqual([
    expect.stringMatching(/^error: ContextLost: The execution context on cluster embedded at the embedded workspace \(127\.0\.0\.1:\d+\) is gone, and the variables of earlier cells with it: it was lost while this cell ran, whose result is unknown\. The next cell gets a new context\.$/),
  ]);
  expect(kept((await kernel.execute('"kept" in globals()')).outputs).at(-1)).toBe('execute_result: False');
  expect(await readFile(ledger, 'utf8')).toBe('ran\n');
  expect((await contextOf(kernel)).contextId).not.toBe(lost.contextId);
  const { pid, contexts } = await workspace();
  expect(pid).not.toBe(killed.pid);
  expect(contexts).toBe(1);
});
