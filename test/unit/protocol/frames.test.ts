import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Frames, type Decoded, type Frame } from '../../../src/protocol/frames.ts';
import { constant, stringify } from '../../../src/protocol/json.ts';
import { messageMaker, type Outgoing } from '../../../src/protocol/message.ts';
import { readFrames, signedFrames } from '../../support/client-wire.ts';

interface Golden {
  readonly key: string;
  readonly messages: readonly {
    readonly type: string;
    readonly identities: readonly string[];
    readonly content: object;
    readonly metadata: object;
    readonly buffers: readonly string[];
    readonly frames: readonly string[];
  }[];
}

/** Frames as the reference implementation wrote them. */
const golden = JSON.parse(await readFile(new URL('golden-frames.json', import.meta.url), 'utf8')) as Golden;
const key = 'a key';
const header = '{"msg_id":"1","msg_type":"kernel_info_request"}';

const frames = (options: Partial<{ key: string; digest: string }> = {}) => new Frames({ key, digest: 'sha256', ...options });
const decode = (bytes: readonly Uint8Array[]): Decoded => frames().decode(bytes);
const make = messageMaker('session');
/** What a socket makes of frames. */
const sent = (written: readonly Frame[]) => written.map((frame) => Buffer.from(frame as string));

test.for(golden.messages)("$type as jupyter_client writes it is read", (message) => {
  const decoded = frames({ key: golden.key }).decode(message.frames.map((frame) => Buffer.from(frame, 'hex')));
  if ('refused' in decoded) throw new Error(decoded.refused);
  expect(decoded.identities.map(String)).toEqual(message.identities);
  expect(decoded.message.header).toMatchObject({ msg_type: message.type, session: 'golden', username: 'python' });
  expect(decoded.message).toMatchObject({ parent: {}, metadata: message.metadata, content: message.content });
  expect(decoded.message.buffers.map((buffer) => Buffer.from(buffer).toString('hex'))).toEqual(message.buffers);
});

test('what is written is read by another reader of the specification, and by ourselves', () => {
  const message = make('stream', { name: 'stdout', text: 'hä 😀\u2028' }, { msg_id: 'p', msg_type: 'execute_request', extra: [1] });
  const written = sent(frames().encode(message));
  const { parts } = readFrames(key, written);
  expect(parts.map((part) => JSON.parse(part))).toEqual([message.header, message.parent, {}, message.content]);
  const decoded = decode(written);
  expect(decoded).toMatchObject({ message: { header: message.header, parent: message.parent, content: message.content } });
});

test.for(['a', 'ä', '😀'])('text of any length is signed as it is sent: %s', (character) => {
  for (const length of [4000, 4096, 5000, 100_000]) {
    const content = { name: 'stdout', text: character.repeat(length) } as const;
    expect(decode(sent(frames().encode(make('stream', content))))).toMatchObject({ message: { content } });
  }
});

test('each message names the request that it belongs to, whatever was answered before', () => {
  const writer = frames();
  const parents = ['a', 'b'].map((msg_id) => ({ msg_id, msg_type: 'execute_request' }));
  for (const parent of [parents[0], parents[1], parents[1], undefined, parents[0]]) {
    expect(decode(sent(writer.encode(make('status', { execution_state: 'busy' }, parent))))).toMatchObject({ message: { parent: parent ?? {} } });
  }
});

test('what is said to be constant is printed as it was then, all else as it is now', () => {
  const [fixed, changing] = [constant({ state: ['busy'] }), { state: ['busy'] }];
  expect([fixed, changing].map(stringify)).toEqual(['{"state":["busy"]}', '{"state":["busy"]}']);
  changing.state.push('idle');
  expect([fixed, changing].map(stringify)).toEqual(['{"state":["busy"]}', '{"state":["busy","idle"]}']);
});

test('any message comes back as it was sent', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).filter((frame) => Buffer.from(frame).toString() !== '<IDS|MSG>');
  const json = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue());
  fc.assert(
    fc.property(fc.array(bytes), json, json, json, fc.array(fc.uint8Array()), (identities, parent, metadata, content, buffers) => {
      const plain = JSON.parse(JSON.stringify({ parent, metadata, content }));
      const message = { header: { msg_id: 'x', msg_type: 'y' }, ...plain } as Outgoing;
      const decoded = decode([...identities, ...sent(frames().encode(message)), ...buffers]);
      expect(decoded).toEqual({ identities, message: { ...message, buffers } });
    }),
  );
});

