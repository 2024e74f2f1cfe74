import { setImmediate as nextTurn } from 'node:timers/promises';

/** A message has this much work beside its bytes. */
export const messageOverhead = 1024;
const bytesATurn = 1024 * 1024;

/**
 * Shares the event loop. zeromq.js sends and receives at once where it can, so that a loop over messages may never let go of it:
 * nothing else would be served meanwhile, and no memory of what was sent or received be freed, which happens between turns.
 */
export class Turns {
  #bytes = 0;

  /** Waits for the next turn where enough has been done in this one. */
  async after(bytes: number): Promise<void> {
    this.#bytes += bytes + messageOverhead;
    if (this.#bytes <= bytesATurn) return;
    this.#bytes = 0;
    await nextTurn();
  }
}
