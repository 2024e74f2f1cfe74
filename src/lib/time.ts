import { setTimeout as delay } from 'node:timers/promises';

/** The passing of time, so that what waits can be tested without waiting. All values are milliseconds. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`, or at once when `signal` aborts: a wait that is given up is not an error. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  },
};

/** Resolves to `value`'s value, or to `undefined` when `ms` pass or `signal` aborts first; `value` itself goes on. */
export async function within<T>(
  ms: number,
  value: Promise<T>,
  signal?: AbortSignal,
  clock: Clock = systemClock,
): Promise<T | undefined> {
  const over = new AbortController();
  try {
    const ends = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    return await Promise.race([value, clock.sleep(ms, ends).then(() => undefined)]);
  } finally {
    over.abort();
  }
}
