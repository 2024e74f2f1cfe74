import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatJson, parseJson } from '../../../src/databricks/json.ts';

test.for<[string, unknown]>([
  ['9007199254740993', 9007199254740993n],
  ['[-9223372036854775808, 9223372036854775807]', [-9223372036854775808n, 9223372036854775807n]],
  ['{"a":[1, 9223372036854775807]}', { a: [1, 9223372036854775807n] }],
  ['{"a" : 9223372036854775807 }', { a: 9223372036854775807n }],
  ['[9007199254740991]', [9007199254740991]],
  ['[1000000000000000]', [1000000000000000]],
  ['[12345678901234567.5]', [12345678901234567.5]],
  ['[12345678901234567e3]', [12345678901234567e3]],
  ['[0.30000000000000004]', [0.30000000000000004]],
  ['{"id":"1793653964133248955"}', { id: '1793653964133248955' }],
  ['["a,9223372036854775807"]', ['a,9223372036854775807']],
  [String.raw`["a,9223372036854775807\\", 9223372036854775807, "\",9223372036854775807"]`, ['a,9223372036854775807\\', 9223372036854775807n, '",9223372036854775807']],
  ['{"a": 1, "a": 9223372036854775807}', { a: 9223372036854775807n }],
  ['{"a": 9223372036854775807, "a": null}', { a: null }],
])('reads %s exactly', ([text, value]) => {
  expect(parseJson(text)).toEqual(value);
});

test('agrees with JSON.parse on everything that has no long integer', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(formatJson(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test('keeps every 64-bit integer on its way through', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (longs) => {
      const text = `{"data":[${longs.join(',')}]}`;
      expect(formatJson(parseJson(text))).toBe(text);
    }),
  );
});

test('knows a long integer from what looks like one in a text', () => {
  const piece = fc.constantFrom(',9223372036854775807', '[9223372036854775807]', '"', '\\', ' ', 'x');
  const text = fc.array(piece).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(fc.array(fc.oneof(text, fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n }))), (values) => {
      expect(parseJson(formatJson(values))).toEqual(values);
    }),
  );
});

test.for(['', '{', '<html>', '[12345678901234567890', '[",1234567890123456'])('refuses %j', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError);
});

test('refuses what is too deep for whoever walks through it', () => {
  const deep = (levels: number, inner: string) => '['.repeat(levels) + inner + ']'.repeat(levels);
  for (const inner of ['', '9223372036854775807']) {
    expect(formatJson(parseJson(deep(1000, inner)))).toBe(deep(1000, inner));
    expect(() => parseJson(deep(100_000, inner))).toThrow(SyntaxError);
  }
});
