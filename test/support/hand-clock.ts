import type { Clock } from '../../src/lib/time.ts';

/** A clock that stands still until it is told how much time has passed. */
export class HandClock implements Clock {
  #now = 0;
  #slept: () => void = () => {};
  readonly #sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper = { until: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      this.#slept();
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        resolve();
      }, { once: true });
    });
  }

  /** Resolves when somebody sleeps; then lets the time pass until all who sleep now are awake. */
  async pass(): Promise<void> {
    if (this.#sleepers.size === 0) await new Promise<void>((resolve) => (this.#slept = resolve));
    this.advance(Math.max(...[...this.#sleepers].map(({ until }) => until - this.#now)));
  }

  /** Lets `ms` milliseconds pass and wakes whoever slept until then. */
  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
