import type { Magic } from './magic.ts';

/** Lists the magics there are; they arrive as an argument because this is one of them. */
export function lsmagic(all: () => readonly Magic[]): Magic {
  return {
    name: 'lsmagic',
    help: '%lsmagic  lists the magics; %NAME? tells more of one.',
    run: async (_, cell) => {
      const { magics } = cell.language;
      const isOwn = (magic: Magic) => !(magics.includes(magic.name) && magic.leaves?.(''));
      const own = all().filter(isOwn).map(({ help }) => help.split('\n', 1)[0]);
      const remote = magics.length > 0 ? ['', "The language's own, which run on the cluster:", magics.map((name) => `%${name}`).join('  ')] : [];
      cell.output.emit({ type: 'stream', content: { name: 'stdout', text: `${[...own, ...remote].join('\n')}\n` } });
      return { status: 'ok' };
    },
  };
}
