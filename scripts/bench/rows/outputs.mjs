// Many outputs from one cell.
import { runCell } from '../cell.mjs';
import { ours } from '../experiment.mjs';
import { kernels, nodeOptions, startKernel, startNamed } from '../kernel.mjs';
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
  return startKernel(context, { argv: [context.node, ...nodeOptions, program, '{connection_file}'] });
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
  const disordered = numbers.filter((number, at) => number < (numbers[at - 1] ?? 0)).length;
  return { time: ms, lost: count - new Set(numbers).size, disordered };
};

/** In any turn. @type {import('../experiment.mjs').Target} */
const none = { text: 'none', holds: (_, most) => most(ours) === 0 };

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'outputs',
    group: 'outputs',
    title: `One cell shows ${counts.full} displays (${counts.quick} in a quick run)`,
    figures: [
      { id: 'time', title: 'execute_request → all are here, and the cell is idle', unit: 'ms' },
      { id: 'lost', title: 'lost', unit: 'count', target: none },
      { id: 'disordered', title: 'come after a later one', unit: 'count', target: none },
    ],
    contestants: Object.fromEntries([ours, ...Object.keys(kernels).filter((name) => name !== ours && name in cells)].map((name) => [name, showAll(name)])),
    turns: { quick: 1, full: 5 },
    note: 'Ours: kernel and wire as they are, with an interpreter of the tests behind them. The floor sends as many displays and does nothing else.',
  },
];
