import type { Completeness } from '../../kernel/interpreter.ts';
import { endsInEmptyLine, scan, type Lexicon } from '../scanner.ts';

const lexicon: Lexicon = {
  strings: [
    { quote: "'", multiline: true, escapes: true },
    { quote: '"', multiline: true, escapes: true },
    { quote: '`', multiline: true, escapes: false },
  ],
  lineComment: '--',
  blockComment: { open: '/*', close: '*/', nests: true },
};

/** A statement does not end with these. `;` need not end it: in a cell nobody writes one. */
const wantsMore =
  /(?:[,.=<>+*/|-]|\b(?:all|alter|and|as|between|by|case|create|cross|delete|describe|distinct|drop|else|except|exists|explain|from|full|group|having|in|inner|insert|intersect|into|is|join|lateral|left|like|limit|merge|not|on|or|order|outer|over|overwrite|right|select|show|then|union|update|using|values|when|where|with))$/i;

/** `limit all` ends a statement, and behind a dot every word is a name. */
const noKeyword = /(?:\blimit\s+all|\.\w+)$/i;

/** `select *`, `t.*`, `a, *`: no product. */
const allColumns = /(?:\b(?:select|distinct|all)|[,.])\s*\*$/i;

/** Whether a console should send the text: not while a string, a comment or a bracket is open, nor after a word that wants more. */
export function isComplete(code: string): Completeness {
  const { bare, open, broken } = scan(code, lexicon);
  if (broken) return { status: 'invalid' };
  const end = bare.trimEnd();
  if (open) return { status: 'incomplete', indent: open === 'bracket' ? '  ' : '' };
  const isWaiting = (wantsMore.test(end) && !allColumns.test(end) && !noKeyword.test(end)) || isWithAlone(end);
  return isWaiting && !endsInEmptyLine(code) ? { status: 'incomplete', indent: '  ' } : { status: 'complete' };
}

/** `with a as (…)` whose query has yet to come. */
function isWithAlone(end: string): boolean {
  const statement = end.slice(end.lastIndexOf(';') + 1);
  return /^\s*with\b/i.test(statement) && !/\b(?:select|from|insert|update|delete|merge|values|table)\b/i.test(outsideBrackets(statement));
}

function outsideBrackets(code: string): string {
  let depth = 0;
  return code
    .split(/([()])/)
    .filter((piece) => {
      if (piece === '(') depth++;
      if (piece === ')') depth--;
      return depth === 0;
    })
    .join('');
}
