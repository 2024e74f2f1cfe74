import type { Cell } from '../../src/kernel/interpreter.ts';
import type { Output } from '../../src/protocol/output.ts';

/** A running cell as the kernel gives it to an interpreter; what is published can be read from `outputs`. */
export class FakeCell implements Cell {
  readonly outputs: Output[] = [];
  readonly executionCount: number;
  readonly silent: boolean;
  readonly isNumbered: boolean;
  readonly interrupt = new AbortController();
  readonly kill = new AbortController();
  readonly interrupted = this.interrupt.signal;
  readonly killed = this.kill.signal;
  #arrived: (() => void) | undefined;

  constructor({ executionCount = 1, silent = false, isNumbered = true } = {}) {
    this.executionCount = executionCount;
    this.silent = silent;
    this.isNumbered = isNumbered && !silent;
  }

  emit(output: Output): void {
    this.outputs.push(output);
    this.#arrived?.();
  }

  /** Resolves when the cell has published so many outputs. */
  async published(count: number): Promise<void> {
    while (this.outputs.length < count) await new Promise<void>((resolve) => (this.#arrived = resolve));
  }

  input(): Promise<string> {
    return Promise.reject(new Error('no stdin in this cell'));
  }

  /** What a notebook would keep: outputs after clearing and updating, stream texts joined. */
  saved(): readonly unknown[] {
    let kept: Output[] = [];
    let clearNext = false;
    for (const output of this.outputs) {
      if (output.type === 'clear_output') {
        if (output.content.wait) clearNext = true;
        else kept = [];
        continue;
      }
      if (clearNext) kept = [];
      clearNext = false;
      if (output.type === 'update_display_data') {
        const id = output.content.transient.display_id;
        kept = kept.map((old) => (old.type === 'display_data' && old.content.transient?.display_id === id ? { ...output, type: 'display_data' } : old));
        continue;
      }
      kept.push(output);
    }
    return kept;
  }
}
