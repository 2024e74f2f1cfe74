import type { Clock } from '../../src/lib/time.ts';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  #slept: () => void = () => {};

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.wake !== wake);
        resolve();
      };
      this.#sleepers.push({ at: this.#now + ms, wake });
      this.#slept();
      signal?.addEventListener('abort', wake);
    });
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Waits until somebody sleeps. */
  async asleep(): Promise<void> {
    if (this.#sleepers.length === 0) await new Promise<void>((resolve) => (this.#slept = resolve));
  }

  /** Waits until somebody sleeps; then moves on until all who sleep now are awake. */
  async pass(): Promise<void> {
    await this.asleep();
    await this.advance(Math.max(...this.#sleepers.map(({ at }) => at - this.#now)));
  }

  /** Moves on, waking sleepers in their order; each has run to its next sleep when the next one wakes. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = this.#sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#now = next.at;
      next.wake();
      await settled();
    }
    this.#now = end;
  }
}

/** Everything that can go on without time passing has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
