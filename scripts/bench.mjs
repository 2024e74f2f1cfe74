// `npm run bench`: this program beside others that do the same, and beside what the platform allows at best.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeContext } from './bench/context.mjs';
import { describeMachine } from './bench/machine.mjs';
import { copyOfNode } from './bench/own-node.mjs';
import { parseOptions, select, usage } from './bench/options.mjs';
import { endProcesses } from './bench/processes.mjs';
import { installRivals } from './bench/rivals.mjs';
import { run } from './bench/run.mjs';
import { root, setUp } from './setup.mjs';
import { step } from './step.mjs';

/** Cleans up after the experiment that is under way. @type {(() => Promise<void>) | undefined} */
let cleanUp;

/** @param {import('./bench/options.mjs').Options} options */
async function bench({ quick, only, json = join(root, '.cache', 'bench', 'bench.json'), list }) {
  // What is imported after it needs npm's packages, which a bare clone lacks.
  await setUp();
  const [{ loadExperiments }, { formatResults, formatVerdicts }] = await Promise.all([import('./bench/rows.mjs'), import('./bench/table.mjs')]);
  const experiments = select(await loadExperiments(), { quick, only });
  if (list) {
    for (const { group, id, title } of experiments) process.stdout.write(`${group.padEnd(12)} ${id.padEnd(20)} ${title}\n`);
    return;
  }
  const began = performance.now();
  const rivals = await step('Installing what we are compared with', installRivals, process.stderr);
  const machine = await describeMachine(rivals);
  const node = await copyOfNode();
  /** @type {import('./bench/run.mjs').Result[]} */
  const results = [];
  const save = () => writeFile(json, JSON.stringify({ date: new Date().toISOString(), quick, machine, results }, null, 2));
  await mkdir(dirname(json), { recursive: true });
  for (const experiment of experiments) {
    const result = await step(experiment.title, async (progress) => {
      const { context, dispose } = await makeContext({ quick, program: join(root, 'dist', 'main.js'), node, rivals, progress: process.stderr.isTTY ? progress : () => {} });
      cleanUp = dispose;
      try {
        return await run(experiment, context);
      } finally {
        await cleanUp?.();
      }
    }, process.stderr);
    results.push(result);
    // Each at once: a full run takes an hour, and may be stopped.
    await save();
  }
  process.stdout.write(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.os}; Node ${machine.node}, Python ${machine.python}\n\n`);
  process.stdout.write(`${formatResults(results)}\n\n${formatVerdicts(results)}\n`);
  process.stdout.write(`Every measurement is in ${json}; this took ${Math.round((performance.now() - began) / 1000)} s.\n`);
}

/** The first signal cleans up, one more does not wait for that. @param {number} code */
function stop(code) {
  const cleaning = cleanUp?.();
  cleanUp = undefined;
  if (cleaning === undefined) process.exit(code);
  void cleaning.finally(() => process.exit(code));
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => stop(130));
process.on('exit', endProcesses);
// npm starts scripts through a shell that may die of a signal without passing it on.
const parent = process.ppid;
setInterval(() => process.ppid === parent || stop(130), 500).unref();

try {
  await bench(parseOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
  process.exitCode = 1;
}
process.exit();
