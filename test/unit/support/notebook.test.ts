import type { KernelMessage } from '@jupyterlab/services';
import { describe, expect, test } from 'vitest';
import { comparable, outputsOf, type NotebookOutput } from '../../support/notebook.ts';

const message = (type: string, content: object) => ({ header: { msg_type: type }, content }) as unknown as KernelMessage.IIOPubMessage;
const printed = (text: string) => message('stream', { name: 'stdout', text });

describe('what a front end keeps', () => {
  const kept = { output_type: 'stream', name: 'stdout', text: 'b' };
  test.for<[string, KernelMessage.IIOPubMessage[], object[]]>([
    ['cleared output is gone', [printed('a'), message('clear_output', { wait: false }), printed('b')], [kept]],
    ['cleared output is gone when the next one comes', [printed('a'), message('clear_output', { wait: true }), printed('b')], [kept]],
    ['clearing that waits for an output that never comes clears nothing', [printed('b'), message('clear_output', { wait: true })], [kept]],
    ['a display loses its id', [message('display_data', { data: {}, metadata: {}, transient: { display_id: '1' } })],
      [{ output_type: 'display_data', data: {}, metadata: {} }]],
  ])('%s', ([, messages, expected]) => expect(outputsOf(messages)).toEqual(expected));
});

describe('two outputs', () => {
  const text = (text: string): NotebookOutput => ({ output_type: 'stream', name: 'stdout', text });
  const result = (data: NotebookOutput['data'] = {}): NotebookOutput => ({ output_type: 'execute_result', data, execution_count: 1 });
  const failure = (line: string): NotebookOutput => ({ output_type: 'error', ename: 'E', evalue: 'no', traceback: [line] });
  const png = (width: number, pixels: string) => {
    const header = Buffer.from('89504e470d0a1a0a0000000d4948445200000000000000280802000000', 'hex');
    header.writeUInt32BE(width, 16);
    return { 'image/png': Buffer.concat([header, Buffer.from(pixels)]).toString('base64') };
  };

  test.for<[string, NotebookOutput[], NotebookOutput[]]>([
    ['lines instead of a text', [text('a\nb\n')], [{ ...text(''), text: ['a\n', 'b\n'] }]],
    ['one stream in two messages', [text('ab')], [text('a'), text('b')]],
    ['ids of columns', [failure('sum(count#1460) AS n#7L')], [failure('sum(count#12) AS n#3L')]],
    ['colours', [failure('\u001b[0;31mE\u001b[0m')], [failure('E')]],
    ['frames of the REPL', [failure('(Predef.scala:337)\n  ... 23 elided')], [failure('(Predef.scala:338)\n  ... 9 elided')]],
    ['pixels', [result(png(40, 'black'))], [result(png(40, 'white'))]],
  ])('are the same but for %s', ([, one, other]) => expect(comparable(one)).toEqual(comparable(other)));

  test.for<[string, NotebookOutput[], NotebookOutput[]]>([
    ['text', [text('1460')], [text('1461')]],
    ['where it was printed', [text('a')], [{ ...text('a'), name: 'stderr' }]],
    ['order', [text('a'), result()], [result(), text('a')]],
    ['number', [result()], []],
    ['type', [result()], [{ ...result(), output_type: 'display_data' }]],
    ['execution count', [result()], [{ ...result(), execution_count: 2 }]],
    ['metadata', [{ ...result(), metadata: {} }], [{ ...result(), metadata: { a: 1 } }]],
    ['HTML', [result({ 'text/html': '<b>#1</b>' })], [result({ 'text/html': '<b>#2</b>' })]],
    ['formats', [result({ 'text/plain': '' })], [result({ 'text/html': '' })]],
    ["a picture's size", [result(png(40, ''))], [result(png(41, ''))]],
    ['the traceback', [failure('line 1')], [failure('line 2')]],
  ])('are not the same with another %s', ([, one, other]) => expect(comparable(one)).not.toEqual(comparable(other)));

  test('are not compared where a picture is none', () => {
    expect(() => comparable([result({ 'image/png': 'bm8=' })])).toThrow('no PNG');
  });
});
