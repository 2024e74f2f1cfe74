import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SendQueue } from '../../../src/wire/send-queue.ts';

/** A socket that, as zeromq.js does, throws when a message is sent before the last one has left. */
class OneAtATime {
  closed = false;
  readonly sent: string[] = [];
  #busy = false;

  async send(frames: (Uint8Array | string)[]): Promise<void> {
    if (this.#busy) throw new Error('EBUSY');
    this.#busy = true;
    await nextTurn();
    this.#busy = false;
    if (frames[0] === 'bad') throw new Error('bad');
    this.sent.push(String(frames[0]));
  }
}

test('messages leave one at a time in the order in which they were given, also those that come while others leave', async () => {
  const socket = new OneAtATime();
  const queue = new SendQueue(socket);
  for (const name of ['a', 'b', 'c']) queue.send([name]);
  await nextTurn();
  for (const name of ['d', 'e']) queue.send([name]);
  await queue.drained();
  expect(socket.sent).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a message that cannot be sent does not hold the next one up', async () => {
  const socket = new OneAtATime();
  const queue = new SendQueue(socket);
  for (const name of ['a', 'bad', 'b']) queue.send([name]);
  await queue.drained();
  expect(socket.sent).toEqual(['a', 'b']);
});

test('nothing is sent on a closed socket, and nobody is told', async () => {
  const socket = new OneAtATime();
  socket.closed = true;
  const queue = new SendQueue(socket);
  queue.send(['a']);
  await queue.drained();
  expect(socket.sent).toEqual([]);
});
