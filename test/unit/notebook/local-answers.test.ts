import { describe, expect, test } from 'vitest';
import type { KernelLanguage } from '../../../src/languages/info.ts';
import { BridgeError } from '../../../src/lib/errors.ts';
import { createInterpreter } from '../../../src/notebook/interpreter.ts';
import type { RunEnd } from '../../../src/session/api.ts';
import { FakeCell } from '../../support/fake-cell.ts';
import { FakeSession } from '../../support/fake-session.ts';

const signal = new AbortController().signal;

/** A kernel in which cells have run, and what it says at the `|` in code. */
async function after(language: KernelLanguage, ...cells: readonly string[]) {
  const session = new FakeSession();
  const interpreter = createInterpreter({ session, language });
  for (const [i, code] of cells.entries()) {
    session.text('');
    await interpreter.execute(code, new FakeCell({ executionCount: i + 1 }));
  }
  const at = (marked: string) => [marked.replace('|', ''), marked.indexOf('|')] as const;
  return {
    session,
    interpreter,
    complete: async (marked: string) => interpreter.complete(...at(marked), signal),
    words: async (marked: string) => (await interpreter.complete(...at(marked), signal)).matches.map(({ text }) => text),
    inspect: async (marked: string) => interpreter.inspect(...at(marked), 0, signal),
    isComplete: async (code: string) => interpreter.isComplete(code),
  };
}

describe('completion knows', () => {
  test.for<[language: KernelLanguage, cell: string, marked: string, words: readonly string[]]>([
    ['python', 'orders = 1\nordered: int = 2', 'x = ord|', ['orders', 'ordered']],
    ['python', 'def total(x):\n  return x\nclass Totals: pass', 'tot|', ['total', 'Totals']],
    ['python', 'import pandas as pdx, os\nimport sysx', 'pdx|', []],
    ['python', 'import pandas as pdx', 'pd|', ['pdx']],
    ['python', 'from a.b import (cde, cdf)', 'cd|', ['cde', 'cdf']],
    ['python', 'from a.b import cde as fgh', 'fg|', ['fgh']],
    ['python', 'from a.b import vwx as fgh', 'vw|', []],
    ['python', 'alpha, alphb = 1, 2', 'alp|', ['alpha', 'alphb']],
    ['python', 'for item_x in y: pass', 'item|', ['item_x']],
    ['python', 'naïve = 1', 'naï|', ['naïve']],
    ['python', 'x == 1', 'impo|', ['import']],
    ['python', 'append_me = 1', 'xs.append|', []],
    ['scala', 'val ordersDf = 1; \nlazy val ordersB = 2\ncase class OrdersC(x: Int)\nobject OrdersD', 'orders|', ['ordersDf', 'ordersB', 'OrdersC', 'OrdersD']],
    ['scala', 'private def totalOf(x: Int) = x', 'totalO|', ['totalOf']],
    ['sql', 'create or replace temp view clean_orders as select 1', 'select * from clean|', ['clean_orders']],
    ['sql', 'create table if not exists s.orders(x int)', 's.ord|', []],
    ['sql', '', 'sel|', ['SELECT']],
  ])('in %s, after %j, at %j: %j', async ([language, cell, marked, words]) => {
    expect(await (await after(language, cell)).words(marked)).toEqual(words);
  });

  test('where the word begins, in UTF-16', async () => {
    expect(await (await after('python', 'orders = 1')).complete('"😀"; ord|')).toMatchObject({ start: 6, end: 9 });
  });

  test('magics and what follows them', async () => {
    const { words, complete } = await after('scala');
    expect(await words('%s|')).toEqual(['%scala', '%sql', '%sh']);
    expect(await words('%%s|')).toEqual(['%%scala', '%%sql', '%%sh']);
    expect(await complete('%config table.j|')).toEqual({ matches: [{ text: 'table.json=' }], start: 8, end: 15 });
    expect(await words('x = 1 %s|')).not.toContain('%sql');
  });

  test('what may stand at each place of a magic', async () => {
    const { words } = await after('python');
    expect(await words('%con|')).toEqual(expect.arrayContaining(['%config']));
    expect(await words('%|')).toEqual(expect.arrayContaining(['%sql', '%config', '%timeit']));
    expect(await words('%config |')).toEqual(['table.json=', 'table.rows=']);
    expect(await words('%config table.|')).toEqual(['table.json=', 'table.rows=']);
    expect(await words('%config nothing.|')).toEqual([]);
    expect(await words('%sql sel|')).toEqual(['SELECT']);
    expect(await words('%%sql  sel|')).toEqual(['SELECT']);
    expect(await words('%sql\n\nsel|')).toEqual(['SELECT']);
    expect(await words('%scala\n%timei|')).toEqual([]);
    expect(await (await after('sql')).words('%python\n%timei|')).toEqual(['%timeit']);
  });

  test('the beginning of a word, wherever in it the cursor stands', async () => {
    const { complete } = await after('python', 'orders = 1');
    expect(await complete('ord|ers')).toMatchObject({ matches: [{ text: 'orders' }], start: 0, end: 3 });
    expect(await complete('|orders')).toMatchObject({ matches: [], start: 0, end: 0 });
    expect(await complete('x = 1\n  ord|')).toMatchObject({ matches: [{ text: 'orders' }], start: 8, end: 11 });
  });

  test("Python's own magics in Python only", async () => {
    expect(await (await after('python')).words('%timei|')).toEqual(['%timeit']);
    expect(await (await after('sql')).words('%timei|')).toEqual([]);
  });

  test('the language of the cell, and the names of that language', async () => {
    const { words } = await after('python', '%sql create view order_view as select 1', 'order_py = 1');
    expect(await words('%sql\nselect * from order_|')).toEqual(['order_view']);
    expect(await words('order_|')).toEqual(['order_py']);
  });

  test('no names of cells that failed', async () => {
    const session = new FakeSession().answer({ kind: 'error', summary: 'E: x', cause: '' });
    const interpreter = createInterpreter({ session, language: 'python' });
    await interpreter.execute('wrong_name = 1/0', new FakeCell());
    expect((await interpreter.complete('wrong_n', 7, signal)).matches).toEqual([]);
  });

  test('no names of what a front end ran for itself', async () => {
    const session = new FakeSession().text('');
    const interpreter = createInterpreter({ session, language: 'python' });
    await interpreter.execute('_inspector_value = 1', new FakeCell({ isNumbered: false }));
    expect((await interpreter.complete('_insp', 5, signal)).matches).toEqual([]);
  });

  test('no names of a context that was replaced, but those of the cell that ran in the new one', async () => {
    const { words, interpreter, session } = await after('python', 'order_old = 1', '%sql create view order_view as select 1', '%scala val orderKept = 1');
    session.answer((_, options) => {
      options.onNotice?.({ text: 'A new context.', replaced: ['python', 'sql'] });
      return { end: 'result', result: { kind: 'text', text: '' } };
    });
    await interpreter.execute('order_new = 1', new FakeCell());
    expect(await words('order|')).toEqual(['order_new']);
    expect(await words('%sql\norder|')).toEqual(['ORDER']);
    expect(await words('%scala\norder|')).toEqual(['orderKept']);
  });

  test.for<[what: string, end: () => RunEnd | Promise<RunEnd>]>([
    ['given up', () => ({ end: 'killed' })],
    ['found gone', () => Promise.reject(new BridgeError('context', 'Gone.', { lost: true }))],
  ])('no names of a context that was %s, before the next one is there', async ([, end]) => {
    const { words, inspect, interpreter, session } = await after('python', 'order_old = 1');
    session.answer(end);
    await interpreter.execute('1', new FakeCell());
    expect(await words('order|')).toEqual([]);
    expect(await inspect('order_old|')).toBeUndefined();
  });

  test('nothing of the cluster: no command is sent for it', async () => {
    const { words, inspect, session } = await after('python');
    await words('spa|');
    await inspect('spa|rk');
    expect(session.sent).toEqual([]);
  });
});

