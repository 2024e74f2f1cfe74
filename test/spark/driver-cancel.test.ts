import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DriverLanguage } from '../../src/workspace/driver/driver.ts';
import { TestDriver, text, type TestContext } from '../fixtures/drivers/test-driver.ts';

let driver: TestDriver;
beforeAll(async () => {
  driver = await TestDriver.start();
});
afterAll(() => driver[Symbol.asyncDispose]());

/** Waits, in the driver, until code that runs in another context has announced itself there. */
const untilStarted = (watcher: TestContext, name: string): Promise<unknown> =>
  watcher.scala(`while (System.getProperty("${name}") == null) Thread.sleep(10)`);
const untilJobs = (watcher: TestContext, count: number): Promise<unknown> =>
  watcher.scala(`while (sc.statusTracker.getActiveJobIds().length != ${count}) Thread.sleep(10)`);

const announce = { scala: (name: string) => `System.setProperty("${name}", "")`, python: (name: string) => `sc._jvm.System.setProperty("${name}", "")` };

test.for<['scala' | 'python', string, string]>([
  ['scala', 'a sleeping thread', 'Thread.sleep(1000000)'],
  ['scala', 'a waiting thread', 'new java.util.concurrent.CountDownLatch(1).await()'],
  ['scala', 'statements that follow each other', Array<string>(1000).fill('Thread.sleep(1)').join('\n')],
  ['python', 'a sleep', 'import time; time.sleep(1000)'],
  ['python', 'a loop', 'while True: pass'],
  ['python', 'a child process and what follows it', 'import os; os.system("sleep 1000"); time.sleep(1000)'],
  ['python', 'a child process', 'import subprocess; subprocess.run(["sleep", "1000"])'],
  ['python', 'a shell command', '!sleep 1000'],
])('%s: a cancel stops %s and keeps the variables', async ([language, , code], { task }) => {
  const [context, watcher] = [await driver.context('sql'), await driver.context('scala')];
  await context.run(language, language === 'scala' ? 'val kept = 42' : 'import time\nkept = 42');
  const command = context.start(language, `${announce[language](task.id)}\n${code}`);
  await untilStarted(watcher, task.id);
  await command.cancel();
  expect(await command.result).toEqual({ kind: 'cancelled' });
  expect(await context.run(language, 'kept')).toMatchObject({ kind: 'text', text: expect.stringMatching(/42$/) });
});

test('python: a cancel stops the drawing of a figure and keeps the variables', async () => {
  const [context, watcher] = [await driver.context('python'), await driver.context('scala')];
  const command = context.start('python', `import time, matplotlib.pyplot as plt
kept = 42
plt.figure().draw = lambda _: (${announce.python('drawing')}, time.sleep(1000))`);
  await untilStarted(watcher, 'drawing');
  await command.cancel();
  expect(await command.result).toEqual({ kind: 'cancelled' });
  expect(await context.python('kept')).toEqual(text('Out[2]: 42'));
});

test.for<[DriverLanguage, string]>([
  ['scala', 'sc.parallelize(1 to 100, 2).foreach(_ => Thread.sleep(100000))'],
  ['sql', 'SELECT sum(a.id * b.id % 7) FROM range(1000000000) a CROSS JOIN range(1000000) b'],
  ['python', 'sc.parallelize(range(100), 1).foreach(lambda _: __import__("time").sleep(1000))'],
  ['python', 'spark.sql("SELECT sum(a.id * b.id % 7) FROM range(1000000000) a CROSS JOIN range(1000000) b").collect()'],
])('%s: a cancelled Spark job is gone, and the job of another context goes on', async ([language, code]) => {
  const [context, other, watcher] = [await driver.context('sql'), await driver.context('scala'), await driver.context('scala')];
  const survivor = other.start('scala', 'sc.parallelize(Seq(1), 1).map { n => while (System.getProperty("release") == null) Thread.sleep(10); n }.sum');
  await untilJobs(watcher, 1);
  const command = context.start(language, code);
  await untilJobs(watcher, 2);
  await command.cancel();
  expect(await command.result).toEqual({ kind: 'cancelled' });
  await untilJobs(watcher, 1);
  await watcher.scala('System.setProperty("release", "")');
  expect(await survivor.result).toEqual(text('val res0: Double = 1.0'));
  expect(await watcher.scala('sc.statusTracker.getActiveJobIds().length; System.clearProperty("release")')).toMatchObject({ kind: 'text' });
  expect(await context.run(language, language === 'sql' ? 'SELECT 1' : 'spark.range(5).count()')).not.toMatchObject({ kind: 'error' });
});

