import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter();

/** The start of a line that fills at most `columns` of a terminal, with `…` at its end where something was cut; and how wide it is. */
export function fit(line: string, columns: number): { readonly text: string; readonly width: number; readonly wasCut: boolean } {
  const known = plainWidth(line);
  const whole = known ?? stringWidth(line);
  if (whole <= columns) return { text: line, width: whole, wasCut: false };
  const pieces = known === undefined ? graphemesOf(line) : line;
  let text = '';
  let width = 0;
  for (const piece of pieces) {
    const more = plainWidth(piece) ?? stringWidth(piece);
    if (width + more > columns - 1) break;
    text += piece;
    width += more;
  }
  return { text: `${text}…`, width: width + 1, wasCut: true };
}

function* graphemesOf(line: string): Generator<string> {
  for (const { segment } of graphemes.segment(line)) yield segment;
}

/** Characters that stand for themselves, whatever is beside them, one column wide: Latin, Greek, Cyrillic, punctuation, signs of currencies. */
const narrow: readonly (readonly [from: number, to: number])[] = [
  [0x20, 0x7e], [0xa0, 0xac], [0xae, 0x2ff], [0x370, 0x482], [0x48a, 0x52f], [0x1e00, 0x1eff], [0x2010, 0x2027], [0x20a0, 0x20c0],
];
/** And two: Kana, Han, Hangul, full-width forms. */
const wide: readonly (readonly [from: number, to: number])[] = [
  [0x3041, 0x3096], [0x30a1, 0x30fa], [0x3400, 0x4dbf], [0x4e00, 0x9fff], [0xac00, 0xd7a3], [0xff01, 0xff60],
];

/** By UTF-16 code unit; 0 for those of which the library has to say what they are. */
const widths = new Uint8Array(0x10000);
for (const [from, to] of narrow) widths.fill(1, from, to + 1);
for (const [from, to] of wide) widths.fill(2, from, to + 1);

/** The width of a line of such characters alone, as almost all are: the library takes a hundred times as long. `undefined` for others. */
function plainWidth(line: string): number | undefined {
  let width = 0;
  for (let at = 0; at < line.length; at++) {
    const one = widths[line.charCodeAt(at)] ?? 0;
    if (one === 0) return undefined;
    width += one;
  }
  return width;
}
