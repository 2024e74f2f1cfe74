// A result as long as no server of today would send it.
import { fileURLToPath } from 'node:url';
import { rival, startApi, startOn } from '../api.mjs';
import { runCell } from '../cell.mjs';
import { floor, ours } from '../experiment.mjs';
import { peakOf } from '../memory.mjs';
import { output } from '../processes.mjs';

const megabytes = 50;
const code = `text(${megabytes * 1e6})`;

/** @param {string} name @returns {import('../experiment.mjs').Contestant} */
const throughKernel = (name) => async (context) => {
  const { near } = await context.shared(startApi);
  const kernel = await startOn(context, name, near);
  await runCell(kernel, 'pass');
  // The server has the text ready then.
  await bareGet(context);
  const { ms, bytes } = await runCell(kernel, code);
  if (bytes < megabytes * 1e6) throw new Error(`only ${bytes} bytes have arrived`);
  const memory = await peakOf(kernel.pid);
  await kernel.shutdown();
  return { time: ms, ...(memory !== undefined && { memory }) };
};

const bareProgram = fileURLToPath(new URL('../floor/get.mjs', import.meta.url));

/** @type {import('../experiment.mjs').Contestant} */
async function bareGet(context) {
  const { near } = await context.shared(startApi);
  const { ms, mib } = JSON.parse(await output(process.execPath, [bareProgram, near, code], context.directory, context.env()));
  return { time: ms, ...(mib !== undefined && { memory: mib }) };
}

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'long-text',
    group: 'text',
    title: `A cell prints ${megabytes} MB`,
    figures: [
      { id: 'time', title: 'execute_request → all is here, and the cell is idle; for the floor the two calls, bare, until the last byte', unit: 'ms' },
      { id: 'memory', title: 'memory at most', unit: 'MiB' },
    ],
    contestants: { [ours]: throughKernel(ours), [floor]: async (context) => (await bareGet(context), bareGet(context)), [rival]: throughKernel(rival) },
    turns: { quick: 1, full: 5 },
  },
];
