import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock, type Clock } from '../lib/time.ts';

/** A message has this much work beside its bytes. */
export const messageOverhead = 1024;
const bytesATurn = 1024 * 1024;
const longestTurnMs = 5;
/** One request with its answers takes less, two take more. */
const bytesOfOne = 8 * 1024;

/**
 * Shares the event loop. zeromq.js sends and receives at once where it can, so that a loop over messages may never let go of it:
 * nothing else would be served meanwhile, and no memory of what was sent or received be freed, which happens between turns.
 */
export class Turns {
  readonly #clock: Pick<Clock, 'now'>;
  #bytes = 0;
  /** When this turn began; `undefined` when nothing has been done in it. */
  #since: number | undefined;

  constructor(clock: Pick<Clock, 'now'> = systemClock) {
    this.#clock = clock;
  }

  /** A promise of the next turn where more than one request has been served in this one: many answers that leave together cost less. */
  together(): Promise<void> | undefined {
    return this.#bytes > bytesOfOne ? nextTurn() : undefined;
  }

  /** A promise of the next turn where enough has been done in this one. */
  after(bytes: number): Promise<void> | undefined {
    if (this.#since === undefined) {
      this.#since = this.#clock.now();
      setImmediate(() => {
        this.#since = undefined;
        this.#bytes = 0;
      });
    }
    this.#bytes += bytes + messageOverhead;
    return this.#bytes > bytesATurn || this.#clock.now() - this.#since > longestTurnMs ? nextTurn() : undefined;
  }
}

/** Of this thread, which has one event loop. */
export const turns = new Turns();
