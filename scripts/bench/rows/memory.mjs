// What a kernel takes of the machine's memory, and what it keeps.
import { rival, startApi, startOn } from '../api.mjs';
import { runCell } from '../cell.mjs';
import { Unavailable, floor, ours } from '../experiment.mjs';
import { startNamed } from '../kernel.mjs';
import { memoryOf } from '../memory.mjs';

const cells = 1000;
const [rows, columns] = [10_000, 10];

/** Milliseconds of rest before each look: what a kernel does at its start is over, and V8 has given back what it does not need. */
const rest = 10_000;

/** @param {import('../kernel.mjs').Kernel} kernel @param {string} when */
async function measure(kernel, when) {
  await new Promise((resolve) => setTimeout(resolve, rest));
  const memory = await memoryOf(kernel.pid);
  if (memory === undefined) throw new Unavailable('only Linux tells the memory of processes');
  return { [when]: memory.pss, [`${when}-own`]: memory.own };
}

/** @param {import('../kernel.mjs').Kernel} kernel @param {string} code */
async function idleAndUsed(kernel, code) {
  const idle = await measure(kernel, 'idle');
  for (let cell = 0; cell < cells; cell++) await runCell(kernel, code);
  return { ...idle, ...(await measure(kernel, 'cells')) };
}

/** A kernel whose cells run on the server; a table comes from there. @param {string} name @returns {import('../experiment.mjs').Contestant} */
const onServer = (name) => async (context) => {
  const { near } = await context.shared(startApi);
  const kernel = await startOn(context, name, near);
  const before = await idleAndUsed(kernel, 'pass');
  await runCell(kernel, `table(${rows}, ${columns})`);
  const after = await measure(kernel, 'table');
  await kernel.shutdown();
  return { ...before, ...after };
};

/** A kernel whose cells run in itself. @param {string} name @returns {import('../experiment.mjs').Contestant} */
const onItsOwn = (name) => async (context) => {
  const kernel = await startNamed(context, name);
  const measured = await idleAndUsed(kernel, 'pass');
  await kernel.shutdown();
  return measured;
};

const unit = /** @type {const} */ ('MiB');

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'memory',
    group: 'memory',
    title: 'Memory of a kernel (PSS: what it shares with other processes counts in parts; nothing else runs on its Node)',
    figures: [
      { id: 'idle', title: 'idle', unit, target: { text: 'at most 80 MiB', holds: (median) => median(ours) <= 80 } },
      { id: 'idle-own', title: 'idle, without what a file stands behind', unit },
      { id: 'cells', title: `after ${cells} cells`, unit },
      { id: 'cells-own', title: `after ${cells} cells, without what a file stands behind`, unit },
      { id: 'table', title: `and after a table of ${rows} × ${columns} cells`, unit },
      { id: 'table-own', title: `and after a table of ${rows} × ${columns} cells, without what a file stands behind`, unit },
    ],
    contestants: { [ours]: onServer(ours), [rival]: onServer(rival), ipykernel: onItsOwn('ipykernel'), 'xeus-python': onItsOwn('xeus-python'), [floor]: onItsOwn(floor) },
    turns: { quick: 0, full: 2 },
    note: `Looked at after ${rest / 1000} s of rest.`,
  },
];
