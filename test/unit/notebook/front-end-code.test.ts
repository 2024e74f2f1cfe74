import { expect, test } from 'vitest';
import type { KernelLanguage } from '../../../src/languages/info.ts';
import { createInterpreter } from '../../../src/notebook/interpreter.ts';
import { FakeCell } from '../../support/fake-cell.ts';
import { FakeSession } from '../../support/fake-session.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { chores, doComplete, doInspect, inBackground, startUpCode, variableDescriptions, variableTypes } from '../../support/vscode-snippets.ts';

/* What VS Code runs in a Python kernel for itself: the answer that it reads, without the cluster. */

function open(language: KernelLanguage = 'python') {
  const session = new FakeSession();
  const interpreter = createInterpreter({ session, language, clock: new ManualClock() });
  const run = async (code: string, cell: FakeCell) => ({ outcome: await interpreter.execute(code, cell), outputs: cell.outputs });
  return {
    session,
    byFrontEnd: (code: string) => run(code, new FakeCell({ isNumbered: false })),
    byUser: (code: string) => run(code, new FakeCell()),
  };
}

test.for(Object.entries(chores))('%s is answered with nothing, without the cluster', async ([, code]) => {
  const { session, byFrontEnd } = open();
  expect(await byFrontEnd(code)).toEqual({ outcome: { status: 'ok' }, outputs: [] });
  expect(session.sent).toEqual([]);
});

test('its variables view is told that there are none', async () => {
  const { session, byFrontEnd } = open();
  expect(await byFrontEnd(variableTypes)).toEqual({ outcome: { status: 'ok' }, outputs: [{ type: 'stream', content: { name: 'stdout', text: '[]\n' } }] });
  expect(await byFrontEnd(inBackground(3, variableDescriptions))).toMatchObject(inTheBackground(3, '[]'));
  expect(session.sent).toEqual([]);
});

/** A display that tells the id under which the result comes, and the result. */
function inTheBackground(counter: number, result: unknown) {
  const mime = `application/vnd.vscode.bg.execution.${counter}`;
  const transient = { display_id: expect.any(String) };
  return {
    outcome: { status: 'ok' },
    outputs: [
      { type: 'display_data', content: { data: { [mime]: '' }, transient } },
      { type: 'update_display_data', content: { data: { [`${mime}.result`]: result }, transient } },
    ],
  };
}

test.for<[before: string, word: string, matches: readonly string[]]>([
  ['a = 1\n\t', 'orders_c', ['orders_count']],
  ['"\\"", \'\\\\\', "\\n"; ', 'orders', ['orders_count']],
  // VS Code counts in UTF-16, where the protocol's own completion counts code points.
  ['x = "😀😀"; ', 'orders', ['orders_count']],
  ['%%sql\n', 'SELEC', ['SELECT']],
  ['orders_count.', '', []],
])('its completion after %j of %j is what is known here', async ([before, word, matches]) => {
  const code = `${before}${word}\nx`;
  const [start, end] = [before.length, before.length + word.length];
  const { session, byFrontEnd, byUser } = open();
  session.text('');
  await byUser('orders_count = 1');
  const typed = matches.map((text) => expect.objectContaining({ text, start, end, type: expect.any(String) }));
  expect(await byFrontEnd(inBackground(0, [doComplete(code, end)]))).toMatchObject(
    inTheBackground(0, { status: 'ok', matches, cursor_start: start, cursor_end: end, metadata: { _jupyter_types_experimental: typed } }),
  );
  expect(session.sent).toHaveLength(1);
});

test('its help on a name is where a cell has defined it', async () => {
  const { session, byFrontEnd, byUser } = open();
  session.text('');
  await byUser('orders_count = 1');
  const display = await byFrontEnd(inBackground(12, [doInspect('f(\n\torders_count', 9)]));
  expect(display).toMatchObject(inTheBackground(12, { status: 'ok', found: true, data: { 'text/plain': expect.stringContaining('orders_count = 1') }, metadata: {} }));
  expect(await byFrontEnd(inBackground(13, [doInspect('nobody', 3)]))).toMatchObject(inTheBackground(13, { status: 'ok', found: false, data: {} }));
});

test('its requests have displays of their own', async () => {
  const { byFrontEnd } = open();
  const ids = [0, 1].map(async (counter) => (await byFrontEnd(inBackground(counter, [doComplete('', 0)]))).outputs.map(({ content }) => 'transient' in content && content.transient?.display_id));
  const [[first, update], [second]] = (await Promise.all(ids)) as [unknown[], unknown[]];
  expect(update).toBe(first);
  expect(second).not.toBe(first);
});

test('a megabyte of text to complete is no trouble', async () => {
  const { byFrontEnd } = open();
  const code = `x = "${'a\\n'.repeat(1 << 19)}"\nimpor`;
  expect(await byFrontEnd(inBackground(0, [doComplete(code, code.length)]))).toMatchObject(inTheBackground(0, { matches: ['import'] }));
});

test.for<[who: 'byFrontEnd' | 'byUser', code: string]>([
  ['byUser', startUpCode('/home/jo/a.ipynb')],
  ['byUser', '%config Completer.use_jedi = False'],
  ['byUser', "import debugpy;debugpy.listen(('localhost', 0))"],
  ['byUser', variableTypes],
  ['byFrontEnd', '%config Completer.use_jedi = False\nx = 1'],
  ['byFrontEnd', 'x = 1 # _VSCODE_'],
  ['byFrontEnd', 'try:\n    import ipywidgets\nexcept:\n    pass'],
  ['byFrontEnd', "__file__ = '/home/jo/a.py'"],
  ['byFrontEnd', '1 + 1'],
])('what is sent %s and is not of that kind runs on the cluster: %j', async ([who, code]) => {
  const opened = open();
  opened.session.text('');
  await opened[who](code);
  expect(opened.session.sent).toEqual([{ code, language: 'python' }]);
});

test('a kernel of another language is sent nothing of the kind, and looks for nothing', async () => {
  const { session, byFrontEnd } = open('scala');
  session.text('');
  await byFrontEnd('import _VSCODE_');
  expect(session.sent).toHaveLength(1);
});
