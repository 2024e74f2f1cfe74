import type { Completeness } from '../../kernel/interpreter.ts';
import { scan, type Lexicon } from '../scanner.ts';

const lexicon: Lexicon = {
  strings: [
    { quote: '"""', multiline: true, escapes: true },
    { quote: "'''", multiline: true, escapes: true },
    { quote: '"', multiline: false, escapes: true },
    { quote: "'", multiline: false, escapes: true },
  ],
  lineComment: '#',
};

const oneLevel = '    ';
/** `7q` is no number; `1if x else 2` is Python. */
const brokenNumber = /(?<![\w.])\d[\d_]*(?!(?:if|else|or|and|in|is|for|not)\b)(?![\deEjJ_xXoObB.])[A-Za-z_]/;
const assignedKeyword =
  /(?:^|[;\n])[ \t]*(?:False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|nonlocal|not|or|pass|raise|return|try|while|with|yield)[ \t]*=(?!=)/;

/** Python's rule at a prompt, as IPython applies it: a block goes on until an empty line ends it. */
export function isComplete(code: string): Completeness {
  if (code.startsWith('%%')) return /\n[^]*\n[ \t]*$/.test(code) ? { status: 'complete' } : { status: 'incomplete', indent: '' };
  const { bare: scanned, open, broken } = scan(withoutMagicLines(code), lexicon);
  const bare = scanned.replace(/\\\n/g, '  ');
  if (broken || brokenNumber.test(bare) || assignedKeyword.test(bare)) return { status: 'invalid' };
  const lines = bare.split('\n').filter((line) => line.trim() !== '');
  const last = lines.at(-1) ?? '';
  const indent = /^[ \t]*/.exec(last)?.[0] ?? '';
  if (open === 'string') return { status: 'incomplete', indent: '' };
  if (open === 'bracket') return { status: 'incomplete', indent: indent + oneLevel };
  if (/\\(?:\n[ \t]*)?$/.test(scanned)) return { status: 'incomplete', indent };
  const end = last.trimEnd();
  if (end.endsWith(':')) return { status: 'incomplete', indent: indent + oneLevel };
  const isEnded = /\n[ \t]*$/.test(code) && !/^\s*@/.test(last);
  const isInBlock = (indent !== '' && lines.length > 1) || /^\s*@/.test(last);
  if (!isInBlock || isEnded) return { status: 'complete' };
  const leaves = /^\s*(?:return|pass|raise|break|continue)\b/.test(last);
  return { status: 'incomplete', indent: leaves ? indent.slice(oneLevel.length) : indent };
}

/** `%timeit f()`, `!ls` and `?name` lines are IPython's, and not to be read as Python. */
function withoutMagicLines(code: string): string {
  return code.replace(/^([ \t]*)((?:%[a-zA-Z]|[!?]).*)$/gm, (_, indent: string, magic: string) => `${indent}${'0'.padEnd(magic.length)}`);
}
