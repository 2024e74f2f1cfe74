import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { fit } from '../../../src/render/fit.ts';

test('each character is as wide as the library says', () => {
  const differing: string[] = [];
  for (let code = 0x20; code < 0x10000; code++) {
    const character = String.fromCharCode(code);
    if (fit(character, 9).width !== stringWidth(character)) differing.push(code.toString(16));
  }
  expect(differing).toEqual([]);
});

const written = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  // Beside each other: what stands for itself, and what changes what it stands beside.
  fc.array(fc.constantFrom('a', 'é', 'ß', 'Я', '東', 'カ', '한', '１', '\u0301', '\u200d', '\ufe0f', '\u3099', '\u11a8', '\u1100', '👍', '\u00ad')).map((all) => all.join('')),
);

function fitted(line: string, columns: number): ReturnType<typeof fit> {
  const whole = stringWidth(line);
  if (whole <= columns) return { text: line, width: whole, wasCut: false };
  const kept = { text: '', width: 0 };
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    if (kept.width + stringWidth(segment) > columns - 1) break;
    kept.text += segment;
    kept.width += stringWidth(segment);
  }
  return { text: `${kept.text}…`, width: kept.width + 1, wasCut: true };
}

test('a line is cut before the first grapheme that does not fit, by the widths that the library gives', () => {
  fc.assert(
    fc.property(written, fc.integer({ min: 1, max: 12 }), (line, columns) => {
      expect(fit(line, columns)).toEqual(fitted(line, columns));
    }),
  );
});

test.for<[line: string, columns: number, text: string, width: number]>([
  ['Zürich, Straße', 20, 'Zürich, Straße', 14],
  ['Zürich, Straße', 8, 'Zürich,…', 8],
  ['東京都', 6, '東京都', 6],
  ['東京都', 5, '東京…', 5],
  ['東京都', 4, '東…', 3],
  ['e\u0301e\u0301e\u0301', 2, 'e\u0301…', 2],
  ['👨‍👩‍👧 family', 4, '👨‍👩‍👧 …', 4],
])('%j in %i columns', ([line, columns, text, width]) => {
  expect(fit(line, columns)).toEqual({ text, width, wasCut: text !== line });
});
