import { describe, expect, test } from 'vitest';
import { deferred } from '../support/deferred.ts';
import { ScriptedDriver } from '../support/scripted-driver.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';
import type { BodyKind } from '../support/scripted-workspace.ts';

const encodings = [
  ['classic', 'form'],
  ['classic', 'multipart'],
  ['modern', 'form'],
  ['modern', 'multipart'],
  ['modern', 'json'],
] as const;

/** The document's example, whose `"useSpot: true"` is a typo. */
const documented = {
  name: 'spark-it-up',
  numWorkerContainers: 6,
  useSpot: true,
  sparkVersion: '1.3.x',
  zoneId: 'us-west-1c',
  sparkConf: { 'spark.speculation': true },
};

describe.for(encodings)('%s, %s', ([dialect, kind]) => {
  test('create answers with an id at once; the cluster is Pending, then Running, and was started with what was asked for', async () => {
    await using server = new ScriptedWorkspace(dialect);
    const starting = deferred<ScriptedDriver>();
    const started: unknown[] = [];
    server.startDriver = (cluster) => {
      started.push(cluster);
      return starting.promise;
    };
    server.nextIds = ['peaceJam2'];
    expect(await server.post('/api/1.2/clusters/create', documented, kind)).toMatchObject({ status: 200, body: { id: 'peaceJam2' } });
    expect((await server.clusterStatus('peaceJam2')).body).toEqual({
      status: 'Pending',
      id: 'peaceJam2',
      name: 'spark-it-up',
      driverIp: '127.0.0.1',
      jdbcPort: '10000',
      numWorkers: 6,
      sparkVersion: '1.3.x',
      useSpot: true,
      zoneId: 'us-west-1c',
      sparkConf: { 'spark.speculation': 'true' },
      message: 'starting Spark',
    });
    starting.resolve(new ScriptedDriver());
    await server.clusterIs('peaceJam2', 'Running');
    expect(started).toMatchObject([{ numWorkers: 6, sparkConf: { 'spark.speculation': 'true' } }]);
    expect((await server.get('/api/1.2/clusters/list')).body).toMatchObject([{ id: 'peaceJam' }, { id: 'peaceJam2', status: 'Running' }]);
  });

  test('resize answers at once; the cluster is Reconfiguring, then Running with as many workers', async () => {
    await using server = new ScriptedWorkspace(dialect);
    const driver = (await server.workspace.defaultCluster.driver()) as ScriptedDriver;
    const resizing = deferred();
    driver.resize = (workers) => (driver.resized.push(workers), resizing.promise);
    const context = await server.createContext();
    const answer = await server.post('/api/1.2/clusters/resize', { clusterId: 'peaceJam', numWorkerContainers: 6 }, kind);
    expect([answer.status, answer.body]).toEqual([200, { id: 'peaceJam' }]);
    expect((await server.clusterStatus('peaceJam')).body).toMatchObject({ status: 'Reconfiguring', numWorkers: 6 });
    expect((await server.ended(context, await server.execute(context, 'echo meanwhile'))).body).toMatchObject({ results: { data: 'meanwhile' } });
    resizing.resolve();
    await server.clusterIs('peaceJam', 'Running');
    expect(driver.resized).toEqual([6]);
    expect((await server.contextStatus(context)).body).toMatchObject({ status: 'Running' });
  });

  test('restart makes contexts unknown and brings a new driver', async () => {
    await using server = new ScriptedWorkspace(dialect);
    const context = await server.createContext();
    await server.clusterIs('peaceJam', 'Running');
    const answer = await server.post('/api/1.2/clusters/restart', { clusterId: 'peaceJam' }, kind);
    expect([answer.status, answer.body]).toEqual([200, { id: 'peaceJam' }]);
    expect((await server.contextStatus(context)).body).toEqual({ error: 'ContextNotFound' });
    await server.clusterIs('peaceJam', 'Running');
    expect(server.drivers).toHaveLength(2);
    expect(await server.drivers[0]?.exited).toEqual({ reason: '' });
  });

  test('delete ends the driver by Terminating and Terminated; the cluster stays listed and starts again by restart, or by a context', async () => {
    await using server = new ScriptedWorkspace(dialect);
    const id = await server.createCluster();
    await server.clusterIs(id, 'Running');
    const [driver] = server.drivers;
    const ending = deferred();
    if (driver) driver[Symbol.asyncDispose] = async () => (await ending.promise, driver.die(''));
    for (let time = 0; time < 2; time++) {
      const answer = await server.post('/api/1.2/clusters/delete', { clusterId: id }, kind);
      expect([answer.status, answer.body]).toEqual([200, { id }]);
      expect((await server.clusterStatus(id)).body).toMatchObject({ status: 'Terminating' });
    }
    const refused = await server.post('/api/1.2/contexts/create', { language: 'sql', clusterId: id }, kind);
    expect([refused.status, refused.body]).toEqual([500, { error: `IllegalStateException: Cluster ${id} is in unexpected state Terminating.` }]);
    ending.resolve();
    await server.clusterIs(id, 'Terminated');
    expect((await server.get('/api/1.2/clusters/list')).body).toMatchObject([{}, { id, status: 'Terminated' }]);
    await server.post('/api/1.2/clusters/restart', { clusterId: id }, kind);
    await server.clusterIs(id, 'Running');
    await server.post('/api/1.2/clusters/delete', { clusterId: id }, kind);
    await server.clusterIs(id, 'Terminated');
    await server.createContext('sql', id);
    await server.clusterIs(id, 'Running');
  });
});

