import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identify } from '../../src/lib/process-identity.ts';
import type { WorkspaceState } from '../../src/workspace/state-file.ts';
import { eventually } from '../support/eventually.ts';
import { listening } from '../support/listening.ts';
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

test.for<[args: string[], master: string]>([
  [[], 'local[*]'],
  [['--master', 'spark://127.0.0.1:7077'], 'spark://127.0.0.1:7077'],
])('start %j gives its drivers the master %s', async ([args, master]) => {
  await using home = new WorkspaceHome(program);
  await home.start(args);
  expect(await home.log()).toContain(`a driver on ${master}\n`);
});

test('the state file and the log are for their owner only, and the state says what design and clients rely on', async () => {
  await using home = new WorkspaceHome(program);
  const state = await home.start();
  for (const file of [home.files.state, home.files.log]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(state).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    master: 'local[*]',
    idleTimeoutMs: 30 * 60_000,
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
  expect(await readdir(home.files.scratch)).toEqual(['driver-1-1']);
  process.kill(pid, 'SIGTERM');
  await home.ended();
  await eventually(async () => (await identify(pid)) === undefined);
  expect([existsSync(home.files.state), existsSync(home.files.scratch)]).toEqual([false, false]);
});

test('it ends by itself when nobody uses it, however many clusters run', async () => {
  await using home = new WorkspaceHome(program);
  const state = await home.start(['--idle-timeout', '0.2']);
  await home.call(state, '/api/1.2/clusters/create', { name: 'idle', numWorkerContainers: '1' });
  await home.ended();
  expect(await home.log()).toContain('stopping: nobody uses it\n');
  expect(existsSync(home.files.state)).toBe(false);
});

test('contexts keep it up as long as their owner lives, and are destroyed with it', async () => {
  await using home = new WorkspaceHome(program);
  const owner = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(owner, 'spawn');
  const state = await home.start(['--idle-timeout', '0.2']);
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
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^An embedded workspace of version 1\.0\.0 \(this program is 2\.0\.0\) is in use: .*"databricks-kernel workspace stop"\.\n$/) });
  await home.call(first, '/api/1.2/contexts/destroy', { clusterId: first.clusterId, contextId: context });
  const second = await home.start([], { TEST_VERSION: '2.0.0' });
  expect([second.version, second.pid === first.pid, await identify(first.pid)]).toEqual(['2.0.0', false, undefined]);
  const third = await home.start(['--dialect', 'classic'], { TEST_VERSION: '2.0.0' });
  expect([third.dialect, await identify(second.pid)]).toEqual(['classic', undefined]);
  expect(await home.start([], { TEST_VERSION: '2.0.0' })).toEqual(third);
});

const stoppedMeanwhile = { code: 1, stderr: expect.stringMatching(/The embedded workspace was stopped while it started: run this again to start another\.\n$/) };

test('a stop is not undone by a start that waits until the cluster has started', async () => {
  await using home = new WorkspaceHome(program);
  const later = join(home.path, 'later');
  const starting = home.run(['start'], { TEST_START_AT: later });
  await eventually(async () => existsSync(home.files.state));
  const stopping = home.run(['stop']);
  await eventually(async () => (await home.log()).includes('stopping: asked to stop'));
  await writeFile(later, '');
  expect((await stopping).code).toBe(0);
  expect(await starting).toMatchObject(stoppedMeanwhile);
  expect((await home.log()).match(/^lock taken$/gm)).toHaveLength(1);
});

test('a stop is not undone by a start whose workspace does not answer yet', async () => {
  await using home = new WorkspaceHome(program);
  expect(await home.run(['start'], { TEST_STOP_AT: 'lock taken' })).toMatchObject(stoppedMeanwhile);
  expect((await home.log()).match(/^lock taken$/gm)).toHaveLength(1);
});

/** Of this machine, for others to reach it by. */
const address = Object.values(networkInterfaces()).flatMap((all = []) => all).find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

