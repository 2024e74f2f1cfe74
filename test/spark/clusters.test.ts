import { kill } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../src/workspace/cluster.ts';
import { Cells, SparkClusters, become } from '../support/spark-clusters.ts';

let place: SparkClusters;
let small: Cluster;
let large: Cluster;
let inSmall: Cells;
let inLarge: Cells;

beforeAll(async () => {
  place = new SparkClusters('local[*]');
  small = await place.create({ numWorkers: 1, sparkConf: { 'spark.sql.shuffle.partitions': '3', 'spark.driver.memory': '600m', 'spark.my.own': 'é' } });
  large = await place.create({ numWorkers: 4, sparkConf: { 'spark.speculation': 'true' } });
  [inSmall, inLarge] = [new Cells(small, 'scala'), new Cells(large, 'scala')];
  await Promise.all([become(small, 'Running'), become(large, 'Running')]);
});
afterAll(() => place[Symbol.asyncDispose]());

/** By SQL, which needs no interpreter to start. */
const pid = async (cells: Cells) => Number(/\d+/.exec(await cells.run("select java_method('java.lang.ProcessHandle', 'current')", 'sql'))?.[0]);

/** How many tasks run at a time: each waits until `n` have met, so that the job does not end with fewer. */
const together = (n: number) => `{
  System.getProperties.put("gauge", new java.util.concurrent.atomic.AtomicInteger)
  System.getProperties.put("barrier", new java.util.concurrent.CyclicBarrier(${n}))
  sc.parallelize(1 to ${3 * n}, ${3 * n}).map { _ =>
    val gauge = System.getProperties.get("gauge").asInstanceOf[java.util.concurrent.atomic.AtomicInteger]
    val most = gauge.incrementAndGet()
    System.getProperties.get("barrier").asInstanceOf[java.util.concurrent.CyclicBarrier].await(60, java.util.concurrent.TimeUnit.SECONDS)
    gauge.decrementAndGet()
    most
  }.collect.max
}`;

test('two clusters run side by side, with Spark settings, memory and tables of their own', async () => {
  const settings =
    '(spark.conf.getOption("spark.my.own"), spark.conf.get("spark.sql.shuffle.partitions"), spark.conf.getOption("spark.speculation"), sc.master, sc.defaultParallelism)';
  expect(await Promise.all([inSmall.run(settings), inLarge.run(settings)])).toEqual(['(Some(é),3,None,local[1],1)', '(None,8,Some(true),local[4],4)']);
  expect(await pid(inSmall)).not.toBe(await pid(inLarge));
  expect(Number(await inSmall.run('Runtime.getRuntime.maxMemory >> 20'))).toBeLessThanOrEqual(600);
  await inSmall.run('create table mine as select 1 as n', 'sql');
  expect(await inSmall.run('select * from mine', 'sql')).toBe('[[1]]');
  expect(await inLarge.run('select * from mine', 'sql')).toContain('TABLE_OR_VIEW_NOT_FOUND');
});

test('a resize changes how many tasks run at a time, up and down, and keeps variables, views and Python', async () => {
  await inSmall.run('val kept = 7; spark.range(5).createOrReplaceTempView("five")');
  await inSmall.run('kept = 8', 'python');
  expect(await inSmall.run(together(1))).toBe('1');
  for (const workers of [3, 2]) {
    await place.workspace.resizeCluster(small.id, workers);
    expect(small.state.status).toBe('Reconfiguring');
    await become(small, 'Running');
    expect(await inSmall.run(together(workers))).toBe(String(workers));
    expect(await inSmall.run('sc.defaultParallelism')).toBe(String(workers));
  }
  expect(await inSmall.run('kept')).toBe('7');
  expect(await inSmall.run('select count(*) from five', 'sql')).toBe('[[5]]');
  expect(await inSmall.run('kept', 'python')).toBe('8');
});

test('a resize while tasks run lets them end, and those that wait begin', async () => {
  const latch = 'System.getProperties.get("open").asInstanceOf[java.util.concurrent.CountDownLatch]';
  await inLarge.run('System.getProperties.put("open", new java.util.concurrent.CountDownLatch(1))');
  // Four tasks take all four slots until a fifth one, for which a resize makes room, opens the latch.
  const job = inLarge.run(`sc.parallelize(1 to 5, 5).map { n =>
    if (n == 5) ${latch}.countDown()
    ${latch}.await(60, java.util.concurrent.TimeUnit.SECONDS)
  }.collect.count(identity)`);
  await place.workspace.resizeCluster(large.id, 5);
  expect(await job).toBe('5');
  await place.workspace.resizeCluster(large.id, 1);
  await become(large, 'Running');
  expect(await inLarge.run(together(1))).toBe('1');
});

test('a driver that is killed leaves its cluster in Error with the reason; a start brings it back with its size and settings', async () => {
  kill(await pid(inSmall), 'SIGKILL');
  await expect(become(small, 'Terminated')).rejects.toThrow(/has ended, and its variables are gone\. It ended by itself \(signal SIGKILL\)/);
  expect([large.state.status, inSmall.context.state.status]).toEqual(['Running', 'Error']);
  small.start();
  const fresh = new Cells(small, 'sql');
  expect(await fresh.run('set spark.my.own')).toBe('[["spark.my.own","é"]]');
  expect(await fresh.run('set spark.master')).toBe('[["spark.master","local[2]"]]');
});

test('a restart ends the process with its contexts, a delete the process of the new one', async () => {
  const first = await pid(inLarge);
  large.restart();
  expect(() => large.context(inLarge.context.id)).toThrow(expect.objectContaining({ className: 'ContextNotFound' }));
  await become(large, 'Running');
  expect(() => kill(first, 0)).toThrow('ESRCH');
  const second = await pid(new Cells(large, 'sql'));
  expect(second).not.toBe(first);
  large.terminate();
  await become(large, 'Terminated');
  expect(() => kill(second, 0)).toThrow('ESRCH');
});

test.for<[what: string, conf: Record<string, string>, reason: RegExp]>([
  ['the JVM', { 'spark.driver.memory': 'much' }, /^The Spark driver did not start: exit code 1\. .*\n[^]*Invalid maximum heap size: -Xmxmuch/],
  ['Spark', { 'spark.memory.fraction': '7' }, /^Spark did not start: [^]*spark\.memory\.fraction/],
])('a cluster with settings with which %s does not start is in Error, with the reason', async ([, sparkConf, reason]) => {
  const cluster = await place.create({ sparkConf });
  await expect(become(cluster, 'Running')).rejects.toThrow('is in Error');
  expect(cluster.message).toMatch(reason);
});
