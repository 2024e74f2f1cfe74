// `npm test`: the set-up of `npm start`, the type check, then every test project in a run of its own, so that its time is known.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { follow } from './child.mjs';
import { root, setUp } from './setup.mjs';
import { count, inWords, suites, sum } from './vitest-report.mjs';

/**
 * What runs one after another, and what beside it. The soak waits most of the time, for what it has killed to come back; front ends wait
 * for pages and processes while another Spark works.
 */
const stages = [
  [['unit', 'contract', 'kernel'], ['soak']],
  [['spark'], ['frontends', 'faults']],
];
const reports = join(root, '.cache', 'test');
const nodeModules = join(root, 'node_modules');

/** @typedef {import('./vitest-report.mjs').Counts & { suites?: import('./vitest-report.mjs').Suite[] }} Result */
/** @typedef {Result & { seconds: number }} Outcome */

/** @param {string} name @param {() => Promise<Result>} work @returns {Promise<Outcome>} */
async function timed(name, work) {
  process.stdout.write(`\n--- ${name}\n`);
  const began = performance.now();
  const outcome = await work();
  return { ...outcome, seconds: (performance.now() - began) / 1000 };
}

/** The type check counts as one test. */
async function check() {
  const { code, asked } = await follow(process.execPath, [join(nodeModules, 'typescript/bin/tsc'), '--noEmit', '-p', root], process.env);
  if (asked) process.exit(130);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** @param {string} project */
async function runProject(project) {
  const report = join(reports, `${project}.json`);
  await rm(report, { force: true });
  // The soak tells by itself how far it is, and its reporter says nothing before its end.
  const printed = project === 'soak' ? 'tap-flat' : 'default';
  const reporters = [`--reporter=${printed}`, '--reporter=json', `--outputFile.json=${report}`];
  const args = ['run', '--config', join(root, 'test/vitest.config.ts'), '--project', project, ...reporters];
  const { code, asked } = await follow(process.execPath, [join(nodeModules, 'vitest/vitest.mjs'), ...args], process.env);
  if (asked) process.exit(130);
  const text = await readFile(report, 'utf8').catch(() => undefined);
  return { ...count(text, code), suites: text === undefined ? [] : suites(text) };
}

/** @type {[string, Outcome][]} */
const outcomes = [];
try {
  outcomes.push(['set-up', await timed('set-up', async () => setUp().then(() => ({ passed: 0, failed: 0, skipped: 0 })))]);
  await mkdir(reports, { recursive: true });
  outcomes.push(['types', await timed('types', check)]);
  for (const lanes of stages) {
    await Promise.all(lanes.map(async (projects) => {
      for (const project of projects) outcomes.push([project, await timed(project, () => runProject(project))]);
    }));
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  outcomes.push(['set-up', { passed: 0, failed: 1, skipped: 0, seconds: 0 }]);
}

const total = sum(outcomes.map(([, outcome]) => outcome));
process.stdout.write('\n');
for (const [name, outcome] of outcomes) {
  process.stdout.write(`${name.padEnd(10)} ${outcome.seconds.toFixed(1).padStart(7)} s   ${inWords(outcome)}\n`);
  for (const suite of outcome.suites ?? []) {
    // The unit tests are many small files, one for nearly each source file.
    if (name === 'unit') continue;
    process.stdout.write(`             ${suite.name.padEnd(22)} ${inWords(suite.counts)}\n`);
    for (const reason of suite.skipped) process.stdout.write(`               skipped: ${reason}\n`);
  }
}
for (const [name, { suites = [] }] of outcomes) {
  for (const suite of suites) for (const failed of suite.failed) process.stdout.write(`\nfailed: ${name}, ${suite.name}: ${failed}\n`);
}
process.stdout.write(`\n${inWords(total)}\n`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
