// What one run of vitest came to.

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * Counts the tests of a run. Whatever went wrong counts as at least one failure, also what is no test.
 * @param {string | undefined} report the text of vitest's JSON report, or nothing if it did not come that far
 * @param {number} code vitest's exit code
 * @returns {Counts}
 */
export function count(report, code) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(report);
  const files = /** @type {{ status: string, assertionResults: { status: string }[] }[]} */ (testResults);
  // A file that could not even be loaded, or whose clean-up failed, has no test that failed.
  const broken = files.filter((file) => file.status === 'failed' && file.assertionResults.every((each) => each.status !== 'failed')).length;
  const failed = numFailedTests + broken;
  // What fails outside of any file (an unhandled rejection, no tests found) shows in the exit code only.
  return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed, skipped: numPendingTests + numTodoTests };
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
