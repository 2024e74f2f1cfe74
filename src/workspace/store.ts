import { access, readFile, rename } from 'node:fs/promises';
import { isDefinition } from './cluster-definition.ts';
import type { ClusterDefinition } from './cluster-definition.ts';
import { isStoredLibraries } from './libraries/libraries.ts';
import type { StoredLibraries } from './libraries/libraries.ts';
import { replaceFile } from './state-file.ts';

/** What survives a restart of the workspace. */
export interface StoredWorkspace {
  readonly clusters: readonly ClusterDefinition[];
  readonly libraries?: StoredLibraries | undefined;
}

/** The file that holds it, for its owner only: Spark settings may be secrets. */
export class Store {
  readonly #file: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** What was saved last. A file that is none of ours is set aside, and the log says so: a workspace without it is better than none. */
  async load(log: (text: string) => void): Promise<StoredWorkspace | undefined> {
    // Not in the words of what reads it, which may quote it: settings of Spark may be secrets.
    let reason = 'it is no file of a workspace';
    try {
      const value: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      if (isStored(value)) return value;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      reason = code ?? reason;
    }
    const aside = await freeName(`${this.#file}.broken`);
    const end = await rename(this.#file, aside).then(
      () => `it was renamed to ${aside}`,
      (error: unknown) => `it cannot be renamed: ${String(error)}`,
    );
    log(`${this.#file} cannot be read (${reason}), and its clusters and libraries are forgotten; ${end}`);
    return undefined;
  }

  /** Replaces the file in one step, each save after the one before; resolves when it is done. */
  save(stored: StoredWorkspace): Promise<void> {
    const written = this.#writing.then(() => replaceFile(this.#file, stored));
    // A failure is told to whoever saved; the next one tries again.
    this.#writing = written.catch(() => undefined);
    return written;
  }
}

/** Beside those that were set aside before: each may be all that is left of somebody's work. */
async function freeName(file: string): Promise<string> {
  for (let count = 1; ; count++) {
    const name = count === 1 ? file : `${file}-${count}`;
    if (!(await access(name).then(() => true, () => false))) return name;
  }
}

function isStored(value: unknown): value is StoredWorkspace {
  if (typeof value !== 'object' || value === null) return false;
  const { clusters, libraries } = value as { clusters?: unknown; libraries?: unknown };
  return Array.isArray(clusters) && clusters.every(isDefinition) && (libraries === undefined || isStoredLibraries(libraries));
}
