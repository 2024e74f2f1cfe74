import { sameInterruptMs } from '../lib/signals.ts';
import type { Clock } from '../lib/time.ts';
import type { Signals } from './exchange.ts';

type State =
  | { readonly is: 'running' }
  /** Since when, by the clock. */
  | { readonly is: 'interrupted'; readonly since: number }
  | { readonly is: 'killed' };

/** How far one request has been interrupted: asked to stop, then given up. */
export class Interruption implements Signals {
  readonly #clock: Clock;
  readonly #interrupted = new AbortController();
  readonly #killed = new AbortController();
  #state: State = { is: 'running' };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get interrupted(): AbortSignal {
    return this.#interrupted.signal;
  }

  get killed(): AbortSignal {
    return this.#killed.signal;
  }

  interrupt(): void {
    switch (this.#state.is) {
      case 'running':
        this.#state = { is: 'interrupted', since: this.#clock.now() };
        this.#interrupted.abort();
        return;
      case 'interrupted':
        if (this.#clock.now() - this.#state.since >= sameInterruptMs) this.kill();
        return;
      case 'killed':
        return;
      default:
        this.#state satisfies never;
    }
  }

  /** Gives up at once, whatever was tried before. */
  kill(): void {
    this.#state = { is: 'killed' };
    this.#interrupted.abort();
    this.#killed.abort();
  }
}
