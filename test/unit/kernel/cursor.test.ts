import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toCodePoints, toUtf16 } from '../../../src/kernel/cursor.ts';

test.for([
  ['', 0, 0],
  ['abc', 2, 2],
  ['😀', 1, 2],
  ['a😀b', 1, 1],
  ['a😀b', 2, 3],
  ['a😀b', 3, 4],
  ['e\u0301', 2, 2],
  ['👩‍👩‍👧', 5, 8],
  ['\ud83d', 1, 1],
  ['\ude00\ud83d', 2, 2],
] as const)('%j: %i code points are %i UTF-16 units', ([text, codePoints, utf16]) => {
  expect([toUtf16(text, codePoints), toCodePoints(text, utf16)]).toEqual([utf16, codePoints]);
});

test.for([
  ['a😀', 99, 3],
  ['a😀', -1, 0],
] as const)('%j: a cursor at %i stands at an end of the text', ([text, codePoints, utf16]) => {
  expect(toUtf16(text, codePoints)).toBe(utf16);
  expect(toCodePoints(text, codePoints)).toBe(Math.max(0, Math.min([...text].length, codePoints)));
});

test('there and back is the same place in any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, seed) => {
      const length = [...text].length;
      const position = seed % (length + 1);
      expect(toCodePoints(text, toUtf16(text, position))).toBe(position);
      expect(toUtf16(text, length)).toBe(text.length);
    }),
  );
});
