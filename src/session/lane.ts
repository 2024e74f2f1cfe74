import { unlessAborted } from '../lib/signals.ts';

/** First come, first served, one at a time. */
export class Lane {
  #last: Promise<void> = Promise.resolve();

  /** Resolves at one's turn with the function that ends it, or with `undefined` as soon as `giveUp` aborts. */
  async enter(giveUp: AbortSignal): Promise<(() => void) | undefined> {
    const before = this.#last;
    let leave = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#last = before.then(() => turn);
    await unlessAborted(before, giveUp);
    if (!giveUp.aborted) return leave;
    leave();
    return undefined;
  }
}
