import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SendQueue, type MessageFrames, type Sender } from '../../../src/wire/send-queue.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A socket that, as zeromq.js does, throws when a message is sent before the last one has left, or after its end. */
class OneAtATime implements Sender {
  closed = false;
  readonly sent: string[] = [];
  #busy = false;

  async send(frames: MessageFrames): Promise<void> {
    if (this.closed) throw new Error('ENOTSOCK');
    if (this.#busy) throw new Error('EBUSY');
    this.#busy = true;
    await nextTurn();
    this.#busy = false;
    if (frames[0] === 'bad') throw new Error('bad');
    this.sent.push(String(frames[0]));
  }
}

/** A socket to peers by name, each with room for so many messages. */
class Peers implements Sender {
  closed = false;
  readonly sent: string[] = [];
  readonly #room: Map<string, number>;

  constructor(room: Readonly<Record<string, number>>) {
    this.#room = new Map(Object.entries(room));
  }

  /** The peer reads. */
  makeRoom(peer: string, messages: number): void {
    this.#room.set(peer, messages);
  }

  peerOf([peer]: MessageFrames): string {
    return String(peer);
  }

  async send(frames: MessageFrames): Promise<void> {
    const room = this.#room.get(this.peerOf(frames));
    if (!room) throw Object.assign(new Error('no'), { code: room === undefined ? 'EHOSTUNREACH' : 'EAGAIN' });
    this.#room.set(this.peerOf(frames), room - 1);
    this.sent.push(frames.join(' '));
  }
}

/** A socket that sends to all subscribers or to none; one that did not take a message in `sendToReaders` is left out until it reads. */
class Subscribers implements Sender {
  closed = false;
  readonly got: Readonly<Record<string, string[]>>;
  readonly #room: Record<string, number>;
  readonly #leftOut = new Set<string>();

  constructor(room: Readonly<Record<string, number>>) {
    this.#room = { ...room };
    this.got = Object.fromEntries(Object.keys(room).map((name) => [name, []]));
  }

  makeRoom(name: string, messages: number): void {
    this.#room[name] = messages;
    this.#leftOut.delete(name);
  }

