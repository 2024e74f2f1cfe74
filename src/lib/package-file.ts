import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../../package.json' with { type: 'json' };

/** The version of this program. */
export const packageVersion: string = manifest.version;

/** The directory that holds package.json: the clone, or the installed package. The same whether this runs bundled or from source. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The absolute path of a file that the package carries as it is: `.py`, `.scala`, templates, logos, and what the build wrote into `dist`. */
export function packageFile(...path: readonly string[]): string {
  return join(packageRoot, ...path);
}

function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('No package.json above this program: it was copied without its package.');
  return findRoot(parent);
}
