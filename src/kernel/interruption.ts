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
  // Most requests are answered at once, and nobody looks at either.
  #interrupted: AbortController | undefined;
  #killed: AbortController | undefined;
  #state: State = { is: 'running' };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get interrupted(): AbortSignal {
    return (this.#interrupted ??= made(this.#state.is !== 'running')).signal;
  }

  get killed(): AbortSignal {
    return (this.#killed ??= made(this.#state.is === 'killed')).signal;
  }

  interrupt(): void {
    switch (this.#state.is) {
      case 'running':
        this.#state = { is: 'interrupted', since: this.#clock.now() };
        this.#interrupted?.abort();
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
    this.#interrupted?.abort();
    this.#killed?.abort();
  }
}

function made(aborted: boolean): AbortController {
  const controller = new AbortController();
  if (aborted) controller.abort();
  return controller;
}
