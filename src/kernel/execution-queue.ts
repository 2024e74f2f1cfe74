import type { Clock } from '../lib/time.ts';
import type { Signals } from './exchange.ts';
import { Interruption } from './interruption.ts';

/** A request that waits for its turn. None of its methods may throw or reject. */
export interface Task {
  /** Whether a failed cell takes this one along; only cells are ever refused, a question is always answered. */
  readonly stoppable: boolean;
  /** Resolves with `stop` when the cells that are queued behind it must not run. */
  run(signals: Signals): Promise<'next' | 'stop'>;
  /** Answers without running. */
  refuse(): Promise<unknown>;
}

/**
 * The requests of the shell channel, one at a time and in the order of their arrival.
 *
 * Questions (completion, `kernel_info`, …) wait for the running cell as ipykernel's do: each publishes an `idle` of its own,
 * and front ends would take that for the end of the cell.
 */
export class ExecutionQueue {
  readonly #clock: Clock;
  readonly #waiting: { readonly task: Task; refused: boolean }[] = [];
  #running: Interruption | undefined;
  #ended: Promise<void> = Promise.resolve();
  #busy = false;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  push(task: Task): void {
    if (this.#closed) return;
    this.#waiting.push({ task, refused: false });
    if (!this.#busy) this.#ended = this.#work();
  }

  /** Interrupts what runs now; harmless when nothing does. What is queued goes on unless the interrupted cell stops it. */
  interrupt(): void {
    this.#running?.interrupt();
  }

  /** Kills what runs, forgets what waits, takes nothing more. Resolves when what ran has ended. */
  close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#running?.kill();
    return this.#ended;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const { task, refused } = next;
      if (refused) {
        await task.refuse();
        continue;
      }
      this.#running = new Interruption(this.#clock);
      const after = await task.run(this.#running);
      this.#running = undefined;
      if (after === 'stop') for (const waiting of this.#waiting) waiting.refused = waiting.task.stoppable;
    }
    this.#busy = false;
  }
}