  async send([text]: MessageFrames): Promise<void> {
    const readers = Object.keys(this.#room).filter((name) => !this.#leftOut.has(name));
    if (readers.some((name) => this.#room[name] === 0)) throw Object.assign(new Error('no'), { code: 'EAGAIN' });
    for (const name of readers) this.#give(name, String(text));
  }

  async sendToReaders([text]: MessageFrames): Promise<void> {
    for (const [name, room] of Object.entries(this.#room)) {
      if (room === 0) this.#leftOut.add(name);
      else this.#give(name, String(text));
    }
  }

  #give(name: string, text: string): void {
    this.#room[name] = (this.#room[name] ?? 0) - 1;
    this.got[name]?.push(text);
  }
}

/** Lets time pass until all has been sent or given up, and says how much. */
async function timeToDrain(queue: SendQueue, clock: ManualClock): Promise<number> {
  const began = clock.now();
  let over = false;
  void queue.drained().then(() => (over = true));
  for (;;) {
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    if (over) return clock.now() - began;
    await clock.pass();
  }
}

const enough = Number.MAX_SAFE_INTEGER;

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

test('what is given for a closed socket is forgotten', async () => {
  const socket = new OneAtATime();
  socket.closed = true;
  const queue = new SendQueue(socket);
  for (const name of ['a', 'b']) queue.send([name]);
  await queue.drained();
  expect(socket.sent).toEqual([]);
  expect(queue.backlog).toBe(0);
});

test.for(['EAGAIN', 'EHOSTUNREACH'])('a message that was refused with %s by what the socket knew is sent when it has looked, at once', async (code) => {
  const clock = new ManualClock();
  const calls: string[] = [];
  let hasLooked = false;
  const queue = new SendQueue({
    closed: false,
    async send([text]) {
      calls.push(`send ${text}`);
      if (!hasLooked) throw Object.assign(new Error('no'), { code });
    },
    lookForRoom() {
      calls.push('look');
      hasLooked = true;
    },
  }, clock);
  queue.send(['a']);
  queue.send(['b']);
  await queue.drained();
  expect(calls).toEqual(['send a', 'look', 'send a', 'send b']);
  expect(clock.now()).toBe(0);
});

test('the backlog is what has not left yet', async () => {
  const socket = new OneAtATime();
  const queue = new SendQueue(socket);
  expect(queue.backlog).toBe(0);
  for (let index = 0; index < 10; index++) queue.send(['x'.repeat(1_000_000)]);
  expect(queue.backlog).toBeGreaterThan(10_000_000);
  await queue.drained();
  expect(queue.backlog).toBe(0);
});

test('others get their turn while a lot is sent to a socket that takes everything at once', async () => {
  const peers = new Peers({ a: enough });
  const queue = new SendQueue(peers);
  for (let index = 0; index < 5000; index++) queue.send(['a', 'x'.repeat(1000)]);
  await nextTurn();
  expect(peers.sent.length).toBeLessThan(5000);
  await queue.drained();
  expect(peers.sent).toHaveLength(5000);
});

test('a slow peer is waited for, as long as it reads at all, and misses nothing', async () => {
  const clock = new ManualClock();
  const subscribers = new Subscribers({ slow: 1, fast: enough });
  const queue = new SendQueue(subscribers, clock);
  const texts = Array.from({ length: 20 }, (_, index) => String(index));
  for (const text of texts) queue.send([text]);
  for (let reads = 0; reads < 10; reads++) {
    await clock.advance(4000);
    subscribers.makeRoom('slow', 2);
  }
  await timeToDrain(queue, clock);
  expect(subscribers.got).toEqual({ slow: texts, fast: texts });
});

test('a subscriber that stops reading holds the others up once, for some seconds, and they miss nothing', async () => {
  const clock = new ManualClock();
  const subscribers = new Subscribers({ stopped: 3, reading: enough });
  const queue = new SendQueue(subscribers, clock);
  const texts = Array.from({ length: 100 }, (_, index) => String(index));
  for (const text of texts) queue.send([text]);
  const waited = await timeToDrain(queue, clock);
  expect(subscribers.got).toEqual({ stopped: ['0', '1', '2'], reading: texts });
  expect(waited).toBeGreaterThanOrEqual(5000);
  expect(waited).toBeLessThan(7000);
  subscribers.makeRoom('stopped', enough);
  queue.send(['again']);
  expect(await timeToDrain(queue, clock)).toBe(0);
  expect(subscribers.got['stopped']?.at(-1)).toBe('again');
});

test('one client that does not read its replies holds the others up once; when it reads it is waited for again', async () => {
  const clock = new ManualClock();
  const peers = new Peers({ stopped: 1, reading: enough });
  const queue = new SendQueue(peers, clock);
  for (const number of ['1', '2', '3', '4']) for (const peer of ['stopped', 'reading']) queue.send([peer, number]);
  const waited = await timeToDrain(queue, clock);
  expect(peers.sent).toEqual(['stopped 1', 'reading 1', 'reading 2', 'reading 3', 'reading 4']);
  expect(waited).toBeLessThan(7000);
  peers.makeRoom('stopped', 1);
  for (const number of ['5', '6']) queue.send(['stopped', number]);
  await clock.advance(1000);
  peers.makeRoom('stopped', 1);
  await timeToDrain(queue, clock);
  expect(peers.sent.slice(-2)).toEqual(['stopped 5', 'stopped 6']);
});

test('a client that has gone is not waited for', async () => {
  const clock = new ManualClock();
  const peers = new Peers({ here: enough });
  const queue = new SendQueue(peers, clock);
  for (const peer of ['gone', 'here']) queue.send([peer, 'x']);
  expect(await timeToDrain(queue, clock)).toBe(0);
  expect(peers.sent).toEqual(['here x']);
});

test('a socket that is closed while a peer is waited for ends the wait', async () => {
  const clock = new ManualClock();
  const peers = new Peers({ stopped: 0 });
  const queue = new SendQueue(peers, clock);
  queue.send(['stopped', 'x']);
  await clock.asleep();
  peers.closed = true;
  expect(await timeToDrain(queue, clock)).toBeLessThan(1000);
});