test('it listens on loopback only, unless it is told otherwise, and then warns and still wants the token', async () => {
  await using home = new WorkspaceHome(program);
  const own = await home.start();
  expect(listening(own.pid)).toEqual(['127.0.0.1']);
  expect(await home.log()).not.toContain('warning');
  expect(await home.run(['start', '--bind', '0.0.0.0'])).toMatchObject({ code: 2, stderr: 'An embedded workspace runs already and listens at 127.0.0.1: run "databricks-kernel workspace stop" first.\n' });
  await home.run(['stop']);
  const { code, stdout, stderr } = await home.run(['start', '--bind', '0.0.0.0']);
  const open = await home.state();
  expect(listening(open.pid)).toEqual(['0.0.0.0']);
  expect(stderr).toMatch(/\nWarning: other machines can reach the embedded workspace at 0\.0\.0\.0\. Whoever has its token runs code on this machine as you, and what is sent is not encrypted\.\n$/);
  expect([code, stdout]).toEqual([0, expect.stringContaining(`answers at ${open.url}, `)]);
  expect(open.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await home.log()).toContain('warning: other machines can reach it at 0.0.0.0');
  const { port } = new URL(open.url);
  for (const host of ['127.0.0.1', ...(address === undefined ? [] : [address])]) {
    const ask = (headers: Readonly<Record<string, string>>) => fetch(`http://${host}:${port}/api/1.2/clusters/list`, { headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${open.token}` })).status).toBe(200);
  }
  // A kernel of this machine finds it as ever.
  expect(await home.start()).toEqual(open);
});

test('a start that names what the workspace that runs was not started with is refused, and one that names the same or nothing finds it', async () => {
  await using home = new WorkspaceHome(program);
  const state = await home.start(['--master', 'local[3]', '--idle-timeout', '7.5']);
  const { port } = new URL(state.url);
  const other = port === '8080' ? '8081' : '8080';
  for (const [args, has] of [
    [['--master', 'local[4]'], 'has local[3] as its master'],
    [['--master', 'local[*]'], 'has local[3] as its master'],
    [['--idle-timeout', '30'], 'ends after 7.5 minutes without use'],
    [['--port', other], `listens on port ${port}`],
  ] as const) {
    const stderr = `An embedded workspace runs already and ${has}: run "databricks-kernel workspace stop" first.\n`;
    expect(await home.run(['start', ...args])).toEqual({ code: 2, stdout: '', stderr });
  }
  for (const args of [[], ['--port', '0'], ['--port', port, '--master', 'local[3]', '--idle-timeout', '7.5', '--bind', '127.0.0.1']]) expect(await home.start(args)).toEqual(state);
});

test('an address that this machine has not is told with the option', async () => {
  await using home = new WorkspaceHome(program);
  expect(await home.run(['start', '--bind', '192.0.2.1'])).toMatchObject({ code: 1, stderr: expect.stringContaining('This machine has no address 192.0.2.1: choose another with --bind, or leave it out.') });
});

test('what it keeps is for its owner only, whatever the umask, and also where a file lay open before', async () => {
  await using home = new WorkspaceHome(program);
  const before = process.umask(0);
  try {
    for (const file of [home.files.state, `${home.files.state}.draft`, home.files.log, home.files.driverLog, `${home.files.store}.draft`]) await writeFile(file, '', { mode: 0o666 });
    const state = await home.start();
    await home.call(state, '/api/1.2/clusters/create', { name: 'x', numWorkerContainers: '1' });
    const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
    const open = await Promise.all(
      entries.filter((entry) => entry.parentPath === home.path || entry.isFile()).map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return ((await stat(path)).mode & 0o077) === 0 ? [] : [path];
      }),
    );
    expect(open.flat()).toEqual([]);
    expect(entries.map(({ name }) => name)).toEqual(expect.arrayContaining(['workspace.json', 'workspace.log', 'driver.log', 'workspace-store.json', 'scratch', 'cache', 'dbfs']));
  } finally {
    process.umask(before);
  }
});

test('clusters, their sizes and settings are there after a restart of the workspace; only the default one runs', async () => {
  await using home = new WorkspaceHome(program);
  const first = await home.start();
  const sparkConf = JSON.stringify({ 'spark.speculation': true });
  const created = await home.call(first, '/api/1.2/clusters/create', { name: 'mine', numWorkerContainers: '2', sparkConf });
  const { id } = created.body as { id: string };
  const state = async (now: WorkspaceState) => (await home.call(now, `/api/1.2/clusters/status?clusterId=${id}`)).body;
  await eventually(async () => JSON.stringify(await state(first)).includes('"Running"'));
  await home.call(first, '/api/1.2/clusters/resize', { clusterId: id, numWorkerContainers: '3' });
  expect((await home.run(['status'])).stdout).toContain(`Cluster ${id}: Running\n`);
  expect((await stat(home.files.store)).mode & 0o777).toBe(0o600);
  // Not even a moment to say goodbye: what was answered is kept.
  process.kill(first.pid, 'SIGKILL');
  await home.ended();
  const second = await home.start();
  expect(await state(second)).toMatchObject({ name: 'mine', status: 'Terminated', numWorkers: 3, sparkConf: { 'spark.speculation': 'true' } });
  expect((await home.run(['status'])).stdout).toMatch(new RegExp(`Cluster embedded: Running\nCluster ${id}: Terminated\n`));
  await home.call(second, '/api/1.2/contexts/create', { language: 'sql', clusterId: id });
  await eventually(async () => JSON.stringify(await state(second)).includes('"Running"'));
});

test('a file of clusters that cannot be read is set aside, and the workspace starts without', async () => {
  await using home = new WorkspaceHome(program);
  await writeFile(home.files.store, '{"clusters": [');
  await home.start();
  expect(await home.log()).toContain(`it was renamed to ${home.files.store}.broken\n`);
  expect(await readFile(`${home.files.store}.broken`, 'utf8')).toBe('{"clusters": [');
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
