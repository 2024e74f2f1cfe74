import { textOf, type Magic } from './magic.ts';

export const md: Magic = {
  name: 'md',
  help: '%md  shows the cell as Markdown.',
  takesText: true,
  run: async (call, cell) => {
    const text = textOf(call);
    if (text.trim() !== '') cell.output.emit({ type: 'display_data', content: { data: { 'text/markdown': text, 'text/plain': text }, metadata: {} } });
    return { status: 'ok' };
  },
};
