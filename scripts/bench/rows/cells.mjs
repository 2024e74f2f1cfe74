// What a cell costs beside its code: on a server that takes no time, and while it waits for the end of a command.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bareApi, farTrip, pythonEnv, rival, sdk, startApi, startOn } from '../api.mjs';
import { now, runCell } from '../cell.mjs';
import { floor, ours } from '../experiment.mjs';
import { output } from '../processes.mjs';
import { bundle } from '../support.mjs';

/** @typedef {import('../experiment.mjs').Context} Context */
/** How long after its end a command was seen (ms), and how many requests were made for it. @typedef {{ readonly late: number, readonly requests: number }} Seen */
/** Runs a command of so many seconds, over and over again. @typedef {(seconds: number) => Promise<Seen>} Waiter */

const median = (/** @type {readonly number[]} */ values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** Cells of one turn, and before the first: a program that has just started compiles and caches. */
const cells = { quick: 150, full: 250 };
const warmUpCells = { quick: 100, full: 1000 };

/** @param {string} name */
const kernelOnApi = (name) => async (/** @type {Context} */ context) => {
  const kernel = await startOn(context, name, (await context.shared(startApi)).near);
  for (let warm = 0; warm < (context.quick ? warmUpCells.quick : warmUpCells.full); warm++) await runCell(kernel, 'pass');
  return kernel;
};

/** @param {string} name @returns {import('../experiment.mjs').Contestant} */
function emptyCells(name) {
  const start = kernelOnApi(name);
  return async (context) => {
    const kernel = await context.shared(start);
    const times = [];
    for (let done = 0; done < (context.quick ? cells.quick : cells.full); done++) times.push((await runCell(kernel, 'pass')).ms);
    return { time: median(times) };
  };
}

const bareOnApi = async (/** @type {Context} */ context) => bareApi(context, (await context.shared(startApi)).near);

/** @type {import('../experiment.mjs').Contestant} */
async function bareCalls(context) {
  const api = await context.shared(bareOnApi);
  const times = [];
  for (let done = 0; done < (context.quick ? cells.quick : cells.full); done++) {
    const began = now();
    await api.run('pass');
    times.push(now() - began);
  }
  return { time: median(times) };
}

/**
 * Run times that differ by up to a quarter, evenly: how late an end is seen depends on where between two questions it falls. Those of a turn
 * are spread irregularly, or all of them could fall alike.
 * @param {number} seconds @param {number} count after so many it begins again
 */
function runTimes(seconds, count) {
  let step = Math.max(1, Math.round(count * 0.618));
  while (divisor(step, count) !== 1) step += 1;
  let made = 0;
  return () => seconds * (0.75 + (0.5 * (((made++ * step) % count) + 0.5)) / count);
}

/** The greatest common one. @param {number} a @param {number} b @returns {number} */
const divisor = (a, b) => (b === 0 ? a : divisor(b, a % b));

/** @type {Readonly<Record<string, (context: Context, url: string) => Promise<Waiter>>>} */
const waiters = {
  [ours]: kernelWaiter(ours),
  [rival]: kernelWaiter(rival),
  [sdk]: async (context, url) => {
    const program = fileURLToPath(new URL('../sdk_waiter.py', import.meta.url));
    const child = context.start([context.rivals.python(sdk), program], { env: pythonEnv(context, url), stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdin === null || child.stdout === null) throw new Error('the SDK has no streams');
    const { stdin } = child;
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return async (seconds) => {
      stdin.write(`${seconds}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the SDK has ended');
      const { finished, requests } = JSON.parse(value);
      return { late: now() - finished, requests };
    };
  },
  [floor]: async (context, url) => {
    const api = bareApi(context, url);
    return async (seconds) => {
      const { finished, requests } = JSON.parse(await api.run(`sleep(${seconds})`));
      return { late: now() - finished, requests };
    };
  },
};

/** @param {string} name @returns {(context: Context, url: string) => Promise<Waiter>} */
function kernelWaiter(name) {
  return async (context, url) => {
    const kernel = await startOn(context, name, url);
    await runCell(kernel, 'pass');
    return async (seconds) => {
      const { at, text } = await runCell(kernel, `sleep(${seconds})`);
      const { finished, requests } = JSON.parse(text());
      return { late: at - finished, requests };
    };
  };
}

/** Each with a server of its own, which counts its requests. @param {string} name @param {number} lanes how many wait at the same time */
const waitersNearAndFar = (name, lanes) => async (/** @type {Context} */ context) => {
  const make = waiters[name];
  if (make === undefined) throw new Error(`nobody is called ${name}`);
  const made = [];
  for (let lane = 0; lane < lanes; lane++) {
    made.push({ near: await make(context, (await startApi(context)).near), far: await make(context, (await startApi(context)).far) });
  }
  return made;
};

/**
 * @param {string} name @param {number} seconds @param {{ readonly commands: number, readonly lanes?: number }} size of a turn: commands one after the other,
 *   in each of the lanes
 * @param {import('../experiment.mjs').Experiment['turns']} turns
 * @returns {import('../experiment.mjs').Contestant}
 */
function waits(name, seconds, { commands, lanes = 1 }, turns) {
  const start = waitersNearAndFar(name, lanes);
  /** @type {Record<'near' | 'far', () => number> | undefined} */
  let next;
  return async (context) => {
    const count = commands * lanes * (context.quick ? turns.quick : turns.full);
    next ??= { near: runTimes(seconds, count), far: runTimes(seconds, count) };
    const times = next;
    /** @type {Record<'near' | 'far', Seen[]>} */
    const seen = { near: [], far: [] };
    const waitIn = async (/** @type {Readonly<Record<'near' | 'far', Waiter>>} */ lane) => {
      for (let done = 0; done < commands; done++) {
        const near = () => lane.near(times.near());
        const far = () => lane.far(times.far());
        // Long ones at the same time: they do nothing but wait. Who asks without a pause would be in its own way.
        const [here, there] = seconds < 0.3 || name === floor ? [await near(), await far()] : await Promise.all([near(), far()]);
        seen.near.push(here);
        seen.far.push(there);
      }
    };
    await Promise.all((await context.shared(start)).map(waitIn));
    return figuresOf(seen);
  };
}

/** @param {Record<'near' | 'far', readonly Seen[]>} seen */
function figuresOf({ near, far }) {
  const late = (/** @type {readonly Seen[]} */ all) => all.map((each) => each.late);
  const requests = (/** @type {readonly Seen[]} */ all) => all.map((each) => each.requests);
  return { near: late(near), 'near-requests': requests(near), far: late(far), 'far-requests': requests(far) };
}

/** @param {string} name @param {number} seconds @param {number} count @returns {import('../experiment.mjs').Contestant} */
function simulatedWaits(name, seconds, count) {
  return async (context) => {
    const run = async (/** @type {number} */ trip) => {
      const next = runTimes(seconds, count);
      const times = Array.from({ length: count }, () => String(next()));
      const printed =
        name === ours
          ? await output(process.execPath, [await bundle('scripts/bench/simulated-waits.mjs'), String(trip), ...times], context.directory, context.env())
          : await output(context.rivals.python(name), [fileURLToPath(new URL('../simulated_waits.py', import.meta.url)), name, String(trip), ...times], context.directory, context.env());
      return printed.trim().split('\n').map((line) => /** @type {Seen} */ (JSON.parse(line)));
    };
    return figuresOf({ near: await run(0), far: await run(farTrip) });
  };
}

/**
 * Who asks without a pause sees the end of a command a round trip later on average: half of one until the question is there, half for the answer.
 * (Of a command that takes no time after one and a half, because nobody can ask before the answer to `execute` is here.)
 * @param {number} seconds
 * @param {(trip: number, mean: (contestant: string) => number) => number} [roundTrip] of a way on which it should take `trip` ms
 * @returns {import('../experiment.mjs').Figure[]}
 */
function waitFigures(seconds, roundTrip = (_, mean) => mean(floor)) {
  const figures = /** @type {const} */ ([['near', 'on this machine', 0], ['far', `a round trip of ${farTrip} ms away`, farTrip]]);
  const allowed = seconds * 50 + 10;
  return figures.flatMap(([id, where, trip]) => [
    {
      id,
      title: `server ${where}: command has ended → seen`,
      unit: 'ms',
      by: 'mean',
      target: { text: `at most 5 % of the run time + 10 ms (${allowed} ms) + a round trip`, holds: (mean) => mean(ours) <= allowed + roundTrip(trip, mean) },
    },
    { id: `${id}-requests`, title: `server ${where}: requests`, unit: 'count', by: 'mean' },
  ]);
}

/**
 * Seconds; a turn of ours, one of the floor, and one of the others, who need a second or two more for a command; turns. Ours are so many that
 * chance does not decide about a target: how late an end is seen differs by up to a tenth of the run time, and of 36 commands of 3 s the mean
 * would still differ by 14 ms from run to run.
 */
const runs = /** @type {const} */ ([
  [0, { commands: 20 }, { commands: 20 }, { commands: 5 }, { quick: 0, full: 5 }],
  [0.1, { commands: 10 }, { commands: 10 }, { commands: 3 }, { quick: 0, full: 5 }],
  [0.3, { commands: 8 }, { commands: 6 }, { commands: 2 }, { quick: 1, full: 5 }],
  [1, { commands: 6, lanes: 3 }, { commands: 4 }, { commands: 2 }, { quick: 0, full: 5 }],
  [3, { commands: 3, lanes: 6 }, { commands: 1 }, { commands: 1 }, { quick: 0, full: 6 }],
  [10, { commands: 2, lanes: 8 }, { commands: 1 }, { commands: 1 }, { quick: 0, full: 6 }],
]);

/** @type {import('../experiment.mjs').Experiment[]} */
export default [
  {
    id: 'empty-cell',
    group: 'cells',
    title: 'A cell that takes no time, on a server that takes none',
    figures: [
      {
        id: 'time',
        title: 'execute_request → idle; for the floor the two calls that it needs, bare',
        unit: 'ms',
        target: { text: 'at most 1 ms more than its two bare HTTP calls', holds: (median) => median(ours) <= median(floor) + 1 },
      },
    ],
    contestants: { [ours]: emptyCells(ours), [floor]: bareCalls, [rival]: emptyCells(rival) },
    turns: { quick: 1, full: 20 },
  },
  ...runs.map(([seconds, own, bare, others, turns]) => ({
    id: `wait-${seconds}`,
    group: 'cells',
    title: `A command of ${seconds} s`,
    figures: waitFigures(seconds),
    contestants: Object.fromEntries(Object.keys(waiters).map((name) => [name, waits(name, seconds, name === ours ? own : name === floor ? bare : others, turns)])),
    turns,
    ...(seconds > 0 && { note: 'Run times differ by up to a quarter. The floor asks without a pause: it sees an end a round trip later.' }),
  })),
  {
    id: 'wait-60',
    group: 'cells',
    title: 'A command of 60 s',
    figures: waitFigures(60, (trip) => trip),
    contestants: Object.fromEntries([ours, rival, sdk].map((name) => [name, simulatedWaits(name, 60, 200)])),
    turns: { quick: 1, full: 1 },
    note: 'Each program\'s own waiting code, by a clock that is moved on instead of waited for.',
  },
];
