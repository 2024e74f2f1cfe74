import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelLanguage } from '../../src/languages/info.ts';

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

/** Cells that define something, give the signal, and would then run for ten minutes; code that finds what they have defined, and what it shows. */
export const longCells: Readonly<Record<KernelLanguage, { readonly code: (signal: CellSignal) => string; readonly finds: readonly [code: string, shows: RegExp] }>> = {
  python: {
    code: ({ python }) => `kept = 7\n${python}\nimport time; time.sleep(600)`,
    finds: ['kept', /^execute_result: 7$/],
  },
  scala: {
    code: ({ scala }) => `val kept = 7; ${scala}; Thread.sleep(600000)`,
    finds: ['kept', /^execute_result: val res\d+: Int = 7$/],
  },
  // Nothing in SQL could give a signal.
  sql: {
    code: ({ python }) => `%python\nspark.range(7).createOrReplaceTempView("kept")\n${python}\nimport time; time.sleep(600)`,
    finds: ['select count(*) as n from kept', /^display_data: n\n-\n7$/],
  },
};
