// How fast a kernel that runs answers.
import { rival } from '../api.mjs';
import { Unavailable, ours } from '../experiment.mjs';
import { each, kernels } from '../kernel.mjs';
import { quantile } from '../statistics.mjs';

const inFlight = 64;

/** Of one turn: milliseconds of use before anything is measured, requests one at a time, and milliseconds with many under way. */
const sizes = { quick: { warmUp: 1000, alone: 200, together: 500 }, full: { warmUp: 3000, alone: 1_000, together: 2000 } };
/** So many at least are asked when many are under way. */
const batch = 8 * inFlight;

/** For at least so many milliseconds. @param {import('../kernel.mjs').Kernel} kernel @param {number} ms @returns {Promise<number>} answers a second */
async function flood(kernel, ms) {
  let [asked, seconds] = [0, 0];
  for (; seconds * 1000 < ms; asked += batch) seconds += await kernel.flood('kernel_info_request', batch, inFlight);
  return asked / seconds;
}

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'requests',
    group: 'requests',
    title: 'A kernel answers kernel_info_request',
    figures: [
      {
        id: 'p50',
        title: 'round trip, half of them are faster',
        unit: 'ms',
        target: { text: 'at most 1.2 times that of xeus-python', holds: (median) => median(ours) <= 1.2 * median('xeus-python') },
      },
      { id: 'p99', title: 'round trip, 99 of 100 are faster', unit: 'ms' },
      {
        id: 'rate',
        title: `requests a second with ${inFlight} in flight`,
        unit: '1/s',
        target: { text: 'as many as xeus-python', holds: (median) => median(ours) >= median('xeus-python') },
      },
    ],
    contestants: each(Object.keys(kernels), async (kernel, { quick }, name) => {
      if (quick && name === rival) throw new Unavailable('left out of a quick run: it answers as ipykernel does');
      const { warmUp, alone, together } = quick ? sizes.quick : sizes.full;
      // A program that has just started compiles and caches; what counts is a kernel that has been in use.
      await flood(kernel, warmUp);
      const trips = (await oneByOne(kernel, alone)).sort((a, b) => a - b);
      const rate = await flood(kernel, together);
      await kernel.shutdown();
      return { p50: quantile(trips, 0.5), p99: quantile(trips, 0.99), rate };
    }),
    turns: { quick: 2, full: 8 },
  },
];

/** @param {import('../kernel.mjs').Kernel} kernel @param {number} count @returns {Promise<number[]>} milliseconds each */
export async function oneByOne(kernel, count) {
  const trips = [];
  for (let asked = 0; asked < count; asked++) {
    const began = performance.now();
    await kernel.ask('kernel_info_request');
    trips.push(performance.now() - began);
  }
  return trips;
}
