// What `npm start` and `npm test` do first. Every step looks whether it is needed, so that a second run does nothing twice.
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { step } from './step.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const venv = join(root, '.venv');
const cache = join(root, '.cache');

/** The Python of the clone's virtual environment. */
export const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/**
 * The state of the kernels that a clone installs. They never see the settings of the user's own workspaces, which cost money.
 */
export const cloneSettings = {
  DATABRICKS_HOST: 'embedded',
  DATABRICKS_KERNEL_HOME: join(cache, 'home'),
  DATABRICKS_CONFIG_FILE: join(cache, 'databrickscfg'),
  // Empty counts as not set: the user's cluster is none of the embedded workspace's.
  DATABRICKS_CLUSTER_ID: '',
};

/** What lies in the home is its owner's, as where the program makes it. */
const forOwner = { recursive: true, mode: 0o700 };

/** Everything up to running kernels: npm packages, the program, the virtual environment, kernelspecs and example data. */
export async function setUp() {
  await npmPackages();
  await step('Building', async () => (await import('./build.mjs')).build());
  await pythonPackages();
  await mkdir(cloneSettings.DATABRICKS_KERNEL_HOME, forOwner);
  await writeFile(cloneSettings.DATABRICKS_CONFIG_FILE, '', { flag: 'a' });
  await installKernels();
  await copyExampleData();
}

async function npmPackages() {
  if (await hasNpmPackages()) return;
  await step('Installing npm packages', async (progress) => {
    const npm = process.env['npm_execpath'];
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http'];
    const [program, ...rest] = npm ? [process.execPath, npm, ...args] : ['npm', ...args];
    await run(program, rest, process.env, (line) => {
      const [, name] = /http fetch GET 200 \S+\/((?:@[^/]+\/)?[^/]+)\/-\//.exec(line) ?? [];
      if (name) progress(decodeURIComponent(name));
    });
  });
}

/** npm keeps a copy of the lock file beside what it installed, written last. */
async function hasNpmPackages() {
  const wanted = await readJson(join(root, 'package-lock.json'));
  const installed = await readJson(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  return Object.entries(wanted.packages).every(([path, { version, optional }]) => {
    const there = installed.packages[path];
    return path === '' || (there ? there.version === version : optional === true);
  });
}

async function pythonPackages() {
  const { isCurrent, locked, makeEnvironment } = await import(join(root, 'dist', 'runtime.js'));
  const requirements = [join(root, 'src/workspace/driver/python/requirements.txt'), join(root, 'scripts/requirements.txt')];
  const machine = { platform: process.platform, env: process.env, home: homedir() };
  const plan = { directory: venv, requirements, machine, onProgress: () => {} };
  if (await isCurrent(plan)) return;
  await step('Making the Python environment', (progress) =>
    locked(join(cache, 'venv.lock'), process.pid, async () => {
      if (!(await isCurrent(plan))) await makeEnvironment({ ...plan, onProgress: progress });
    }),
  );
  // JupyterLab runs CommonJS files from in there, which the clone's own package.json would declare to be modules.
  await writeFile(join(venv, 'package.json'), '{ "type": "commonjs" }\n');
}

async function installKernels() {
  const settings = Object.entries(cloneSettings).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const args = [join(root, 'dist', 'main.js'), 'install', '--prefix', venv, ...settings];
  await run(process.execPath, args, { ...process.env, ...cloneSettings });
}

/** The data that the example notebooks read as `dbfs:/databricks-datasets/…`. */
async function copyExampleData() {
  const from = join(root, 'examples', 'data');
  const to = join(cloneSettings.DATABRICKS_KERNEL_HOME, 'dbfs', 'databricks-datasets');
  await mkdir(to, forOwner);
  for (const name of await readdir(from)) await copyFile(join(from, name), join(to, name));
}

/**
 * Runs a program to its end.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} [onLine] told each line it prints
 * @returns {Promise<void>} rejects with what it printed when it fails
 */
async function run(program, args, env, onLine = () => {}) {
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      printed += text;
      text.split('\n').forEach(onLine);
    });
  }
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const cause = printed.split('\n').filter((line) => !line.startsWith('npm http')).join('\n').trim();
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${cause}`);
}

/** @param {string} path */
async function readJson(path) {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text && JSON.parse(text);
}
