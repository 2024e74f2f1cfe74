import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a cell tells that it runs: by a file, because nothing that it prints is seen before its end. Disposal removes the directory of the file. */
export interface CellSignal extends AsyncDisposable {
  readonly directory: string;
  /** Code that gives the signal; also on an executor. */
  readonly python: string;
  readonly scala: string;
  /** Resolves when the cell runs. */
  arrived(): Promise<unknown>;
}

export async function cellSignal(): Promise<CellSignal> {
  const directory = await mkdtemp(join(tmpdir(), 'cell-runs-'));
  const watcher = watch(directory);
  const runs = once(watcher, 'change');
  const file = JSON.stringify(join(directory, 'runs'));
  return {
    directory,
    python: `open(${file}, "w").close()`,
    scala: `new java.io.File(${file}).createNewFile()`,
    arrived: () => runs,
    async [Symbol.asyncDispose]() {
      watcher.close();
      await rm(directory, { recursive: true });
    },
  };
}
