import { copyFile, readFile, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { KernelLanguage } from '../languages/info.ts';
import { BridgeError } from '../lib/errors.ts';
import { addToRecord, makeDirectory, readRecord, removeFromRecord } from './record.ts';
import { isOurs, logos, templateFile, type KernelSpec } from './spec.ts';

/**
 * Writes a kernelspec into `directory`, in place of an older one of ours, and remembers it in `home`.
 * Throws `BridgeError` `config` where another program's kernelspec has the name, the name is none that Jupyter accepts, or the place cannot
 * be written to.
 */
export async function installSpec(directory: string, language: KernelLanguage, spec: KernelSpec, home: string): Promise<void> {
  const name = basename(directory);
  if (!/^[a-z0-9._-]+$/.test(name)) {
    const rule = 'use lower-case letters, digits, ".", "_" and "-".';
    throw new BridgeError('config', `Jupyter accepts no kernel named "${name}": ${rule}`, { setting: '--name' });
  }
  if ((await stateOf(directory)) === 'foreign') {
    const remedy = 'choose another with --name, or remove it with `jupyter kernelspec remove`.';
    throw new BridgeError('config', `${directory} holds another program's kernel: ${remedy}`, { setting: '--name' });
  }
  try {
    await write(directory, language, spec, home);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const remedy = 'choose another place with --user, --sys-prefix or --prefix DIR.';
    throw new BridgeError('config', `The kernel cannot be installed into ${directory} (${message}): ${remedy}`, { setting: '--prefix' }, { cause: error });
  }
}

async function write(directory: string, language: KernelLanguage, spec: KernelSpec, home: string): Promise<void> {
  const made = await makeDirectory(dirname(directory));
  await addToRecord(home, { specs: [directory], made });
  await makeDirectory(directory);
  for (const logo of logos) await copyFile(templateFile(language, logo), join(directory, logo));
  // Last, and by rename: without it Jupyter sees no kernel here, so that nobody ever meets half a one.
  await writeFile(join(directory, unfinished), `${JSON.stringify(spec, undefined, 2)}\n`);
  await rename(join(directory, unfinished), join(directory, 'kernel.json'));
}

/**
 * Removes our kernelspecs from the given `kernels` directories and, if `everywhere`, from wherever the record in `home` says they are.
 * @returns the directories that are gone, and those in which files of others were left
 */
export async function uninstallSpecs(
  kernels: readonly string[],
  home: string,
  { everywhere }: { readonly everywhere: boolean },
): Promise<{ readonly removed: readonly string[]; readonly left: readonly string[] }> {
  const found = await specsIn(kernels);
  const recorded = everywhere ? (await readRecord(home)).specs : [];
  const removed: string[] = [];
  const left: string[] = [];
  for (const directory of new Set([...found, ...recorded])) {
    const before = await stateOf(directory);
    if (before === 'foreign' || (before === 'absent' && !recorded.includes(directory))) continue;
    await removeFiles(directory);
    if (before === 'ours') ((await stateOf(directory)) === 'absent' ? removed : left).push(directory);
  }
  await removeFromRecord(home, everywhere ? [...recorded, ...removed] : [...removed, ...left]);
  return { removed, left };
}

/** One of our kernelspecs where Jupyter finds it. */
export interface InstalledSpec {
  readonly directory: string;
  readonly displayName: string;
  /** The programs that it starts: Node, and this one. */
  readonly programs: readonly string[];
  /** What it was installed to set. */
  readonly env: KernelSpec['env'];
}

/** Our kernelspecs in the given `kernels` directories, and wherever the record in `home` says they are. */
export async function installedSpecs(kernels: readonly string[], home: string): Promise<readonly InstalledSpec[]> {
  const directories = new Set([...(await specsIn(kernels)), ...(await readRecord(home)).specs]);
  const specs: InstalledSpec[] = [];
  for (const directory of directories) {
    if ((await stateOf(directory)) !== 'ours') continue;
    const { argv, display_name: displayName, env } = JSON.parse(await readFile(join(directory, 'kernel.json'), 'utf8')) as KernelSpec;
    specs.push({ directory, displayName, programs: argv.slice(0, argv.indexOf('run')).filter((argument) => isAbsolute(argument)), env: env ?? {} });
  }
  return specs;
}

async function specsIn(kernels: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(kernels.map(async (parent) => (await entries(parent)).map((name) => join(parent, name))));
  return found.flat();
}

const unfinished = 'kernel.json.new';

/** The files that `installSpec` writes. */
const written: readonly string[] = ['kernel.json', unfinished, ...logos];

/** Whose kernelspec is in this directory? One of ours that was never finished counts as absent. */
async function stateOf(directory: string): Promise<'absent' | 'ours' | 'foreign'> {
  const files = await entries(directory);
  if (files.includes('kernel.json')) return isOurs(await readFile(join(directory, 'kernel.json'), 'utf8')) ? 'ours' : 'foreign';
  return files.every((file) => written.includes(file)) ? 'absent' : 'foreign';
}

/** Removes the files that `installSpec` writes, and the directory if nothing else is in it. */
async function removeFiles(directory: string): Promise<void> {
  for (const file of written) await rm(join(directory, file), { force: true });
  await rmdir(directory).catch(() => undefined);
}

async function entries(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
