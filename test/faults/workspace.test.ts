import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identify } from '../../src/lib/process-identity.ts';
import { writeState } from '../../src/workspace/state-file.ts';
import { eventually } from '../support/eventually.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

let program = '';
beforeAll(async () => {
  program = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(program), { recursive: true, force: true }));

test.for(['lock taken', 'directories ready', 'listening', 'cluster embedded: Pending', 'state file written'])(
  'a server killed at "%s" leaves the next start working',
  async (step) => {
    await using home = new WorkspaceHome(program);
    const killed = await home.run(['start'], { TEST_KILL_AT: step });
    if (step !== 'state file written') {
      expect(killed).toMatchObject({ code: 1, stderr: expect.stringMatching(/The embedded workspace did not start: its server process ended without a word\. Its log is .*workspace\.log\n$/) });
    }
    const state = await home.start();
    expect((await home.call(state, '/api/1.2/clusters/list')).status).toBe(200);
  },
);

test('a starter killed while it waits leaves a server that the next start finds', async () => {
  await using home = new WorkspaceHome(program);
  const starter = spawn(process.execPath, [program, 'workspace', 'start'], { env: home.env(), detached: true, stdio: 'ignore' });
  await eventually(async () => (await home.log()).includes('lock taken\n'));
  process.kill(-(starter.pid ?? 0), 'SIGKILL');
  await once(starter, 'close');
  await home.start();
  expect((await home.log()).match(/^lock taken$/gm)).toHaveLength(1);
});

test('a killed server’s state file is replaced', async () => {
  await using home = new WorkspaceHome(program);
  const first = await home.start();
  process.kill(first.pid, 'SIGKILL');
  const second = await home.start();
  expect(second.pid).not.toBe(first.pid);
  expect((await home.call(second, '/api/1.2/clusters/list')).status).toBe(200);
});

test('a state file whose address another program answers is replaced', async () => {
  await using home = new WorkspaceHome(program);
  await using other = createServer((socket) => socket.on('error', () => undefined).resume().end('220 not HTTP\r\n'));
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const { port } = other.address() as AddressInfo;
  const stale = { url: `http://127.0.0.1:${port}`, token: 'x', pid: 1, version: '1.0.0', dialect: 'modern', clusterId: 'embedded', started: '' };
  await writeState(home.path, stale);
  expect((await home.start()).url).not.toBe(stale.url);
});

test.for(['', '{', '[]', '{"url": 1}', '\u0000'])('a state file that holds %j is replaced', async (text) => {
  await using home = new WorkspaceHome(program);
  await writeFile(home.files.state, text);
  await home.start();
});

test('the lock of a dead process is replaced, also when its pid lives again', async () => {
  await using home = new WorkspaceHome(program);
  await writeFile(`${home.files.lock}.7`, `${process.pid}:1:another-boot`);
  await home.start();
});

test('five starters over the ruins of a killed server get one workspace', async () => {
  await using home = new WorkspaceHome(program);
  process.kill((await home.start()).pid, 'SIGKILL');
  await Promise.all(Array.from({ length: 5 }, () => home.start()));
  expect((await home.log()).match(/^listening at /gm)).toHaveLength(2);
});

test('a port in use is named, and the next start works', async () => {
  await using home = new WorkspaceHome(program);
  await using other = createServer();
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const { port } = other.address() as AddressInfo;
  const refused = await home.run(['start', '--port', String(port)]);
  const error = `The embedded workspace did not start: Port ${port} is in use: choose another with --port, or leave it out to get a free one.`;
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(error) });
  await home.start();
});

test('a home that cannot be made is named, with the setting', async () => {
  await using home = new WorkspaceHome(program);
  await writeFile(join(home.path, 'file'), '');
  const path = join(home.path, 'file', 'home');
  const run = await home.run(['start'], { DATABRICKS_KERNEL_HOME: path });
  const message = `The embedded workspace cannot write to ${path}: set DATABRICKS_KERNEL_HOME to a directory that it can write to.\n`;
  expect(run).toEqual({ code: 2, stdout: '', stderr: message });
});

test('whoever waits for a driver that does not start is told why, and the workspace stays to say it', async () => {
  await using home = new WorkspaceHome(program);
  const reason = 'There is no Python: install python3-venv';
  await home.run(['start'], { TEST_NO_DRIVER: reason });
  expect((await home.run(['status'])).stdout).toContain(`Cluster embedded: Error, ${reason}\n`);
  const state = await home.state();
  const context = await home.createContext(state);
  const query = new URLSearchParams({ clusterId: state.clusterId, contextId: context });
  const status = () => home.call(state, `/api/1.2/contexts/status?${query}`);
  await eventually(async () => ((await status()).body as { status: string }).status !== 'Pending');
  expect((await status()).body).toEqual({ status: 'Error', id: context, cause: reason });
});

test('a workspace whose state file is taken away ends: nobody could find it', async () => {
  await using home = new WorkspaceHome(program);
  const { pid } = await home.start();
  await unlink(home.files.state);
  await home.ended();
  await eventually(async () => (await identify(pid)) === undefined);
  expect(await home.log()).toContain('stopping: its state file is gone\n');
});

test('a workspace that hangs is killed by stop', async () => {
  await using home = new WorkspaceHome(program);
  const { pid } = await home.start();
  process.kill(pid, 'SIGSTOP');
  expect(await home.run(['stop'])).toMatchObject({ code: 0, stdout: 'The embedded workspace has stopped.\n' });
  await home.start();
});
