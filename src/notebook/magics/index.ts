import type { Language } from '../../languages/language.ts';
import { config } from './config.ts';
import { context } from './context.ts';
import { languageMagics } from './language.ts';
import { listOwn, lsmagic } from './lsmagic.ts';
import type { Magic } from './magic.ts';
import { md } from './md.ts';
import { nearest } from './nearest.ts';
import { notYet } from './not-yet.ts';
import { sh } from './sh.ts';

/** Every magic of the notebook itself, in the order in which they are listed. */
export const magics: readonly Magic[] = [...languageMagics, md, sh, config, context, lsmagic(() => magics), ...notYet];

/** The notebook's own magics that a cell of this language reaches, a line each. */
export function listMagics(language: Language): string {
  return listOwn(magics, language);
}

/** What `%name` is in a cell of this language: a magic of ours, one that the language has, or nothing that anybody knows. */
export function findMagic(name: string, args: string, language: Language): Magic | 'of the language' | undefined {
  const own = magics.find((magic) => magic.name === name);
  const isRemote = language.hasMagic(name);
  if (own && !(isRemote && own.leaves?.(args))) return own;
  return isRemote ? 'of the language' : undefined;
}

/** The sentence for a magic that nobody knows. */
export function unknownMagic(name: string, language: Language): string {
  const meant = nearest(name, [...magics.map((magic) => magic.name), ...language.magics]).map((candidate) => `%${candidate}`);
  return `There is no magic %${name}. ${meant.length > 0 ? `Did you mean ${meant.join(' or ')}? ` : ''}%lsmagic lists what there is.`;
}
