import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Output } from '../../../src/protocol/output.ts';
import { applyCarriageReturns, CellOutput } from '../../../src/notebook/cell-output.ts';
import { FakeCell } from '../../support/fake-cell.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const stdout = (text: string): Output => ({ type: 'stream', content: { name: 'stdout', text } });
const stderr = (text: string): Output => ({ type: 'stream', content: { name: 'stderr', text } });
const shown: Output = { type: 'display_data', content: { data: { 'text/plain': 'x' }, metadata: {} } };

function open(options: { silent?: boolean } = {}) {
  const cell = new FakeCell(options);
  const clock = new ManualClock();
  return { cell, clock, output: new CellOutput(cell, clock) };
}

/** The transient texts that a front end was told to show, and `-` where it was told to clear. */
const told = (cell: FakeCell) =>
  cell.outputs.flatMap((output) =>
    output.type === 'clear_output' ? [output.content.wait ? '- (wait)' : '-'] : 'data' in output.content ? [output.content.data['text/plain']] : ['…'],
  );

const printed = (cell: FakeCell) => cell.outputs.map((output) => (output.type === 'stream' ? output.content.text : ''));

describe('printed text', () => {
  test('is joined into one message a stream, in order', () => {
    const { cell, output } = open();
    for (const piece of [stdout('a'), stdout('b\n'), stderr('e\n'), stdout('c\n'), shown, stdout('d\n')]) output.emit(piece);
    output.close();
    expect(cell.outputs).toEqual([stdout('ab\n'), stderr('e\n'), stdout('c\n'), shown, stdout('d\n')]);
  });

  test('is sent within 50 ms of being printed', async () => {
    const { cell, clock, output } = open();
    output.emit(stdout('a'));
    await clock.advance(49);
    expect(cell.outputs).toEqual([]);
    output.emit(stdout('b'));
    await clock.advance(1);
    expect(cell.outputs).toEqual([stdout('ab')]);
    output.close();
    expect(clock.sleeping).toBe(0);
  });

  test('does not pile up', () => {
    const { cell, output } = open();
    for (let i = 0; i < 3; i++) output.emit(stdout('x'.repeat(600_000)));
    expect(printed(cell).join('')).toHaveLength(1_200_000);
    output.close();
    expect(printed(cell).join('')).toHaveLength(1_800_000);
  });

  test.for([
    ['of which a server would drop all if it were one message', 'x'.repeat(3_500_000)],
    ['of emojis, which are not cut in two', '.' + '🦆'.repeat(600_000)],
    ['of halves of emojis', '\ud83e'.repeat(600_000)],
  ])('is sent in pieces, and whole: %s', ([, text = '']) => {
    const { cell, output } = open();
    output.emit(stdout(text));
    output.close();
    const pieces = printed(cell);
    expect(pieces.join('') === text).toBe(true);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(1 << 18);
    // Cut between two halves, one piece would end with the first and the next begin with the second.
    expect(pieces.filter((piece) => /^[\udc00-\udfff]/.test(piece))).toEqual([]);
  });

  test.for<[text: string, midLine: boolean, shown: string]>([
    ['10%\r20%\r30%\n', false, '30%\n'],
    ['abc\rX', false, 'Xbc'],
    ['a\r\nb\r\n', false, 'a\nb\n'],
    ['a\r\r\nb', false, 'a\nb'],
    ['50%\r', false, '50%\r'],
    ['10%\r20%\r', false, '20%\r'],
    ['\rnew\nx\ry\n', true, '\rnew\ny\n'],
    ['a\rb\nc\rd', false, 'b\nd'],
    ['', false, ''],
    ['\u001b[31mabcdef\u001b[0m\rdefg\n', false, '\u001b[31mabcdef\u001b[0m\rdefg\n'],
    ['a\rb\n\u001b[1mc\u001b[0m\rd\ne\rf', false, 'b\n\u001b[1mc\u001b[0m\rd\nf'],
    ['😀\ra', false, '😀\ra'],
  ])('%j (in the middle of a line: %s) looks like %j', ([text, midLine, expected]) => {
    expect(applyCarriageReturns(text, midLine)).toBe(expected);
  });

  test.for<[what: string, text: string, shown: string]>([
    ['a million carriage returns', '\r'.repeat(1e6), '\r'],
    ['a line that is overwritten a hundred thousand times', `${'a'.repeat(1e6)}${'\r0123456789'.repeat(1e5)}`, `0123456789${'a'.repeat(1e6 - 10)}`],
  ])('with %s is shown without stopping the kernel', ([, text, shown]) => {
    expect(applyCarriageReturns(text, false) === shown).toBe(true);
  });

  test('without carriage returns is never changed, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string().map((text) => text.replaceAll('\r', ''))), (pieces) => {
        const { cell, output } = open();
        for (const [i, piece] of pieces.entries()) {
          output.emit(stdout(piece));
          if (i % 3 === 2) output.flush();
        }
        output.close();
        expect(cell.outputs.map((sent) => (sent.type === 'stream' ? sent.content.text : '?')).join('')).toBe(pieces.join(''));
      }),
    );
  });

  test('that goes on in the middle of a line leaves the carriage return to the front end', () => {
    const { cell, output } = open();
    output.emit(stdout('10%'));
    output.flush();
    output.emit(stdout('\r20%\n'));
    output.close();
    expect(cell.outputs).toEqual([stdout('10%'), stdout('\r20%\n')]);
  });
});

