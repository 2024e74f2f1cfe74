/**
 * The protocol counts cursor positions in Unicode code points, JavaScript in UTF-16 units, where an emoji is two.
 * Positions outside of the text become its ends.
 */
export function toUtf16(text: string, codePoints: number): number {
  let offset = 0;
  for (let left = codePoints; left > 0 && offset < text.length; left--) offset += isPair(text, offset) ? 2 : 1;
  return offset;
}

/** A position inside of a pair counts the pair as passed. */
export function toCodePoints(text: string, utf16: number): number {
  let count = 0;
  const end = Math.min(utf16, text.length);
  for (let offset = 0; offset < end; count++) offset += isPair(text, offset) ? 2 : 1;
  return count;
}

function isPair(text: string, offset: number): boolean {
  return (text.codePointAt(offset) ?? 0) > 0xffff;
}
