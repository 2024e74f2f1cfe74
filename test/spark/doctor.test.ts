import { expect, inject, test } from 'vitest';
import { packageFile } from '../../src/lib/package-file.ts';
import { readState, type WorkspaceState } from '../../src/workspace/state-file.ts';
import { databricksCli, fakeMachine, printToken } from '../support/fake-programs.ts';
import { runProgram, type Run } from '../support/run-program.ts';

const run = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> => runProgram(process.execPath, [packageFile('dist', 'main.js'), ...args], { env });

async function startedWorkspace(env: NodeJS.ProcessEnv): Promise<WorkspaceState> {
  expect((await run(['workspace', 'start'], env)).code).toBe(0);
  const state = await readState(env['DATABRICKS_KERNEL_HOME'] ?? '');
  if (state === undefined) throw new Error('the workspace that has been started has no state file');
  return state;
}

test('doctor finds the embedded workspace, its cluster and a context in order', async () => {
  const env = { ...process.env, ...inject('sparkEnvironment') };
  const { url, token, clusterId } = await startedWorkspace(env);
  const { code, stdout, stderr } = await run(['doctor', '--json'], env);
  const { checks } = JSON.parse(stdout) as { checks: { section: string; name: string; state: string; text: string }[] };
  expect(checks.filter(({ section }) => section === 'Workspace').map(({ name, state, text }) => `${name}, ${state}: ${text}`)).toEqual([
    expect.stringContaining(`Embedded, fine: answers at ${url}, version `),
    'Login, fine: basic is accepted',
    expect.stringMatching(new RegExp(`^Cluster, fine: .*${clusterId}.* runs`)),
    expect.stringMatching(/^Context, fine: was opened and ran a command, in /),
  ]);
  expect(stdout + stderr).not.toContain(token);
  expect(code).toBe(0);
});

test('exec runs on Spark with the token that the Databricks CLI gives', async () => {
  const shared = { ...process.env, ...inject('sparkEnvironment') };
  const { url, token, clusterId } = await startedWorkspace(shared);
  await using machine = await fakeMachine();
  await machine.install('databricks', databricksCli('0.250.0', printToken(token, '2999-01-01T00:00:00Z')));
  const env = { ...machine.env, HOME: machine.home, DATABRICKS_HOST: url, DATABRICKS_CLUSTER_ID: clusterId };
  const { code, stdout, stderr } = await run(['exec', '--language', 'sql', '--json', 'select 40 + 2 as answer'], env);
  expect(stderr).not.toContain(token);
  expect(JSON.parse(stdout)).toMatchObject({ resultType: 'table', data: [[42]] });
  expect(code).toBe(0);
  expect(await machine.calls('databricks')).toEqual([`auth token --host ${url}`]);
});
