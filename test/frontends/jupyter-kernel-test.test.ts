import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jupyterPlace, python, type JupyterPlace } from '../support/jupyter.ts';
import { skip } from '../support/skip.ts';

const run = promisify(execFile);
const suite = join(import.meta.dirname, 'kernel_suite.py');

/** The tests of jupyter_kernel_test. The suite itself skips those that cannot apply: how it says so, and why they cannot. */
const tests: Readonly<Record<string, { readonly skipped?: string; readonly why?: string }>> = {
  test_kernel_info: {},
  test_execute_stdout: {},
  test_execute_stderr: { skipped: 'No code stderr', why: 'API 1.2 returns stdout and stderr of a command as one text' },
  test_completion: {},
  test_is_complete: {},
  test_pager: {},
  test_error: {},
  test_execute_result: {},
  test_display_data: {},
  test_history: {},
  test_inspect: {},
  test_clear_output: { skipped: 'No code clear output', why: 'API 1.2: a command has one result, and nothing takes it back' },
  test_recv_iopub_welcome_msg: {},
};

interface Outcome {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
}

let place: JupyterPlace;
beforeAll(async () => {
  place = await jupyterPlace();
});
afterAll(() => place[Symbol.asyncDispose]());

describe.for(['python', 'scala', 'sql'])('jupyter_kernel_test on the %s kernel', (language) => {
  let outcomes: Readonly<Record<string, Outcome>>;
  beforeAll(async () => {
    const { stdout } = await run(python, [suite, language], { env: place.env });
    outcomes = JSON.parse(stdout) as typeof outcomes;
  });

  test('has the tests that are listed here', () => {
    expect(Object.keys(outcomes).toSorted()).toEqual(Object.keys(tests).toSorted());
  });

  test.for(Object.entries(tests))('%s', ([name, { skipped, why = '' }], context) => {
    expect(outcomes[name]).toEqual(skipped === undefined ? { outcome: 'passed', detail: '' } : { outcome: 'skipped', detail: skipped });
    if (skipped !== undefined) skip(context, why);
  });
});
