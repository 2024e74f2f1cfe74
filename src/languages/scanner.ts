/** What a language's strings and comments look like. */
export interface Lexicon {
  /** Tried in order, so a longer opening stands before its prefix. */
  readonly strings: readonly StringForm[];
  readonly lineComment: string;
  readonly blockComment?: { readonly open: string; readonly close: string; readonly nests: boolean };
  /** Literals that would look like an open string: Scala's `'"'`. Sticky. */
  readonly literal?: RegExp;
}

export interface StringForm {
  readonly quote: string;
  readonly multiline: boolean;
  /** A backslash takes the next character along. */
  readonly escapes: boolean;
}

/** What a scan of code found: enough to say whether the code is complete. */
export interface Scanned {
  /**
   * The code without the contents of its strings and without comments; line breaks inside strings and brackets are blanks, so a line is
   * a logical line. As long as the code.
   */
  readonly bare: string;
  /** What is still open at the end. */
  readonly open?: 'string' | 'comment' | 'bracket';
  /** A bracket closed that was not opened, or a one-line string that its line does not end. */
  readonly broken: boolean;
}

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Reads code as far as strings, comments and brackets go. `keepLines` names brackets in which line breaks still count (Scala's braces). */
export function scan(code: string, lexicon: Lexicon, keepLines = ''): Scanned {
  const expected: string[] = [];
  let bare = '';
  let at = 0;
  const skip = (end: number, shown = '') => {
    bare += shown.padEnd(end - at);
    at = end;
  };

  while (at < code.length) {
    const char = code.charAt(at);
    const form = lexicon.strings.find(({ quote }) => code.startsWith(quote, at));
    if (lexicon.literal) lexicon.literal.lastIndex = at;
    const literal = lexicon.literal?.exec(code)?.[0];
    if (literal !== undefined) {
      skip(at + literal.length, "'");
    } else if (form) {
      const end = endOfString(code, at, form);
      if (end === 'broken') return { bare, broken: true };
      if (end === 'open') return { bare: `${bare}"`, open: 'string', broken: false };
      skip(end, '"');
    } else if (code.startsWith(lexicon.lineComment, at)) {
      const end = code.indexOf('\n', at);
      skip(end < 0 ? code.length : end);
    } else if (lexicon.blockComment && code.startsWith(lexicon.blockComment.open, at)) {
      const end = endOfComment(code, at, lexicon.blockComment);
      if (end < 0) return { bare, open: 'comment', broken: false };
      skip(end);
    } else {
      const closer = closers[char];
      if (closer !== undefined) expected.push(closer);
      else if (')]}'.includes(char) && expected.pop() !== char) return { bare, broken: true };
      const isHidden = char === '\n' && expected.length > 0 && !keepLines.includes(expected.at(-1) ?? '');
      skip(at + 1, isHidden ? ' ' : char);
    }
  }
  return { bare, broken: false, ...(expected.length > 0 ? { open: 'bracket' as const } : {}) };
}

/** Whether an empty line ends the code: in a console that sends what looks unfinished. */
export function endsInEmptyLine(code: string): boolean {
  return /\n[ \t]*\n[ \t]*$/.test(code);
}

function endOfString(code: string, start: number, { quote, multiline, escapes }: StringForm): number | 'open' | 'broken' {
  let at = start + quote.length;
  while (at < code.length) {
    if (code.startsWith(quote, at)) {
      at += quote.length;
      // Scala: the last three of several quotes close a raw string.
      while (quote.length > 1 && !escapes && code.startsWith(quote.charAt(0), at)) at++;
      return at;
    }
    const char = code.charAt(at);
    if (char === '\n' && !multiline) return 'broken';
    at += char === '\\' && escapes ? 2 : 1;
  }
  return multiline || code.endsWith('\\') ? 'open' : 'broken';
}

function endOfComment(code: string, start: number, form: { open: string; close: string; nests: boolean }): number {
  let depth = 0;
  for (let at = start; at < code.length; ) {
    if (code.startsWith(form.close, at)) {
      at += form.close.length;
      if (--depth === 0) return at;
    } else if (code.startsWith(form.open, at) && (form.nests || depth === 0)) {
      at += form.open.length;
      depth++;
    } else at++;
  }
  return -1;
}