const refusals: readonly (readonly [what: string, change: Readonly<Record<string, unknown>>, error: string | RegExp])[] = [
  ['no name', { name: undefined }, 'NoSuchElementException: key not found: name'],
  ['an empty name', { name: ' ' }, 'IllegalArgumentException: The name of a cluster must not be empty'],
  ['a name of two lines', { name: 'a\nb' }, 'IllegalArgumentException: The name of a cluster must not have control characters'],
  ['a name of 101 characters', { name: 'x'.repeat(101) }, 'IllegalArgumentException: The name has 101 characters; at most 100 are allowed'],
  ['no number of workers', { numWorkerContainers: undefined }, 'NoSuchElementException: key not found: numWorkerContainers'],
  ['six workers in words', { numWorkerContainers: 'six' }, 'NumberFormatException: For input string: six'],
  ['half a worker', { numWorkerContainers: 0.5 }, 'NumberFormatException: For input string: 0.5'],
  ['an empty number of workers', { numWorkerContainers: '' }, 'NumberFormatException: For input string: '],
  ['more workers than an int holds', { numWorkerContainers: 2 ** 31 }, 'NumberFormatException: For input string: 2147483648'],
  ['a list of workers', { numWorkerContainers: [1] }, 'NumberFormatException: For input string: [1]'],
  ['minus one worker', { numWorkerContainers: -1 }, 'IllegalArgumentException: A cluster cannot have -1 workers'],
  ['very many workers', { numWorkerContainers: 1001 }, 'IllegalArgumentException: A cluster cannot have 1001 workers; at most 1000 are allowed'],
  ['useSpot=yes', { useSpot: 'yes' }, 'IllegalArgumentException: For input string: yes'],
  ['a long Spark version', { sparkVersion: 'x'.repeat(101) }, /^IllegalArgumentException: The sparkVersion has 101 characters/],
  ['a long zone', { zoneId: 'x'.repeat(101) }, /^IllegalArgumentException: The zoneId has 101 characters/],
  ['a Spark configuration that is no JSON', { sparkConf: 'spark.x=1' }, 'IllegalArgumentException: sparkConf is not JSON'],
  ['a list as Spark configuration', { sparkConf: [1] }, 'IllegalArgumentException: sparkConf is not a JSON object'],
  ['a nested Spark configuration', { sparkConf: { a: { b: 1 } } }, 'IllegalArgumentException: sparkConf: the value of a is no text, number or boolean'],
  ['a null in the Spark configuration', { sparkConf: { a: null } }, 'IllegalArgumentException: sparkConf: the value of a is no text, number or boolean'],
  ['a setting without a name', { sparkConf: { '': 1 } }, 'IllegalArgumentException: An empty key cannot be set: a setting needs a name'],
  ['a very large Spark configuration', { sparkConf: { a: 'x'.repeat(100_000) } }, /^IllegalArgumentException: The Spark configuration has 100001 characters/],
  ...['spark.master', 'spark.driver.host', 'spark.local.dir', 'spark.sql.warehouse.dir', 'spark.repl.class.outputDir', 'spark.hadoop.fs.dbfs.root', 'spark.jars'].map(
    (key) => [key, { sparkConf: { [key]: 'x' } }, new RegExp(`^IllegalArgumentException: ${key.replaceAll('.', '\\.')} cannot be set: `)] as const,
  ),
];

