import { follow, sameInterruptMs, type Following } from '../lib/signals.ts';
import type { Clock } from '../lib/time.ts';
import type { Signals } from './exchange.ts';

type State =
  | { readonly is: 'running' }
  /** Since when, by the clock. */
  | { readonly is: 'interrupted'; readonly since: number }
  | { readonly is: 'killed' };

/** How far one request has been interrupted: asked to stop, then given up. Disposed of when the request has been answered. */
export class Interruption implements Signals, Disposable {
  readonly #clock: Clock;
  // Most requests are answered at once, and nobody looks at either.
  #interrupted: Following | undefined;
  #killed: Following | undefined;
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

  [Symbol.dispose](): void {
    this.#interrupted?.[Symbol.dispose]();
    this.#killed?.[Symbol.dispose]();
  }
}

function made(aborted: boolean): Following {
  const made = follow();
  if (aborted) made.abort();
  return made;
}