const valid = signedFrames(key, [header, '{}', '{}', '{}']);

test('every truncation is refused', () => {
  expect(decode(valid)).not.toHaveProperty('refused');
  for (let length = 0; length < valid.length; length++) expect(decode(valid.slice(0, length))).toHaveProperty('refused');
  for (let first = 1; first < valid.length; first++) expect(decode(valid.slice(first))).toHaveProperty('refused');
});

test('every flipped bit is refused, and every byte too few', () => {
  valid.forEach((frame, index) => {
    const replaced = (by: Uint8Array) => decode(valid.map((old, at) => (at === index ? by : old)));
    for (let byte = 0; byte < frame.length; byte++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Uint8Array.from(frame);
        changed[byte] = (changed[byte] ?? 0) ^ (1 << bit);
        expect(replaced(changed)).toHaveProperty('refused');
      }
    }
    expect(replaced(frame.slice(1))).toHaveProperty('refused');
  });
});

test.for([
  ['nothing at all', []],
  ['no signature where there is a key', [...valid.slice(0, 1), Buffer.alloc(0), ...valid.slice(2)]],
  ['a signature in capitals', [...valid.slice(0, 1), Buffer.from(String(valid[1]).toUpperCase()), ...valid.slice(2)]],
  ['a header that is no JSON', signedFrames(key, ['{', '{}', '{}', '{}'])],
  ['a header without msg_id', signedFrames(key, ['{"msg_type":"a"}', '{}', '{}', '{}'])],
  ['a header whose msg_type is a number', signedFrames(key, ['{"msg_id":"a","msg_type":1}', '{}', '{}', '{}'])],
  ['a content that is a list', signedFrames(key, [header, '{}', '{}', '[]'])],
  ['NaN, which is no JSON', signedFrames(key, [header, '{}', '{}', '{"a":NaN}'])],
  ['a content that is no UTF-8', signedFrames(key, [header, '{}', '{}', Buffer.from('7b2261223a22ff227d', 'hex')])],
] as const)('%s is refused', ([, bytes]) => {
  expect(decode(bytes as Uint8Array[])).toHaveProperty('refused');
});

test('null stands for an empty object', () => {
  expect(decode(signedFrames(key, [header, 'null', 'null', 'null']))).toMatchObject({ message: { parent: {}, metadata: {}, content: {} } });
});

test('a message is taken once: its copy is refused', () => {
  const receiver = frames();
  expect(receiver.decode(valid)).not.toHaveProperty('refused');
  expect(receiver.decode(valid)).toEqual({ refused: 'a signature seen before' });
});

test('signatures are remembered in bounded number, the latest ones', () => {
  const receiver = frames();
  const message = (index: number) => signedFrames(key, [`{"msg_id":"${index}","msg_type":"x"}`, '{}', '{}', '{}']);
  const count = 65_536 + 10;
  for (let index = 0; index < count; index++) receiver.decode(message(index));
  expect(receiver.decode(message(count - 1))).toHaveProperty('refused');
  expect(receiver.decode(message(20))).toHaveProperty('refused');
  expect(receiver.decode(message(0))).not.toHaveProperty('refused');
});

test('without a key nothing is signed or verified, and a message may come twice', () => {
  const open = frames({ key: '' });
  const written = open.encode(make('status', { execution_state: 'idle' }));
  expect(String(written[1])).toBe('');
  for (let times = 0; times < 2; times++) expect(open.decode(signedFrames('', [header, '{}', '{}', '{}']))).not.toHaveProperty('refused');
});

test.for([
  [9_223_372_036_854_775_807n, '9223372036854775807'],
  [-9_223_372_036_854_775_808n, '-9223372036854775808'],
  [[1n, { a: 2n ** 70n }], '[1,{"a":1180591620717411303424}]'],
  [{ text: '12n "34"', big: 5n, nothing: Number.NaN }, '{"text":"12n \\"34\\"","big":5,"nothing":null}'],
] as const)('an exact integer keeps its digits: %s', ([value, text]) => {
  const written = sent(frames().encode(make('display_data', { data: { 'application/json': value }, metadata: {} })));
  expect(readFrames(key, written).parts[3]).toBe(`{"data":{"application/json":${text}},"metadata":{}}`);
});
