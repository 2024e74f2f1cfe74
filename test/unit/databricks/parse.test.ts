import { expect, test } from 'vitest';
import { parseCommandState } from '../../../src/databricks/parse/commands.ts';
import { parseContextState } from '../../../src/databricks/parse/contexts.ts';
import { parseType } from '../../../src/databricks/schema.ts';
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts';

test.for<[string, JsonValue]>([
  ['Running', { status: 'Running', id: '1' }],
  ['Running', { status: 'RUNNING', results: null }],
  ['Queued', { status: 'COMMAND_QUEUED', results: {} }],
  ['Cancelling', { status: 'cancelling' }],
])('a command that goes on is %s', ([status, answer]) => {
  expect(parseCommandState(answer)).toEqual({ status });
});

const text = (data: string) => ({ kind: 'text', text: data });
test.for<[string, JsonObject | null | undefined, unknown]>([
  ['text', { resultType: 'text', data: 'res0: Int = 2' }, text('res0: Int = 2')],
  ['text in capitals', { resultType: 'Text', data: '1' }, text('1')],
  ['text by its proto name', { resultType: 'TEXT_RESULT', data: '1' }, text('1')],
  ['text without data', { resultType: 'text' }, text('')],
  ['text with null data', { resultType: 'text', data: null }, text('')],
  ['text that is a number', { resultType: 'text', data: 12n }, text('12')],
  ['no results', undefined, text('')],
  ['null results', null, text('')],
  ['empty results', {}, text('')],
  ['an empty type, as of DDL', { resultType: '' }, text('')],
  ['one image', { resultType: 'image', fileName: 'data:image/png;base64,AA' }, { kind: 'image', fileNames: ['data:image/png;base64,AA'] }],
  ['several images', { resultType: 'images', fileNames: ['/plots/a.png', '/plots/b.png'] }, { kind: 'image', fileNames: ['/plots/a.png', '/plots/b.png'] }],
  ['images without names', { resultType: 'images' }, { kind: 'image', fileNames: [] }],
  ['an error of the document', { resultType: 'error', cause: 'InnerExecutionException' }, { kind: 'error', summary: '', cause: 'InnerExecutionException' }],
  ['an error of today', { resultType: 'error', summary: '<b>E</b>: x', cause: 'E: x' }, { kind: 'error', summary: '<b>E</b>: x', cause: 'E: x' }],
  ['a type nobody knows', { resultType: 'video', data: 'x' }, { kind: 'unknown', resultType: 'video', raw: { resultType: 'video', data: 'x' } }],
])('a finished command with %s', ([, results, result]) => {
  const answer = results === undefined ? { status: 'Finished' } : { status: 'Finished', results };
  expect(parseCommandState(answer)).toEqual({ status: 'Finished', result, raw: results ?? {} });
});

test.for<[string, JsonObject, object]>([
  ['Error', { cause: 'driver died', resultType: 'error' }, { summary: '', cause: 'driver died' }],
  ['Error', { resultType: 'text', data: 'driver died' }, { summary: '', cause: 'driver died' }],
  ['Cancelled', { resultType: 'error', cause: 'CommandCancelledException' }, { summary: '', cause: 'CommandCancelledException' }],
  ['Error', {}, { summary: 'The server ended the command as Error and gave no reason', cause: '' }],
])('a command that ended as %s with %j is an error', ([status, results, error]) => {
  expect(parseCommandState({ status, results })).toEqual({ status, result: { kind: 'error', ...error }, raw: results });
});

