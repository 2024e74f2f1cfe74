import { open, rename } from 'node:fs/promises';

/** A log longer than this (bytes) is set aside before somebody else begins to write to it. */
const maxLogBytes = 5_000_000;

/** Makes the log a file that only its owner reads, and renames a long one to `….old`; gives the length of what stands in it. */
export async function setAsideIfLong(log: string): Promise<number> {
  const file = await open(log, 'a', 0o600);
  await file.chmod(0o600);
  const { size } = await file.stat();
  await file.close();
  if (size < maxLogBytes) return size;
  await rename(log, `${log}.old`);
  return setAsideIfLong(log);
}
