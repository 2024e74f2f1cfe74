import type { Completeness } from '../../kernel/interpreter.ts';
import { scan, type Lexicon } from '../scanner.ts';

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
/** `if (x)`, `while (x)`, `for (x <- xs)` at the end of the code; the condition's own brackets are closed by then. */
const headOnly = /(?:^|[\s{};])(?:if|while|for)\s*\([^\n]*\)$/;

/** Whether the Scala REPL would compile the text, or wait for more. An empty line ends the waiting, as there. */
export function isComplete(code: string): Completeness {
  const { bare, open, broken } = scan(code, lexicon, '}');
  if (broken) return { status: 'invalid' };
  const line = bare.split('\n').findLast((candidate) => candidate.trim() !== '') ?? '';
  const indent = /^[ \t]*/.exec(line)?.[0] ?? '';
  if (open === 'string' || open === 'comment') return { status: 'incomplete', indent: '' };
  const end = bare.trimEnd();
  if (open === 'bracket') return { status: 'incomplete', indent: /[([{]$|=>$/.test(end) ? `${indent}  ` : indent };
  const isWaiting = wantsMore.test(end) || wantsMoreWord.test(end) || isHeadAlone(end);
  return isWaiting && !/\n[ \t]*\n[ \t]*$/.test(code) ? { status: 'incomplete', indent: `${indent}  ` } : { status: 'complete' };
}

/** `if (a) b` is whole, `if (a)` is not: the bracket that ends the code must be the one that the keyword opened. */
function isHeadAlone(end: string): boolean {
  const line = end.slice(end.lastIndexOf('\n') + 1);
  if (!headOnly.test(line)) return false;
  let depth = 0;
  for (let at = line.length - 1; at >= 0; at--) {
    if (line[at] === ')') depth++;
    else if (line[at] === '(' && --depth === 0) return /(?:^|[\s{};])(?:if|while|for)\s*$/.test(line.slice(0, at));
  }
  return false;
}
