// How long a person waits for a kernel, and for its end.
import { ours } from '../experiment.mjs';
import { each, exitLimitMs, kernels } from '../kernel.mjs';

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'start',
    group: 'start',
    title: 'A kernel starts and ends',
    figures: [
      {
        id: 'start',
        title: 'spawn → first kernel_info_reply',
        unit: 'ms',
        target: {
          text: 'no slower than xeus-python, and a tenth of jupyter-databricks-kernel',
          holds: (median) => median(ours) <= median('xeus-python') && median(ours) <= median('jupyter-databricks-kernel') / 10,
        },
      },
      { id: 'exit', title: `shutdown_request → process gone (not waited for longer than ${exitLimitMs / 1000} s)`, unit: 'ms' },
    ],
    contestants: each(Object.keys(kernels), async (kernel) => {
      // A kernel that a person ends has been there for a while.
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { start: kernel.startMs, exit: await kernel.shutdown() };
    }),
    turns: { quick: 1, full: 20 },
    warmUps: 1,
  },
];
