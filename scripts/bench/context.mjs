// What an experiment works with, and how it is cleaned up after it, whatever happens.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcesses, start } from './processes.mjs';

/** @typedef {import('./experiment.mjs').Context} Context */

/** Settings of the user that would change what is measured. */
const foreign = /^(?:DATABRICKS_|JUPYTER|IPYTHON|PYTHON|NODE_|DENO_|SPARK_)|_PROXY$/i;

/**
 * @param {{ quick: boolean, program: string, node: string, rivals: import('./rivals.mjs').Rivals, progress: (text: string) => void }} settings
 * @returns {Promise<{ readonly context: Context, readonly dispose: () => Promise<void> }>} `dispose` ends every process and removes every file of the experiment
 */
export async function makeContext(settings) {
  const directory = await mkdtemp(join(tmpdir(), 'databricks-kernel-bench-'));
  /** @type {(() => Promise<unknown> | void)[]} */
  const cleanUps = [];
  /** @type {Map<unknown, Promise<unknown>>} */
  const made = new Map();
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  /** @type {Context} */
  const context = {
    ...settings,
    directory,
    env: (more = {}) => ({ ...own, HOME: directory, DENO_NO_UPDATE_CHECK: '1', ...more }),
    start: (argv, options = {}) => start(argv, { env: context.env(), cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], ...options }),
    defer: (cleanUp) => void cleanUps.push(cleanUp),
    shared: (make) => {
      const existing = made.get(make);
      // What the function made is of its own type.
      if (existing !== undefined) return /** @type {ReturnType<typeof make>} */ (existing);
      const promise = make(context);
      made.set(make, promise);
      return promise;
    },
  };
  const dispose = async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    endProcesses();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context, dispose };
}