describe('what a cell waits for', () => {
  test('is said after a second, and taken away when the cell ends without output', async () => {
    const { cell, clock, output } = open();
    output.waitFor('starting');
    await clock.advance(999);
    expect(cell.outputs).toEqual([]);
    await clock.advance(1);
    expect(told(cell)).toEqual(['starting']);
    output.close();
    expect(told(cell)).toEqual(['starting', '-']);
    expect(cell.saved()).toEqual([]);
    await clock.advance(5000);
    expect(clock.sleeping).toBe(0);
  });

  test('is never said of a wait shorter than a second', async () => {
    const { cell, clock, output } = open();
    output.waitFor('starting');
    await clock.advance(900);
    output.waitFor(undefined);
    output.emit(stdout('1\n'));
    output.close();
    await clock.advance(5000);
    expect(cell.outputs).toEqual([stdout('1\n')]);
  });

  test('changes at most twice a second, in place', async () => {
    const { cell, clock, output } = open();
    output.waitFor('0');
    for (let i = 1; i <= 40; i++) {
      await clock.advance(100);
      output.waitFor(String(i));
    }
    expect(told(cell)).toEqual(['9', '14', '19', '24', '29', '34', '39']);
    const ids = cell.outputs.map((sent) => ('transient' in sent.content ? sent.content.transient?.display_id : undefined));
    expect(new Set(ids).size).toBe(1);
    expect(cell.outputs.map(({ type }) => type)).toEqual(['display_data', ...Array<string>(6).fill('update_display_data')]);
    output.close();
  });

  test('is not said again while it stays the same', async () => {
    const { cell, clock, output } = open();
    output.waitFor('starting');
    await clock.advance(10_000);
    output.waitFor('starting');
    await clock.advance(10_000);
    expect(told(cell)).toEqual(['starting']);
    output.close();
  });

  test('gives way to the first output, and leaves no trace in the notebook', async () => {
    const { cell, clock, output } = open();
    output.waitFor('starting');
    await clock.advance(1000);
    output.emit(shown);
    output.emit(stdout('1\n'));
    output.close();
    expect(told(cell)).toEqual(['starting', '- (wait)', 'x', '…']);
    expect(cell.saved()).toEqual([shown, stdout('1\n')]);
  });

  test('is taken away when the wait is over and the command runs', async () => {
    const { cell, clock, output } = open();
    output.waitFor('starting');
    await clock.advance(1000);
    output.waitFor(undefined);
    expect(told(cell)).toEqual(['starting', '-']);
    output.close();
    expect(told(cell)).toEqual(['starting', '-']);
  });

  test('is not said in silent cells', async () => {
    const { cell, clock, output } = open({ silent: true });
    output.waitFor('starting');
    await clock.advance(5000);
    output.close();
    expect(cell.outputs).toEqual([]);
  });

  test('is not said once there is output, which taking it away would clear', async () => {
    const { cell, clock, output } = open();
    output.emit(stdout('1\n'));
    output.waitFor('starting');
    await clock.advance(5000);
    output.close();
    expect(cell.outputs).toEqual([stdout('1\n')]);
  });
});
