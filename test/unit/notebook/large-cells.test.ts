import { describe, expect, test } from 'vitest';
import { createInterpreter } from '../../../src/notebook/interpreter.ts';
import type { KernelLanguage } from '../../../src/languages/info.ts';
import { parseCell } from '../../../src/notebook/cell-source.ts';
import { FakeCell } from '../../support/fake-cell.ts';
import { FakeSession } from '../../support/fake-session.ts';

/*
 * A kernel has one thread: a regular expression that looks at a megabyte from each of its characters stops it for minutes, heartbeat and
 * interrupts included. Each of these is over at once, or the test's time limit is.
 */
const megabyte = 1_000_000;
const cells: readonly [string, string][] = [
  ['one long word', `x = "${'A'.repeat(megabyte)}"`],
  ['one long number', `x = "${'7'.repeat(megabyte)}"`],
  ['a magic with blanks inside of its line', `%sql a${' '.repeat(megabyte)}b`],
  ['blanks', `a${' '.repeat(megabyte)}b`],
  ['empty lines', `x${'\n'.repeat(megabyte)}y`],
  ['brackets', '('.repeat(megabyte)],
  ['quotes', '"'.repeat(megabyte)],
  ['comments that open', '/*'.repeat(megabyte / 2)],
  ['assignments', Array.from({ length: megabyte / 10 }, (_, number) => `v${number} = 1`).join('\n')],
];

describe.for<KernelLanguage>(['python', 'scala', 'sql'])('in %s a megabyte of', (language) => {
  test.for(cells)('%s is run, completed, inspected and judged without stopping the kernel', async ([, code]) => {
    const session = new FakeSession();
    session.text('');
    const interpreter = createInterpreter({ session, language });
    const { signal } = new AbortController();
    expect(await interpreter.execute(code, new FakeCell({ executionCount: 1 }))).toEqual({ status: 'ok' });
    expect(await interpreter.complete(code, code.length, signal)).toMatchObject({ end: code.length });
    await interpreter.inspect(code, code.length - 1, 0, signal);
    expect(['complete', 'incomplete', 'invalid', 'unknown']).toContain((await interpreter.isComplete(code)).status);
  });
});

test('the names of many large cells are found when they are asked for, without stopping the kernel', async () => {
  const session = new FakeSession();
  const interpreter = createInterpreter({ session, language: 'python' });
  for (let cell = 1; cell <= 20; cell++) {
    session.text('');
    await interpreter.execute(Array.from({ length: 4000 }, (_, number) => `name_${cell}_${number} = 1`).join('\n'), new FakeCell({ executionCount: cell }));
  }
  const { matches } = await interpreter.complete('name_1_399', 10, new AbortController().signal);
  expect(matches.map(({ text }) => text)).toContain('name_1_3999');
});

test('a magic keeps the text on its line, however long', () => {
  expect(parseCell(`%sql a${' '.repeat(megabyte)}b  \r\nc`)).toMatchObject({ is: 'magic', name: 'sql', args: `a${' '.repeat(megabyte)}b`, body: 'c' });
});
