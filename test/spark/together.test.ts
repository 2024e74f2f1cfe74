import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { packageFile } from '../../src/lib/package-file.ts';
import { askWorkspace } from '../../src/workspace/control.ts';
import { readState } from '../../src/workspace/state-file.ts';
import { cellSignal } from '../support/cell-signal.ts';
import { kept, kernelCommand, startDatabricksKernel } from '../support/databricks-kernel.ts';
import { eventually } from '../support/eventually.ts';
import { startKernel, type KernelCommand, type RunningKernel } from '../support/start-kernel.ts';

const run = promisify(execFile);

/** A home without a workspace, unlike the one that the other tests share. */
let home: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cold-home-'));
  env = { DATABRICKS_KERNEL_HOME: home };
});
afterAll(async () => {
  await run(process.execPath, [packageFile('dist', 'main.js'), 'workspace', 'stop'], { env: { ...process.env, ...inject('sparkEnvironment'), ...env } });
  await rm(home, { recursive: true });
});

/** In a session of its own, as jupyter_client and VS Code start kernels. */
function inSession({ argv, ...rest }: KernelCommand): KernelCommand {
  return { ...rest, argv: ['setsid', ...argv] };
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
}

async function processes(): Promise<Process[]> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid=,sess=']);
  return stdout.trim().split('\n').map((line) => {
    const [pid = 0, parent = 0, session = 0] = line.trim().split(/\s+/).map(Number);
    return { pid, parent, session };
  });
}

/** A process with all of its descendants, and whatever shares a session with one of them. */
function treeOf(root: number, all: readonly Process[]): Process[] {
  const tree = new Set([root]);
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
  }
  const sessions = new Set(all.filter(({ pid }) => tree.has(pid)).map(({ session }) => session));
  return all.filter(({ pid, session }) => tree.has(pid) || sessions.has(session));
}

/** A cell that shows which JVM it runs in, and which notebook it belongs to. */
const who: Readonly<Record<KernelLanguage, (notebook: number) => string>> = {
  scala: (notebook) => `s"\${ProcessHandle.current.pid} ${notebook}"`,
  python: (notebook) => `f"{spark._jvm.java.lang.ProcessHandle.current().pid()} ${notebook}"`,
  sql: (notebook) => `select reflect('java.lang.ProcessHandle', 'current') || ' ${notebook}' as who`,
};

/** A cell that goes on until a file is there, and says then whose it is. In SQL nothing waits for a file: it takes its time. */
const waiting: Readonly<Record<KernelLanguage, (file: string, notebook: number) => string>> = {
  scala: (file, notebook) => `while (!new java.io.File("${file}").exists) Thread.sleep(20); "notebook ${notebook}"`,
  python: (file, notebook) => `import os, time\nwhile not os.path.exists("${file}"): time.sleep(0.02)\n"notebook ${notebook}"`,
  sql: (_file, notebook) => `select 'notebook ${notebook}' as it, reflect('java.lang.Thread', 'sleep', 500L) as slept`,
};

const running: RunningKernel[] = [];
afterEach(async () => void (await Promise.all(running.map((kernel) => kernel[Symbol.asyncDispose]()))));

/** A kernel that is shut down when the test ends, also when another does not start. */
async function started(starting: Promise<RunningKernel>): Promise<RunningKernel> {
  const kernel = await starting;
  running.push(kernel);
  return kernel;
}

async function contexts(): Promise<number | undefined> {
  const state = await readState(home);
  return state && (await askWorkspace(state))?.contexts;
}

// On two slow cores beside other tests 32 contexts take minutes to open.
const limit = { timeout: 900_000 };

test('32 kernels that start at once share one workspace and one driver, each on its own, and both outlive the process tree of the first', limit, async () => {
  // Most are the cheapest ones: a Python context is a process of 100 MB, a Scala one a compiler.
  const languages = Array.from({ length: 32 }, (_, index): KernelLanguage => (['python', 'scala', 'sql', 'sql', 'sql'] as const)[index % 5] ?? 'sql');
  const kernels = await Promise.all(languages.map((language, index) => {
    const command = kernelCommand(language, env);
    return started(startKernel(index === 0 ? inSession(command) : command));
  }));
  const runAll = (code: (language: KernelLanguage, notebook: number) => string) => Promise.all(kernels.map(async (kernel, notebook) => {
    return kept((await kernel.execute(code(languages[notebook] ?? 'sql', notebook))).outputs).join();
  }));

  const cells = (await runAll((language, notebook) => who[language](notebook))).map((shown) => /(\d+) (\d+)'?$/.exec(shown)?.slice(1).map(Number));
  const driver = cells[0]?.[0] ?? 0;
  expect(cells).toEqual(languages.map((_, notebook) => [driver, notebook]));
  expect(await contexts()).toBe(32);
  const log = await readFile(join(home, 'workspace.log'), 'utf8');
  expect([/ lock taken$/gm, / listening at /gm, / cluster embedded: Pending$/gm].map((step) => log.match(step)?.length)).toEqual([1, 1, 1]);

  await using signal = await cellSignal();
  const done = join(signal.directory, 'done');
  const [first, second] = kernels as [RunningKernel, RunningKernel];
  const shown = runAll((language, notebook) => (notebook === 0 ? `${signal.python}\nimport time; time.sleep(600)` : waiting[language](done, notebook)));
  await signal.arrived();
  await first.interrupt();
  // It comes before the end of the others, which wait for it.
  await first.request('shell', 'kernel_info_request', {});
  await writeFile(done, '');
  expect((await shown).map((text, notebook) => (notebook === 0 ? text : /notebook (\d+)/.exec(text)?.[1]))).toEqual([
    expect.stringMatching(/^error: KeyboardInterrupt: /), ...Array.from({ length: 31 }, (_, index) => String(index + 1)),
  ]);

  const workspace = (await readState(home))?.pid ?? 0;
  const doomed = treeOf(first.process.pid ?? 0, await processes()).map(({ pid }) => pid);
  expect(doomed).toContain(first.process.pid);
  for (const survivor of [process.pid, second.process.pid, driver, workspace]) expect(doomed).not.toContain(survivor);
  for (const pid of doomed) process.kill(pid, 'SIGKILL');
  await first.exited;
  expect((await second.execute('1 + 1')).reply.status).toBe('ok');
  const next = await started(startDatabricksKernel('scala', env));
  expect(kept((await next.execute(who.scala(99))).outputs).join()).toMatch(new RegExp(`${driver} 99$`));

  await Promise.all([...kernels.slice(1), next].map((kernel) => kernel.shutdown()));
  await eventually(async () => (await contexts()) === 0);
});
