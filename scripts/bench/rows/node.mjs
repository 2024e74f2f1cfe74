// Our kernel on the Node that runs the bench, and on others.
import { ourKernel, startKernel } from '../kernel.mjs';
import { memoryOf } from '../memory.mjs';
import { quantile } from '../statistics.mjs';
import { oneByOne } from './requests.mjs';

const own = `Node ${process.versions.node}, which runs this`;
const others = [20, 22, 24].filter((version) => !process.versions.node.startsWith(`${version}.`));

/** @param {(context: import('../experiment.mjs').Context) => string | Promise<string>} node @returns {import('../experiment.mjs').Contestant} */
const on = (node) => async (context) => {
  const kernel = await startKernel(context, ourKernel(context, undefined, await node(context)));
  await oneByOne(kernel, 500);
  const trips = (await oneByOne(kernel, 500)).sort((a, b) => a - b);
  const memory = await memoryOf(kernel.pid);
  await kernel.shutdown();
  return { start: kernel.startMs, p50: quantile(trips, 0.5), ...(memory && { memory: memory.pss }) };
};

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'node',
    group: 'node',
    title: 'Our kernel on several versions of Node',
    ours: own,
    figures: [
      { id: 'start', title: 'spawn → first kernel_info_reply', unit: 'ms' },
      { id: 'p50', title: 'kernel_info round trip', unit: 'ms' },
      { id: 'memory', title: 'memory after 1000 of them', unit: 'MiB' },
    ],
    contestants: {
      [own]: on(({ node }) => node),
      ...Object.fromEntries(others.map((version) => [`Node ${version}`, on(({ rivals }) => rivals.executable(`node${version}`))])),
    },
    turns: { quick: 1, full: 20 },
    warmUps: 1,
  },
];
