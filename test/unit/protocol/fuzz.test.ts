import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lib/json.ts';
import { Frames, type Decoded } from '../../../src/protocol/frames.ts';
import { stringify } from '../../../src/protocol/json.ts';
import { messageMaker } from '../../../src/protocol/message.ts';
import { parseInputReply, parseRequest } from '../../../src/protocol/parse.ts';
import { signedFrames } from '../../support/client-wire.ts';

const key = 'a key';
const decode = (frames: readonly Uint8Array[]): Decoded => new Frames({ key, digest: 'sha256' }).decode(frames);
const make = messageMaker('session');
const header = '{"msg_id":"1","msg_type":"execute_request"}';
const nested = (depth: number, [open, close]: readonly [string, string]) => `${open.repeat(depth)}1${close.repeat(depth)}`;
const lists = ['[', ']'] as const;
const objects = ['{"a":', '}'] as const;

/** What the kernel does with a message: decodes it, parses it, and answers with its header as the parent. */
function handle(frames: readonly Uint8Array[]): 'refused' | 'answered' {
  const decoded = decode(frames);
  if ('refused' in decoded) return 'refused';
  const request = parseRequest(decoded.message);
  parseInputReply(decoded.message.content);
  const answer = new Frames({ key, digest: 'sha256' }).encode(make('status', { execution_state: 'idle' }, request.header));
  expect(JSON.parse(String(answer[3]))).toEqual(request.header);
  return 'answered';
}

const types = ['execute_request', 'inspect_request', 'complete_request', 'history_request', 'is_complete_request', 'comm_info_request', 'kernel_info_request', 'shutdown_request', 'comm_open', 'comm_msg', 'comm_close'];
const fields = ['code', 'silent', 'store_history', 'user_expressions', 'allow_stdin', 'stop_on_error', 'cursor_pos', 'detail_level', 'hist_access_type', 'output', 'session', 'start', 'stop', 'n', 'pattern', 'unique', 'target_name', 'restart', 'comm_id', 'data', 'value'];
const text = fc.string({ unit: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), fc.constantFrom('\ud800', '\udfff', '\u0000', '\u2028', '"', '\\')) });

test('no frames at all are too odd to be refused in words', () => {
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom('<IDS|MSG>', '', '{}', '[]', 'null', '1', header).map((one) => Buffer.from(one)),
  );
  fc.assert(fc.property(fc.array(frame, { maxLength: 12 }), (frames) => {
    expect(decode(frames)).toEqual({ refused: expect.any(String) });
  }), { numRuns: 2000 });
});

test('bytes that somebody signed are answered or refused, whatever they say', () => {
  const part = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.json().map((json) => Buffer.from(json)), text.map((one) => Buffer.from(JSON.stringify({ msg_id: one, msg_type: one }))));
  fc.assert(fc.property(fc.tuple(part, part, part, part), fc.array(fc.uint8Array()), (parts, buffers) => {
    handle(signedFrames(key, parts, buffers));
  }), { numRuns: 2000 });
});

test('of a signed message no frame can be changed, left out, doubled or exchanged for another', () => {
  const message = fc.tuple(fc.json(), fc.json()).map(([metadata, content]) => signedFrames(key, [header, '{}', `{"m":${metadata}}`, `{"c":${content}}`]));
  const change = fc.tuple(fc.constantFrom('bytes', 'less', 'twice', 'exchange'), fc.nat({ max: 5 }), fc.nat({ max: 5 }), fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat());
  fc.assert(fc.property(message, change, (frames, [how, index, other, bytes, at]) => {
    const changed = frames.map((frame) => Buffer.from(frame));
    const frame = changed[index] ?? Buffer.alloc(0);
    if (how === 'bytes') changed[index] = Buffer.concat([frame.subarray(0, at % (frame.length + 1)), bytes, frame.subarray((at % (frame.length + 1)) + 1)]);
    if (how === 'less') changed.splice(index, 1);
    if (how === 'twice') changed.splice(index, 0, frame);
    if (how === 'exchange') [changed[index], changed[other]] = [changed[other] ?? frame, frame];
    // Frames behind the content are buffers, which nobody signs; before the delimiter stand identities.
    const same = Buffer.concat(changed.slice(0, 6)).equals(Buffer.concat(frames)) || (how === 'twice' && (index === 5 || index === 0));
    fc.pre(!same);
    expect(decode(changed)).toHaveProperty('refused');
  }), { numRuns: 2000 });
});

