// How much memory processes take, as Linux counts it.
import { readFile, readdir } from 'node:fs/promises';

/**
 * @typedef {object} Memory in MiB
 * @property {number} pss proportional set size: pages that several processes share count in parts
 * @property {number} own what no file stands behind, and so no other process shares
 */

/**
 * What a process takes with all that it has started.
 * @param {number} pid
 * @returns {Promise<Memory | undefined>} `undefined` where the system does not tell
 */
export async function memoryOf(pid) {
  if (process.platform !== 'linux') return undefined;
  const texts = await Promise.all((await family(pid)).map((each) => readFile(`/proc/${each}/smaps_rollup`, 'utf8')));
  const sum = (/** @type {RegExp} */ field) => texts.reduce((total, text) => total + Number(field.exec(text)?.[1]) / 1024, 0);
  return { pss: sum(/^Pss:\s+(\d+) kB/m), own: sum(/^Pss_Anon:\s+(\d+) kB/m) };
}

/**
 * The most that a process has had of the machine's memory so far, in MiB. Not what getrusage tells, which counts the process that started it, too.
 * @param {number | 'self'} pid
 * @returns {Promise<number | undefined>} `undefined` where the system does not tell
 */
export async function peakOf(pid) {
  if (process.platform !== 'linux') return undefined;
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** @param {number} pid @returns {Promise<number[]>} with those that it has started, and those that they have */
async function family(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')));
  const children = lists.join(' ').split(' ').filter(Boolean).map(Number);
  return [pid, ...(await Promise.all(children.map(family))).flat()];
}