describe('create', () => {
  const kinds: readonly BodyKind[] = ['form', 'json'];
  test.for(refusals.flatMap((refusal) => kinds.map((kind) => [...refusal, kind] as const)))('with %s is refused, and nothing changes', async ([, change, error, kind]) => {
    await using server = new ScriptedWorkspace('modern');
    const data = Object.fromEntries(Object.entries({ ...documented, ...change }).filter(([, value]) => value !== undefined));
    const answer = await server.post('/api/1.2/clusters/create', data, kind);
    expect([answer.status, answer.body]).toEqual([500, { error: typeof error === 'string' ? error : expect.stringMatching(error) }]);
    expect([server.workspace.clusters.length, server.saved, server.drivers]).toEqual([1, [], []]);
  });

  test('needs no more than a name and a number of workers, which may be 0 and go by the older name', async () => {
    await using server = new ScriptedWorkspace('modern');
    const answer = await server.post('/api/1.2/clusters/create', { name: 'plain', numWorkers: 0, useSpot: 'False' }, 'json');
    const { id } = answer.body as { id: string };
    expect(id).toMatch(/^\d{4}-\d{6}-[a-z2-9]{8}$/);
    expect((await server.clusterStatus(id)).body).toMatchObject({
      name: 'plain', numWorkers: 0, useSpot: false, sparkVersion: '4.3.x-scala2.13', zoneId: 'local', sparkConf: {},
    });
  });

  test('makes no cluster that could not be kept', async () => {
    await using server = new ScriptedWorkspace('modern');
    server.save = async () => {
      throw new Error('no space left');
    };
    expect(await server.post('/api/1.2/clusters/create', documented)).toMatchObject({ status: 500, body: { error: 'Error: no space left' } });
    expect([server.workspace.clusters.length, server.drivers]).toEqual([1, []]);
  });

  test('twice with one name makes two clusters', async () => {
    await using server = new ScriptedWorkspace('classic');
    const [one, two] = [await server.createCluster(), await server.createCluster()];
    expect(one).not.toBe(two);
    expect((await server.get('/api/1.2/clusters/list')).body).toMatchObject([{}, { id: one, name: 'another' }, { id: two, name: 'another' }]);
  });
});

