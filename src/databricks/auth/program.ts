import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import type { JsonObject } from '../../lib/json.ts';
import { pathsOf, type Machine } from '../../lib/paths.ts';
import { isObject, parseJson } from '../json.ts';

/** A program waits for a browser or a disk; but whoever waits for it waits for a cell. */
const limitMs = 30_000;

/** How a program ended. */
export type ProgramEnd =
  | { readonly ended: 'well'; readonly stdout: string }
  /** `words` are its own, without what looks like a token. */
  | { readonly ended: 'badly'; readonly words: string };

/** How long a program may take. */
export interface ProgramLimits {
  /** It is killed when this aborts while it runs; then the signal's reason is thrown. One that begins later is not: it may be needed to tidy up. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, after which it is killed. */
  readonly limit?: number;
}

/** Runs a program to its end, never through a shell. Its output may be a token: it is in no error and in no log. */
export function runProgram(program: string, args: readonly string[], { env }: Machine, { signal, limit = limitMs }: ProgramLimits = {}): Promise<ProgramEnd> {
  const giveUp = signal?.aborted ? undefined : signal;
  return new Promise((resolve, reject) => {
    // A program may ignore every other signal.
    const options = { env, timeout: limit, killSignal: 'SIGKILL', windowsHide: true, maxBuffer: 10 * 1024 * 1024, ...(giveUp && { signal: giveUp }) } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (giveUp?.aborted) return reject(giveUp.reason);
      if (error === null) return resolve({ ended: 'well', stdout });
      if (error.killed) return resolve({ ended: 'badly', words: `it did not end within ${limit / 1000} s` });
      const words = maskTokens(stderr).replace(/\s+/g, ' ').trim().replace(/^Error:\s*/i, '').replace(/\.$/, '').slice(0, 500);
      resolve({ ended: 'badly', words: words || `it ended with ${error.code ?? error.signal ?? 'an error'}` });
    });
    // What asks on its input is told that nobody answers.
    child.stdin?.on('error', () => undefined).end();
  });
}

/** What a program printed, as a JSON object; empty for anything else. */
export function printedObject(stdout: string): JsonObject {
  try {
    const printed = parseJson(stdout);
    return isObject(printed) ? printed : {};
  } catch {
    return {};
  }
}

/** What looks like a token: those of the vendor begin with `dapi` or `dose`, those of OAuth are JSON Web Tokens; the rest are long. */
export function maskTokens(text: string): string {
  return text.replace(/\b(?:eyJ[\w-]+(?:\.[\w-]*){1,4}|(?:dapi|dose|dkea)[\w-]+|[\w+/=-]{64,})/g, '***');
}

/** The files on the `PATH` that have one of `names`, in its order. */
export async function programsOnPath(names: readonly string[], machine: Machine): Promise<readonly string[]> {
  const { join, delimiter } = pathsOf(machine);
  const path = machine.env['PATH'] ?? machine.env['Path'] ?? '';
  const paths = path.split(delimiter).filter((directory) => directory !== '').flatMap((directory) => names.map((name) => join(directory, name)));
  const found: string[] = [];
  for (const each of paths) if (await isFile(each)) found.push(each);
  return found;
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then((entry) => entry.isFile(), () => false);
}

/** Whether a small file holds `marker`; what cannot be read does not. */
export async function smallFileHolds(path: string, marker: string, limitBytes: number): Promise<boolean> {
  try {
    return (await stat(path)).size < limitBytes && (await readFile(path)).includes(marker);
  } catch {
    return false;
  }
}
