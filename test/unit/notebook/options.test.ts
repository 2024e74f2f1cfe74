import { expect, test } from 'vitest';
import { changeOption, changeOptions, defaultOptions, listOptions } from '../../../src/notebook/options.ts';

test.for<[assignment: string, table: object]>([
  ['table.json=on', { json: true, rows: undefined }],
  ['table.json = OFF', { json: false, rows: undefined }],
  ['table.rows=20', { json: false, rows: 20 }],
  ['table.rows=all', { json: false, rows: undefined }],
])('%s changes it', ([assignment, table]) => {
  expect(changeOption(defaultOptions, assignment)).toEqual({ table });
});

test.for<[assignment: string, message: string]>([
  ['table.json=yes', '%config table.json cannot be "yes": it takes on, off.'],
  ['table.rows=0', '%config table.rows cannot be "0": it takes all, or a whole number from 1.'],
  ['table.rows=-1', '%config table.rows cannot be "-1": it takes all, or a whole number from 1.'],
  ['table.rows=', '%config table.rows cannot be "": it takes all, or a whole number from 1.'],
  ['rows=1', '%config does not know "rows": write KEY=VALUE with one of table.json, table.rows.'],
  ['table.rows', '%config does not know "table.rows": write KEY=VALUE with one of table.json, table.rows.'],
])('%s is refused in words', ([assignment, message]) => {
  expect(() => changeOption(defaultOptions, assignment)).toThrow(message);
});

test.for<[lines: string, table: object]>([
  ['', defaultOptions.table],
  [' \n\n', defaultOptions.table],
  ['table.rows = 5', { json: false, rows: 5 }],
  ['\n  table.rows = 5 \r\n\ntable.json=on\n', { json: true, rows: 5 }],
])('of several settings each has a line: %j', ([lines, table]) => {
  expect(changeOptions(defaultOptions, lines)).toEqual({ table });
});

test('of several settings with a mistake in one none is changed', () => {
  expect(() => changeOptions(defaultOptions, 'table.rows=5\ntable.json=maybe')).toThrow('%config table.json cannot be "maybe"');
});

test('the list names every option with its value', () => {
  expect(listOptions({ table: { json: true, rows: 7 } }).split('\n').map((line) => line.split('  ')[0])).toEqual(['table.json=on', 'table.rows=7', '']);
});
