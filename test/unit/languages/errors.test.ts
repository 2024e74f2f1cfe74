import { describe, expect, test } from 'vitest';
import { createPythonReaders } from '../../../src/languages/python/read.ts';
import { createScalaReaders } from '../../../src/languages/scala/read.ts';
import { sqlReaders } from '../../../src/languages/sql/read.ts';
import { stripAnsi } from '../../../src/render/html.ts';

const python = createPythonReaders().readers;
const scala = createScalaReaders().readers;
const red = (name: string) => `\u001b[0;31m${name}\u001b[0m`;

/** As databricks-vscode captured it from a workspace, shortened in the middle. */
const captured = {
  summary: "<span class='ansi-red-fg'>Exception</span>: juhu",
  cause:
    '\u001b[0;31m---------------------------------------------------------------------------\u001b[0m\n\u001b[0;31mException\u001b[0m                                 Traceback (most recent call last)\n\u001b[0;32m<command--1>\u001b[0m in \u001b[0;36m<cell line: 43>\u001b[0;34m()\u001b[0m\n\u001b[0;31mException\u001b[0m: juhu',
};

/** IPython's report on one exception. */
const ipython = (name: string, message: string) =>
  `${'-'.repeat(75)}\n${red(name)}${'Traceback (most recent call last)'.padStart(75 - name.length)}\nCell In[1], line 1\n----> 1 raise ${name}\n\n${red(name)}: ${message}`;

test('a name that stands in another word only is no name to colour', () => {
  const cause = 'It ended by itself. The end of its log:\njava.lang.OutOfMemoryError: no memory';
  expect(scala.error('it broke', cause)).toMatchObject({ ename: 'Error', traceback: cause.split('\n') });
});

describe('an error reads', () => {
  test.for<[what: string, read: typeof python, summary: string, cause: string, ename: string, evalue: string]>([
    ['by its summary', python, captured.summary, captured.cause, 'Exception', 'juhu'],
    ['with entities decoded', python, '<span>TypeError</span>: &#39;int&#39; &lt; &quot;a&quot;', 'x', 'TypeError', `'int' < "a"`],
    ['without a message', python, 'KeyError', 'x', 'KeyError', ''],
    ['with a name of several parts', python, 'pyspark.errors.AnalysisException: [NO] such\ntable', 'x', 'pyspark.errors.AnalysisException', '[NO] such\ntable'],
    ['as Error where its summary is only a sentence', python, 'requirement failed: missing contextId', 'x', 'Error', 'requirement failed: missing contextId'],
    ["by its cause on the classic document's servers", python, '', 'InnerExecutionException', 'InnerExecutionException', ''],
    ["by the last line of Python's traceback where there is no summary", python, '', captured.cause, 'Exception', 'juhu'],
    ['by the head of the traceback where the name says nothing of an error', python, '', ipython('Stop', 'x'), 'Stop', 'x'],
    ['by a head whose long name leaves no space', python, '', ipython('S'.repeat(45), 'x'), 'S'.repeat(45), 'x'],
    ['by a name with other letters', python, '', ipython('Größe', ''), 'Größe', ''],
    ['by the last of several tracebacks', python, '', `${ipython('ValueError', 'y')}\n\nThe above exception was the direct cause of the following exception:\n\n${ipython('Stop', 'x')}`, 'Stop', 'x'],
    ['by its own name where its message has others', python, '', ipython('RuntimeError', 'bad:\nKeyError: a\nRuntimeError: b'), 'RuntimeError', 'bad:\nKeyError: a\nRuntimeError: b'],
    ['by its head where the message has the like of one', python, '', ipython('Stop', 'x\nOther Traceback (most recent call last)\nz'), 'Stop', 'x\nOther Traceback (most recent call last)\nz'],
    ['by the last line where its head is not followed by its name', python, '', 'Stop Traceback (most recent call last)\nValueError: y', 'ValueError', 'y'],
    ['by all lines of a message at the end of a traceback', python, '', 'Traceback (most recent call last):\n  File "x"\nValueError: one\ntwo', 'ValueError', 'one\ntwo'],
    ['by the first line of a Java trace where there is no summary', scala, '', 'java.lang.ArithmeticException: / by zero\n  at f(<console>:1)\nCaused by: java.lang.Error: y', 'java.lang.ArithmeticException', '/ by zero'],
    ['by the words of a cause that names nothing', python, '', 'it broke', 'Error', 'it broke'],
    ['as Error where nothing was sent', python, '', '', 'Error', ''],
    ["by the compiler's words", scala, '<console>:23: error: not found: value x', '', 'CompileError', 'not found: value x'],
    ["by the compiler's words without a place", scala, 'error: not found: value x', 'cmd:1: error: not found: value x', 'CompileError', 'not found: value x'],
    ['by a summary in SQL too', sqlReaders, 'ParseException: [PARSE_SYNTAX_ERROR] near x', 'y', 'ParseException', '[PARSE_SYNTAX_ERROR] near x'],
  ])('%s', ([, read, summary, cause, ename, evalue]) => {
    expect(read.error(summary, cause)).toMatchObject({ ename, evalue });
  });

  test.for<[what: string, read: typeof python, summary: string, cause: string, traceback: string]>([
    ['as its coloured cause', python, captured.summary, captured.cause, captured.cause],
    ['as its summary where there is no cause', python, captured.summary, '', `${red('Exception')}: juhu`],
    ['with its name in red where the cause has no colours', scala, 'java.lang.Error: x', 'java.lang.Error: x\n  at f(<console>:1)\n', `${red('java.lang.Error')}: x\n  at f(<console>:1)`],
    [
      "in SQL without the JVM's stack, and with the place in the statement",
      sqlReaders,
      'ParseException: near x',
      "org.apache.spark.sql.catalyst.parser.ParseException: near x\n\n== SQL (line 1, position 1) ==\nselec 1\n^^^\n\n\tat org.apache.spark.sql.X.parse(X.scala:96)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)\n\t... 3 more",
      `org.apache.spark.sql.catalyst.parser.${red('ParseException')}: near x\n\n== SQL (line 1, position 1) ==\nselec 1\n^^^`,
    ],
    [
      'with the name in red that the cause begins with, where it is not the one of the class',
      scala,
      'org.apache.spark.sql.catalyst.ExtendedAnalysisException: no nope',
      'org.apache.spark.sql.AnalysisException: no nope\n  at f(<console>:1)',
      `${red('org.apache.spark.sql.AnalysisException')}: no nope\n  at f(<console>:1)`,
    ],
    ['nothing but colours, whatever control sequences were sent', python, 'Bad\u001b]0;t\u0007Error: \u001b[2Jx', 'Bad\u001b]0;t\u0007Error: \u001b[2J\u001b[1mx\u009b2J\u202e\rshown instead', 'BadError: \u001b[1mx\nshown instead\u001b[0m'],
    ['as its name where nothing was sent', python, '', '', `${red('Error')}: `],
  ])('shows %s', ([, read, summary, cause, traceback]) => {
    expect(read.error(summary, cause).traceback).toEqual(traceback.split('\n'));
  });

  test('in lines that are the whole report', () => {
    expect(stripAnsi(python.error(captured.summary, captured.cause).traceback.join('\n'))).toBe(stripAnsi(captured.cause));
  });
});
