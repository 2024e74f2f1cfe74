import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { kept, startDatabricksKernel } from '../support/databricks-kernel.ts';
import type { RunningKernel } from '../support/start-kernel.ts';

/** Cells in the order they are run in one notebook, and what each leaves in it. */
const notebooks: Record<KernelLanguage, [title: string, code: string, shows: (string | RegExp)[]][]> = {
  python: [
    ['a value', '40 + 2', ['execute_result: 42']],
    ['printed text and a value', 'print("hello")\n"last"', ['stdout: hello\n', "execute_result: 'last'"]],
    ['a definition shows nothing', 'x = [1, 2, 3]', []],
    ['a variable of an earlier cell', 'sum(x)', ['execute_result: 6']],
    ['a table', 'display(spark.range(2))', ['display_data: id\n--\n 0\n 1']],
    ['a pandas table', 'import pandas\ndisplay(pandas.DataFrame({"a": ["x"]}))', ['display_data: a\n-\nx']],
    ['nothing for a magic that old notebooks begin with', '%matplotlib inline', []],
    ['a plot', 'import matplotlib.pyplot as plt\nfigure = plt.figure(); _ = plt.plot([1, 4, 9])', ['display_data: image/png']],
    ['an error', '1 / 0', ['error: ZeroDivisionError: division by zero']],
    ['why there is no input', 'input("? ")', [/^error: RuntimeError: input\(\) does not work here: .* Use dbutils\.widgets or a variable instead\.$/]],
    ['a syntax error', 'def f(:', [/^error: SyntaxError: /]],
    ['variables after an error', 'x[0]', ['execute_result: 1']],
    ['HTML', 'displayHTML("<b>bold</b>")', ['display_data: <b>bold</b>']],
    ['SQL', '%sql select 1 as one', ['display_data: one\n---\n  1']],
    ['a view made in Python, read in SQL', 'spark.range(3).createOrReplaceTempView("three")', []],
    ['a view made in Python, read in SQL: the reading', '%sql\nselect count(*) as n from three', ['display_data: n\n-\n3']],
    ['Scala in the same context', '%scala\nval n = spark.table("three").count', ['stdout: val n: Long = 3\n']],
    ['a shell script on the driver', '%sh\necho "$((6 * 7))"', ['stdout: 42\n']],
    ['a shell script that fails', '%sh exit 3', ['error: ShellError: The script ended with exit code 3.']],
    ['Markdown', '%md *text*', ['display_data: *text*']],
    ["one of IPython's own magics", '%timeit -n1 -r1 pass', [/^stdout: .* per loop/]],
    ['a magic that nobody knows', '%sqk select 1', [/^error: UsageError: .*%sqk.*%sql/]],
  ],
  scala: [
    ['a value', '40 + 2', ['execute_result: val res0: Int = 42']],
    ['a definition echoes, as in the REPL', 'val x = List(1, 2, 3)', ['stdout: val x: List[Int] = List(1, 2, 3)\n']],
    ['printed text and a value', 'println("hello"); x.sum', ['stdout: hello\n', /^execute_result: val res\d+: Int = 6$/]],
    ['a table', 'display(spark.range(2))', ['display_data: id\n--\n 0\n 1']],
    ['a case class in a Dataset', 'case class P(a: Int)\nval ps = Seq(P(1), P(2)).toDS', [/^stdout: class P\nval ps: .*Dataset\[P\]/]],
    ['objects collected from a job', 'ps.map(p => P(p.a + 1)).collect.toList', [/^execute_result: val res\d+: List\[P\] = List\(P\(2\), P\(3\)\)$/]],
    ['an error', 'sys.error("no luck")', ['error: java.lang.RuntimeException: no luck']],
    ['a compile error', 'val y: Int = "a"', [/^error: .*type mismatch/]],
    ['values after an error', 'x.head', [/^execute_result: val res\d+: Int = 1$/]],
    ['SQL', '%sql select 1 as one', ['display_data: one\n---\n  1']],
    ['a view made in Scala', 'ps.createOrReplaceTempView("ps")', []],
    ['Python in the same context', '%python\nspark.table("ps").count()', ['execute_result: 2']],
    ['a view that runs Scala code', 'ps.filter(_.a > 1).createOrReplaceTempView("some")', []],
    ['pandas on a view that runs Scala code', '%python\nspark.table("some").toPandas().a.tolist()', ['execute_result: [2]']],
    ['a magic that nobody knows', '%foo', [/^error: UsageError: .*%foo/]],
  ],
  sql: [
    ['a table', "select 1 as a, 'x' as b, null as c", ['display_data: a  b  c\n-  -  ----\n1  x  null']],
    ['several statements: the last result', 'select 1; select 2 as two;', ['display_data: two\n---\n  2']],
    ['a statement without rows', 'create temp view five as select 5 as n', ['stdout: OK\n']],
    ['a longer table than is sent', 'select count(*) over () as n from range(1001)', [/1001\n\(first 50 of the 1.000 rows that were sent; more exist\)$/]],
    ['an integer beyond 2^53', 'select 9223372036854775807 as n', [/9223372036854775807$/]],
    ['an error', 'selec', [/^error: \w*Exception: .*PARSE_SYNTAX_ERROR/]],
    ['an unknown table', 'select * from nowhere', [/^error: AnalysisException: .*nowhere/]],
    ['Python on a view made in SQL', '%python\nspark.table("five").first().n', ['execute_result: 5']],
    ['an empty cell', '', []],
  ],
};