test('a request with any fields at all becomes one whose fields are what its type says, or one that is malformed or unknown', () => {
  const content = fc.dictionary(fc.constantFrom(...fields), fc.oneof(fc.jsonValue(), text, fc.constantFrom(null, true, 0, 1, 1.5, 2 ** 53, '', 'range', 'search', 'tail')));
  fc.assert(fc.property(fc.oneof(fc.constantFrom(...types), text), content, (msg_type, asked) => {
    const request = parseRequest({ header: { msg_id: '1', msg_type }, parent: {}, metadata: {}, content: asked as JsonObject, buffers: [] });
    expect(request.header.msg_type).toBe(msg_type);
    if (request.type === 'malformed') expect(request.problem).toMatch(/ must be /);
    else if (request.type === 'unknown') expect(types).not.toContain(msg_type);
    else {
      expect(request.type).toBe(msg_type);
      const known = request.content as Readonly<Record<string, unknown>>;
      for (const name of ['code', 'comm_id', 'pattern']) if (name in known && msg_type !== 'kernel_info_request') expect(known[name]).toBeTypeOf('string');
      for (const name of ['silent', 'store_history', 'allow_stdin', 'stop_on_error', 'restart', 'output', 'unique']) {
        if (name in known && msg_type !== 'kernel_info_request') expect(known[name]).toBeTypeOf('boolean');
      }
      if ('cursor_pos' in known && msg_type !== 'kernel_info_request') expect(known['cursor_pos']).toSatisfy(Number.isSafeInteger);
    }
  }), { numRuns: 2000 });
});

test('any text, half characters included, comes back as the code and the id that it was', () => {
  fc.assert(fc.property(text, text, (code, id) => {
    const decoded = decode(signedFrames(key, [JSON.stringify({ msg_id: id, msg_type: 'execute_request' }), '{}', '{}', JSON.stringify({ code })]));
    if ('refused' in decoded) throw new Error(decoded.refused);
    expect(parseRequest(decoded.message)).toMatchObject({ header: { msg_id: id }, content: { code } });
    const [, , , parent, , content] = new Frames({ key, digest: 'sha256' }).encode(make('execute_input', { code, execution_count: 1 }, decoded.message.header));
    expect(JSON.parse(String(parent))).toMatchObject({ msg_id: id });
    expect(JSON.parse(String(content))).toMatchObject({ code });
  }));
});

test('integers of any size are written with all their digits among any other values', () => {
  fc.assert(fc.property(fc.bigInt(), fc.jsonValue(), text, (exact, value, name) => {
    const written = stringify({ [`${name}1`]: exact, [`${name}2`]: [value, exact] });
    expect(written).toBe(`{${JSON.stringify(`${name}1`)}:${exact},${JSON.stringify(`${name}2`)}:[${JSON.stringify(value)},${exact}]}`);
  }));
});

describe.for([
  ['lists', lists],
  ['objects', objects],
] as const)('a hundred thousand %s in one another', ([, brackets]) => {
  const deep = nested(100_000, brackets);

  test.for([
    ['content', [header, '{}', '{}', `{"code":"x","data":${deep}}`], 'answered'],
    ['content of its own', [header, '{}', '{}', deep], brackets === objects ? 'answered' : 'refused'],
    ['metadata', [header, '{}', `{"a":${deep}}`, '{}'], 'answered'],
    ['parent', [header, `{"msg_id":${deep}}`, '{}', '{}'], 'answered'],
    ['user expressions', [header, '{}', '{}', `{"code":"x","user_expressions":{"a":${deep}}}`], 'answered'],
    ['header', [`{"msg_id":"1","msg_type":"x","a":${deep}}`, '{}', '{}', '{}'], 'refused'],
  ] as const)('as %s are no danger', ([, parts, end]) => {
    expect(handle(signedFrames(key, parts))).toBe(end);
  });

  test('as deep as a header may nest it is repeated in the answer', () => {
    expect(handle(signedFrames(key, [`{"msg_id":"1","msg_type":"x","a":${nested(600, brackets)}}`, '{}', '{}', '{}']))).toBe('answered');
  });
});

test.for<[string, string, object]>([
  ['the last of two equal keys counts', '{"code":"first","code":"last"}', { type: 'execute_request', content: { code: 'last' } }],
  ['a key __proto__ is a key', '{"__proto__":{"code":"inherited"}}', { type: 'malformed', problem: 'code must be a string' }],
  ['a constructor is no text', '{"code":{"constructor":"x"}}', { type: 'malformed' }],
  ['a name of an expression may be __proto__', '{"code":"x","user_expressions":{"__proto__":"1"}}', { type: 'execute_request' }],
  ['a number beyond all is none', '{"code":"x","silent":1e999}', { type: 'malformed', problem: 'silent must be true or false' }],
  ['a byte order mark in a text stays', '{"code":"\\ufeffx"}', { type: 'execute_request', content: { code: '\ufeffx' } }],
])('%s', ([, content, expected]) => {
  const decoded = decode(signedFrames(key, [header, '{}', '{}', content]));
  if ('refused' in decoded) throw new Error(decoded.refused);
  expect(parseRequest(decoded.message)).toMatchObject(expected);
});

test('a prototype in a message is no prototype of anything', () => {
  handle(signedFrames(key, ['{"msg_id":"1","msg_type":"execute_request","__proto__":{"polluted":1}}', '{"__proto__":{"polluted":1}}', '{"__proto__":{"polluted":1}}', '{"__proto__":{"polluted":1}}']));
  expect({}).not.toHaveProperty('polluted');
});
