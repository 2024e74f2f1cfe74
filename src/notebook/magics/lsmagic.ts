import type { Language } from '../../languages/language.ts';
import type { Magic } from './magic.ts';

const columns = 100;

/** Lists the magics there are; they arrive as an argument because this is one of them. */
export function lsmagic(all: () => readonly Magic[]): Magic {
  return {
    name: 'lsmagic',
    help: '%lsmagic  lists the magics; %NAME? tells more of one.',
    run: async (_, { language, output }) => {
      const others = language.magics.map((name) => `%${name}`);
      const remote = others.length > 0 ? ['', "The language's own, which run on the cluster:", ...wrapped(others)] : [];
      output.emit({ type: 'stream', content: { name: 'stdout', text: `${[listOwn(all(), language), ...remote].join('\n')}\n` } });
      return { status: 'ok' };
    },
  };
}

/** A line for each of these magics that a cell of this language reaches. */
export function listOwn(magics: readonly Magic[], language: Language): string {
  const isReached = (magic: Magic) => !(language.magics.includes(magic.name) && magic.leaves?.(''));
  return magics.filter(isReached).map(({ help }) => help.split('\n', 1)[0]).join('\n');
}

/** Words in lines that fit a page. */
function wrapped(words: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 2 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${line}  ${word}`;
  }
  return lines;
}
