import { describe, expect, test } from 'vitest';
import type { Completeness } from '../../../src/kernel/interpreter.ts';
import { isComplete as python } from '../../../src/languages/python/completeness.ts';
import { isComplete as scala } from '../../../src/languages/scala/completeness.ts';
import { isComplete as sql } from '../../../src/languages/sql/completeness.ts';

type Expected = 'complete' | 'invalid' | { indent: string };
const seen = (answer: Completeness): Expected => (answer.status === 'incomplete' ? { indent: answer.indent } : answer.status === 'unknown' ? 'invalid' : answer.status);
const more = (indent = ''): Expected => ({ indent });

describe('Python code', () => {
  test.for<[code: string, expected: Expected]>([
    ['', 'complete'],
    ['1', 'complete'],
    ["print('hello, world')", 'complete'],
    ['def f(x):\n  return x*2\n\n\n', 'complete'],
    ["print('''hello", more()],
    ['"""doc\nmore', more()],
    ['"""doc"""', 'complete'],
    ['x = """a "quoted" word"""', 'complete'],
    ["'it\\'s'", 'complete'],
    ["'it\\", more()],
    ["'it\\\nis'", 'complete'],
    ["print('open", 'invalid'],
    ["print('open\n')", 'invalid'],
    ['f(1,', more('    ')],
    ['    f(1,', more('        ')],
    ['[1, 2', more('    ')],
    ['f(")")', 'complete'],
    ['f(1) # (', 'complete'],
    ['x = 1 # it is "open', 'complete'],
    ['f(1))', 'invalid'],
    ['f(1]', 'invalid'],
    ['x = 1 + \\', more()],
    ['for i in range(3):', more('    ')],
    ['for i in range(3):  # why', more('    ')],
    ['for i in range(3):\n    print(i)', more('    ')],
    ['for i in range(3):\n    print(i)\n', 'complete'],
    ['for i in range(3):\n    if i:', more('        ')],
    ['def f():\n    return 1', more()],
    ['def f():\n  x*2', more('  ')],
    ['if x:\n    pass\nelse:', more('    ')],
    ['if x:\n    pass\ny = 1', 'complete'],
    ['@decorated', more()],
    ['@decorated\ndef f():', more('    ')],
    ['x = {"a":\n 1}', 'complete'],
    ['d[1:', more('    ')],
    ['import = 7q', 'invalid'],
    ['7q', 'invalid'],
    ['import = 7', 'invalid'],
    ['x = 1if y else 2', 'complete'],
    ['x = 0xFF + 1e5 + 2j + 1_000 + 0b1 + 0o7', 'complete'],
    ['x1y = 1', 'complete'],
    ['f(lambda x: x)', 'complete'],
    ['x == 1', 'complete'],
    ['f"{x[1]}"', 'complete'],
    ["r'\\d'", 'complete'],
    ['%timeit f("', 'complete'],
    ['!ls "', 'complete'],
    ['%%time\nx = 1', more()],
    ['%%time\nx = 1\n\n', 'complete'],
    ['x = [\n  # one )\n  1,\n]', 'complete'],
  ])('%j', ([code, expected]) => {
    expect(seen(python(code))).toEqual(expected);
  });
});

describe('Scala code', () => {
  test.for<[code: string, expected: Expected]>([
    ['', 'complete'],
    ['val x = 1', 'complete'],
    ['println("hello")', 'complete'],
    ['def f(x: Int) = {', more('  ')],
    ['def f(x: Int) = {\n  x + 1', more('  ')],
    ['def f(x: Int) = {\n  x + 1\n}', 'complete'],
    ['val x =', more('  ')],
    ['1 +', more('  ')],
    ['x.', more('  ')],
    ['x,', more('  ')],
    ['x =>', more('  ')],
    ['val x = <a>b</a>', 'complete'],
    ['val x = <a/>', 'complete'],
    ['df.select("a")', 'complete'],
    ['if (x) 1 else', more('  ')],
    ['if (x)', more('  ')],
    ['if (f(x)) g(y)', 'complete'],
    ['if (x) 1', 'complete'],
    ['for (i <- 1 to 3)', more('  ')],
    ['for (i <- 1 to 3) yield', more('  ')],
    ['for (i <- 1 to 3) println(i)', 'complete'],
    ['xs.map { x =>', more('  ')],
    ['case class A(x: Int)', 'complete'],
    ['class', more('  ')],
    ['"""open', more()],
    ['"""a "b" c"""', 'complete'],
    ['"""ends with a quote""""', 'complete'],
    ['val s = "open', 'invalid'],
    ['val s = s"${m("a")}"', 'complete'],
    ["val c = '\"'", 'complete'],
    ["val c = '\\''", 'complete'],
    ["val c = '('", 'complete'],
    ["'symbol", 'complete'],
    ['/* open', more()],
    ['/* a /* nested */ still', more()],
    ['/* a /* nested */ b */ 1', 'complete'],
    ['1 // (', 'complete'],
    ['f(1))', 'invalid'],
    ['f(1', more()],
    ['f(', more('  ')],
    ['val x =\n\n', 'complete'],
    ['val `type` = 1', 'complete'],
    ['x match {\n  case 1 => "a"', more('  ')],
  ])('%j', ([code, expected]) => {
    expect(seen(scala(code))).toEqual(expected);
  });
});

describe('SQL code', () => {
  test.for<[code: string, expected: Expected]>([
    ['', 'complete'],
    ['select 1', 'complete'],
    ['select 1;', 'complete'],
    ['select * from t;', 'complete'],
    ['select', more('  ')],
    ['select a,', more('  ')],
    ['select a from', more('  ')],
    ['select a from t where', more('  ')],
    ['select a from t where x =', more('  ')],
    ['select *', 'complete'],
    ['select count(*)', 'complete'],
    ['select count(', more('  ')],
    ["select 'open", more()],
    ["select 'it''s'", 'complete'],
    ["select 'a\\'b'", 'complete'],
    ["select 'a -- b'", 'complete'],
    ['select 1 -- (', 'complete'],
    ['select /* open', more()],
    ['select /* a */ 1', 'complete'],
    ['select `odd', more()],
    ['select `odd ( name` from t', 'complete'],
    ['select 1)', 'invalid'],
    ['select 1; select', more('  ')],
    ['SELECT a FROM t ORDER BY', more('  ')],
    ['show tables', 'complete'],
    ['set', 'complete'],
    ['select case when a then b end', 'complete'],
  ])('%j', ([code, expected]) => {
    expect(seen(sql(code))).toEqual(expected);
  });
});
