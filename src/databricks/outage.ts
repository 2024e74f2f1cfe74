import type { Client } from './client.ts';
import { retryDelay } from './retry.ts';

/** Between two failures that are further apart the machine was asleep, which is no time that anybody has waited. Milliseconds. */
const longestStepMs = 5 * 60_000;

/** The failures of one outage that are outlasted for equally long: how many they were, and for how many milliseconds was waited after them. */
interface Trouble {
  failures: number;
  waitedMs: number;
}

/** A row of failures of what is asked again and again, and for how long it has been outlasted by now. */
export class Outage {
  readonly #client: Pick<Client, 'clock' | 'chance'>;
  /**
   * By patience. Each kind pays for the waits after its own failures: one that is less easily forgiven not for the hours of another before
   * it, and none begins anew because others come between.
   */
  readonly #troubles = new Map<number, Trouble>();
  #last: Trouble | undefined;
  #failedAt = 0;

  constructor(client: Pick<Client, 'clock' | 'chance'>) {
    this.#client = client;
  }

  /** Milliseconds until the next attempt; `undefined` where failures that are outlasted for `patienceMs` would have been waited for longer. */
  next(failure: unknown, patienceMs: number): number | undefined {
    const now = this.#client.clock.now();
    if (this.#last !== undefined) this.#last.waitedMs += Math.min(now - this.#failedAt, longestStepMs);
    const trouble = this.#troubles.get(patienceMs) ?? { failures: 0, waitedMs: 0 };
    trouble.failures += 1;
    this.#troubles.set(patienceMs, trouble);
    this.#last = trouble;
    this.#failedAt = now;
    const delay = retryDelay(failure, trouble.failures, this.#client.chance);
    return trouble.waitedMs + delay <= patienceMs ? delay : undefined;
  }

  /** An answer came. */
  end(): void {
    this.#troubles.clear();
    this.#last = undefined;
  }
}
