// Who we are measured against, in an environment of its own below `.cache/bench`. `rivals.json` says which versions.
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { python as ownPython, root } from '../setup.mjs';
import { Unavailable } from './experiment.mjs';
import { output } from './processes.mjs';

const base = join(root, '.cache', 'bench');
const venv = join(base, 'venv');
const venvPython = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** `{ python: { name: requirements }, npm: { name: package } }` @type {{ python: Record<string, string[]>, npm: Record<string, string> }} */
const wanted = JSON.parse(await readFile(new URL('rivals.json', import.meta.url), 'utf8'));

/** What was installed of what was wanted, or why it was not. @typedef {Record<string, { readonly wanted: string, readonly failed?: string }>} Installed */

/**
 * @typedef {object} Rivals
 * @property {(name: string) => string} python the interpreter that has it; throws `Unavailable` if it could not be installed
 * @property {(name: string) => Promise<string>} executable the program of an npm package; throws `Unavailable` if it could not be installed
 * @property {Installed} installed
 * @property {readonly string[]} packages of Python, with their versions, as `pip freeze` lists them
 */

/**
 * Installs what is not there yet; what failed is tried again.
 * @param {(text: string) => void} progress
 * @returns {Promise<Rivals>}
 */
export async function installRivals(progress) {
  const record = join(base, 'rivals.json');
  await mkdir(base, { recursive: true });
  /** @type {Installed} */
  const before = JSON.parse(await readFile(record, 'utf8').catch(() => '{}'));
  // An environment that is gone, or whose Python is, is made anew, with all that was in it.
  if (!(await hasPip())) for (const name of Object.keys(wanted.python)) delete before[name];
  /** @type {Installed} */
  const installed = {};
  const all = [
    ...Object.entries(wanted.python).map(([name, requirements]) => ({ name, what: requirements.join(' '), install: () => pipInstall(requirements) })),
    ...Object.entries(wanted.npm).map(([name, what]) => ({ name, what, install: () => npmInstall(name, what) })),
  ];
  for (const { name, what, install } of all) {
    const old = before[name];
    if (old?.wanted === what && old.failed === undefined) {
      installed[name] = old;
      continue;
    }
    progress(name);
    const failed = await install().then(() => undefined, (error) => String(error.message));
    installed[name] = { wanted: what, ...(failed !== undefined && { failed }) };
    // At once: who stops this half way goes on from here.
    await writeFile(record, JSON.stringify({ ...before, ...installed }, null, 2));
  }
  const check = (/** @type {string} */ name) => {
    const { failed } = installed[name] ?? { failed: 'rivals.json does not name it' };
    if (failed !== undefined) throw new Unavailable(`not installed: ${failed}`);
  };
  const packages = await output(venvPython, ['-m', 'pip', 'freeze', '--disable-pip-version-check'], base).then((text) => text.trim().split('\n'), () => []);
  return {
    installed,
    packages,
    python: (name) => (check(name), venvPython),
    executable: async (name) => (check(name), findExecutable(join(base, 'npm', name))),
  };
}

const hasPip = () => output(venvPython, ['-m', 'pip', '--version'], base).then(() => true, () => false);

/** @param {readonly string[]} requirements */
async function pipInstall(requirements) {
  if (!(await hasPip())) await output(ownPython, ['-m', 'venv', '--clear', venv], base);
  await output(venvPython, ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--retries', '1', ...requirements], base);
}

/** Each in a directory of its own: one that is not for this machine does not keep the others out. @param {string} name @param {string} what */
async function npmInstall(name, what) {
  const directory = join(base, 'npm', name);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), '{ "private": true }');
  const npm = process.env['npm_execpath'];
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', what];
  await (npm ? output(process.execPath, [npm, ...args], directory) : output('npm', args, directory));
}

/** The packages carry a binary each: `node_modules/deno-or-node…/bin/node`, `node_modules/@deno/PLATFORM/deno`. @param {string} directory */
async function findExecutable(directory) {
  const files = await readdir(join(directory, 'node_modules'), { recursive: true });
  const found = files.find((file) => /(?:^|[\\/])(?:node-[^\\/]+[\\/]bin[\\/]node|@deno[\\/][^\\/]+[\\/]deno)(?:\.exe)?$/.test(file));
  if (found === undefined) throw new Unavailable('not installed: the package has no program for this machine');
  return join(directory, 'node_modules', found);
}
