// The Node that the measured programs run on.
import { chmod, copyFile, mkdir, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { root } from '../setup.mjs';

/**
 * A copy of the Node that runs this. Processes of one program share the pages of its file, and each is counted with its part of them: beside the
 * bench and its servers a kernel would seem to take 20 MiB less than it takes alone.
 * @returns {Promise<string>} its path
 */
export async function copyOfNode() {
  const directory = join(root, '.cache', 'bench', `node-${process.versions.node}`);
  const path = join(directory, basename(process.execPath));
  const [original, copy] = await Promise.all([stat(process.execPath), stat(path).catch(() => undefined)]);
  if (copy?.size === original.size) return path;
  await mkdir(directory, { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await copyFile(process.execPath, temporary);
  await chmod(temporary, 0o755);
  await rename(temporary, path);
  return path;
}