describe('inspection knows', () => {
  test.for<[marked: string, text: string | undefined]>([
    ['tot|al(1)', 'total: defined in cell 2\n\ndef total(x):'],
    ['total|', 'total: defined in cell 2\n\ndef total(x):'],
    ['|total', 'total: defined in cell 2\n\ndef total(x):'],
    ['unknown|', undefined],
    ['|', undefined],
    ['%m|d', '%md  shows the cell as Markdown.'],
  ])('at %j: %j', async ([marked, text]) => {
    const { inspect } = await after('python', 'x = 1', 'y = subtotal\n\ndef total(x):\n  return x');
    expect(await inspect(marked)).toEqual(text && { 'text/plain': text });
  });
});

test.for<[language: KernelLanguage, code: string, status: string]>([
  ['python', 'f(', 'incomplete'],
  ['python', '%sql select (', 'incomplete'],
  ['python', '%sql select 1', 'complete'],
  ['python', '%sql', 'incomplete'],
  ['python', '%timeit f()', 'complete'],
  ['python', '%%time\nx', 'incomplete'],
  ['python', '%md # Title', 'complete'],
  ['python', '%sh', 'incomplete'],
  ['scala', '%sh\nfor i in 1 2; do', 'incomplete'],
  ['scala', '%sh\nls\n', 'complete'],
  ['sql', '%md # Title\ntext', 'incomplete'],
  ['sql', '%config', 'complete'],
  ['sql', '%sql select', 'incomplete'],
  ['scala', '?', 'complete'],
  ['sql', 'exit', 'complete'],
  ['scala', '%python\nfor x in y:', 'incomplete'],
  ['scala', '%nosuch', 'complete'],
  ['sql', 'select )', 'invalid'],
])('in the %s kernel, %j is %s', async ([language, code, status]) => {
  expect((await (await after(language)).isComplete(code)).status).toBe(status);
});
