import { describe, expect, test } from 'vitest';
import type { CommandResult } from '../../../src/databricks/types.ts';
import { renderResult, type Readers, type View } from '../../../src/render/result.ts';
import { table } from './tables.ts';

const readers: Readers = {
  text: (text) => [{ is: 'printed', text }],
  error: (summary, cause) => ({ ename: summary, evalue: cause, traceback: [cause] }),
};
const view: View = { executionCount: 3, table: { json: false, rows: undefined } };
/** A PNG as far as its header goes: 640 by 480. */
const png = Buffer.from('89504e470d0a1a0a0000000d49484452000002800000 01e00806000000'.replace(/ /g, ''), 'hex').toString('base64');

describe('a command that came to', () => {
  test.for<[what: string, result: CommandResult, outputs: readonly unknown[]]>([
    ['text is printed with its final newline', { kind: 'text', text: '1' }, [{ type: 'stream', content: { name: 'stdout', text: '1\n' } }]],
    ['text with a newline gets no second one', { kind: 'text', text: '1\n' }, [{ type: 'stream', content: { name: 'stdout', text: '1\n' } }]],
    ['no text shows nothing', { kind: 'text', text: '' }, []],
    [
      'HTML is shown as HTML, and as text where that is all there is',
      { kind: 'text', text: '<div>a</div>\n' },
      [{ type: 'display_data', content: { data: { 'text/html': '<div>a</div>', 'text/plain': '<div>a</div>\n' }, metadata: {} } }],
    ],
    [
      'pictures are shown in order, with their size',
      { kind: 'image', fileNames: [`data:image/png;base64,${png}`, 'data:image/jpeg;base64,/9j/'] },
      [
        { type: 'display_data', content: { data: { 'text/plain': '<image/png 640x480>', 'image/png': png }, metadata: { 'image/png': { width: 640, height: 480 } } } },
        { type: 'display_data', content: { data: { 'text/plain': '<image/jpeg>', 'image/jpeg': '/9j/' }, metadata: {} } },
      ],
    ],
    [
      'an SVG picture is text in the bundle',
      { kind: 'image', fileNames: ['data:image/svg+xml;base64,PHN2Zy8+', 'data:image/svg+xml,%3Csvg%2F%3E'] },
      ['base64', 'percent'].map(() => ({ type: 'display_data', content: { data: { 'text/plain': '<image/svg+xml>', 'image/svg+xml': '<svg/>' }, metadata: {} } })),
    ],
    [
      'a picture with a per cent sign of its own is shown as it came',
      { kind: 'image', fileNames: ['data:image/svg+xml,<svg width="100%">é</svg>'] },
      [{ type: 'display_data', content: { data: { 'text/plain': '<image/svg+xml>', 'image/svg+xml': '<svg width="100%">é</svg>' }, metadata: {} } }],
    ],
    [
      'a picture in base64 with line breaks keeps its size',
      { kind: 'image', fileNames: [`data:image/png;base64,${png.slice(0, 16)}\n${png.slice(16)}`] },
      [{ type: 'display_data', content: { data: { 'text/plain': '<image/png 640x480>', 'image/png': `${png.slice(0, 16)}\n${png.slice(16)}` }, metadata: { 'image/png': { width: 640, height: 480 } } } }],
    ],
    [
      'a picture on the server says where it is',
      { kind: 'image', fileNames: ['/plots/b6a7ad70.png'] },
      [{ type: 'display_data', content: { data: { 'text/plain': 'The picture is too large for the API to send; it is a file on the workspace: /plots/b6a7ad70.png' }, metadata: {} } }],
    ],
    [
      'a picture without a picture says so',
      { kind: 'image', fileNames: [] },
      [{ type: 'display_data', content: { data: { 'text/plain': 'The server announced a picture and sent none.' }, metadata: {} } }],
    ],
    [
      'a result of an unknown type is shown as it came',
      { kind: 'unknown', resultType: 'video', raw: { resultType: 'video', n: 9007199254740993n } },
      [
        {
          type: 'display_data',
          content: { data: { 'text/plain': 'The server sent a result of the unknown type "video": {"resultType":"video","n":"9007199254740993"}' }, metadata: {} },
        },
      ],
    ],
  ])('%s', ([, result, outputs]) => {
    expect(renderResult(result, readers, view)).toEqual({ outputs });
  });
});

test('a table is HTML and text, and data only where that was asked for', () => {
  const numbers = table([['n', 'integer']], [[1], [2]]);
  const mimes = (json: boolean) =>
    renderResult(numbers, readers, { ...view, table: { json, rows: 1 } }).outputs.map((output) => ({ type: output.type, mimes: 'data' in output.content ? Object.keys(output.content.data) : [] }));
  expect(mimes(false)).toEqual([{ type: 'display_data', mimes: ['text/html', 'text/plain'] }]);
  expect(mimes(true)).toEqual([{ type: 'display_data', mimes: ['text/html', 'text/plain', 'application/json', 'application/vnd.dataresource+json'] }]);
});

test('a value is an execute_result with the number of its cell, after what was printed', () => {
  const split: Readers = { ...readers, text: () => [{ is: 'printed', text: 'before' }, { is: 'value', text: '42' }] };
  expect(renderResult({ kind: 'text', text: '…' }, split, view).outputs).toEqual([
    { type: 'stream', content: { name: 'stdout', text: 'before\n' } },
    { type: 'execute_result', content: { execution_count: 3, data: { 'text/plain': '42' }, metadata: {} } },
  ]);
});

test("an error is the language's to read", () => {
  expect(renderResult({ kind: 'error', summary: 'S', cause: 'C' }, readers, view)).toEqual({ outputs: [], failure: { ename: 'S', evalue: 'C', traceback: ['C'] } });
});
