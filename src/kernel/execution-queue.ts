import type { Clock } from '../lib/time.ts';
import type { Signals } from './exchange.ts';
import { Interruption } from './interruption.ts';

/** A request that waits for its turn. None of its methods may throw or reject. */
export interface Task {
  /** Whether a failed cell takes this one along; only cells are ever refused, a question is always answered. */
  readonly stoppable: boolean;
  /** About what it costs to keep it, in bytes. */
  readonly size: number;
  /** Resolves with `stop` when the cells that are queued behind it must not run. */
  run(signals: Signals): Promise<'next' | 'stop'>;
  /** Answers without running. */
  refuse(): Promise<unknown>;
}

/** What may wait: three cells of 10 MB, or more than ten thousand ordinary ones. */
const maxWaitingBytes = 32 * 1024 * 1024;
/** What a task costs beside its size. */
const taskOverhead = 2048;

/**
 * The requests of the shell channel, one at a time and in the order of their arrival.
 *
 * Questions (completion, `kernel_info`, …) wait for the running cell as ipykernel's do: each publishes an `idle` of its own,
 * and front ends would take that for the end of the cell.
 */
export class ExecutionQueue {
  readonly #clock: Clock;
  readonly #pause: () => Promise<void> | undefined;
  readonly #waiting: { readonly task: Task; refused: boolean }[] = [];
  #running: Interruption | undefined;
  #ended: Promise<void> = Promise.resolve();
  #busy = false;
  #waitingBytes = 0;
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #closed = false;

  /** @param pause What it gives is waited for after each task, so that none begins while what the last one said cannot leave. Must not reject. */
  constructor(clock: Clock, pause: () => Promise<void> | undefined) {
    this.#clock = clock;
    this.#pause = pause;
  }

  push(task: Task): void {
    if (this.#closed) return;
    this.#waiting.push({ task, refused: false });
    this.#waitingBytes += task.size + taskOverhead;
    if (!this.#busy) this.#ended = this.#work();
  }

  /** A promise of the time when the tasks that wait take less memory than may be used for them; as a rule, that is now. */
  room(): Promise<void> | undefined {
    if (this.#waitingBytes <= maxWaitingBytes || this.#closed) return undefined;
    this.#room ??= pending();
    return this.#room.promise;
  }

  /** Interrupts what runs now; harmless when nothing does. What is queued goes on unless the interrupted cell stops it. */
  interrupt(): void {
    this.#running?.interrupt();
  }

  /** Kills what runs, forgets what waits, takes nothing more. Resolves when what ran has ended. */
  close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#room?.resolve();
    this.#running?.kill();
    return this.#ended;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#next(); next; next = this.#next()) {
      await this.#take(next);
      const pause = this.#pause();
      if (pause) await pause;
    }
    this.#busy = false;
  }

  async #take({ task, refused }: { readonly task: Task; readonly refused: boolean }): Promise<void> {
    if (refused) {
      await task.refuse();
      return;
    }
    using running = new Interruption(this.#clock);
    this.#running = running;
    const after = await task.run(running);
    this.#running = undefined;
    if (after === 'stop') for (const waiting of this.#waiting) waiting.refused = waiting.task.stoppable;
  }

  #next() {
    const next = this.#waiting.shift();
    if (next) this.#waitingBytes -= next.task.size + taskOverhead;
    if (this.#room && this.#waitingBytes <= maxWaitingBytes) {
      this.#room.resolve();
      this.#room = undefined;
    }
    return next;
  }
}

function pending() {
  let resolve = () => {};
  const promise = new Promise<void>((resolved) => (resolve = resolved));
  return { promise, resolve };
}
