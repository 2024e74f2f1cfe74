import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { packageFile } from '../../src/lib/package-file.ts';
import { kept, kernelCommand, startDatabricksKernel } from '../support/databricks-kernel.ts';
import { startKernel, type KernelCommand } from '../support/start-kernel.ts';

const run = promisify(execFile);

/** A home without a workspace, unlike the one that the other tests share. */
let env: { DATABRICKS_KERNEL_HOME: string };
beforeAll(async () => {
  env = { DATABRICKS_KERNEL_HOME: await mkdtemp(join(tmpdir(), 'cold-home-')) };
});
afterAll(async () => {
  await run(process.execPath, [packageFile('dist', 'main.js'), 'workspace', 'stop'], { env: { ...process.env, ...inject('sparkEnvironment'), ...env } });
  await rm(env.DATABRICKS_KERNEL_HOME, { recursive: true });
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

test('kernels that start at once share one workspace, which outlives the whole process tree of the first', async () => {
  await using first = await startKernel(inSession(kernelCommand('scala', env)));
  await using second = await startDatabricksKernel('python', env);
  await using third = await startDatabricksKernel('sql', env);
  const pidOf = 'ProcessHandle.current.pid';
  const cells = await Promise.all([
    first.execute(pidOf),
    second.execute('spark._jvm.java.lang.ProcessHandle.current().pid()'),
    third.execute(`%scala\n${pidOf}`),
  ]);
  const drivers = cells.map(({ outputs }) => Number(/(\d+)$/.exec(kept(outputs).join())?.[1]));
  expect(new Set(drivers)).toEqual(new Set([expect.any(Number)]));
  const [driver = 0] = drivers;

  const workspace = JSON.parse(await readFile(join(env.DATABRICKS_KERNEL_HOME, 'workspace.json'), 'utf8')) as { pid: number };
  const doomed = treeOf(first.process.pid ?? 0, await processes()).map(({ pid }) => pid);
  expect(doomed).toContain(first.process.pid);
  expect(doomed).not.toContain(process.pid);
  expect(doomed).not.toContain(driver);
  expect(doomed).not.toContain(workspace.pid);
  for (const pid of doomed) process.kill(pid, 'SIGKILL');
  await first.exited;

  expect((await second.execute('1 + 1')).reply.status).toBe('ok');
  await using next = await startDatabricksKernel('scala', env);
  expect(kept((await next.execute(pidOf)).outputs).join()).toMatch(new RegExp(`= ${driver}$`));
});
