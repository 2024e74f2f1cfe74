import { follow } from './signals.ts';

/** The passing of time, so that what waits can be tested without waiting. All values are milliseconds. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`, or at once when `signal` aborts: a wait that is given up is not an error. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal?.addEventListener('abort', wake);
    }),
};

/** Resolves to `value`'s value, or to `undefined` when `ms` pass or `signal` aborts first; `value` itself goes on. */
export async function within<T>(
  ms: number,
  value: Promise<T>,
  signal?: AbortSignal,
  clock: Clock = systemClock,
): Promise<T | undefined> {
  using over = follow(...(signal ? [signal] : []));
  try {
    return await Promise.race([value, clock.sleep(ms, over.signal).then(() => undefined)]);
  } finally {
    over.abort();
  }
}
