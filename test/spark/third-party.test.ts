import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { packageFile } from '../../src/lib/package-file.ts';
import { readState } from '../../src/workspace/state-file.ts';
import { python } from '../support/jupyter.ts';
import { runProgram } from '../support/run-program.ts';
import { settingsFor } from '../support/third-party.ts';

test('databricks-sdk for Python runs three languages in one context on Spark, cancels, and uses the remote dbutils', async () => {
  const env = { ...process.env, ...inject('sparkEnvironment') };
  expect((await runProgram(process.execPath, [packageFile('dist', 'main.js'), 'workspace', 'start'], { env })).code).toBe(0);
  const state = await readState(env['DATABRICKS_KERNEL_HOME'] ?? '');
  if (state === undefined) throw new Error('the workspace that has been started has no state file');
  const client = join(import.meta.dirname, '../fixtures/clients/databricks_sdk_spark.py');
  const { code, stdout, stderr } = await runProgram(python, [client], { env: { ...env, ...settingsFor(state, 'PAT') } });
  expect(code, stderr).toBe(0);
  const { ids, ...outcome } = JSON.parse(stdout) as Record<string, unknown>;
  expect(outcome).toEqual({
    python: { resultType: 'text', data: expect.stringMatching(/^Out\[\d+\]: 3$/) },
    scala: { resultType: 'text', data: expect.stringMatching(/^val res\d+: Long = 3$/) },
    sql: {
      resultType: 'table',
      data: [0, 1, 2].map((id) => [id, Number('9223372036854775807')]),
      schema: ['id', 'big'].map((name) => ({ name, type: '"long"', metadata: '{}' })),
      isJsonSchema: true,
      truncated: false,
    },
    error: {
      resultType: 'error',
      summary: "<span class='ansi-red-fg'>ZeroDivisionError</span>: division by zero",
      cause: expect.stringContaining('ZeroDivisionError'),
    },
    cancelled: `InternalError: NoSuchElementException: key not found: ${(ids as { command: string }).command}`,
    next: { resultType: 'text', data: expect.stringMatching(/^Out\[\d+\]: 42$/) },
    dbutils: 'München',
  });
});
