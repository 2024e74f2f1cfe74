// Many outputs from one cell.
import { runCell } from '../cell.mjs';
import { ours } from '../experiment.mjs';
import { kernels, startKernel, startNamed } from '../kernel.mjs';
import { bundle } from '../support.mjs';

const counts = { quick: 5_000, full: 50_000 };

const python = (/** @type {number} */ count) => `for number in range(${count}):\n    display({'text/plain': str(number)}, raw=True)`;

/** The cell that shows the numbers up to `count`, one display each. @type {Readonly<Record<string, (count: number) => string>>} */
const cells = {
  [ours]: (count) => `many:${count}`,
  ipykernel: python,
  'xeus-python': python,
  deno: (count) => `for (let n = 0; n < ${count}; n++) await Deno.jupyter.broadcast('display_data', { data: { 'text/plain': String(n) }, metadata: {}, transient: {} })`,
  floor: (count) => String(count),
};

/** The real kernel and wire, with the interpreter of the tests. @param {import('../experiment.mjs').Context} context */
async function startEcho(context) {
  const program = await context.shared(() => bundle('test/fixtures/kernels/echo-kernel.ts', { 'heartbeat-worker': 'src/wire/heartbeat-worker.ts' }));
  return startKernel(context, { argv: [process.execPath, program, '{connection_file}'] });
}

/** @param {string} name @returns {import('../experiment.mjs').Contestant} */
const showAll = (name) => async (context) => {
  const kernel = name === ours ? await startEcho(context) : await startNamed(context, name);
  const code = cells[name];
  if (code === undefined) throw new Error(`no cell for ${name}`);
  // What runs at the first cell has run.
  await runCell(kernel, code(1));
  const count = context.quick ? counts.quick : counts.full;
  const { ms, shown } = await runCell(kernel, code(count));
  const numbers = shown().map((data) => Number(data['text/plain']));
  await kernel.shutdown();
  return { time: ms, wrong: count - numbers.filter((number, at) => number === at).length };
};

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'outputs',
    group: 'outputs',
    title: `One cell shows ${counts.full} displays (${counts.quick} in a quick run)`,
    figures: [
      { id: 'time', title: 'execute_request → all are here, and the cell is idle', unit: 'ms' },
      { id: 'wrong', title: 'lost or out of order', unit: 'count', target: { text: 'none', holds: (median) => median(ours) === 0 } },
    ],
    contestants: Object.fromEntries([ours, ...Object.keys(kernels).filter((name) => name !== ours && name in cells)].map((name) => [name, showAll(name)])),
    turns: { quick: 1, full: 5 },
  },
];
