import { expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lib/json.ts';
import { parseInputReply, parseRequest } from '../../../src/protocol/parse.ts';

function parse(msg_type: string, content: JsonObject) {
  const header = { msg_id: '1', msg_type, session: 's', subshell_id: null, version: '5.2' };
  return parseRequest({ header, parent: {}, metadata: {}, content, buffers: [] });
}

const execute = { code: 'x', silent: false, store_history: true, user_expressions: {}, allow_stdin: true, stop_on_error: true };

test.for<[string, JsonObject, object]>([
  ['execute_request', { code: 'x' }, execute],
  ['execute_request', { code: 'x', silent: null, store_history: null, user_expressions: null, allow_stdin: null, stop_on_error: null }, execute],
  ['execute_request', { code: 'x', silent: true, store_history: true }, { ...execute, silent: true, store_history: false }],
  ['execute_request', { code: '', allow_stdin: false, stop_on_error: false, user_expressions: { a: 'b' } },
    { ...execute, code: '', allow_stdin: false, stop_on_error: false, user_expressions: { a: 'b' } }],
  ['inspect_request', { code: 'x', cursor_pos: 1 }, { code: 'x', cursor_pos: 1, detail_level: 0 }],
  ['inspect_request', { code: 'x', cursor_pos: 1, detail_level: 1 }, { code: 'x', cursor_pos: 1, detail_level: 1 }],
  ['inspect_request', { code: 'x', cursor_pos: 1, detail_level: 7 }, { code: 'x', cursor_pos: 1, detail_level: 0 }],
  ['complete_request', { code: 'x', cursor_pos: null }, { code: 'x', cursor_pos: Number.MAX_SAFE_INTEGER }],
  ['is_complete_request', { code: 'x' }, { code: 'x' }],
  ['comm_info_request', {}, { target_name: undefined }],
  ['comm_info_request', { target_name: null }, { target_name: undefined }],
  ['comm_open', { comm_id: 'c', target_name: 't', data: null }, { comm_id: 'c', target_name: 't', data: {} }],
  ['comm_msg', { comm_id: 'c', data: { a: 1 } }, { comm_id: 'c', data: { a: 1 } }],
  ['shutdown_request', {}, { restart: false }],
  ['shutdown_request', { restart: true }, { restart: true }],
  ['kernel_info_request', { any: 'thing' }, { any: 'thing' }],
  ['history_request', {}, { hist_access_type: 'tail', output: false, n: undefined }],
  ['history_request', { hist_access_type: 'tail', n: 5, output: true, raw: true }, { hist_access_type: 'tail', output: true, n: 5 }],
  ['history_request', { hist_access_type: 'range', session: null, start: null, stop: null },
    { hist_access_type: 'range', output: false, session: 0, start: 1, stop: undefined }],
  ['history_request', { hist_access_type: 'search' }, { hist_access_type: 'search', output: false, n: undefined, pattern: '*', unique: false }],
])('%s %j is completed', ([type, content, expected]) => {
  const request = parse(type, content);
  expect(request.type).toBe(type);
  expect(request).toHaveProperty('content', expected);
});

test.for<[string, JsonObject, string]>([
  ['execute_request', {}, 'code must be a string'],
  ['execute_request', { code: 5 }, 'code must be a string'],
  ['execute_request', { code: null }, 'code must be a string'],
  ['execute_request', { code: 'x', silent: 'yes' }, 'silent must be true or false'],
  ['execute_request', { code: 'x', stop_on_error: 1 }, 'stop_on_error must be true or false'],
  ['execute_request', { code: 'x', user_expressions: [] }, 'user_expressions must be an object'],
  ['execute_request', { code: 'x', user_expressions: { a: 1 } }, 'user_expressions: a must be a string'],
  ['complete_request', { code: 'x', cursor_pos: 1.5 }, 'cursor_pos must be an integer'],
  ['complete_request', { code: 'x', cursor_pos: '1' }, 'cursor_pos must be an integer'],
  ['complete_request', { code: 'x', cursor_pos: 1e300 }, 'cursor_pos must be an integer'],
  ['history_request', { hist_access_type: 'all' }, "hist_access_type must be 'range', 'tail' or 'search'"],
  ['history_request', { hist_access_type: 'search', pattern: 1 }, 'pattern must be a string'],
  ['comm_open', { comm_id: 'c' }, 'target_name must be a string'],
  ['comm_msg', {}, 'comm_id must be a string'],
  ['shutdown_request', { restart: 'no' }, 'restart must be true or false'],
])('%s %j is malformed: %s', ([type, content, problem]) => {
  expect(parse(type, content)).toEqual({ type: 'malformed', header: expect.objectContaining({ msg_type: type }), problem });
});

test.for(['usage_request', 'debug_request', 'execute_reply', '__proto__', 'constructor', ''])('%j is unknown', (type) => {
  expect(parse(type, {})).toMatchObject({ type: 'unknown', header: { msg_type: type } });
});

test('the header is kept as it came, for the parent header of what answers it', () => {
  expect(parse('kernel_info_request', {}).header).toEqual({
    msg_id: '1', msg_type: 'kernel_info_request', session: 's', subshell_id: null, version: '5.2',
  });
});

test.for<[JsonObject, string]>([
  [{ value: 'text' }, 'text'],
  [{ value: '' }, ''],
  [{}, ''],
  [{ value: null }, ''],
])('an input reply %j is %j', ([content, value]) => {
  expect(parseInputReply(content)).toBe(value);
});
