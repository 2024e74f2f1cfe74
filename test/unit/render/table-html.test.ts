import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/lib/json.ts';
import type { SparkType } from '../../../src/databricks/types.ts';
import { tableToHtml } from '../../../src/render/table-html.ts';
import { table } from './tables.ts';

const cellsOf = (html: string) => [...html.matchAll(/<td style="text-align:(\w+)">(.*?)<\/td>/gs)].map(([, side, content]) => ({ side, content }));
const items: SparkType = {
  type: 'array',
  elementType: { type: 'struct', fields: [{ name: 'product_id', type: 'string' }, { name: 'name', type: 'string' }, { name: 'n', type: 'integer' }] },
};

describe('a value as a table cell', () => {
  test.for<[what: string, type: SparkType, value: JsonValue, side: string, content: string]>([
    ['a string', 'string', 'plain', 'left', 'plain'],
    ['markup in a string', 'string', '<b>a & b</b>', 'left', '&lt;b&gt;a &amp; b&lt;/b&gt;'],
    ['an empty string', 'string', '', 'left', ''],
    ['the word null', 'string', 'null', 'left', 'null'],
    ['null', 'string', null, 'left', '<i style="opacity:0.5">null</i>'],
    ['a null number', 'long', null, 'right', '<i style="opacity:0.5">null</i>'],
    ['lines', 'string', 'a\n b', 'left', '<span style="white-space:pre-wrap">a\n b</span>'],
    ['an integer', 'integer', 42, 'right', '42'],
    ["an integer of a classic server's type", 'int', 42, 'right', '42'],
    ['a long beyond 2^53', 'long', 9223372036854775807n, 'right', '9223372036854775807'],
    ['a whole double', 'double', 1, 'right', '1.0'],
    ['a double', 'double', 85.5, 'right', '85.5'],
    ['NaN as text', 'double', 'NaN', 'right', 'NaN'],
    ['NaN as a number', 'double', NaN, 'right', 'NaN'],
    ['infinity', 'double', '-Infinity', 'right', '-Infinity'],
    ['a decimal', 'decimal(12,2)', '5365.60', 'right', '5365.60'],
    ['a date', 'date', '2026-08-09', 'left', '2026-08-09'],
    ['a timestamp', 'timestamp', '2026-06-08T17:45:17.234Z', 'left', '2026-06-08T17:45:17.234Z'],
    ['binary', 'binary', 'AP8=', 'left', 'AP8='],
    ['a boolean', 'boolean', true, 'left', 'true'],
    ['a boolean as text', 'boolean', 'False', 'left', 'false'],
    ['an array', { type: 'array', elementType: 'integer' }, [1, null, 3], 'left', '[1, null, 3]'],
    ['a struct, which arrives without names', items, [['P_01', 'Running Shoes', 1]], 'left', '[{product_id: "P_01", name: "Running Shoes", n: 1}]'],
    ['a struct that arrives with names', { type: 'struct', fields: [{ name: 'a', type: 'double' }] }, { a: 1 }, 'left', '{a: 1.0}'],
    ['a struct in a struct', { type: 'struct', fields: [{ name: 'a', type: { type: 'struct', fields: [{ name: 'b', type: 'long' }] } }] }, [[2n]], 'left', '{a: {b: 2}}'],
    ['strings in an array, told from null', { type: 'array', elementType: 'string' }, ['', 'null', '1', 'a, b', null], 'left', '["", "null", "1", "a, b", null]'],
    ['a map', { type: 'map', keyType: 'string', valueType: 'integer' }, { a: 1, 'b c': 2 }, 'left', '{a: 1, b c: 2}'],
    ['markup in a struct', { type: 'struct', fields: [{ name: '<i>', type: 'string' }] }, ['x & y'], 'left', '{"&lt;i&gt;": "x &amp; y"}'],
    ['a list where the schema says text', 'string', [1, 2], 'left', '[1, 2]'],
    ['a value without a schema', '', 7, 'left', '7'],
  ])('%s', ([, type, value, side, content]) => {
    expect(cellsOf(tableToHtml(table([['c', type]], [[value]])))).toEqual([{ side, content }]);
  });
});

describe('a table as HTML', () => {
  test('gives a long text a width to be read in', () => {
    const text = 'long '.repeat(20).trim();
    expect(tableToHtml(table([['c', 'string']], [[text]]))).toContain(`<td style="text-align:left;min-width:20em">${text}</td>`);
  });

  test('is what front ends know as a data frame, and readable as it stands', () => {
    expect(tableToHtml(table([['id', 'integer'], ['title', 'string']], [[1847917, '& Yet & Yet'], [16496086, "'Ayim"]]))).toBe(
      `<div class="tex2jax_ignore mathjax_ignore">
<table border="1" class="dataframe">
<thead><tr><th style="text-align:right">id</th><th style="text-align:left">title</th></tr></thead>
<tbody>
<tr><td style="text-align:right">1847917</td><td style="text-align:left">&amp; Yet &amp; Yet</td></tr>
<tr><td style="text-align:right">16496086</td><td style="text-align:left">'Ayim</td></tr>
</tbody>
</table>
</div>`,
    );
  });

  test('keeps empty and repeated column names, and escapes them', () => {
    const html = tableToHtml(table([['', 'string'], ['a', 'string'], ['a', 'string'], ['<script>', 'string']], [['1', '2', '3', '4']]));
    expect([...html.matchAll(/<th [^>]*>(.*?)<\/th>/g)].map(([, name]) => name)).toEqual(['', 'a', 'a', '&lt;script&gt;']);
    expect(cellsOf(html).map(({ content }) => content)).toEqual(['1', '2', '3', '4']);
  });

  test.for<[rows: number, truncated: boolean, limit: number | undefined, shown: number, note: string | undefined]>([
    [0, false, undefined, 0, '0 rows'],
    [3, false, undefined, 3, undefined],
    [1000, true, undefined, 1000, 'first 1 000 rows; more exist'],
    [12345, false, undefined, 12345, undefined],
    [1000, true, 10, 10, 'first 10 of the 1 000 rows that were sent; more exist'],
    [20, false, 7, 7, 'first 7 of 20 rows'],
    [7, false, 7, 7, undefined],
  ])('of %i rows (truncated: %s, limit %s) shows %i and says: %s', ([rows, truncated, limit, shown, note]) => {
    const html = tableToHtml(table([['n', 'integer']], Array.from({ length: rows }, (_, n) => [n]), truncated), limit);
    expect(cellsOf(html)).toHaveLength(shown);
    expect(/<p>(.*)<\/p>/.exec(html)?.[1]).toBe(note);
    expect(html).toContain('<th style="text-align:right">n</th>');
  });

  test('fills rows that are shorter than the header', () => {
    expect(cellsOf(tableToHtml(table([['a', 'string'], ['b', 'string']], [['x']]))).map(({ content }) => content)).toEqual(['x', '']);
  });
});
