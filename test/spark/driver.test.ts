import { existsSync } from 'node:fs';
import { mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DriverResult } from '../../src/workspace/driver/driver.ts';
import { PythonOverlay } from '../../src/workspace/driver/python-overlay.ts';
import { TestDriver, text } from '../fixtures/drivers/test-driver.ts';
import { eventually } from '../support/eventually.ts';

let driver: TestDriver;
beforeAll(async () => {
  driver = await TestDriver.start();
});
afterAll(() => driver[Symbol.asyncDispose]());

/** A table's column names, types and rows, with rows as the JSON text they travel in. */
function table(result: DriverResult): { names: string[]; rows: string; truncated: boolean } {
  if (result.kind !== 'table') throw new Error(`Not a table: ${JSON.stringify(result)}`);
  return { names: result.columns.map(({ name }) => name), rows: result.rows, truncated: result.truncated };
}

function failure(result: DriverResult): { summary: string; cause: string } {
  if (result.kind !== 'error') throw new Error(`Not an error: ${JSON.stringify(result).slice(0, 500)}`);
  return { summary: result.summary, cause: result.cause.replaceAll(/\x1b\[[\d;]*m/g, '') };
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('Scala', () => {
  test.for<[string, string, string]>([
    ['echoes a value', '(1 to 3).toArray', 'val res0: Array[Int] = Array(1, 2, 3)'],
    ['echoes every expression', '1 + 1\n(2) * 3; "a"', 'val res0: Int = 2\nval res1: Int = 6\nval res2: String = a'],
    ['keeps printed text and echo in order', 'val x = 1\nprintln("one")\nval y = 2', 'val x: Int = 1\none\nval y: Int = 2'],
    ['keeps companions together', 'class A(val n: Int)\nobject A { def of(n: Int) = new A(n) }\nA.of(3).n', 'class A\nobject A\nval res0: Int = 3'],
    ['ends lazy values with a newline', 'lazy val z = 1\nvar q = 1\nq = 2', 'lazy val z: Int // unevaluated\nvar q: Int = 2\n// mutated q'],
    ['prints Java output too', 'System.out.println("out"); System.err.println("err")', 'out\nerr'],
    ['prints what its threads print', '{ val t = new Thread(() => println("thread")); t.start(); t.join() }', 'thread'],
    ['has nothing to say of comments', '// nothing\n', ''],
    ['has nothing to say of nothing', '', ''],
    ['exits with a value', 'println("lost"); dbutils.notebook.exit("exactly\\n")', 'exactly\n'],
    ['shows HTML', 'println("lost"); displayHTML("<b>bold</b>")', '<b>bold</b>'],
  ])('%s', async ([, code, expected]) => {
    const context = await driver.context('scala');
    expect(await context.scala(code)).toEqual(text(expected));
  });

  test('reports what does not compile with the line of the cell, and goes on', async () => {
    const context = await driver.context('scala');
    const { summary, cause } = failure(await context.scala('val a = 1\na + 1\n\nval b: Int = "x"'));
    expect(summary).toBe('error: type mismatch; found   : String("x") required: Int');
    expect(cause).toBe('<cell>:4: error: type mismatch;\n found   : String("x")\n required: Int\nval b: Int = "x"\n             ^');
    expect(await context.scala('a')).toEqual(text('val res1: Int = 1'));
  });

  test.for(['def f = {', 'List(1, 2', 'val s = """abc', 'if (true)', 'case class A(', 'val x ='])('takes %j for a compile error', async (code) => {
    const context = await driver.context('scala');
    expect(failure(await context.scala(code)).summary).toMatch(/^error: /);
    expect(await context.scala('1')).toEqual(text('val res0: Int = 1'));
  });

  test('reports an exception without the interpreter around it, drops what was printed and keeps what was defined', async () => {
    const context = await driver.context('scala');
    const { summary, cause } = failure(await context.scala('println("lost")\ndef divide(n: Int) = 1 / n\nval kept = 5\ndivide(0)'));
    expect(summary).toBe('java.lang.ArithmeticException: / by zero');
    expect(cause).toMatch(/^java.lang.ArithmeticException: \/ by zero\n {2}at divide\(.*\)\n {2}\.\.\. \d+ elided$/);
    expect(await context.scala('kept')).toEqual(text('val res2: Int = 5'));
  });

  test('reports exceptions that cannot describe themselves as far as they can', async () => {
    const context = await driver.context('scala');
    const cases: [method: string, summary: RegExp][] = [
      ['getMessage = getCause.getMessage', /\bE$/],
      ['getMessage = toString', /\bE$/],
      ['toString = null', /\bE: text$/],
      ['getStackTrace = null', /\bE: text$/],
      ['getCause = throw this', /\bE: text$/],
    ];
    for (const [method, summary] of cases) {
      const failed = failure(await context.scala(`class E extends Exception("text") { override def ${method} }\nthrow new E`));
      expect(failed).toEqual({ summary: expect.stringMatching(summary), cause: expect.stringMatching(/^E\b/) });
    }
    expect(await context.scala('println("alive")')).toEqual(text('alive'));
  });

  test('collects case classes of equal names from two contexts, each its own', async () => {
    const [one, two] = [await driver.context('scala'), await driver.context('scala')];
    await one.scala('case class Point(x: Int)');
    await two.scala('case class Point(name: String)');
    const code = (value: string): string => `Seq(Point(${value})).toDS.map(p => p).collect().map(_.productElement(0)).mkString`;
    expect(await one.scala(code('7'))).toEqual(text('val res0: String = 7'));
    expect(await two.scala(code('"seven"'))).toEqual(text('val res0: String = seven'));
    expect(await one.scala('sc.parallelize(Seq(Point(1), Point(2))).map(_.x).sum')).toEqual(text('val res1: Double = 3.0'));
  });

  test('shows a Dataset and rows of case classes as tables', async () => {
    const context = await driver.context('scala');
    expect(table(await context.scala('display(spark.range(2))'))).toEqual({ names: ['id'], rows: '[[0],[1]]', truncated: false });
    expect(table(await context.scala('case class P(a: Int)\ndisplay(Seq(P(1)))')).rows).toBe('[[1]]');
  });
});

describe('SQL', () => {
  test('encodes every type as real servers do', async () => {
    const context = await driver.context('sql');
    const cases: [expression: string, json: string, type: string, hiveType: string][] = [
      ['9223372036854775807L', '9223372036854775807', '"long"', 'bigint'],
      ['-9223372036854775808L', '-9223372036854775808', '"long"', 'bigint'],
      ['1Y', '1', '"byte"', 'tinyint'],
      ['true', 'true', '"boolean"', 'boolean'],
      ['CAST(1.5 AS FLOAT)', '1.5', '"float"', 'float'],
      ["CAST('NaN' AS DOUBLE)", '"NaN"', '"double"', 'double'],
      ["CAST('-Infinity' AS FLOAT)", '"-Infinity"', '"float"', 'float'],
      ['CAST(1.5 AS DECIMAL(38,18))', '"1.500000000000000000"', '"decimal(38,18)"', 'decimal(38,18)'],
      ["'a\"\u2028é'", '"a\\"\u2028é"', '"string"', 'string'],
      ["CAST('abc' AS BINARY)", '"YWJj"', '"binary"', 'binary'],
      ["DATE'0001-01-01'", '"0001-01-01"', '"date"', 'date'],
      ["TIMESTAMP'2026-01-02 03:04:05.678901'", '"2026-01-02T03:04:05.678Z"', '"timestamp"', 'timestamp'],
      ["TIMESTAMP_NTZ'2026-01-02 03:04:05'", '"2026-01-02T03:04:05.000"', '"timestamp_ntz"', 'timestamp_ntz'],
      ['NULL', 'null', '"void"', 'void'],
      ['CAST(NULL AS INT)', 'null', '"integer"', 'int'],
      ['ARRAY(1, NULL)', '[1,null]', '{"type":"array","elementType":"integer","containsNull":true}', 'array<int>'],
      ["MAP(DATE'2020-01-01', 1L)", '{"2020-01-01":1}', '{"type":"map","keyType":"date","valueType":"long","valueContainsNull":false}', 'map<date,bigint>'],
      ["PARSE_JSON('{\"a\":1}')", '"{\\"a\\":1}"', '"variant"', 'variant'],
      ["INTERVAL '1 02' DAY TO HOUR", '"INTERVAL \'1 02\' DAY TO HOUR"', '"interval day to hour"', 'interval day to hour'],
    ];
    const result = await context.sql(`SELECT ${cases.map(([expression], i) => `${expression} AS c${i}`).join(', ')}`);
    if (result.kind !== 'table') throw new Error(JSON.stringify(result));
    expect(result.rows).toBe(`[[${cases.map(([, json]) => json).join(',')}]]`);
    expect(result.columns.map(({ type, hiveType }) => [type, hiveType])).toEqual(cases.map(([, , type, hiveType]) => [type, hiveType]));
  });

  test('sends structs as positional arrays, nested in anything', async () => {
    const context = await driver.context('sql');
    const result = await context.sql("SELECT MAP('k', ARRAY(STRUCT(1 AS a, STRUCT('x' AS c) AS b))) AS m");
    expect(table(result).rows).toBe('[[{"k":[[1,["x"]]]}]]');
  });

  test.for<[string, string, string]>([
    ['the last statement counts', "SELECT 1 AS a; SELECT 'x;y' AS b -- c;\n;", '[["x;y"]]'],
    ['a comment may end it', 'SELECT 1 AS a; /* ; */', '[[1]]'],
    ['a comment in a comment is text', '-- /*\nSELECT 1 AS a -- */', '[[1]]'],
    ['SHOW is a table', "SHOW TABLES LIKE 'none'", '[]'],
    ['DESCRIBE is a table', 'DESCRIBE VALUES (1) AS t(a)', '[["a","int",null]]'],
  ])('%s', async ([, code, rows]) => {
    const context = await driver.context('sql');
    expect(table(await context.sql(code)).rows).toBe(rows);
  });

  test.for(['', ' ; ', '-- only\n/* comments; */', 'CREATE OR REPLACE TEMP VIEW v AS SELECT 1'])('answers %j with empty text', async (code) => {
    const context = await driver.context('sql');
    expect(await context.sql(code)).toEqual(text(''));
  });

  test('sends 1000 rows at most, and says so', async () => {
    const context = await driver.context('sql');
    const { rows, truncated } = table(await context.sql('SELECT * FROM range(1001)'));
    expect([JSON.parse(rows).length, truncated]).toEqual([1000, true]);
    expect(table(await context.sql('SELECT * FROM range(1000)')).truncated).toBe(false);
  });

  test('sends no more rows than 20 MB of text, and refuses a row that is larger by itself', async () => {
    const context = await driver.context('sql');
    const { rows, truncated } = table(await context.sql("SELECT repeat('x', 3000000) FROM range(10)"));
    expect([(JSON.parse(rows) as unknown[]).length, truncated]).toEqual([6, true]);
    expect(failure(await context.sql("SELECT repeat('x', 21000000)")).summary)
      .toBe('java.lang.IllegalArgumentException: The first row is larger than a result may be (20 MB): select less of it.');
  });

  test('runs DDL and DML once, and later statements see it', async () => {
    const context = await driver.context('sql');
    expect(await context.sql('CREATE TABLE once (n INT) USING parquet; INSERT INTO once VALUES (1)')).toEqual(text(''));
    expect(table(await context.sql('SELECT * FROM once')).rows).toBe('[[1]]');
    expect(table(await (await driver.context('sql')).sql('SELECT * FROM once; ')).rows).toBe('[[1]]');
    await context.sql('DROP TABLE once');
  });

  test.for<[string, RegExp]>([
    ['SELEC 1', /^ParseException: \[PARSE_SYNTAX_ERROR\] .* near 'SELEC'/],
    ['SELECT * FROM nowhere', /^AnalysisException: \[TABLE_OR_VIEW_NOT_FOUND\] .*`nowhere`/],
    ['SELECT 1/0', /^SparkArithmeticException: \[DIVIDE_BY_ZERO\] /],
    ["SELECT 1; SELECT 'unclosed", /^ParseException: /],
  ])('names the error of %s in one line', async ([code, summary]) => {
    const context = await driver.context('sql');
    const { summary: line, cause } = failure(await context.sql(code));
    expect(line).toMatch(summary);
    expect(cause).toContain(line);
  });
});

describe('Python', () => {
  test('numbers its values and keeps printed text in order, from child processes too', async () => {
    const context = await driver.context('python');
    expect(await context.python('1 + 1')).toEqual(text('Out[1]: 2'));
    expect(await context.python('import os\nprint("a")\nos.system("echo b")\n!echo c\nprint("d")\n"e"')).toEqual(text("a\nb\nc\nd\nOut[2]: 'e'"));
    expect(await context.python('x = 5; x;')).toEqual(text(''));
  });

  test('reports an exception as IPython does, without our frames, and drops what was printed', async () => {
    const context = await driver.context('python');
    const { summary, cause } = failure(await context.python('print("lost")\ndef f():\n    return 1 / 0\nf()'));
    expect(summary).toBe('ZeroDivisionError: division by zero');
    expect(cause).toContain('----> 3     return 1 / 0');
    const ours = failure(await context.python('dbutils.fs.head("/missing")'));
    expect(ours.summary).toBe('FileNotFoundError: There is no file dbfs:/missing.');
    expect(ours.cause).not.toContain('dbutils.py');
  });

  test('can have modules by any name: ours are not in its way', async () => {
    const context = await driver.context('python');
    await context.python('open("display.py", "w").write("n = 1")\nopen("repl.py", "w").write("n = 2")');
    expect(await context.python('import display as one, repl as two\none.n + two.n')).toEqual(text('Out[2]: 3'));
  });

  test.for<[string, string]>([
    ['def f(:', 'SyntaxError: invalid syntax'],
    ['input("?")', 'RuntimeError: input() does not work here: a command on a cluster has no keyboard. Use dbutils.widgets or a variable instead.'],
    ['spark.stop()', 'RuntimeError: All notebooks of this cluster share its Spark: it cannot be stopped from one of them.'],
    ['%nomagic', 'UsageError: Line magic function `%nomagic` not found.'],
    ['raise ValueError("first\\nsecond")', 'ValueError: first'],
    ['raise KeyError', 'KeyError'],
    ['import sys; sys.exit(3)', 'SystemExit: 3'],
    ['dbutils.widgets.get("none")', "KeyError: 'There is no widget none: create it first, for example with dbutils.widgets.text.'"],
    ['class E(Exception):\n    def __str__(self): raise self\nraise E', 'E'],
    ['import matplotlib.pyplot as plt; plt.plot([1]); plt.title(r"$\\alpah$")', 'ValueError: \\alpah'],
  ])('%s fails with %s and keeps the variables', async ([code, summary]) => {
    const context = await driver.context('python');
    await context.python('kept = 42');
    expect(failure(await context.python(code)).summary).toBe(summary);
    expect(await context.python('kept')).toEqual(text('Out[3]: 42'));
  });

  test('reports a figure that cannot be drawn without our frames, and shows the next one', async () => {
    const context = await driver.context('python');
    const failed = failure(await context.python('import matplotlib.pyplot as plt\nplt.figure(figsize=(1e6, 1e6))\nplt.plot([1])'));
    expect(failed.summary).toMatch(/^ValueError: Image size of .* is too large/);
    expect(failed.cause).toContain('matplotlib');
    expect(failed.cause).not.toMatch(/(?:repl|display)\.py/);
    expect(await context.python('plt.plot([1])')).toMatchObject({ kind: 'image', fileNames: [expect.any(String)] });
  });

  test('shows Spark and pandas tables', async () => {
    const context = await driver.context('python');
    expect(table(await context.python('print("lost"); display(spark.range(2))')).rows).toBe('[[0],[1]]');
    expect(table(await context.python('import pandas as pd\ndisplay(pd.DataFrame({"a": [1], "b": [None]}))')).names).toEqual(['a', 'b']);
    expect(table(await context.python('display(pd.DataFrame({"m": [1, "a", [2]]}))')).rows).toBe('[["1"],["a"],["[2]"]]');
    const empty = await context.python('display(pd.DataFrame({"a": ["x"], "b": [1]}).query("b > 1"))');
    expect(table(empty)).toEqual({ names: ['a', 'b'], rows: '[]', truncated: false });
    expect(table(await context.python('display(pd.DataFrame())'))).toEqual({ names: [], rows: '[]', truncated: false });
    expect(table(await context.python('display(sql("SELECT 9223372036854775807 AS n"))')).rows).toBe('[[9223372036854775807]]');
  });

  test('shows all open figures, and closes them', async () => {
    const context = await driver.context('python');
    const code = 'import matplotlib.pyplot as plt\nprint("lost")\nplt.plot([1, 2])\nplt.figure()\nplt.plot([2, 1])';
    expect(await context.python(code)).toEqual({ kind: 'image', fileNames: Array(2).fill(expect.stringMatching(/^data:image\/png;base64,iVBOR/)) });
    expect(await context.python('plt.get_fignums()')).toEqual(text('Out[2]: []'));
  });

  test('runs Python functions on Spark', async () => {
    const context = await driver.context('python');
    expect(await context.python('sc.parallelize(range(4)).map(lambda n: n * n).collect()')).toEqual(text('Out[1]: [0, 1, 4, 9]'));
  });

  test('survives the death of its process, which costs the variables and says so', async () => {
    const context = await driver.context('python');
    await context.python('import os; x = 1');
    const { summary, cause } = failure(await context.python('os._exit(7)'));
    expect(summary).toBe('PythonProcessDied: the Python process of this context ended (exit code 7)');
    expect(cause).toContain('Its variables are lost');
    expect(failure(await context.python('x')).summary).toBe("NameError: name 'x' is not defined");
    expect(await context.python('2')).toEqual(text('Out[4]: 2'));
  });

  test('misses a process that was killed between two commands: the next is not run, and says that the variables are lost', async () => {
    const context = await driver.context('python');
    const { text: pid } = (await context.python('import os; x = 1; print(os.getpid())')) as { text: string };
    process.kill(Number(pid), 'SIGKILL');
    // This process is its parent, and has heard of its end when nobody has that id any more.
    await eventually(async () => !exists(Number(pid)));
    const summary = 'PythonProcessDied: the Python process of this context ended (signal SIGKILL)';
    const cause = `${summary}. Its variables are lost, and this command was not run; the next Python command gets a new process.`;
    expect(await context.python('x = 2')).toEqual({ kind: 'error', summary, cause });
    expect(await context.python('"x" in globals()')).toEqual(text('Out[2]: False'));
  });

  test('a process that does not start costs one command, and no context', async () => {
    const context = await driver.context('scala');
    await context.scala('val x = 1');
    const python = PythonOverlay.pythonIn(driver.options.workDirectory);
    await rename(python, `${python}.away`);
    const failed = failure(await context.python('1'));
    await rename(`${python}.away`, python);
    expect(failed.summary).toMatch(/^PythonProcessDied: The Python process did not start: .*ENOENT\. Its log is /);
    expect(failed.cause).toMatch(/\. This command was not run; the next Python command gets a new process\.$/);
    expect(await context.python('1')).toEqual(text('Out[1]: 1'));
    expect(await context.scala('x')).toEqual(text('val res0: Int = 1'));
  });

  test('restarts on request and goes on with the same context', async () => {
    const context = await driver.context('python');
    expect(await context.python('x = 1\nprint("bye")\ndbutils.library.restartPython()')).toEqual(text('bye'));
    expect(await context.python('"x" in globals()')).toEqual(text('Out[2]: False'));
  });

  test('exits with a value', async () => {
    const context = await driver.context('python');
    expect(await context.python('print("lost"); dbutils.notebook.exit("exactly\\n")')).toEqual(text('exactly\n'));
  });
});

describe('one context', () => {
  test('shares temporary views and widgets between its languages, and with nobody else', async () => {
    const context = await driver.context('python');
    await context.python('spark.range(3).createOrReplaceTempView("mine"); dbutils.widgets.text("w", "value")');
    expect(table(await context.sql('SELECT count(*) AS n FROM mine')).rows).toBe('[[3]]');
    expect(await context.scala('spark.table("mine").count()')).toEqual(text('val res0: Long = 3'));
    expect(await context.scala('dbutils.widgets.get("w")')).toEqual(text('val res1: String = value'));
    const other = await driver.context('sql');
    expect(failure(await other.sql('SELECT * FROM mine')).summary).toContain('TABLE_OR_VIEW_NOT_FOUND');
  });

  test('reads and writes dbfs:/ from all languages, and nothing beyond it', async () => {
    const context = await driver.context('python');
    await context.python('dbutils.fs.put("/a/b.csv", "n\\n1\\n", True)');
    expect(await context.scala('dbutils.fs.head("dbfs:/a/b.csv")')).toEqual(text('val res0: String = \n"n\n1\n"'));
    expect(table(await context.sql("SELECT * FROM csv.`dbfs:/a/b.csv`")).rows).toBe('[["n"],["1"]]');
    expect(await context.python('[f.name for f in dbutils.fs.ls("/")]')).toEqual(text("Out[2]: ['a/']"));
    expect(existsSync(join(driver.options.dbfsRoot, 'a', 'b.csv'))).toBe(true);
    await mkdir(driver.options.dbfsRoot, { recursive: true });
    await symlink('/etc', join(driver.options.dbfsRoot, 'link'));
    for (const path of ['/../../etc/passwd', 'dbfs:/a/../../x', '/link/passwd']) {
      expect(failure(await context.python(`dbutils.fs.head("${path}")`)).summary).toMatch(/leads out of dbfs:\/\.$/);
    }
  });

  test('refuses to move or copy a file onto itself, whatever it is called there, or a directory into itself', async () => {
    const context = await driver.context('python');
    await context.python('dbutils.fs.put("/data/a.csv", "kept", True)');
    await symlink('data', join(driver.options.dbfsRoot, 'alias'));
    const root = `file:${driver.options.dbfsRoot}`;
    for (const target of ['/data/a.csv', 'dbfs:/data', '/alias', '/data/../alias/a.csv', `${root}/data`]) {
      for (const [method, done] of [['mv', 'moved'], ['cp', 'copied']]) {
        expect(failure(await context.python(`dbutils.fs.${method}("dbfs:/data/a.csv", "${target}")`)).summary)
          .toMatch(new RegExp(`^IllegalArgumentException: dbfs:/data/a.csv cannot be ${done} to .*: that is the same place, or one in it\\.$`));
      }
    }
    expect(failure(await context.python(`dbutils.fs.cp("${root}/data", "dbfs:/data/copy", True)`)).summary).toMatch(/the same place, or one in it/);
    expect(await context.python('dbutils.fs.head("/data/a.csv")')).toMatchObject({ text: expect.stringMatching(/: 'kept'$/) });
    await context.python('dbutils.fs.mkdirs("/other"); dbutils.fs.cp("/data/a.csv", "/other"); dbutils.fs.mv("/data/a.csv", "/data/b.csv")');
    const files = '[f.path for d in ["/data", "/other"] for f in dbutils.fs.ls(d)]';
    expect(await context.python(files)).toMatchObject({ text: expect.stringMatching(/: \['dbfs:\/data\/b.csv', 'dbfs:\/other\/a.csv'\]$/) });
  });
});
