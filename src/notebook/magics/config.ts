import { changeOptions, listOptions, optionKeys } from '../options.ts';
import type { Magic } from './magic.ts';

export const config: Magic = {
  name: 'config',
  help: '%config KEY=VALUE  changes how this notebook shows things; %config KEY tells what is set, %config alone all that can be.',
  complete: () => optionKeys.map((key) => `${key}=`),
  // IPython's options begin with a class: `%config InlineBackend.figure_format = 'svg'`.
  leaves: (args) => /^[A-Z]/.test(args),
  run: async ({ args, body }, cell) => {
    const assignments = `${args}\n${body}`;
    const asked = assignments.trim();
    if (asked === '' || optionKeys.includes(asked)) {
      const text = listOptions(cell.options.get(), asked === '' ? optionKeys : [asked]);
      cell.output.emit({ type: 'stream', content: { name: 'stdout', text } });
    } else {
      // All or nothing: a mistake in the second line must not leave the first one done.
      cell.options.set(changeOptions(cell.options.get(), assignments));
    }
    return { status: 'ok' };
  },
};
