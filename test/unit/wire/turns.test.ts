import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from '../../../src/wire/turns.ts';

const kib = 1024;

/** Its time is set by hand: to let a waiting clock go on would let go of the event loop. */
class Hand {
  ms = 0;
  now = () => this.ms;
}

test.for<[what: string, done: (turns: Turns, clock: Hand) => void, waits: boolean]>([
  ['a little', (turns) => void turns.after(100), false],
  ['a thousand small messages', (turns) => { for (let index = 0; index < 1000; index++) void turns.after(100); }, true],
  ['one that is large', (turns) => void turns.after(2 * kib * kib), true],
  ['little in a long time', (turns, clock) => { void turns.after(1); clock.ms += 6; }, true],
])('after %s the event loop is let go of, or not', async ([, done, waits]) => {
  const clock = new Hand();
  const turns = new Turns(clock);
  done(turns, clock);
  expect(turns.after(0)).toEqual(waits ? expect.any(Promise) : undefined);
  await nextTurn();
  // A new turn: what was done in the last one does not count.
  expect(turns.after(0)).toBeUndefined();
});

test('time in which nothing was done is no part of a turn', async () => {
  const clock = new Hand();
  const turns = new Turns(clock);
  void turns.after(1);
  await nextTurn();
  clock.ms += 1000;
  expect(turns.after(1)).toBeUndefined();
});

test('what one request is answered leaves at once; what two are answered in one turn leaves together', async () => {
  const turns = new Turns();
  const request = () => { for (let message = 0; message < 4; message++) void turns.after(500); };
  request();
  expect(turns.together()).toBeUndefined();
  request();
  expect(turns.together()).toBeInstanceOf(Promise);
  await nextTurn();
  expect(turns.together()).toBeUndefined();
});
