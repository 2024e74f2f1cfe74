import { expect, test } from 'vitest';
import type { ClusterChange, ClusterState } from '../../../src/workspace/cluster.ts';
import { deferred } from '../../support/deferred.ts';
import { ScriptedDriver } from '../../support/scripted-driver.ts';
import { ScriptedWorkspace } from '../../support/scripted-workspace.ts';

type Status = ClusterState['status'];

/** A cluster whose drivers start and resize when the test says so. */
class Slowly implements AsyncDisposable {
  readonly server = new ScriptedWorkspace('modern');
  readonly starts: ReturnType<typeof deferred<ScriptedDriver>>[] = [];
  readonly resizes: ReturnType<typeof deferred<void>>[] = [];
  readonly cluster = this.server.workspace.defaultCluster;

  constructor() {
    this.server.startDriver = () => {
      const start = deferred<ScriptedDriver>();
      this.starts.push(start);
      return start.promise;
    };
  }

  get status(): Status {
    return this.cluster.state.status;
  }

  get changes(): readonly ClusterChange['what'][] {
    return this.cluster.history.map(({ what }) => what);
  }

  /** Lets the last start end well. */
  async started(): Promise<ScriptedDriver> {
    await turns();
    const driver = new ScriptedDriver();
    driver.resize = async (workers) => {
      driver.resized.push(workers);
      const resize = deferred();
      this.resizes.push(resize);
      await resize.promise;
    };
    this.starts.at(-1)?.resolve(driver);
    await turns();
    return driver;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { resolve } of this.resizes) resolve();
    const ended = this.server[Symbol.asyncDispose]();
    await turns();
    for (const { resolve } of this.starts) resolve(new ScriptedDriver());
    await ended;
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function isDisposed(driver: ScriptedDriver): Promise<boolean> {
  return (await Promise.race([driver.exited, turns()])) !== undefined;
}

test('create, resize, restart, delete and start go through the states of the documents', async () => {
  await using place = new Slowly();
  const { cluster } = place;
  cluster.start('created');
  expect(cluster.state).toMatchObject({ status: 'Pending', progress: 'starting Spark' });
  const first = await place.started();
  expect(place.status).toBe('Running');
  cluster.resize(3);
  expect([place.status, cluster.definition.numWorkers]).toEqual(['Reconfiguring', 3]);
  await turns();
  expect(place.status).toBe('Reconfiguring');
  place.resizes[0]?.resolve();
  await turns();
  expect([place.status, first.resized]).toEqual(['Running', [3]]);
  cluster.restart();
  expect(cluster.state).toMatchObject({ status: 'Pending', run: { why: 'restarted' } });
  const second = await place.started();
  expect([place.status, await isDisposed(first), await isDisposed(second)]).toEqual(['Running', true, false]);
  cluster.terminate();
  expect(place.status).toBe('Terminating');
  await turns();
  expect([place.status, await isDisposed(second)]).toEqual(['Terminated', true]);
  cluster.start();
  await place.started();
  expect(place.status).toBe('Running');
  expect(place.changes).toEqual([
    'created', 'running', 'resizing', 'resized', 'restarted', 'running', 'terminating', 'terminated', 'started', 'running',
  ]);
});

test('each run has a time and a Spark context of its own', async () => {
  await using place = new Slowly();
  const runs = [];
  place.cluster.start();
  for (const now of [100, 200]) {
    await place.started();
    runs.push(place.cluster.lastRun);
    place.server.now = now;
    place.cluster.restart();
  }
  expect(runs).toMatchObject([{ why: 'started', since: 0 }, { why: 'restarted', since: 100 }]);
  expect(new Set(runs.map((run) => run?.sparkContextId)).size).toBe(2);
});

test('a restart drops the contexts at once, and new ones belong to the new driver', async () => {
  await using place = new Slowly();
  const old = place.cluster.createContext('scala', undefined);
  const first = await place.started();
  const command = old.execute('scala', 'hang');
  await turns();
  place.cluster.restart();
  expect(() => place.cluster.context(old.id)).toThrow(expect.objectContaining({ className: 'ContextNotFound' }));
  expect(command.state).toMatchObject({ phase: 'ended', outcome: { kind: 'failed', cause: expect.stringContaining('was restarted') } });
  const fresh = place.cluster.createContext('scala', undefined);
  const second = await place.started();
  expect([fresh.state.status, first.opened, second.opened]).toEqual(['Running', [old.id], [fresh.id]]);
});

test.for([1, 2])('a cluster that is deleted while it starts (%i times) ends the driver that comes late, and a context that waited is gone', async (times) => {
  await using place = new Slowly();
  const context = place.cluster.createContext('scala', undefined);
  await turns();
  for (let time = 0; time < times; time++) place.cluster.terminate();
  expect(place.status).toBe('Terminating');
  const driver = await place.started();
  expect([place.status, await isDisposed(driver), driver.opened]).toEqual(['Terminated', true, []]);
  expect(place.changes.slice(-2)).toEqual(['terminating', 'terminated']);
  expect(context.state.status).toBe('Error');
  expect(place.starts).toHaveLength(1);
});

test('a cluster that is deleted while its old driver ends for a restart starts no new one', async () => {
  await using place = new Slowly();
  place.cluster.start();
  const first = await place.started();
  const ended = deferred();
  const dispose = first[Symbol.asyncDispose].bind(first);
  first[Symbol.asyncDispose] = async () => {
    await ended.promise;
    await dispose();
  };
  place.cluster.restart();
  place.cluster.terminate();
  expect(place.status).toBe('Terminating');
  ended.resolve();
  await turns();
  expect([place.status, place.starts.length]).toEqual(['Terminated', 1]);
  place.cluster.start();
  await place.started();
  expect(place.status).toBe('Running');
});

test('a second restart while the first goes on starts no third driver', async () => {
  await using place = new Slowly();
  place.cluster.start();
  await place.started();
  place.cluster.restart();
  place.cluster.restart();
  await turns();
  place.cluster.restart();
  await place.started();
  expect([place.status, place.starts.length]).toEqual(['Running', 2]);
});

test('a resize while one goes on follows it, and contexts stay', async () => {
  await using place = new Slowly();
  const context = place.cluster.createContext('scala', undefined);
  const driver = await place.started();
  place.cluster.resize(2);
  place.cluster.resize(5);
  place.cluster.resize(4);
  await turns();
  place.resizes[0]?.resolve();
  await turns();
  expect([place.status, driver.resized]).toEqual(['Reconfiguring', [2, 4]]);
  place.resizes[1]?.resolve();
  await turns();
  expect([place.status, context.state.status]).toEqual(['Running', 'Running']);
});

test('a resize that fails leaves the cluster running, with the reason, until one succeeds', async () => {
  await using place = new Slowly();
  place.cluster.start();
  const driver = await place.started();
  driver.resize = async () => {
    throw new Error('There is no room');
  };
  place.cluster.resize(2);
  await turns();
  expect(place.cluster.state).toMatchObject({ status: 'Running', complaint: 'There is no room' });
  expect(place.cluster.history.slice(-2)).toMatchObject([{ what: 'resizing' }, { what: 'not resized', cause: 'There is no room' }]);
  driver.resize = async () => undefined;
  place.cluster.resize(1);
  await turns();
  expect(place.cluster.message).toBe('');
});

test.for<[title: string, act: (place: Slowly) => void, status: Status]>([
  ['restarted', ({ cluster }) => cluster.restart(), 'Pending'],
  ['deleted', ({ cluster }) => cluster.terminate(), 'Terminated'],
])('a cluster that is %s while it changes its size is not Running because of the size', async ([, act, status]) => {
  await using place = new Slowly();
  place.cluster.start();
  await place.started();
  place.cluster.resize(2);
  act(place);
  place.resizes[0]?.resolve();
  await turns();
  expect(place.status).toBe(status);
});

test.for<[state: string, bring: (place: Slowly) => void | Promise<unknown>, allowed: readonly string[]]>([
  ['Terminated', () => undefined, ['start', 'restart', 'terminate']],
  ['Pending', ({ cluster }) => cluster.start(), ['restart', 'terminate']],
  ['Running', async (place) => (place.cluster.start(), place.started()), ['restart', 'resize', 'terminate']],
  ['Reconfiguring', async (place) => (place.cluster.start(), await place.started(), place.cluster.resize(1)), ['restart', 'resize', 'terminate']],
  ['Terminating', ({ cluster }) => (cluster.start(), cluster.terminate()), ['terminate']],
  ['Error', async (place) => (place.cluster.start(), (await place.started()).die('No memory'), turns()), ['start', 'restart', 'terminate']],
])('what a cluster that is %s refuses, it refuses by that name and stays as it is', async ([state, bring, allowed]) => {
  const acts: Readonly<Record<string, (place: Slowly) => void>> = {
    start: ({ cluster }) => cluster.start(),
    restart: ({ cluster }) => cluster.restart(),
    resize: ({ cluster }) => cluster.resize(7),
    terminate: ({ cluster }) => cluster.terminate(),
  };
  for (const [name, act] of Object.entries(acts)) {
    await using place = new Slowly();
    await bring(place);
    const before = [place.cluster.state, place.cluster.definition];
    expect(place.status).toBe(state);
    if (allowed.includes(name)) {
      expect(() => act(place)).not.toThrow();
      continue;
    }
    expect(() => act(place)).toThrow(`Cluster peaceJam is in unexpected state ${state}.`);
    expect([place.cluster.state, place.cluster.definition]).toEqual(before);
  }
});

test.for(['start', 'restart'] as const)('%s brings a cluster back whose driver died, and one whose driver did not start', async (act) => {
  await using place = new Slowly();
  place.cluster.start();
  (await place.started()).die('No memory');
  await turns();
  expect(place.cluster.state).toMatchObject({ status: 'Error', cause: expect.stringContaining('No memory') });
  place.cluster[act]();
  await place.started();
  expect(place.status).toBe('Running');
  place.cluster.terminate();
  await turns();
  place.server.startDriver = async () => {
    throw new Error('There is no Java');
  };
  place.cluster.start();
  await turns();
  expect(place.cluster.state).toEqual({ status: 'Error', cause: 'There is no Java' });
  expect(place.changes.at(-1)).toBe('did not start');
  place.server.startDriver = async () => new ScriptedDriver();
  place.cluster[act]();
  await turns();
  expect(place.status).toBe('Running');
});

test('a driver that dies while it is resized leaves its cluster in Error', async () => {
  await using place = new Slowly();
  place.cluster.start();
  const driver = await place.started();
  place.cluster.resize(2);
  driver.die('No memory');
  await turns();
  expect(place.status).toBe('Error');
  place.resizes[0]?.resolve();
  await turns();
  expect(place.status).toBe('Error');
});

test.for<[title: string, bring: (place: Slowly) => void | Promise<unknown>]>([
  ['starting', ({ cluster }) => cluster.start()],
  ['restarting', async (place) => (place.cluster.start(), await place.started(), place.cluster.restart())],
  ['changing its size', async (place) => (place.cluster.start(), await place.started(), place.cluster.resize(1))],
  ['ending', async (place) => (place.cluster.start(), await place.started(), place.cluster.terminate())],
])('the workspace ends with a cluster that is %s, and no driver is left', async ([, bring]) => {
  await using place = new Slowly();
  await bring(place);
  await turns();
  const ended = place.server.workspace[Symbol.asyncDispose]();
  await place.started();
  await ended;
  expect(place.status).toBe('Terminated');
  for (const driver of place.server.drivers) expect(await isDisposed(driver)).toBe(true);
});

test('a new size that cannot be saved is taken back', async () => {
  await using server = new ScriptedWorkspace('modern');
  await server.workspace.defaultCluster.driver();
  await turns();
  server.save = async () => {
    throw new Error('the disk is full');
  };
  const { numWorkers } = server.workspace.defaultCluster.definition;
  const answer = await server.post('/api/1.2/clusters/resize', { clusterId: server.clusterId, numWorkerContainers: 7 });
  expect(answer.status).toBe(500);
  await turns();
  expect(server.workspace.defaultCluster.definition.numWorkers).toBe(numWorkers);
  expect(server.drivers[0]?.resized.at(-1)).toBe(numWorkers);
  expect(server.workspace.defaultCluster.state.status).toBe('Running');
});