/** What front ends may ask to be evaluated after a cell, and the text that they get. */
const expressions: Record<KernelLanguage, [expression: string, text: unknown][]> = {
  python: [['20 + 1', '21'], ['print("printed")', 'printed'], ['"é😀"', "'é😀'"]],
  scala: [['20 + 1', expect.stringMatching(/^val res\d+: Int = 21$/)], ['println("printed")', 'printed']],
  sql: [['select 21', '21'], ['select null', 'null'], ['select 1 as a, 2 as b', 'a  b\n-  -\n1  2']],
};

/** A cell that is run silently, and one that shows that it was run. */
const silently: Record<KernelLanguage, [run: string, look: string]> = {
  python: ['quiet = 77; print(quiet)', 'quiet'],
  scala: ['val quiet = 77; println(quiet)', 'quiet'],
  sql: ['create or replace temp view quiet as select 77 as n', 'select n from quiet'],
};

for (const [language, cells] of Object.entries(notebooks) as [KernelLanguage, (typeof notebooks)['sql']][]) {
  describe(`the ${language} kernel shows`, () => {
    let kernel: RunningKernel;
    beforeAll(async () => {
      kernel = await startDatabricksKernel(language);
    });
    afterAll(() => kernel[Symbol.asyncDispose]());

    test.for(cells)('%s', async ([, code, expected]) => {
      const { outputs, reply } = await kernel.execute(code);
      const shows = kept(outputs);
      expect(shows).toEqual(expected.map((each) => (typeof each === 'string' ? each : expect.stringMatching(each))));
      const failed = expected.some((each) => (typeof each === 'string' ? each : each.source).replace('^', '').startsWith('error: '));
      expect(reply.status).toBe(failed ? 'error' : 'ok');
    });

    test.for(expressions[language])('the user expression %j', async ([expression, expected]) => {
      const { reply, outputs } = await kernel.execute('', { user_expressions: { it: expression, wrong: 'no_such_thing(' } });
      expect(outputs).toEqual([]);
      expect(reply).toMatchObject({ status: 'ok', user_expressions: { it: { status: 'ok', data: { 'text/plain': expected }, metadata: {} }, wrong: { status: 'error' } } });
    });

    test('nothing of a silent cell, whose variables stay', async () => {
      const { reply, iopub } = await kernel.execute(silently[language][0], { silent: true, store_history: false });
      expect(reply.status).toBe('ok');
      expect(iopub.map(({ content }) => content)).toEqual([{ execution_state: 'busy' }, { execution_state: 'idle' }]);
      expect(kept((await kernel.execute(silently[language][1], { store_history: false })).outputs)).toEqual([expect.stringMatching(/\b77$/)]);
    });

    test('nothing on stderr', () => expect(kernel.stderr()).toBe(''));
  });
}

test('50 000 lines printed by one cell arrive, in order', async () => {
  await using kernel = await startDatabricksKernel('python');
  const { text, reply } = await kernel.execute('for i in range(50_000): print(i)');
  expect(reply.status).toBe('ok');
  expect(text).toBe(Array.from({ length: 50_000 }, (_, i) => `${i}\n`).join(''));
});

test('kernels side by side have variables and views of their own, and share tables', async () => {
  await using one = await startDatabricksKernel('python');
  await using two = await startDatabricksKernel('scala');
  await one.execute('x = 1; spark.range(1).createOrReplaceTempView("mine"); spark.range(4).write.mode("overwrite").saveAsTable("ours")');
  expect(kept((await two.execute('spark.table("ours").count')).outputs)).toEqual([expect.stringMatching(/: Long = 4$/)]);
  expect(kept((await two.execute('%python x')).outputs)).toEqual(["error: NameError: name 'x' is not defined"]);
  expect(kept((await two.execute('%sql select * from mine')).outputs)).toEqual([expect.stringMatching(/^error: AnalysisException: .*mine/)]);
});
