import type { Completeness } from '../../kernel/interpreter.ts';
import { endsInEmptyLine, scan, type Lexicon } from '../scanner.ts';

const lexicon: Lexicon = {
  strings: [
    { quote: '"""', multiline: true, escapes: false },
    { quote: '"', multiline: false, escapes: true },
    { quote: '`', multiline: false, escapes: false },
  ],
  lineComment: '//',
  blockComment: { open: '/*', close: '*/', nests: true },
  literal: /'(?:\\u[0-9a-fA-F]{4}|\\.|[^\\\n'])'/y,
};

/** What cannot end a statement: an operator (but not the end of an XML element), or a word that wants something after it. */
const wantsMore = /(?<!<\/[\w:]+|\/)[-+*/%<>|&^:=,.]$/;
const wantsMoreWord =
  /(?:^|[\s(){};])(?:abstract|case|catch|class|def|do|else|extends|final|finally|for|if|implicit|import|lazy|match|new|object|override|package|private|protected|return|sealed|throw|trait|try|type|val|var|while|with|yield)$/;
/** A definition without its body, an annotation without its definition, an import of a package's name alone. */
const wantsRest = /(?:^|[\n;])[ \t]*(?:(?:(?:private|protected|final|override|implicit)(?:\[\w+\])?[ \t]+)*def\b[^\n={};]*|@[\w.]+(?:\([^\n]*\))?|import[ \t]+[\w$]+)$/;

/** Whether the Scala REPL would compile the text, or wait for more. An empty line ends the waiting, as there. */
export function isComplete(code: string): Completeness {
  const { bare, open, broken } = scan(code, lexicon, '}');
  if (broken) return { status: 'invalid' };
  const line = bare.split('\n').findLast((candidate) => candidate.trim() !== '') ?? '';
  const indent = /^[ \t]*/.exec(line)?.[0] ?? '';
  if (open === 'string' || open === 'comment') return { status: 'incomplete', indent: '' };
  const end = bare.trimEnd();
  if (open === 'bracket') return { status: 'incomplete', indent: /[([{]$|=>$/.test(end) ? `${indent}  ` : indent };
  // The REPL itself takes `1 +` for a postfix operator, and fails; nobody means that.
  const isWaiting = wantsMore.test(end) || wantsMoreWord.test(end) || wantsRest.test(end) || isHeadAlone(end);
  return isWaiting && !endsInEmptyLine(code) ? { status: 'incomplete', indent: `${indent}  ` } : { status: 'complete' };
}

/** `if (a) b` is whole, `if (a)` is not, nor is `for { a <- b }`: the bracket that ends the code must be the one behind the word. */
function isHeadAlone(end: string): boolean {
  const before = end.slice(0, openingOf(end));
  const word = /(?:^|[\s(){};])(if|while|for|do)\s*$/.exec(before)?.[1];
  if (word === undefined) return false;
  if (end.endsWith('}')) return word === 'for' || word === 'do';
  // The condition at the end of `do … while (…)`.
  return !(word === 'while' && /\bdo\b(?![^]*\bwhile\b)/.test(before.replace(/while\s*$/, '')));
}

/** Where the bracket opens that closes at the end of the code; 0 where none does. */
function openingOf(code: string): number {
  if (!/[)}]$/.test(code)) return 0;
  let depth = 0;
  for (let at = code.length - 1; at >= 0; at--) {
    const char = code.charAt(at);
    if (')]}'.includes(char)) depth++;
    else if ('([{'.includes(char) && --depth === 0) return at;
  }
  return 0;
}
