import { randomUUID } from 'node:crypto';
import { remoteCall } from '../../languages/remote.ts';
import { renderResult, type Readers } from '../../render/result.ts';
import { cellError } from '../../protocol/cell-error.ts';
import { textOf, type Magic } from './magic.ts';

export const sh: Magic = {
  name: 'sh',
  help: [
    '%sh  runs the cell with bash on the cluster\'s driver.',
    'With -e (%sh -e) it stops at the first command that fails. The cell fails if the script ends with another exit code than 0.',
  ].join('\n'),
  takesText: true,
  run: async (call, cell) => {
    const [, stops, args] = /^(-e(?:\s+|$))?([^]*)$/.exec(call.args) ?? [];
    const script = textOf({ args: args ?? '', body: call.body });
    if (script.trim() === '') return { status: 'ok' };
    // Nobody who prints can know it.
    const boundary = `\u001e${randomUUID()}\u001e`;
    const { code, language } = remoteCall('notebook/magics/sh.py', { script, flags: stops === undefined ? [] : ['-e'], boundary });
    const end = await cell.command(code, language);
    if ('error' in end) return { status: 'error', error: end.error };

    let exitCode = 0;
    const readers: Readers = {
      error: (await cell.languageOf(language)).readers.error,
      text: (text) => {
        const at = text.lastIndexOf(boundary);
        // A server that cut a long output cut the exit code too.
        if (at < 0) return [{ is: 'printed', text }];
        exitCode = Number.parseInt(text.slice(at + boundary.length), 10);
        return [{ is: 'printed', text: text.slice(0, at) }];
      },
    };
    const { outputs, failure } = renderResult(end.result, readers, cell.view());
    for (const output of outputs) cell.output.emit(output);
    if (failure) return { status: 'error', error: failure };
    if (exitCode === 0) return { status: 'ok' };
    const how = exitCode < 0 ? `was ended by signal ${-exitCode}` : `ended with exit code ${exitCode}`;
    return { status: 'error', error: cellError('ShellError', `The script ${how}.`) };
  },
};
