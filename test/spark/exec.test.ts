import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, afterAll, expect, inject, test } from 'vitest';
import { CommandLine } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';

let cli: CommandLine;
beforeAll(async () => {
  cli = await CommandLine.create(inject('sparkEnvironment'));
});
afterAll(() => cli[Symbol.asyncDispose]());

const openContexts = async (): Promise<number> => JSON.parse((await cli.run(['workspace', 'status', '--json'])).stdout).contexts;

test('exec runs the three languages on a real Spark, and leaves no context', async () => {
  // The first starts the workspace where no test has done it yet, and tells of it.
  expect(await cli.run(['exec', '-l', 'python', 'print(spark.range(3).count())'])).toMatchObject({ code: 0, stdout: '3\n' });
  const before = await openContexts();
  const [python, scala, sql] = await Promise.all([
    cli.run(['exec', '-l', 'python'], 'import sys\nprint("ü", sys.version_info[0])\n1/0'),
    cli.run(['exec', '-l', 'scala', '-'], 'spark.range(1, 11).selectExpr("sum(id)").head.getLong(0)'),
    cli.run(['exec', '-l', 'sql', '--json', 'select 9223372036854775807 as big, "漢字" as word']),
  ]);
  expect(python).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/ZeroDivisionError: division by zero\n$/) });
  expect(scala).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(?:val )?res0: Long = 55\n$/) });
  expect(sql.code).toBe(0);
  expect(sql.stdout).toContain('"data":[[9223372036854775807,"漢字"]]');
  expect(await openContexts()).toBe(before);
});

test('Ctrl-C ends a Spark job that runs, and leaves no context', async () => {
  const before = await openContexts();
  const started = join(cli.home, 'started');
  const job = 'spark.range(10**6).crossJoin(spark.range(10**6)).selectExpr("sum(rand())").collect()';
  const command = cli.start(['exec', '-l', 'python', `open(${JSON.stringify(started)}, "w").close()\n${job}`]);
  await eventually(async () => existsSync(started));
  command.signal('SIGINT');
  expect(await command.ended).toMatchObject({ code: 130, stdout: '' });
  expect(await openContexts()).toBe(before);
});
