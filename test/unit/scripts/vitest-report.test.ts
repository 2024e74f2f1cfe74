import { expect, test } from 'vitest';
import { count, inWords, suites, sum } from '../../../scripts/vitest-report.mjs';

interface File {
  readonly status: 'passed' | 'failed';
  readonly tests: readonly ('passed' | 'failed' | 'skipped')[];
}

/** The part of vitest's JSON report that is read. */
function report(files: readonly File[]): string {
  const results = files.map(({ status, tests }, index) => ({
    name: `/clone/test/unit/file-${index}.test.ts`,
    status,
    assertionResults: tests.map((each) => ({ status: each, fullName: each, meta: {} })),
  }));
  return JSON.stringify({ testResults: results });
}

test.for<[string, string | undefined, number, string]>([
  ['all passed', report([{ status: 'passed', tests: ['passed', 'passed'] }]), 0, '2 passed, 0 failed'],
  ['a test failed', report([{ status: 'failed', tests: ['passed', 'failed'] }]), 1, '1 passed, 1 failed'],
  ['a test was skipped', report([{ status: 'passed', tests: ['passed', 'skipped'] }]), 0, '1 passed, 0 failed, 1 skipped'],
  ['a file did not load', report([{ status: 'passed', tests: ['passed'] }, { status: 'failed', tests: [] }]), 1, '1 passed, 1 failed'],
  ['the clean-up of a file failed', report([{ status: 'failed', tests: ['passed'] }]), 1, '1 passed, 1 failed'],
  ['a rejection was not handled', report([{ status: 'passed', tests: ['passed'] }]), 1, '1 passed, 1 failed'],
  ['there were no tests', report([]), 1, '0 passed, 1 failed'],
  ['vitest did not come as far as a report', undefined, 1, '0 passed, 1 failed'],
])('where %s the count is right', ([, text, code, expected]) => {
  expect(inWords(count(text, code))).toBe(expected);
});

test('projects are summed up', () => {
  const all = [{ passed: 1, failed: 0, skipped: 2 }, { passed: 10, failed: 3, skipped: 0 }];
  expect(inWords(sum(all))).toBe('11 passed, 3 failed, 2 skipped');
});

test('each file has its line, each skipped test its reason, and each failure its message', () => {
  const text = JSON.stringify({
    testResults: [
      { name: '/clone/test/frontends/nteract.test.ts', status: 'failed', message: 'no such module', assertionResults: [{ status: 'passed', fullName: 'a cell', meta: {} }] },
      {
        name: '/clone/test/frontends/vscode.test.ts',
        status: 'failed',
        message: '',
        assertionResults: [
          { status: 'failed', fullName: 'an interrupt', meta: {}, failureMessages: ["Error: expected 'a'\n\nto be 'b'\n    at /clone/test/frontends/vscode.test.ts:3:4\n    at /clone/node_modules/x.js:1:2"] },
          { status: 'failed', fullName: 'long', meta: {}, failureMessages: ['x'.repeat(10_000)] },
          { status: 'failed', fullName: 'silent', meta: {}, failureMessages: [] },
        ],
      },
      {
        name: '/clone/test/frontends/jupyterlab.test.ts',
        status: 'passed',
        assertionResults: [
          { status: 'passed', fullName: 'launcher', meta: {} },
          { status: 'skipped', fullName: 'Run All', meta: { skipped: 'there is no Chromium' } },
          { status: 'pending', fullName: 'restart', meta: {} },
        ],
      },
    ],
  });
  expect(suites(text)).toEqual([
    { name: 'jupyterlab', counts: { passed: 1, failed: 0, skipped: 2 }, skipped: ['Run All: there is no Chromium', 'restart: no reason given'], failed: [] },
    { name: 'nteract', counts: { passed: 1, failed: 1, skipped: 0 }, skipped: [], failed: ['the file itself: no such module'] },
    { name: 'vscode', counts: { passed: 0, failed: 3, skipped: 0 }, skipped: [], failed: ["an interrupt: Error: expected 'a'\n\nto be 'b'", `long: ${'x'.repeat(600)}`, 'silent'] },
  ]);
});
