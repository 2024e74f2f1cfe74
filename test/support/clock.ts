import type { Clock } from '../../src/lib/time.ts';

/** A clock on which every sleep is over at once, and time has passed. `slept` holds the sleeps, in milliseconds. */
export interface InstantClock extends Clock {
  readonly slept: readonly number[];
}

export function instantClock(): InstantClock {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    async sleep(ms, signal) {
      if (signal?.aborted) return;
      slept.push(ms);
      now += ms;
      // A turn of the event loop, so that a loop of sleeps lets signals and sockets through.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