test.for<['scala' | 'python', string, string]>([
  ['scala', 'val kept = 42', 'Thread.sleep(1000000)'],
  ['python', 'kept = 42', '__import__("time").sleep(1000)'],
])('%s: a cancel that comes before the code has begun stops it too', async ([language, before, code]) => {
  const context = await driver.context('sql');
  await context.run(language, before);
  const command = context.start(language, code);
  // By now the command has been sent, but hardly begun.
  await new Promise((resolve) => setImmediate(resolve));
  await command.cancel();
  expect(await command.result).toEqual({ kind: 'cancelled' });
  expect(await context.run(language, 'kept')).toMatchObject({ kind: 'text', text: expect.stringMatching(/42$/) });
});

test('a command that waits for its Python process is cancelled at once, and the next one gets that process', async () => {
  const context = await driver.context('sql');
  const command = context.start('python', '1');
  await command.cancel();
  expect(await command.result).toEqual({ kind: 'cancelled' });
  expect(await context.python('2')).toEqual(text('Out[1]: 2'));
});

test('a cancel of the first Scala command of a context counts while the interpreter starts or compiles, and costs nothing else', async () => {
  const context = await driver.context('python');
  await context.run('python', 'kept = 42');
  const command = context.start('scala', 'Thread.sleep(1000000)');
  await command.cancel();
  expect(await command.result).toEqual({ kind: 'cancelled' });
  expect(await context.run('python', 'kept')).toMatchObject({ kind: 'text', text: expect.stringMatching(/42$/) });
});

test('a cancel of nothing, of a finished command and of an unknown context changes nothing', async () => {
  const context = await driver.context('python');
  const done = context.start('python', '1');
  await done.result;
  await done.cancel();
  await driver.driver.cancel(context.id, 'never');
  await driver.driver.cancel('nowhere', 'never');
  expect(await context.python('2')).toEqual(text('Out[2]: 2'));
});

test('Scala code that cannot be stopped costs its context, says so, and leaves the others alone', async () => {
  const [context, watcher] = [await driver.context('scala'), await driver.context('scala')];
  const command = context.start('scala', '{ System.setProperty("busy", ""); while (System.getProperty("busy") != null) {} }');
  await untilStarted(watcher, 'busy');
  await command.cancel();
  const result = await command.result;
  expect(result).toMatchObject({ kind: 'lost', cause: expect.stringContaining('databricks-kernel clusters restart test-cluster') });
  expect(await context.scala('1')).toEqual(result);
  // The JVM hears of the loss after whoever waited for the cell.
  expect(await watcher.scala('while (Thread.getAllStackTraces.keySet.toArray(Array.empty[Thread]).filter(_.getName.startsWith("context-")).map(_.getPriority).min > 1) Thread.sleep(10)'))
    .toEqual(text(''));
  await watcher.scala('System.clearProperty("busy")');
});

test('Python code that cannot be stopped costs its process, says so, and the next command gets a new one', async () => {
  const [context, watcher] = [await driver.context('python'), await driver.context('scala')];
  const command = context.start('python', `while True:
    try:
        ${announce.python('stubborn')}
        __import__("time").sleep(1000)
    except KeyboardInterrupt:
        pass`);
  await untilStarted(watcher, 'stubborn');
  await command.cancel();
  expect(await command.result).toMatchObject({ kind: 'error', cause: expect.stringContaining('Its process was ended') });
  expect(await context.python('1')).toEqual(text('Out[2]: 1'));
});

test('closing a context ends its job, its command and its Python process', async () => {
  const [context, watcher] = [await driver.context('python'), await driver.context('scala')];
  const pid = await context.python('import os; os.getpid()');
  const command = context.start('python', 'sc.parallelize(range(2), 1).foreach(lambda _: __import__("time").sleep(1000))');
  await untilJobs(watcher, 1);
  await driver.driver.close(context.id);
  expect(await command.result).toMatchObject({ kind: 'lost' });
  await untilJobs(watcher, 0);
  const id = Number(pid.kind === 'text' && pid.text.replace('Out[1]: ', ''));
  expect(await watcher.scala(`while (ProcessHandle.of(${id}L).map(_.isAlive).orElse(false)) Thread.sleep(10)`)).toEqual(text(''));
});

test('closing a context ends its streaming queries, whatever language they were started in, and no others', async () => {
  const [context, other, watcher] = [await driver.context('scala'), await driver.context('scala'), await driver.context('scala')];
  const query = (name: string): string => `spark.readStream.format("rate").load().writeStream.format("noop").queryName("${name}").start()`;
  await context.scala(query('from-scala'));
  await context.python(query('from-python'));
  await other.scala(query('of-another'));
  await watcher.scala(`def running = Thread.getAllStackTraces.keySet.toArray(Array.empty[Thread]).map(_.getName)
    .flatMap("stream execution thread for ([a-z-]+)".r.findFirstMatchIn(_).map(_.group(1))).sorted.mkString(" ")`);
  expect(await watcher.scala('running')).toEqual(text('val res0: String = from-python from-scala of-another'));
  await driver.driver.close(context.id);
  await watcher.scala('while (running.contains("from")) Thread.sleep(10)');
  expect(await watcher.scala('running')).toEqual(text('val res2: String = of-another'));
});
