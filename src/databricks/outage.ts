import type { Client } from './client.ts';
import { retryDelay } from './retry.ts';

/** Between two failures that are further apart the machine was asleep, which is no time that anybody has waited. Milliseconds. */
const longestStepMs = 5 * 60_000;

/** A row of failures of what is asked again and again, and for how long it has been outlasted by now. */
export class Outage {
  readonly #client: Pick<Client, 'clock' | 'chance'>;
  #failures = 0;
  #failedAt = 0;
  #lastedMs = 0;
  #patienceMs = 0;

  constructor(client: Pick<Client, 'clock' | 'chance'>) {
    this.#client = client;
  }

  /** Milliseconds until the next attempt; `undefined` where it would be later than `patienceMs` after the first failure. */
  next(failure: unknown, patienceMs: number): number | undefined {
    const now = this.#client.clock.now();
    // A failure that is less easily forgiven is not to pay for the others before it: neither for how long nor for how many they were.
    if (patienceMs !== this.#patienceMs) this.#failures = 0;
    if (this.#failures === 0) this.#lastedMs = 0;
    else this.#lastedMs += Math.min(now - this.#failedAt, longestStepMs);
    this.#failures += 1;
    this.#failedAt = now;
    this.#patienceMs = patienceMs;
    const delay = retryDelay(failure, this.#failures, this.#client.chance);
    return this.#lastedMs + delay <= patienceMs ? delay : undefined;
  }

  /** An answer came. */
  end(): void {
    this.#failures = 0;
  }
}
