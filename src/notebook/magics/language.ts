import type { RemoteLanguage } from '../../databricks/types.ts';
import { textOf, type Magic } from './magic.ts';

function inLanguage(id: RemoteLanguage, title: string): Magic {
  return {
    name: id,
    help: `%${id}  runs the cell as ${title}, in the notebook's context.`,
    run: async (call, cell) => {
      const code = textOf(call);
      return code.trim() === '' ? { status: 'ok' } : cell.runCode(code, await cell.languageOf(id));
    },
  };
}

export const languageMagics: readonly Magic[] = [
  inLanguage('python', 'Python'),
  inLanguage('scala', 'Scala'),
  inLanguage('sql', 'SQL'),
  inLanguage('r', 'R'),
];

/** The language that a cell with this magic is written in, for completion and completeness. */
export function languageOfMagic(name: string): RemoteLanguage | undefined {
  const ids: readonly RemoteLanguage[] = ['python', 'scala', 'sql', 'r'];
  return ids.find((id) => id === name);
}
