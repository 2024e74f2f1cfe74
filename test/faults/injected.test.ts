import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { packageFile, packageVersion } from '../../src/lib/package-file.ts';
import type { FaultRule } from '../../src/workspace/fault-rules.ts';
import { kept } from '../support/databricks-kernel.ts';
import { startKernel } from '../support/start-kernel.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

/* A kernel process on an embedded workspace that fails on purpose: `workspace start --faults`. All that any call can meet is in test/contract. */

let program = '';
beforeAll(async () => {
  program = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(program), { recursive: true, force: true }));

const execute = 'POST /api/1.2/commands/execute';
const destroy = 'POST /api/1.2/contexts/destroy';

const rules: readonly FaultRule[] = [
  // The kernel makes a context before anybody asks for it: not before the first cell has come, so that this meets the fault.
  { endpoint: 'GET /api/2.0/clusters/get', kind: 'slow-body', when: 'after', pauseMs: 2000 },
  { endpoint: 'POST /api/1.2/contexts/create', kind: '503', when: 'before' },
  { endpoint: 'GET /api/1.2/commands/status', kind: '429', when: 'before', times: 2 },
  { endpoint: execute, kind: 'reset', when: 'after', nth: 2 },
  { endpoint: execute, kind: 'context-vanished', when: 'before', nth: 4 },
  { endpoint: execute, kind: 'driver-killed', when: 'after', nth: 6 },
  { endpoint: destroy, kind: 'half-body', when: 'after' },
];

/** Cells in their order, the first when the context could not be made, and what each shows. */
const cells: readonly (readonly [code: string, shows: RegExp])[] = [
  ['echo refused', /^error: WorkspaceError: .* refused contexts\/create \(HTTP 503\): .* An execution context may have been made whose id is not known; it ends with this kernel\.$/],
  ['echo first', /^stdout: first\n$/],
  ['echo lost', /^error: CommandError: The connection to .* broke before the answer to commands\/execute was here \(\w+\)\. The command may be running or have run; it was not sent again\. /],
  ['echo third', /^stdout: third\n$/],
  ['echo nowhere', /^error: ContextLost: The execution context on cluster .* is gone, .*: this cell was not run\. The next cell gets a new context\.$/],
  ['echo anew', /^stderr: The earlier execution context is gone: .*\n,stdout: anew\n$/],
  ['hang', /^error: .*The Spark driver of cluster embedded has ended, and its variables are gone\. .*\(signal SIGKILL\)/],
  ['echo last', /^stderr: The earlier execution context is gone: .*\n,stdout: last\n$/],
];

describe.for<KernelLanguage>(['scala', 'python', 'sql'])('a %s kernel', (language) => {
  test('tells each fault in the cell that met it, runs nothing twice and leaves no context', async () => {
    await using home = new WorkspaceHome(program);
    const file = join(home.path, 'faults.json');
    await writeFile(file, JSON.stringify({ rules }));
    const state = await home.start(['--faults', file], { TEST_VERSION: packageVersion });
    const env = { ...process.env, DATABRICKS_HOST: 'embedded', DATABRICKS_KERNEL_HOME: home.path, DATABRICKS_CONFIG_FILE: join(home.path, 'none') };
    await using kernel = await startKernel({ argv: [process.execPath, packageFile('dist', 'main.js'), 'run', '--language', language, '-f', '{connection_file}'], env });
    for (const [code, shows] of cells) {
      const { outputs } = await kernel.execute(code);
      expect(kept(outputs).join(), code).toMatch(shows);
    }
    expect(await kernel.shutdown()).toEqual({ code: 0, signal: null });
    const log = (await home.log()).split('\n');
    expect(log.filter((line) => line.startsWith('fault: ')).toSorted()).toEqual(rules.flatMap(({ kind, when, endpoint, times = 1 }) => Array<string>(times).fill(`fault: ${kind} ${when} ${endpoint}`)).toSorted());
    // The one in the context that had vanished was refused.
    expect(log.filter((line) => line.startsWith(`handled: ${execute} `)).map((line) => line.slice(-3))).toEqual(['200', '200', '200', '500', '200', '200', '200']);
    expect((await home.call(state, '/workspace')).body).toMatchObject({ contexts: 0 });
    expect(log.join('\n') + kernel.stderr() + kernel.stdout()).not.toContain(state.token);
  });
});
