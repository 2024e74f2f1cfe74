/**
 * What comes of `value`, or `undefined` as soon as `signal` aborts, at once where it has. `value` goes on then, and what becomes of it is
 * nobody's news. No listener stays on the signal, which may outlive the wait by far.
 */
export function unlessAborted<T>(value: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => resolve(undefined);
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted);
    const over = (): void => signal.removeEventListener('abort', aborted);
    value.then(
      (come) => {
        over();
        resolve(come);
      },
      (failure: unknown) => {
        over();
        reject(failure as Error);
      },
    );
  });
}

/**
 * Aborts with the first of several signals, until it is disposed of. `AbortSignal.any` does it without an end: a signal that outlives the others
 * keeps something of each (Node 20).
 */
export function follow(...signals: readonly AbortSignal[]): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  }
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}

/** Interrupts within this time of the first are the same interrupt: people press the button twice, and front ends send it again. Milliseconds. */
export const sameInterruptMs = 3000;
