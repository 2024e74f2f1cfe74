import type { Completeness } from '../../kernel/interpreter.ts';
import { scan, type Lexicon } from '../scanner.ts';

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
  /(?:[,.=<>+*/|-]|\b(?:all|alter|and|as|between|by|case|create|cross|delete|distinct|drop|else|except|exists|from|full|group|having|in|inner|insert|intersect|into|is|join|lateral|left|like|limit|merge|not|on|or|order|outer|over|overwrite|right|select|then|union|update|using|values|when|where|with))$/i;

/** Whether a console should send the text: not while a string, a comment or a bracket is open, nor after a word that wants more. */
export function isComplete(code: string): Completeness {
  const { bare, open, broken } = scan(code, lexicon);
  if (broken) return { status: 'invalid' };
  const end = bare.trimEnd();
  if (open) return { status: 'incomplete', indent: open === 'bracket' ? '  ' : '' };
  return wantsMore.test(end) && !/\bselect\s+(?:[\w.]+\.)?\*$/i.test(end) ? { status: 'incomplete', indent: '  ' } : { status: 'complete' };
}
