// All experiments, in the order of the table.
import { readdir } from 'node:fs/promises';

/** @typedef {import('./experiment.mjs').Experiment} Experiment */

const folder = new URL('rows/', import.meta.url);

/** The order of the table; modules that are not named here follow. */
const order = ['start', 'requests', 'cells', 'memory', 'outputs', 'tables', 'text', 'many', 'spark', 'node'];

/** @returns {Promise<readonly Experiment[]>} the lists that the modules of `rows/` export by default */
export async function loadExperiments() {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.mjs')).map((name) => name.slice(0, -'.mjs'.length));
  const rank = (/** @type {string} */ name) => (order.includes(name) ? order.indexOf(name) : order.length);
  names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const modules = await Promise.all(names.map((name) => import(new URL(`${name}.mjs`, folder).href)));
  return modules.flatMap(({ default: experiments }) => /** @type {readonly Experiment[]} */ (experiments));
}
