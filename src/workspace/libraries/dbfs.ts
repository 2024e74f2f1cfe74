import { realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { BadLibrary } from './library.ts';

/** A file of this machine behind a `dbfs:/` URI. */
export interface DbfsFile {
  /** Absolute, without links. */
  readonly path: string;
  readonly name: string;
  readonly isDirectory: boolean;
}

/**
 * The file that a library's URI names: `dbfs:/…`, or `/dbfs/…` as it is mounted on clusters.
 * @param root the directory behind `dbfs:/`; nothing outside is found, whether by `..` or by links
 * @throws BadLibrary with the reason
 */
export async function dbfsFile(uri: string, root: string): Promise<DbfsFile> {
  const path = pathOf(uri);
  const top = await realpath(root);
  const file = await realpath(join(top, path)).catch((error: NodeJS.ErrnoException) => {
    throw new BadLibrary(error.code === 'ENOENT' || error.code === 'ENOTDIR' ? `There is no file ${uri}` : `${uri} cannot be read: ${error.code}`);
  });
  if (!file.startsWith(top + sep)) throw new BadLibrary(`${uri} leads out of dbfs:/`);
  return { path: file, name: basename(path), isDirectory: (await stat(file)).isDirectory() };
}

function pathOf(uri: string): string {
  const [, path] = /^(?:dbfs:|\/dbfs(?=\/))(\/.*)$/s.exec(uri) ?? [];
  if (path !== undefined) return path;
  const [, scheme] = /^([a-z][a-z\d+.-]*):/i.exec(uri) ?? [];
  if (scheme === undefined) throw new BadLibrary(`${uri} names no file of dbfs:/`);
  if (/^s3[an]?$/i.test(scheme)) throw new BadLibrary(`${uri}: the embedded workspace reads nothing from S3. Copy the file to dbfs:/ and install it from there`);
  throw new BadLibrary(`The embedded workspace reads libraries from dbfs:/ only, not from ${scheme}:. Copy the file to dbfs:/ and install it from there`);
}
