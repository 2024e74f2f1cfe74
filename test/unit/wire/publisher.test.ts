import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { messageMaker, type Outgoing } from '../../../src/protocol/message.ts';
import { Publisher } from '../../../src/wire/publisher.ts';

const make = messageMaker('s');

/** A publisher, what it has sent so far, and how to publish a text. */
function started() {
  const sent: string[] = [];
  const publisher = new Publisher((message: Outgoing) => sent.push((message.content as { text: string }).text));
  return { sent, publisher, publish: (text: string) => publisher.publish(make('stream', { name: 'stdout', text })) };
}

test('what made a message goes on first, for two turns of the event loop', async () => {
  const { sent, publish } = started();
  publish('a');
  await nextTurn();
  publish('b');
  expect(sent).toEqual([]);
  await nextTurn();
  await nextTurn();
  expect(sent).toEqual(['a', 'b']);
});

test.for([
  ['a reply', 'kernel_info_reply', ['reply', 'before', 'idle']],
  ['the reply to a cell', 'execute_reply', ['before', 'reply', 'idle']],
] as const)('around %s, what was published leaves in the same turn, with what is published right behind it', async ([, type, order]) => {
  const { sent, publish, publisher } = started();
  publish('before');
  publisher.beforeReply(make(type, { status: 'ok' } as never));
  sent.push('reply');
  publish('idle');
  await Promise.resolve();
  expect(sent).toEqual(order);
  await nextTurn();
  await nextTurn();
  expect(sent).toEqual(order);
});

test('a message that cannot be sent costs none of the others', async () => {
  const sent: string[] = [];
  const publisher = new Publisher((message: Outgoing) => {
    if (message.header.msg_type === 'display_data') throw new RangeError('Invalid string length');
    sent.push(message.header.msg_type);
  });
  publisher.publish(make('status', { execution_state: 'busy' }));
  publisher.publish(make('display_data', { data: {}, metadata: {} }));
  publisher.publish(make('status', { execution_state: 'idle' }));
  publisher.flush();
  expect(sent).toEqual(['status', 'status']);
});

test('of many messages only the last few wait, and all keep their order', async () => {
  const { sent, publish } = started();
  const texts = Array.from({ length: 100 }, (_, index) => String(index));
  for (const text of texts) publish(text);
  expect(sent.length).toBeGreaterThan(80);
  await nextTurn();
  await nextTurn();
  await nextTurn();
  expect(sent).toEqual(texts);
});
