import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** As many bytes as a path may almost have. */
const longPath = join(...Array.from({ length: 15 }, () => 'x'.repeat(200)));

/** Puts a directory into `parent` that nobody can remove, root neither: the paths in it are too long for the system. Disposal removes it. */
export async function unremovable(parent: string): Promise<AsyncDisposable & { readonly name: string }> {
  const name = 'too-deep';
  const below = join(parent, name, longPath);
  const apart = `${parent}-apart`;
  await mkdir(below, { recursive: true });
  await mkdir(join(apart, longPath), { recursive: true });
  await rename(apart, join(below, 'y'));
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await rename(join(below, 'y'), apart);
      for (const directory of [join(parent, name), apart]) await rm(directory, { recursive: true });
    },
  };
}
