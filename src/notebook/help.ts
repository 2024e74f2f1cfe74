import type { Language } from '../languages/language.ts';
import { listMagics, magics, unknownMagic } from './magics/index.ts';
import type { CellRun } from './magics/magic.ts';

/** `?`, `%name?`, `?%name`, `name?` and `?name`, with one question mark or two. */
const question = /^\s*(?:\?{1,2}(%{0,2})([\p{L}\p{N}_$]*)|(%{0,2})([\p{L}_$][\p{L}\p{N}_$]*)\?{1,2})\s*$/u;

/**
 * The page that answers a cell which is nothing but a question about the kernel, a magic, or a name that a cell has defined.
 * `undefined`: it is code, or for IPython to answer, which knows Python's objects and its own magics.
 */
export async function helpFor(text: string, { language, known }: CellRun): Promise<string | undefined> {
  const match = question.exec(text);
  if (!match) return undefined;
  const [, percentBefore, nameBehind, percent = percentBefore ?? '', name = nameBehind ?? ''] = match;
  if (name === '') return percent === '' ? overview(language) : undefined;
  const magic = magics.find((candidate) => candidate.name === name);
  if (percent !== '') return magic?.help ?? (language.hasMagic(name) ? undefined : unknownMagic(name, language));
  if (language.answersQuestions) return undefined;
  const found = await known.inspect(name, name.length);
  return typeof found?.['text/plain'] === 'string' ? found['text/plain'] : (magic?.help ?? `Nothing is known of ${name}: no cell has defined it.`);
}

function overview(language: Language): string {
  return [
    "Cells run on the cluster, in the notebook's context. A magic on the first line makes something else of a cell:",
    '',
    listMagics(language),
    '',
    `%NAME? tells more of a magic, NAME? of ${language.answersQuestions ? 'a Python object' : 'what a cell has defined'}. Interrupt stops the command on the cluster;`,
    'Restart opens a new context. exit leaves a console.',
  ].join('\n');
}