test.for<[string, JsonObject, object]>([
  [
    'of the document: Hive types and booleans as text',
    { truncated: 'False', data: [[1, 'a']], schema: [{ type: 'int', name: 'id' }, { type: 'string', name: 'title' }] },
    { columns: [{ name: 'id', type: 'int' }, { name: 'title', type: 'string' }], rows: [[1, 'a']], truncated: false },
  ],
  [
    'of today: types as JSON in a string',
    { truncated: true, isJsonSchema: true, data: [[1]], schema: [{ name: 'n', type: '"integer"', metadata: '{}' }] },
    { columns: [{ name: 'n', type: 'integer' }], rows: [[1]], truncated: true },
  ],
  ['truncated as text', { truncated: 'True', data: [], schema: [] }, { columns: [], rows: [], truncated: true }],
  ['without data', { schema: [{ name: 'a', type: 'int' }] }, { columns: [{ name: 'a', type: 'int' }], rows: [], truncated: false }],
  ['without schema', { data: [[1, 2], [3]] }, { columns: [{ name: '', type: '' }, { name: '', type: '' }], rows: [[1, 2], [3]], truncated: false }],
  [
    'with duplicate and empty names',
    { data: [], schema: [{ name: 'a', type: 'int' }, { name: 'a', type: 'int' }, { name: '', type: 'int' }] },
    { columns: [{ name: 'a', type: 'int' }, { name: 'a', type: 'int' }, { name: '', type: 'int' }], rows: [], truncated: false },
  ],
])('a table %s', ([, results, table]) => {
  const answer = { status: 'Finished', results: { resultType: 'table', ...results } };
  expect(parseCommandState(answer)).toEqual({ status: 'Finished', result: { kind: 'table', ...table }, raw: answer.results });
});

test.for<JsonValue>([{}, null, 'text', [], { status: 'RunningInBackground' }, { status: 4 }])('%j is no command status', (answer) => {
  expect(() => parseCommandState(answer)).toThrow('command status that is none');
});

const array = (elementType: unknown) => ({ type: 'array', elementType });
test.for<[JsonValue, unknown]>([
  ['int', 'int'],
  ['decimal(12,2)', 'decimal(12,2)'],
  ['"long"', 'long'],
  ['"decimal(12,2)"', 'decimal(12,2)'],
  ['timestamp_ntz', 'timestamp_ntz'],
  ['interval day to second', 'interval day to second'],
  ['array<int>', array('int')],
  ['map<string,array<double>>', { type: 'map', keyType: 'string', valueType: array('double') }],
  ['struct<a:int,b:struct<c:decimal(3,1),`d:e`:string>>', {
    type: 'struct',
    fields: [
      { name: 'a', type: 'int' },
      { name: 'b', type: { type: 'struct', fields: [{ name: 'c', type: 'decimal(3,1)' }, { name: 'd:e', type: 'string' }] } },
    ],
  }],
  ['struct<>', { type: 'struct', fields: [] }],
  ['{"type":"array","elementType":"integer","containsNull":true}', array('integer')],
  ['{"type":"map","keyType":"string","valueType":"long","valueContainsNull":true}', { type: 'map', keyType: 'string', valueType: 'long' }],
  ['{"type":"struct","fields":[{"name":"a","type":{"type":"array","elementType":"date"},"nullable":true,"metadata":{}}]}', {
    type: 'struct',
    fields: [{ name: 'a', type: array('date') }],
  }],
  [{ type: 'array', elementType: 'string' }, array('string')],
  ['{"type":"udt","class":"x","sqlType":"string"}', 'string'],
  ['array<int', 'array<int'],
  ['uniontype<int,string>', 'uniontype<int,string>'],
  ['struct<a int>', 'struct<a int>'],
  ['', ''],
])('the type %j is read as %j', ([wire, type]) => {
  expect(parseType(wire)).toEqual(type);
});

test.for<[JsonValue, string, string]>([
  [{ status: 'Running', id: '1' }, 'Running', ''],
  [{ status: 'pending' }, 'Pending', ''],
  [{ status: 'Error', cause: 'no memory' }, 'Error', 'no memory'],
])('the context status %j is read', ([answer, status, cause]) => {
  expect(parseContextState(answer)).toEqual({ status, cause });
});

test('an answer without a context status is an error, not a context', () => {
  expect(() => parseContextState({ id: '1' })).toThrow('context status that is none');
});
