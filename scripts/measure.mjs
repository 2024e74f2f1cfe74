// `npm run measure`: how long people wait, on this machine, with nothing else running on it.
//   spawn → first kernel_info_reply (twenty kernels), and the first and second cell of a cold embedded workspace in each language.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { follow } from './child.mjs';
import { root, setUp } from './setup.mjs';

await setUp();
const program = join(root, 'dist', 'main.js');

// The client of the tests, which is the one that JupyterLab uses.
const bundle = join(root, '.cache', 'measure', 'start-kernel.mjs');
await build({
  entryPoints: [join(root, 'test/support/start-kernel.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
});
/** @type {typeof import('../test/support/start-kernel.ts')} */
const { startKernel } = await import(pathToFileURL(bundle).href);
// What the client logs of its connections is no figure.
console.debug = () => {};
console.log = console.debug;

const home = await mkdtemp(join(tmpdir(), 'databricks-kernel-measure-'));

/** @param {string} name */
async function inHome(name) {
  const directory = join(home, name);
  await mkdir(directory, { recursive: true });
  return { ...process.env, DATABRICKS_HOST: 'embedded', DATABRICKS_KERNEL_HOME: directory, DATABRICKS_CONFIG_FILE: join(directory, 'none') };
}

/** @param {string} language @param {NodeJS.ProcessEnv} env */
function start(language, env) {
  return startKernel({ argv: [process.execPath, program, 'run', '--language', language, '-f', '{connection_file}'], env });
}

/** @param {string} title @param {readonly number[]} values milliseconds */
function figure(title, values) {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, middle, high] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((ms) => `${Math.round(ms ?? 0)} ms`);
  process.stdout.write(`${title.padEnd(58)} ${sorted.length === 1 ? low : `median ${middle} (${low} to ${high}, ${sorted.length} runs)`}\n`);
}

try {
  // No workspace is wanted here: a host that nobody answers at is only met by a cell.
  const nowhere = { ...(await inHome('nowhere')), DATABRICKS_HOST: 'http://127.0.0.1:9', DATABRICKS_TOKEN: 'none', DATABRICKS_CLUSTER_ID: 'none' };
  const starts = [];
  for (let run = 0; run < 20; run++) {
    const kernel = await start('python', nowhere);
    starts.push(kernel.startMs);
    await kernel[Symbol.asyncDispose]();
  }
  figure('spawn to first kernel_info_reply', starts);

  /** @type {[string, string][]} */
  const cells = [['scala', '1 + 1'], ['python', '1 + 1'], ['sql', 'select 1']];
  for (const compiled of ['driver not compiled yet', 'driver compiled']) {
    for (const [language, code] of cells) {
      if (compiled === 'driver not compiled yet' && language !== 'scala') continue;
      const env = await inHome('cold');
      const began = performance.now();
      const kernel = await start(language, env);
      await kernel.execute(code);
      figure(`cold workspace (${compiled}), first ${language} cell`, [performance.now() - began]);
      const again = performance.now();
      await kernel.execute(code);
      figure(`the ${language} cell after it`, [performance.now() - again]);
      await kernel[Symbol.asyncDispose]();
      await follow(process.execPath, [program, 'workspace', 'stop'], env);
    }
  }
} finally {
  await rm(home, { recursive: true });
}
process.exit();
