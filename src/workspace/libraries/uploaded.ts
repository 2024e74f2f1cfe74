import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { illegalState } from '../api-error.ts';
import { BadLibrary, checkLibrary } from './library.ts';
import type { Library } from './library.ts';

export const libTypes = ['java-jar', 'python-egg', 'python-pypi'] as const;
export type LibType = (typeof libTypes)[number];

/** A library of API 1.2: uploaded once, attached to clusters since. */
export interface UploadedLibrary {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly libType: LibType;
  /** The same thing as Libraries API 2.0 names it. */
  readonly library: Library;
  /** Names in the directory of uploads. */
  readonly files: readonly string[];
  /** What is wrong with it, as far as could be seen when it came. */
  readonly problem?: string | undefined;
}

/** What came as `uri`: a file, which is moved from where it lies, or text. */
export type UploadSource = { readonly kind: 'file'; readonly path: string; readonly name: string } | { readonly kind: 'text'; readonly text: string };

/** Where real workspaces keep uploaded libraries, too. */
const uploads = '/FileStore/jars';

export type KeptUpload = Pick<UploadedLibrary, 'library' | 'files' | 'problem'>;

/** Makes a library of what was uploaded; a bad one too, whose problem is then told by its status. */
export async function keepUpload(libType: LibType, name: string, source: UploadSource, dbfsRoot: string): Promise<KeptUpload> {
  if (libType === 'python-pypi') {
    const text = source.kind === 'text' ? source.text : await startOf(source.path);
    return withProblem({ kind: 'pypi', package: nameIn(text) });
  }
  if (source.kind === 'text') {
    // The address of a file that is there already.
    const uri = nameIn(source.text);
    return withProblem({ kind: kindOf(libType, uri), uri });
  }
  const wanted = libType === 'java-jar' ? /\.jar$/ : /\.egg$|\.whl$|\.wheelhouse\.zip$/;
  const file = `${randomUUID().replaceAll('-', '_')}-${safeName(wanted.test(source.name) || !wanted.test(name) ? source.name : name)}`;
  const library: Library = { kind: kindOf(libType, file), uri: `dbfs:${uploads}/${file}` };
  const zip = await isZip(source.path);
  await move(source.path, join(await uploadsIn(dbfsRoot), file));
  return { ...withProblem(library, zip ? undefined : `${file} is no ${library.kind}: it is not a zip archive`), files: [file] };
}

/** Also to another file system, as `dbfs:/` may be one; nothing is left there of half a copy. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    try {
      await copyFile(from, to);
    } catch (failure) {
      await rm(to, { force: true });
      throw failure;
    }
    await rm(from);
  }
}

/** Removes what was kept of an upload. */
export async function removeUpload({ files }: KeptUpload, dbfsRoot: string): Promise<void> {
  for (const file of files) await rm(join(await uploadsIn(dbfsRoot), file), { force: true });
}

async function uploadsIn(dbfsRoot: string): Promise<string> {
  const directory = join(dbfsRoot, uploads);
  await mkdir(directory, { recursive: true });
  const real = await realpath(directory);
  if (!real.startsWith((await realpath(dbfsRoot)) + sep)) throw illegalState(`dbfs:${uploads} leads out of dbfs:/`);
  return real;
}

function withProblem(library: Library, problem?: string): KeptUpload {
  try {
    checkLibrary(library);
    return { library, files: [], problem };
  } catch (error) {
    if (error instanceof BadLibrary) return { library, files: [], problem: error.message };
    throw error;
  }
}

function kindOf(libType: LibType, name: string): 'jar' | 'egg' | 'whl' {
  if (libType === 'java-jar') return 'jar';
  return /\.whl$|\.wheelhouse\.zip$/.test(name) ? 'whl' : 'egg';
}

/** Without directories, and without characters that any shell, URI or file system would read as something else; its end is its kind. */
function safeName(name: string): string {
  return (name.split(/[\\/]/).at(-1) ?? '').replaceAll(/[^\w.+-]/g, '_').slice(-150) || 'library';
}

/** Characters; nobody writes a longer name into a file or a parameter. */
const maxTextLength = 4096;

function nameIn(text: string): string {
  return text.trim().slice(0, maxTextLength);
}

async function startOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxTextLength), 0, maxTextLength, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Whether a file has the beginning and the end that all zip archives have: the end stands within the last 64 KiB, before a comment. */
async function isZip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (position: number, length: number): Promise<Buffer> => (await file.read(Buffer.alloc(length), 0, length, position)).buffer;
    const end = await read(Math.max(0, size - 65_557), Math.min(size, 65_557));
    return size >= 22 && (await read(0, 2)).equals(Buffer.from('PK')) && end.includes(Buffer.from('PK\x05\x06'));
  } finally {
    await file.close();
  }
}
