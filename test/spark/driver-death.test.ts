import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { kill } from 'node:process';
import { expect, test } from 'vitest';
import { identify } from '../../src/lib/process-identity.ts';
import { startSparkDriver } from '../../src/workspace/driver/spark-driver.ts';
import { TestDriver, testOptions, type TestContext } from '../fixtures/drivers/test-driver.ts';
import { eventually } from '../support/eventually.ts';

async function pidOf(context: TestContext, language: 'scala' | 'python'): Promise<number> {
  const code = { scala: 'ProcessHandle.current.pid', python: '__import__("os").getpid()' }[language];
  const result = await context.run(language, code);
  return Number(result.kind === 'text' && /\d+$/.exec(result.text)?.[0]);
}

/** Waits until a process has ended; process 1 may not reap it. */
async function gone(pid: number): Promise<void> {
  await eventually(async () => (await identify(pid)) === undefined);
}

test('a driver that is killed fails what runs, says how it ended, and takes its Python processes and its files along', async () => {
  await using driver = await TestDriver.start();
  const context = await driver.context('scala');
  const [jvm, python] = [await pidOf(context, 'scala'), await pidOf(context, 'python')];
  const running = context.scala('Thread.sleep(1000000)');
  kill(jvm, 'SIGKILL');
  await expect(running).rejects.toThrow(/^The Spark driver ended\. It ended by itself \(signal SIGKILL\)/);
  expect((await driver.driver.exited).reason).toContain('signal SIGKILL');
  await expect(context.python('1')).rejects.toThrow('The Spark driver ended.');
  await expect(context.sql('SELECT 1')).rejects.toThrow('The Spark driver ended.');
  await gone(python);
  expect(existsSync(driver.options.workDirectory)).toBe(false);
});

test('what a Python process started ends with it, however it ends; Python that meets the death of the driver first is no error of its own', async () => {
  await using driver = await TestDriver.start();
  const context = await driver.context('python');
  const child = await context.python('import os, subprocess\nsubprocess.Popen(["sleep", "1000"]).pid');
  expect(await context.python('os._exit(7)')).toMatchObject({ kind: 'error' });
  await gone(Number(child.kind === 'text' && child.text.replace('Out[1]: ', '')));
  const killing = 'import os; jvm = spark._jvm\nos.kill(jvm.java.lang.ProcessHandle.current().pid(), 9)\njvm.java.lang.System.nanoTime()';
  await expect(context.python(killing)).rejects.toThrow(/^The Spark driver ended\. It ended by itself \(signal SIGKILL\)/);
});

test('code that stops Spark ends the driver, which says why', async () => {
  await using driver = await TestDriver.start();
  const context = await driver.context('scala');
  await expect(context.scala('sc.stop(); Thread.sleep(1000000)')).rejects.toThrow('User code must not call spark.stop() or sc.stop().');
});

test('an orderly end leaves no process and no file but the log', async () => {
  const driver = await TestDriver.start();
  const context = await driver.context('scala');
  const pids = [await pidOf(context, 'scala'), await pidOf(context, 'python')];
  await context.sql('CREATE TABLE t AS SELECT 1 AS n');
  await driver.driver[Symbol.asyncDispose]();
  expect(await driver.driver.exited).toEqual({ reason: '' });
  await Promise.all(pids.map(gone));
  expect(await readdir(driver.options.directory)).toEqual(['driver.log']);
  await rm(driver.options.directory, { recursive: true });
});

test('a master that is not there is an error with the end of the log', async () => {
  const options = { ...testOptions(), master: 'nonsense://' };
  await expect(startSparkDriver(options)).rejects.toThrow(/^Spark did not start: .*nonsense/);
  expect(existsSync(options.workDirectory)).toBe(false);
  await rm(options.directory, { recursive: true });
});

test('a Java that does not start is an error that names the log', async () => {
  const options = testOptions();
  const broken = { ...options, runtime: { ...options.runtime, java: '/bin/false' } };
  await expect(startSparkDriver({ ...broken })).rejects.toThrow(`The Spark driver did not start: exit code 1. Its log is ${options.logFile}`);
  await rm(options.directory, { recursive: true });
});
