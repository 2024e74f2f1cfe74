import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identify } from '../../src/lib/process-identity.ts';
import { eventually } from '../support/eventually.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

let program = '';
beforeAll(async () => {
  program = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(program), { recursive: true, force: true }));

const ps = (pid: number, field: string) => execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();

test('start returns when the workspace answers, and a second start finds it', async () => {
  await using home = new WorkspaceHome(program);
  const first = await home.run(['start']);
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('Starting the embedded workspace\n') });
  const state = await home.state();
  expect(first.stdout).toContain(state.url);
  expect(first.stdout).not.toContain(state.token);
  expect((await home.call(state, '/api/1.2/clusters/list')).body).toMatchObject([{ id: state.clusterId, status: 'Running' }]);
  const second = await home.run(['start']);
  expect(second).toEqual({ code: 0, stdout: first.stdout, stderr: '' });
  expect(await home.state()).toEqual(state);
});

test('the state file and the log are for their owner only, and the state says what design and clients rely on', async () => {
  await using home = new WorkspaceHome(program);
  const state = await home.start();
  for (const file of [home.files.state, home.files.log]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(state).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    token: expect.stringMatching(/^[0-9a-f]{64}$/),
    pid: expect.any(Number),
    version: '1.0.0',
    dialect: 'modern',
    clusterId: 'embedded',
    started: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  expect(await home.log()).not.toContain(state.token);
});

test('status, logs and stop say what there is, and that there is nothing', async () => {
  await using home = new WorkspaceHome(program);
  expect(await home.run(['status'])).toMatchObject({ code: 1, stdout: 'No embedded workspace is running.\n' });
  expect(await home.run(['logs'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/^There is no log yet: .*\n$/) });
  expect(await home.run(['stop'])).toMatchObject({ code: 0, stdout: 'No embedded workspace is running.\n' });
  const state = await home.start(['--dialect', 'classic']);
  const { stdout, code } = await home.run(['status', '--json']);
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { running: true, url: state.url, dialect: 'classic', pid: state.pid }]);
  expect(stdout).not.toContain(state.token);
  expect((await home.run(['status'])).stdout).toContain('Cluster embedded: Running\n');
  expect((await home.run(['logs'])).stdout).toContain('listening at');
  expect(await home.run(['stop'])).toMatchObject({ code: 0, stdout: 'The embedded workspace has stopped.\n' });
  expect(await home.run(['status', '--json'])).toMatchObject({ code: 1, stdout: '{"running":false}\n' });
});

test('five starters at once get one workspace', async () => {
  await using home = new WorkspaceHome(program);
  const runs = await Promise.all(Array.from({ length: 5 }, () => home.run(['start'])));
  const { url } = await home.state();
  for (const run of runs) expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining(`${url},`) });
  expect((await home.log()).match(/^listening at /gm)).toHaveLength(1);
});

test('killing the starter’s process group leaves the workspace, which is no descendant of it and in a session of its own', async () => {
  await using home = new WorkspaceHome(program);
  const script = '"$0" "$1" workspace start && echo started && exec sleep 600';
  const group = spawn('/bin/sh', ['-c', script, process.execPath, program], { env: home.env(), detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const leader = group.pid ?? 0;
  let printed = '';
  group.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  await eventually(async () => printed.includes('started\n'));
  const state = await home.state();
  expect(ps(state.pid, 'sid')).not.toBe(ps(leader, 'sid'));
  expect(ps(state.pid, 'pgid')).not.toBe(String(leader));
  const ancestors: number[] = [];
  for (let pid = state.pid; pid > 1; pid = Number(ps(pid, 'ppid'))) ancestors.push(pid);
  expect(ancestors).not.toContain(leader);
  process.kill(-leader, 'SIGKILL');
  await once(group, 'close');
  expect((await home.call(state, '/api/1.2/clusters/list')).status).toBe(200);
});

test('SIGTERM ends it and leaves neither state file nor scratch directories', async () => {
  await using home = new WorkspaceHome(program);
  const { pid } = await home.start();
  expect(await readdir(home.files.scratch)).toEqual([`driver-${pid}-1`]);
  process.kill(pid, 'SIGTERM');
  await home.ended();
  await eventually(async () => (await identify(pid)) === undefined);
  expect([existsSync(home.files.state), existsSync(home.files.scratch)]).toEqual([false, false]);
});

test('it ends by itself when nobody uses it', async () => {
  await using home = new WorkspaceHome(program);
  await home.start(['--idle-timeout', '0.05']);
  await home.ended();
  expect(await home.log()).toContain('stopping: nobody uses it\n');
  expect(existsSync(home.files.state)).toBe(false);
});

test('contexts keep it up as long as their owner lives, and are destroyed with it', async () => {
  await using home = new WorkspaceHome(program);
  const owner = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(owner, 'spawn');
  const state = await home.start(['--idle-timeout', '0.05']);
  const context = await home.createContext(state, await identify(owner.pid ?? 0));
  const kept = await home.createContext(state, await identify(process.pid));
  owner.kill('SIGKILL');
  await once(owner, 'close');
  await eventually(async () => (await home.log()).includes(`context ${context}: destroyed, its owner has died\n`));
  const query = new URLSearchParams({ clusterId: state.clusterId, contextId: kept });
  expect((await home.call(state, `/api/1.2/contexts/status?${query}`)).body).toEqual({ status: 'Running', id: kept });
  await home.call(state, '/api/1.2/contexts/destroy', { clusterId: state.clusterId, contextId: kept });
  await home.ended();
});

test('a server that was launched before another served, and is slow, gives way even after that one was stopped', async () => {
  await using home = new WorkspaceHome(program);
  await home.start();
  await home.run(['stop']);
  expect(await home.run(['serve', '--served-before', '0'])).toMatchObject({ code: 0 });
  expect(await home.serving()).toBe(false);
});

test('a workspace of another version or dialect is replaced when it is not in use, and refused with the remedy when it is', async () => {
  await using home = new WorkspaceHome(program);
  const first = await home.start();
  const context = await home.createContext(first);
  const refused = await home.run(['start'], { TEST_VERSION: '2.0.0' });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^An embedded workspace of version 1\.0\.0, .*"databricks-kernel workspace stop"\.\n$/) });
  await home.call(first, '/api/1.2/contexts/destroy', { clusterId: first.clusterId, contextId: context });
  const second = await home.start([], { TEST_VERSION: '2.0.0' });
  expect([second.version, second.pid === first.pid, await identify(first.pid)]).toEqual(['2.0.0', false, undefined]);
  const third = await home.start(['--dialect', 'classic'], { TEST_VERSION: '2.0.0' });
  expect([third.dialect, await identify(second.pid)]).toEqual(['classic', undefined]);
  expect(await home.start([], { TEST_VERSION: '2.0.0' })).toEqual(third);
});

test('the server process sees no setting of a real workspace, nor of another Spark or Python', async () => {
  await using home = new WorkspaceHome(program);
  const others = { PYTHONPATH: '/another/python', SPARK_HOME: '/another/spark', PYSPARK_PYTHON: '/another/python', HADOOP_CONF_DIR: '/another/hadoop' };
  await home.run(['start'], { DATABRICKS_TOKEN: 'dapi-secret', DATABRICKS_HOST: 'https://example.com', ...others });
  const { pid } = await home.state();
  const environment = execFileSync('ps', ['eww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  expect(environment).toContain('DATABRICKS_KERNEL_HOME=');
  expect(environment).not.toMatch(/dapi-secret|DATABRICKS_HOST|\/another\//);
});
