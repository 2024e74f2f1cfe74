import { expect, test } from 'vitest';
import { refuseWindows } from '../../../src/workspace/locate.ts';
import { eventually } from '../../support/eventually.ts';
import { deadIdentity, foreignIdentity, identity } from '../../support/identities.ts';
import { LibraryWorkspace } from '../../support/library-workspace.ts';
import { ScriptedDriver } from '../../support/scripted-driver.ts';
import { ScriptedWorkspace } from '../../support/scripted-workspace.ts';

const day = 24 * 60 * 60 * 1000;

test('a context that no request has named for a day is destroyed, one that is asked about or works is not', async () => {
  await using server = new ScriptedWorkspace('modern');
  const [unused, asked, working] = [await server.createContext(), await server.createContext(), await server.createContext()];
  const command = await server.execute(working, 'hang');
  await server.until(() => server.status(working, command), ({ status }) => status === 'Running');
  server.now = day - 1;
  await server.workspace.sweep();
  expect(server.workspace.openContexts).toBe(3);
  await server.contextStatus(asked);
  server.now = day;
  await server.workspace.sweep();
  expect((await server.contextStatus(unused)).body).toEqual({ error: 'ContextNotFound' });
  expect(server.workspace.openContexts).toBe(2);
  expect(server.drivers[0]?.closed).toEqual([unused]);
  await server.cancel(working, command);
  await server.ended(working, command);
  server.now = 2 * day;
  await server.workspace.sweep();
  expect(server.workspace.openContexts).toBe(0);
});

test('a context is destroyed with the process that it was made for, and not where that cannot be looked for', async () => {
  await using server = new ScriptedWorkspace('modern');
  const create = (owner: string | undefined) => {
    return server.post('/api/1.2/contexts/create', { language: 'sql', clusterId: server.clusterId, ...(owner !== undefined && { owner }) });
  };
  for (const owner of [identity, foreignIdentity, undefined]) await create(owner);
  const orphan = (await create(deadIdentity)).body as { id: string };
  await server.workspace.sweep();
  expect(server.workspace.openContexts).toBe(3);
  expect((await server.contextStatus(orphan.id)).body).toEqual({ error: 'ContextNotFound' });
});

test('a context that has failed is closed in its driver, too, when it is destroyed', async () => {
  await using server = new ScriptedWorkspace('modern');
  const contextId = await server.createContext();
  const command = await server.execute(contextId, 'stubborn');
  await server.until(() => server.status(contextId, command), ({ status }) => status === 'Running');
  await server.cancel(contextId, command);
  await server.until(() => server.contextStatus(contextId), ({ status }) => status === 'Error');
  await server.post('/api/1.2/contexts/destroy', { clusterId: server.clusterId, contextId });
  expect(server.drivers[0]?.closed).toEqual([contextId]);
});

test('a workspace is idle since the last request that was let in, and never while a context is open', async () => {
  await using server = new ScriptedWorkspace('modern');
  server.now = 100;
  expect(server.workspace.idleFor).toBe(100);
  await server.inject({ url: '/api/1.2/clusters/list', headers: { authorization: 'Bearer wrong' } });
  expect(server.workspace.idleFor).toBe(100);
  await server.get('/api/1.2/clusters/list');
  expect(server.workspace.idleFor).toBe(0);
  const contextId = await server.createContext();
  server.now = 200;
  expect(server.workspace.idleFor).toBe(0);
  await server.post('/api/1.2/contexts/destroy', { clusterId: server.clusterId, contextId });
  server.now = 300;
  expect(server.workspace.idleFor).toBe(100);
});

test('a workspace is not idle while a cluster starts, restarts or changes its size, nor while a library is installed', async () => {
  await using server = await LibraryWorkspace.running('modern');
  const started: (() => void)[] = [];
  server.startDriver = () => new Promise((resolve) => started.push(() => resolve(new ScriptedDriver())));
  /** Long after the last request, and since `sweep` saw what goes on. */
  const idleLater = async () => {
    server.now += day;
    const idle = server.workspace.idleFor;
    await server.workspace.sweep();
    return idle;
  };
  expect(await idleLater()).toBe(day);
  const id = await server.createCluster();
  expect(await idleLater()).toBe(0);
  started.shift()?.();
  await server.clusterIs(id, 'Running');
  server.workspace.cluster(id).restart();
  expect(await idleLater()).toBe(0);
  await server.until(async () => server.clusterStatus(id), () => started.length > 0);
  started.shift()?.();
  await server.clusterIs(id, 'Running');
  let resized = () => {};
  const driver = await server.workspace.cluster(id).driver();
  driver.resize = () => new Promise((resolve) => (resized = resolve));
  await server.post('/api/1.2/clusters/resize', { clusterId: id, numWorkerContainers: 3 });
  expect(await idleLater()).toBe(0);
  resized();
  await server.clusterIs(id, 'Running');
  await server.install([{ pypi: { package: 'slow-to-install' } }]);
  await server.become('INSTALLING');
  expect(await idleLater()).toBe(0);
  server.lastDriver.release();
  server.drivers[0]?.release();
  await eventually(async () => !server.workspace.libraries.areInstalling);
  // Nobody has asked for days; but it was at work a moment ago.
  expect(server.workspace.idleFor).toBe(0);
});

test('it tells what it is and holds, and stops when asked, if need be only when unused', async () => {
  await using server = new ScriptedWorkspace('classic');
  const contextId = await server.createContext();
  expect((await server.get('/workspace')).body).toMatchObject({ version: '1.2.3', dialect: 'classic', pid: 4711, contexts: 1 });
  expect(await server.post('/workspace/stop', { onlyIfUnused: 'true' })).toMatchObject({ status: 409, body: { contexts: 1 } });
  expect(server.stopped).toBeUndefined();
  await server.post('/api/1.2/contexts/destroy', { clusterId: server.clusterId, contextId });
  expect((await server.post('/workspace/stop', { onlyIfUnused: 'true' })).status).toBe(200);
  expect(server.stopped).toBe('asked to stop');
});

test('a cluster that ends while it starts ends the driver that comes late', async () => {
  const driver = new ScriptedDriver();
  let started: () => void = () => {};
  {
    await using server = new ScriptedWorkspace('modern');
    server.startDriver = () => new Promise((resolve) => (started = () => resolve(driver)));
    await server.createContext();
    setImmediate(() => started());
  }
  expect(await driver.exited).toEqual({ reason: '' });
});

test('Windows is told that there is none, and what to set', () => {
  expect(() => refuseWindows('win32')).toThrow(/^There is no embedded workspace on Windows: set DATABRICKS_HOST /);
  expect(() => refuseWindows('linux')).not.toThrow();
});
