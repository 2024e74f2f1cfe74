import type { Clock } from '../lib/time.ts';
import type { Signals } from './exchange.ts';

/** Interrupts within this time of the first are the same interrupt: people press the button twice, and front ends send it again. */
const sameInterruptMs = 3000;

export const stillCancelling = 'still cancelling; interrupt again to give up the context and its variables\n';

type State =
  | { readonly is: 'running' }
  | { readonly is: 'interrupted' }
  /** The user has been told what the next interrupt costs. */
  | { readonly is: 'warned' }
  | { readonly is: 'killed' };

/** How far one request has been interrupted: asked to stop, warned, given up. */
export class Interruption implements Signals {
  readonly #clock: Clock;
  readonly #warn: (text: string) => void;
  readonly #interrupted = new AbortController();
  readonly #killed = new AbortController();
  readonly #over = new AbortController();
  #state: State = { is: 'running' };

  constructor(clock: Clock, warn: (text: string) => void) {
    this.#clock = clock;
    this.#warn = warn;
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
        this.#state = { is: 'interrupted' };
        this.#interrupted.abort();
        void this.#warnLater();
        return;
      case 'interrupted':
        return;
      case 'warned':
        this.kill();
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

  /** The request has ended: there is nothing left to warn of. */
  end(): void {
    this.#over.abort();
  }

  async #warnLater(): Promise<void> {
    await this.#clock.sleep(sameInterruptMs, AbortSignal.any([this.#over.signal, this.#killed.signal]));
    if (this.#over.signal.aborted || this.#state.is !== 'interrupted') return;
    this.#state = { is: 'warned' };
    this.#warn(stillCancelling);
  }
}