describe('clusters', () => {
  const calls = [
    ['GET', 'status', []],
    ['POST', 'restart', []],
    ['POST', 'resize', ['numWorkerContainers']],
    ['POST', 'delete', []],
  ] as const;
  const send = (server: ScriptedWorkspace, method: string, call: string, data: Readonly<Record<string, string>>) => {
    return method === 'GET' ? server.get(`/api/1.2/clusters/${call}`, data) : server.post(`/api/1.2/clusters/${call}`, data);
  };

  test.for(calls)('%s %s names what is missing, and an id that nobody has', async ([method, call, more]) => {
    await using server = new ScriptedWorkspace('classic');
    const all: Readonly<Record<string, string>> = { clusterId: '1', numWorkerContainers: '1' };
    for (const missing of ['clusterId', ...more]) {
      const rest = Object.fromEntries(Object.entries({ ...all, clusterId: 'peaceJam' }).filter(([name]) => name !== missing));
      const answer = await send(server, method, call, rest);
      expect([answer.status, answer.body]).toEqual([500, { error: `NoSuchElementException: key not found: ${missing}` }]);
    }
    const unknown = await send(server, method, call, all);
    expect([unknown.status, unknown.body]).toEqual([500, { error: 'RuntimeException: Unknown cluster id 1' }]);
    expect(server.workspace.defaultCluster.history).toEqual([]);
  });

  test.for([
    ['-1', 'IllegalArgumentException: A cluster cannot have -1 workers'],
    ['1001', 'IllegalArgumentException: A cluster cannot have 1001 workers; at most 1000 are allowed'],
    ['many', 'NumberFormatException: For input string: many'],
  ] as const)('are not resized to %s', async ([numWorkerContainers, error]) => {
    await using server = new ScriptedWorkspace('classic');
    const driver = (await server.workspace.defaultCluster.driver()) as ScriptedDriver;
    const answer = await server.post('/api/1.2/clusters/resize', { clusterId: 'peaceJam', numWorkerContainers });
    expect([answer.status, answer.body, driver.resized, server.saved]).toEqual([500, { error }, [], []]);
    expect((await server.clusterStatus('peaceJam')).body).toMatchObject({ status: 'Running', numWorkers: 0 });
  });

  test('that have ended are not resized', async () => {
    await using server = new ScriptedWorkspace('classic');
    const answer = await server.post('/api/1.2/clusters/resize', { clusterId: 'peaceJam', numWorkerContainers: '2' });
    const error = 'IllegalStateException: Cluster peaceJam is in unexpected state Terminated.';
    expect([answer.status, answer.body]).toEqual([500, { error }]);
    expect((await server.clusterStatus('peaceJam')).body).toMatchObject({ numWorkers: 0 });
  });

  test('keep their contexts apart: an id of another cluster is unknown', async () => {
    await using server = new ScriptedWorkspace('modern');
    const other = await server.createCluster();
    const context = await server.createContext('scala', other);
    await server.clusterIs(other, 'Running');
    expect((await server.contextStatus(context)).body).toEqual({ error: 'ContextNotFound' });
    const status = await server.get('/api/1.2/contexts/status', { clusterId: other, contextId: context });
    expect(status.body).toEqual({ id: context, status: 'Running' });
    await server.post('/api/1.2/contexts/destroy', { clusterId: server.clusterId, contextId: context });
    expect((await server.get('/api/1.2/contexts/status', { clusterId: other, contextId: context })).status).toBe(200);
  });

  test('end, restart and fail without each other', async () => {
    await using server = new ScriptedWorkspace('modern');
    const kept = await server.createContext();
    const other = await server.createCluster();
    await server.createContext('scala', other);
    await server.clusterIs(other, 'Running');
    server.drivers.at(-1)?.die('Out of memory.');
    const failed = await server.clusterIs(other, 'Error');
    expect(failed.body).toMatchObject({ message: expect.stringMatching(/has ended, and its variables are gone\. Out of memory\.$/) });
    await server.post('/api/1.2/clusters/restart', { clusterId: other });
    await server.clusterIs(other, 'Running');
    await server.post('/api/1.2/clusters/delete', { clusterId: other });
    await server.clusterIs(other, 'Terminated');
    expect((await server.contextStatus(kept)).body).toMatchObject({ status: 'Running' });
    expect((await server.ended(kept, await server.execute(kept, 'echo still'))).body).toMatchObject({ results: { data: 'still' } });
  });

  test('that run without contexts keep no workspace up', async () => {
    await using server = new ScriptedWorkspace('modern');
    await server.clusterIs(await server.createCluster(), 'Running');
    server.now = 1000;
    expect(server.workspace.idleFor).toBe(1000);
  });

  test('are all told to whoever asks for the state of the workspace', async () => {
    await using server = new ScriptedWorkspace('modern');
    server.startDriver = async () => {
      throw new Error('There is no Java');
    };
    const id = await server.createCluster({ name: 'broken' });
    await server.clusterIs(id, 'Error');
    expect((await server.get('/workspace')).body).toMatchObject({
      clusters: [{ id: 'peaceJam', status: 'Terminated', message: '' }, { id, name: 'broken', status: 'Error', message: 'There is no Java' }],
    });
  });
});
