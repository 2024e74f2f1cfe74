import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes a directory, if it is there. Never rejects: what cannot be removed stays, and `log` hears why. */
export async function removeDirectory(directory: string, log: (text: string) => void): Promise<void> {
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await remove().catch(async () => {
      // Cells work there: some unpack archives or build things whose directories forbid it.
      await makeRemovable(directory);
      await remove();
    });
  } catch (error) {
    log(`could not remove all of ${directory}: ${String(error)}`);
  }
}

/** Lets the owner do anything in the directory and those in it, as far as that can be. Links are not followed. */
async function makeRemovable(directory: string): Promise<void> {
  await chmod(directory, 0o700).catch(() => undefined);
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await makeRemovable(join(directory, entry.name));
}
