import { mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What `install` put on this machine, so that `uninstall` finds it wherever it is, and takes away no more than that. */
export interface Record {
  /** Directories of kernelspecs. */
  readonly specs: readonly string[];
  /** Directories that did not exist before, each after the one it lies in. */
  readonly made: readonly string[];
}

/** The record kept in `home`; empty when there is none, or none that can be read. */
export async function readRecord(home: string): Promise<Record> {
  try {
    const { specs = [], made = [] } = JSON.parse(await readFile(recordFile(home), 'utf8')) as Partial<Record>;
    return { specs, made };
  } catch {
    return { specs: [], made: [] };
  }
}

/** Adds to the record in `home`, which is made where it is missing, for its owner alone: a token of the embedded workspace comes to lie there. */
export async function addToRecord(home: string, { specs, made }: Record): Promise<void> {
  const before = await readRecord(home);
  const after: Record = {
    specs: [...new Set([...before.specs, ...specs])],
    made: [...new Set([...before.made, ...made, ...(await makeDirectory(home, 0o700))])],
  };
  await write(home, after);
}

/** Takes kernelspecs off the record, and away every directory that was made and is empty again; the record goes with the last one. */
export async function removeFromRecord(home: string, removed: readonly string[]): Promise<void> {
  const { specs, made } = await readRecord(home);
  const left = specs.filter((directory) => !removed.includes(directory));
  if (left.length === 0) await rm(recordFile(home), { force: true });
  const stay: string[] = [];
  // Innermost first. One that others have used since is not empty, and stays.
  for (const directory of made.toReversed()) await rmdir(directory).catch(() => stay.unshift(directory));
  if (left.length > 0) await write(home, { specs: left, made: stay });
}

async function write(home: string, record: Record): Promise<void> {
  const file = recordFile(home);
  await writeFile(`${file}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/**
 * Makes a directory, with `mode`, and all above it; returns those that were missing, outermost first. Step by step, because the `recursive` of `mkdir`
 * never returns where a directory cannot be made for want of one that cannot exist (below /proc).
 */
export async function makeDirectory(directory: string, mode?: number): Promise<readonly string[]> {
  try {
    await mkdir(directory, mode);
    return [directory];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(directory)).isDirectory()) return [];
    if (code !== 'ENOENT' || dirname(directory) === directory) throw error;
    const above = await makeDirectory(dirname(directory));
    await mkdir(directory, mode);
    return [...above, directory];
  }
}

function recordFile(home: string): string {
  return join(home, 'kernelspecs.json');
}
