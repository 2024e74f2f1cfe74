/** `matches` says whether a piece of the pattern accepts one character; `any` stands for `*`. */
type Piece = 'any' | ((character: string) => boolean);

/**
 * A matcher for shell patterns (`*`, `?`, `[abc]`, `[a-z]`, `[^…]`) that must cover the whole text, as history searches use them.
 * Takes at most time proportional to pattern × text: as a regular expression, `*a*a*a*a*b` would stop the kernel.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const pieces = parse(pattern);
  return (text) => {
    const characters = [...text];
    let piece = 0;
    let star = -1;
    let starAt = 0;
    for (let at = 0; at < characters.length; ) {
      const current = pieces[piece];
      if (current === 'any') {
        star = piece++;
        starAt = at;
      } else if (current?.(characters[at] ?? '')) {
        piece++;
        at++;
      } else if (star >= 0) {
        // Only the latest star need be tried again: an earlier one that takes more could reach no further than this one.
        piece = star + 1;
        at = ++starAt;
      } else {
        return false;
      }
    }
    return pieces.slice(piece).every((rest) => rest === 'any');
  };
}

function parse(pattern: string): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const [token, set] of pattern.matchAll(/\[(\^?(?:\]|[^\]])[^\]]*)\]|[^]/gu)) {
    if (set !== undefined) pieces.push(oneOf(set));
    else if (token === '*') pieces.push('any');
    else if (token === '?') pieces.push(() => true);
    else pieces.push((character) => character === token);
  }
  return pieces;
}

function oneOf(set: string): (character: string) => boolean {
  const negated = set.startsWith('^');
  const ranges = [...(negated ? set.slice(1) : set).matchAll(/([^])-([^])|([^])/gu)].map(
    ([, from, to, single = '']) => [from ?? single, to ?? single] as const,
  );
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== negated;
}
