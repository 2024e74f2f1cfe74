// Many notebooks on one machine.
import { floor, ours } from '../experiment.mjs';
import { startNamed } from '../kernel.mjs';
import { memoryOf } from '../memory.mjs';
import { oneByOne } from './requests.mjs';

const counts = [1, 2, 4, 8, 16, 32];
/** So many start at the same time. */
const together = 4;

/** @param {string} name @returns {import('../experiment.mjs').Contestant} */
const grow = (name) => async (context) => {
  /** @type {import('../kernel.mjs').Kernel[]} */
  const running = [];
  /** @type {Record<string, number | readonly number[]>} */
  const measured = {};
  for (const count of counts) {
    while (running.length < count) running.push(...(await Promise.all(Array.from({ length: Math.min(together, count - running.length) }, () => startNamed(context, name)))));
    // What a kernel still does after its first answer is over.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const kernel of running) await oneByOne(kernel, 20);
    const trips = [];
    for (const kernel of running) trips.push(...(await oneByOne(kernel, Math.ceil(100 / count))));
    const sizes = await Promise.all(running.map(({ pid }) => memoryOf(pid)));
    measured[`latency-${count}`] = trips;
    if (sizes.every((size) => size !== undefined)) measured[`memory-${count}`] = sizes.reduce((sum, { pss }) => sum + pss, 0) / count;
  }
  await Promise.all(running.map((kernel) => kernel.shutdown()));
  return measured;
};

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'many',
    group: 'many',
    title: 'Kernels side by side on one machine',
    figures: [
      ...counts.map((count) => ({ id: `memory-${count}`, title: `memory of each, ${count} running`, unit: /** @type {const} */ ('MiB') })),
      ...counts.map((count) => ({ id: `latency-${count}`, title: `kernel_info round trip, ${count} running`, unit: /** @type {const} */ ('ms') })),
    ],
    contestants: Object.fromEntries([ours, 'ipykernel', 'xeus-python', 'jupyter-databricks-kernel', floor].map((name) => [name, grow(name)])),
    turns: { quick: 0, full: 3 },
  },
];
