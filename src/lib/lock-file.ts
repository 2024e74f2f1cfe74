import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { isAlive } from './process-identity.ts';

/** A lock that this process holds. Its end releases it too: nothing has to be cleaned up after `kill -9`. */
export interface Lock {
  /** No other holder has it, earlier or later. */
  readonly number: number;
  /** Whether nobody has taken it from this process: one on another machine, or in another container, cannot see that it lives. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Takes the lock, or resolves to `undefined` when a living process holds it or is just taking it.
 *
 * The lock is a row of claims, `path.1`, `path.2`, …, each made by an exclusive hard link with its owner's identity inside; the newest
 * claim holds, as long as its owner lives. One file could not do it: between reading that the owner is dead and replacing the file,
 * another process may have replaced it already, and both would hold it.
 * @param owner identity of this process (`identify`)
 * @param after the number of claims (`claimCount`) when the reason to take the lock was seen: where another has held it since, even one
 * that has ended, that reason is gone
 */
export async function takeLock(path: string, owner: string, after?: number): Promise<Lock | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const newest = await newestClaim(path);
  if (newest !== undefined && (await isAlive(newest.owner))) return undefined;
  const count = newest?.number ?? 0;
  if (after !== undefined && count > after) return undefined;
  const number = count + 1;
  const claim = `${path}.${number}`;
  const draft = `${path}.draft-${randomUUID()}`;
  await writeFile(draft, owner, { mode: 0o600 });
  try {
    await link(draft, claim);
  } catch (error) {
    if (isCode(error, 'EEXIST') || isCode(error, 'ENOENT')) return undefined;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  // While this process looked, others may have claimed, died and been followed: then this claim came too late.
  if ((await newestClaim(path))?.number !== number) {
    await rm(claim, { force: true });
    return undefined;
  }
  await removeLeftovers(path, number);
  return { number, isHeld: async () => (await claimCount(path)) === number, release: () => release(claim) };
}

/** The identity of the living process that holds the lock. */
export async function lockHolder(path: string): Promise<string | undefined> {
  const newest = await newestClaim(path);
  return newest !== undefined && (await isAlive(newest.owner)) ? newest.owner : undefined;
}

/** How often the lock has been taken. */
export async function claimCount(path: string): Promise<number> {
  return (await newestClaim(path))?.number ?? 0;
}

/** Whether whoever held the lock last gave it back, rather than dying with it. */
export async function wasReleased(path: string): Promise<boolean> {
  return (await newestClaim(path))?.owner === '';
}

/** The claim stays, owned by nobody: were it removed, its number could be claimed by one who read the row long ago. */
async function release(claim: string): Promise<void> {
  const draft = `${claim}.draft`;
  await writeFile(draft, '', { mode: 0o600 });
  await rename(draft, claim);
}

async function newestClaim(path: string): Promise<{ readonly number: number; readonly owner: string } | undefined> {
  const numbers = (await namesBeside(path)).map((name) => Number(name)).filter((number) => Number.isSafeInteger(number) && number > 0);
  if (numbers.length === 0) return undefined;
  const number = Math.max(...numbers);
  try {
    return { number, owner: await readFile(`${path}.${number}`, 'utf8') };
  } catch (error) {
    // A newer claim has just removed it.
    if (isCode(error, 'ENOENT')) return newestClaim(path);
    throw error;
  }
}

/** What follows `path.` in the names of the files in its directory. */
async function namesBeside(path: string): Promise<readonly string[]> {
  const prefix = `${basename(path)}.`;
  try {
    return (await readdir(dirname(path))).filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Older claims and the drafts of processes that were killed; a living one whose draft goes has lost the race anyway. */
async function removeLeftovers(path: string, newest: number): Promise<void> {
  const names = (await namesBeside(path)).filter((name) => name !== String(newest) && !(Number(name) > newest));
  await Promise.all(names.map((name) => rm(join(dirname(path), `${basename(path)}.${name}`), { force: true })));
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
