import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { tableToText } from '../../../src/render/table-text.ts';
import { table } from './tables.ts';

describe('a table as text', () => {
  test('aligns columns, numbers at the right', () => {
    expect(tableToText(table([['id', 'integer'], ['title', 'string'], ['price', 'double']], [[7, 'pen', 1], [1234, null, 22.75]]))).toBe(
      ['  id  title  price', '----  -----  -----', '   7  pen      1.0', '1234  null   22.75'].join('\n'),
    );
  });

  test('counts wide characters as two columns, and combining ones as none', () => {
    const text = tableToText(table([['name', 'string'], ['n', 'integer']], [['東京', 1], ['e\u0301clair', 22], ['👩‍👩‍👧', 3]]));
    expect([...new Set(text.split('\n').map((line) => stringWidth(line)))]).toEqual([10]);
  });

  test.for<[what: string, value: string, shown: string]>([
    ['40 columns stay whole', 'x'.repeat(40), 'x'.repeat(40)],
    ['41 columns are cut', 'x'.repeat(41), `${'x'.repeat(39)}…`],
    ['20 wide characters stay whole', '京'.repeat(20), '京'.repeat(20)],
    ['21 wide characters are cut', '京'.repeat(21), `${'京'.repeat(19)}…`],
    ['a million characters are cut', 'y'.repeat(1_000_000), `${'y'.repeat(39)}…`],
    ['a long run of marks without width is cut', `a${'\u0301'.repeat(5000)}`, `a${'\u0301'.repeat(999)}…`],
    ['line breaks and tabs are spelled out', 'a\nb\tc\r', 'a\\nb\\tc\\r'],
    ['what turns the order of text is spelled out', 'a\u202eb\u2069', 'a\\u202eb\\u2069'],
    ['escape sequences are spelled out', '\u001b[31mred', '\\x1b[31mred'],
  ])('%s', ([, value, shown]) => {
    const [, , line, note] = tableToText(table([['c', 'string']], [[value]])).split('\n');
    expect(line).toBe(shown);
    expect(note).toBe(shown.endsWith('…') ? '(cells cut at 40 columns)' : undefined);
  });

  test.for<[rows: number, truncated: boolean, limit: number | undefined, shown: number, note: string | undefined]>([
    [0, false, undefined, 0, '(0 rows)'],
    [50, false, undefined, 50, undefined],
    [51, false, undefined, 50, '(first 50 of 51 rows)'],
    [1000, true, undefined, 50, '(first 50 of the 1 000 rows that were sent; more exist)'],
    [51, false, 60, 51, undefined],
    [9, true, 9, 9, '(first 9 rows; more exist)'],
  ])('of %i rows (truncated: %s, limit %s) shows %i and says: %s', ([rows, truncated, limit, shown, note]) => {
    const text = tableToText(table([['n', 'integer']], Array.from({ length: rows }, (_, n) => [n]), truncated), limit);
    const lines = text.split('\n');
    expect(lines.filter((line) => /^ *\d+$/.test(line))).toHaveLength(shown);
    expect(lines.at(-1)?.startsWith('(') ? lines.at(-1) : undefined).toBe(note);
  });

  test('has as many rows as are asked for, also more than a call has arguments', () => {
    const rows = Array.from({ length: 200_000 }, (_, n) => [n]);
    expect(tableToText(table([['n', 'integer']], rows), rows.length).split('\n')).toHaveLength(2 + rows.length);
  });

  test('says both what rows and what cells are not whole', () => {
    const rows = Array.from({ length: 60 }, () => ['z'.repeat(99)]);
    expect(tableToText(table([['c', 'string']], rows)).split('\n').at(-1)).toBe('(first 50 of 60 rows; cells cut at 40 columns)');
  });
});
