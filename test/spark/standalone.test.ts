import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../src/workspace/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { Cells, SparkClusters, become } from '../support/spark-clusters.ts';
import { StandaloneSpark } from '../support/standalone-spark.ts';

let spark: Awaited<ReturnType<typeof StandaloneSpark.start>>;
let place: SparkClusters;
let cluster: Cluster;
let scala: Cells;

beforeAll(async () => {
  spark = await StandaloneSpark.start(2);
  place = new SparkClusters(spark.master);
  cluster = await place.create({ numWorkers: 1, sparkConf: { 'spark.executor.memory': '512m' } });
  scala = new Cells(cluster, 'scala');
  await become(cluster, 'Running');
});
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
  await spark?.[Symbol.asyncDispose]();
});

/** The processes that run the tasks of a job, each of which waits a little, so that all executors get some. */
const executors = async (tasks: number) => {
  const pids = await scala.run(`sc.parallelize(1 to ${tasks}, ${tasks}).map { _ => Thread.sleep(200); ProcessHandle.current.pid }.collect.distinct.sorted.mkString(" ")`);
  return pids.split(' ').map(Number);
};

test('Scala runs on an executor, another process: closures, case classes, data sets and files of dbfs:/', async () => {
  const driver = Number(await scala.run('ProcessHandle.current.pid'));
  // The master starts two before it hears that one is asked for.
  let pids: readonly number[] = [];
  await eventually(async () => (pids = await executors(4)).length === 1);
  expect(pids).not.toContain(driver);
  await scala.run('case class Point(x: Int, y: Int)\nval factor = 3');
  expect(await scala.run('sc.parallelize(1 to 4, 2).map(n => Point(n, n * factor)).collect.map(_.y).sum')).toBe('30');
  expect(await scala.run('spark.createDataset(Seq(Point(1, 2))).map(p => p.copy(x = p.x + factor)).collect.head')).toBe('Point(4,2)');
  await scala.run('spark.range(10).write.parquet("dbfs:/ten")');
  expect(await scala.run('select sum(id) from parquet.`dbfs:/ten`', 'sql')).toBe('[[45]]');
});

test('Python runs in processes of the executor', async () => {
  const python = new Cells(cluster, 'python');
  expect(await python.run('factor = 3\nsc.parallelize(range(4)).map(lambda n: n * factor).collect()')).toBe('[0, 3, 6, 9]');
  const commands = await python.run(`def parents(_):
    import os
    pid, found = os.getppid(), []
    while pid > 1:
        found.append(open(f"/proc/{pid}/cmdline").read())
        pid = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
    return found
any("CoarseGrainedExecutorBackend" in line for line in sc.parallelize([1], 1).flatMap(parents).collect())`);
  expect(commands).toBe('True');
});

test('libraries reach executors', async () => {
  const libraries = [{ kind: 'maven', coordinates: 'org.jsoup:jsoup:1.7.2' }, { kind: 'pypi', package: 'simplejson==3.19.2' }] as const;
  await place.workspace.libraries.install(cluster.id, libraries);
  const statuses = () => place.workspace.libraries.on(cluster.id).statuses.map(({ status }) => status);
  await eventually(async () => statuses().every((status) => status === 'INSTALLED' || status === 'FAILED'));
  expect(statuses()).toEqual(['INSTALLED', 'INSTALLED']);
  expect(await scala.run('sc.parallelize(Seq("<p>far</p>"), 1).map(html => org.jsoup.Jsoup.parse(html).text).first')).toBe('far');
  const python = new Cells(cluster, 'python');
  expect(await python.run('def version(_):\n    import simplejson\n    return simplejson.__version__\nsc.parallelize([1], 1).map(version).first()')).toBe("'3.19.2'");
});

test('a resize asks the master for executors, and gives them back; variables stay', async () => {
  const before = await executors(4);
  for (const [workers, count] of [[2, 2], [1, 1]] as const) {
    await place.workspace.resizeCluster(cluster.id, workers);
    await become(cluster, 'Running');
    expect([cluster.message, (await executors(8)).length]).toEqual(['', count]);
  }
  expect(before).toHaveLength(1);
  expect(await scala.run('sc.parallelize(Seq(1)).map(_ * factor).first')).toBe('3');
});
