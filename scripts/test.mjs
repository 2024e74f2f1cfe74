// `npm test`: the set-up of `npm start`, the type check, then every test project in a run of its own, so that its time is known.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { follow } from './child.mjs';
import { root, setUp } from './setup.mjs';

const projects = ['unit', 'contract', 'kernel', 'spark', 'frontends', 'faults'];
const reports = join(root, '.cache', 'test');
const nodeModules = join(root, 'node_modules');

/** @typedef {{ passed: number, failed: number, skipped: number, seconds: number }} Outcome */

/** @param {string} name @param {() => Promise<Omit<Outcome, 'seconds'>>} work @returns {Promise<Outcome>} */
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
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const args = ['run', '--config', join(root, 'test/vitest.config.ts'), '--project', project, ...reporters];
  const { code, asked } = await follow(process.execPath, [join(nodeModules, 'vitest/vitest.mjs'), ...args], process.env);
  if (asked) process.exit(130);
  return count(await readFile(report, 'utf8').catch(() => undefined), code);
}

/**
 * @param {string | undefined} report vitest's JSON report, or nothing if it did not come that far
 * @param {number} code vitest's exit code
 */
function count(report, code) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(report);
  const files = /** @type {{ status: string, assertionResults: { status: string }[] }[]} */ (testResults);
  // A file that could not even be loaded has no tests that could fail.
  const broken = files.filter((file) => file.status === 'failed' && file.assertionResults.every((each) => each.status !== 'failed')).length;
  const failed = numFailedTests + broken;
  // What fails outside of any test (an unhandled rejection, a leak found at the end) shows in the exit code only.
  return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed, skipped: numPendingTests + numTodoTests };
}

/** @param {string} name @param {Outcome} outcome */
function summary(name, { passed, failed, skipped, seconds }) {
  const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return `${name.padEnd(10)} ${seconds.toFixed(1).padStart(7)} s   ${counts}`;
}

/** @type {[string, Outcome][]} */
const outcomes = [];
try {
  outcomes.push(['set-up', await timed('set-up', async () => setUp().then(() => ({ passed: 0, failed: 0, skipped: 0 })))]);
  await mkdir(reports, { recursive: true });
  outcomes.push(['types', await timed('types', check)]);
  for (const project of projects) outcomes.push([project, await timed(project, () => runProject(project))]);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  outcomes.push(['set-up', { passed: 0, failed: 1, skipped: 0, seconds: 0 }]);
}

/** @param {'passed' | 'failed' | 'skipped'} kind */
const total = (kind) => outcomes.reduce((sum, [, outcome]) => sum + outcome[kind], 0);
process.stdout.write(`\n${outcomes.map(([name, outcome]) => summary(name, outcome)).join('\n')}\n\n`);
process.stdout.write(`${total('passed')} passed, ${total('failed')} failed${total('skipped') > 0 ? `, ${total('skipped')} skipped` : ''}\n`);
process.exitCode = total('failed') > 0 || total('passed') === 0 ? 1 : 0;
