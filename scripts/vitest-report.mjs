// What one run of vitest came to.
import { basename } from 'node:path';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * One test file: its name without the ending, why each of its skipped tests was, and what failed with the beginning of its message.
 * @typedef {{ name: string, counts: Counts, skipped: string[], failed: string[] }} Suite
 */

/** @typedef {{ status: string, fullName: string, meta: { skipped?: string }, failureMessages?: string[] }} TestResult */
/** @typedef {{ name: string, status: string, message?: string, assertionResults: TestResult[] }} FileResult */

/** How many characters of a failure's message its suite keeps. */
const messageLength = 600;

/**
 * Counts the tests of a run. Whatever went wrong counts as at least one failure, also what is no test.
 * @param {string | undefined} report the text of vitest's JSON report, or nothing if it did not come that far
 * @param {number} code vitest's exit code
 * @returns {Counts}
 */
export function count(report, code) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const total = sum(suites(report).map(({ counts }) => counts));
  // What fails outside of any file (an unhandled rejection, no tests found) shows in the exit code only.
  return { ...total, failed: total.failed === 0 && code !== 0 ? 1 : total.failed };
}

/**
 * What each test file came to, in alphabetical order.
 * @param {string} report the text of vitest's JSON report
 * @returns {Suite[]}
 */
export function suites(report) {
  const files = /** @type {FileResult[]} */ (JSON.parse(report).testResults);
  return files.map(({ name, status, message, assertionResults }) => {
    /** @param {string[]} statuses */
    const of = (...statuses) => assertionResults.filter((each) => statuses.includes(each.status));
    const skipped = of('skipped', 'pending', 'todo', 'disabled');
    const failed = of('failed').map(({ fullName, failureMessages }) => failure(fullName, failureMessages?.[0]));
    // A file that could not even be loaded, or whose clean-up failed, has no test that failed.
    if (failed.length === 0 && status === 'failed') failed.push(failure('the file itself', message));
    const counts = { passed: of('passed').length, failed: failed.length, skipped: skipped.length };
    return { name: basename(name, '.test.ts'), counts, skipped: skipped.map(({ fullName, meta }) => `${fullName}: ${meta.skipped ?? 'no reason given'}`), failed };
  }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Without the stack: its lines begin with "    at". @param {string} name @param {string} [message] */
function failure(name, message) {
  const said = message?.split(/\n {4}at /)[0]?.trim();
  return said ? `${name}: ${said.slice(0, messageLength)}` : name;
}

/** @param {readonly Counts[]} all @returns {Counts} */
export function sum(all) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const kind of /** @type {const} */ (['passed', 'failed', 'skipped'])) for (const each of all) total[kind] += each[kind];
  return total;
}

/** "3 passed, 0 failed", and how many were skipped if any were. @param {Counts} counts */
export function inWords({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
