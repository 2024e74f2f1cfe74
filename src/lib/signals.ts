import { getEventListeners } from 'node:events';

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

/** Signals that nobody needs any more and that have not aborted. */
const unused: AbortController[] = [];

/** See `follow`. */
export class Following implements Disposable {
  readonly #signals: readonly AbortSignal[];
  readonly #controller = unused.pop() ?? new AbortController();
  readonly #abort = (): void => this.#controller.abort();
  #over = false;

  constructor(signals: readonly AbortSignal[]) {
    this.#signals = signals;
    for (const signal of signals) {
      if (signal.aborted) this.#abort();
      else signal.addEventListener('abort', this.#abort);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    if (!this.#over) this.#abort();
  }

  [Symbol.dispose](): void {
    if (this.#over) return;
    this.#over = true;
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#abort);
    const { signal } = this.#controller;
    if (!signal.aborted && getEventListeners(signal, 'abort').length === 0) unused.push(this.#controller);
  }
}

/**
 * A signal that aborts with the first of several others, or when it is told to, until it is disposed of. `AbortSignal.any` does it without an
 * end: a signal that outlives the others keeps something of each (Node 20).
 *
 * Signals are used again, unless they have aborted or somebody still listens: each new one is to V8 an object of another kind, so that a cell
 * with four of its own takes a tenth of a millisecond longer (Node 20).
 */
export function follow(...signals: readonly AbortSignal[]): Following {
  return new Following(signals);
}

/** Interrupts within this time of the first are the same interrupt: people press the button twice, and front ends send it again. Milliseconds. */
export const sameInterruptMs = 3000;
