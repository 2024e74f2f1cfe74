import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DialectName } from '../../src/workspace/dialect.ts';
import { apiFixture } from '../support/api-fixtures.ts';
import { python } from '../support/jupyter.ts';
import { outcomeOf } from '../support/third-party.ts';
import type { Login } from '../support/third-party.ts';
import { buildWorkspaceProgram } from '../support/workspace-program.ts';

/* databricks-sdk for Python (PyPI), unchanged, against the server as a process of its own. */

let workspace = '';
beforeAll(async () => {
  workspace = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(workspace), { recursive: true, force: true }));

const run = (file: string, dialect: DialectName, login: Login) => outcomeOf({ file, runtime: python, workspace, dialect, login });
const resultsOf = (body: unknown) => (body as { results: unknown }).results;
const { response, modern } = apiFixture('commands-status-table');
const cause = '\u001b[31mException\u001b[0m: <juhu> & more';

test.for([
  ['PAT', 'pat'],
  ['Basic', 'basic'],
] as const)('command_execution runs commands, and cancels them, on a modern server (%s login)', async ([login, auth]) => {
  const { ids, ...outcome } = await run('databricks_sdk_commands.py', 'modern', login);
  const { command } = ids as { command: string };
  const read = `InternalError: NoSuchElementException: key not found: ${command}`;
  expect(outcome).toEqual({
    auth,
    context: 'Running',
    text: { status: 'Finished', results: { resultType: 'text', data: 'é' } },
    table: { status: 'Finished', results: resultsOf(modern) },
    error: {
      status: 'Finished',
      results: { resultType: 'error', summary: "<span class='ansi-red-fg'>Exception</span>: &lt;juhu&gt; &amp; more", cause },
    },
    'unknown language': 'InternalError: IllegalArgumentException: The embedded workspace does not run r; use scala, python or sql',
    hanging: 'Running',
    // The command is cancelled. The SDK waits for `Cancelled` only: it reads `Finished`, which can be read once, asks again, and is refused.
    cancelled: read,
    read,
    destroyed: [null, null],
    gone: 'InternalError: ContextNotFound',
  });
});

test('the waiters of command_execution, that of cancel_and_wait among them, understand a classic server, which does not understand its JSON', async () => {
  const { ids, ...outcome } = await run('databricks_sdk_classic.py', 'classic', 'Basic');
  expect(outcome).toEqual({
    json: 'InternalError: NoSuchElementException: key not found: language',
    context: 'Running',
    text: { resultType: 'text', data: 'é' },
    table: resultsOf(response.body),
    error: { resultType: 'error', cause },
    cancel: 'InternalError: NoSuchElementException: key not found: clusterId',
    cancelled: {
      status: 'Cancelled',
      id: (ids as { command: string }).command,
      results: { resultType: 'error', cause: 'com.databricks.backend.common.rpc.CommandCancelledException' },
    },
    destroy: 'InternalError: NoSuchElementException: key not found: clusterId',
    clusters: 'NotFound: No such endpoint: GET /api/2.1/clusters/get',
  });
});

test('clusters are listed, made, resized, restarted, ended, started and removed, each with its wait', async () => {
  const { ids, ...outcome } = await run('databricks_sdk_clusters.py', 'modern', 'Basic');
  const { cluster } = ids as { cluster: string };
  expect(outcome).toEqual({
    listed: ['embedded'],
    first: expect.objectContaining({ cluster_id: 'embedded', cluster_name: 'Embedded Spark', state: 'RUNNING', cluster_source: 'API' }),
    version: expect.stringMatching(/^\d+\.\d+\.x-scala2\.13$/),
    node: 'local',
    zones: { zones: ['local'], default_zone: 'local' },
    created: expect.objectContaining({
      cluster_id: cluster,
      cluster_name: 'from the SDK',
      state: 'RUNNING',
      num_workers: 2,
      spark_version: outcome['version'],
      node_type_id: 'local',
      spark_conf: { 'spark.speculation': 'true' },
    }),
    paged: 2,
    resized: 4,
    restarted: 'RUNNING',
    'started while it runs': `InvalidState: Cluster ${cluster} is in unexpected state Running.`,
    deleted: 'TERMINATED',
    started: 'RUNNING',
    ensured: 'RUNNING',
    // Newest first.
    events: [
      'RUNNING', 'STARTING', 'TERMINATING', 'RUNNING', 'STARTING', 'TERMINATING',
      'RUNNING', 'RESTARTING', 'UPSIZE_COMPLETED', 'RESIZING', 'RUNNING', 'CREATING',
    ],
    'permanently deleted': null,
    gone: `ResourceDoesNotExist: Cluster ${cluster} does not exist`,
    left: ['embedded'],
    unknown: 'InvalidParameterValue: Cluster nobody does not exist',
  });
});

test('libraries are installed, told of, and uninstalled with the next restart', async () => {
  const status = (library: object, word: string, message: string) => ({ library, status: word, messages: [message], is_library_for_all_clusters: false });
  const simplejson = { pypi: { package: 'simplejson' } };
  const pypi = (word: string) => status(simplejson, word, 'Successfully resolved package from PyPI');
  const others = [
    status({ maven: { coordinates: 'org.jsoup:jsoup:1.7.2', exclusions: ['slf4j:slf4j'] } }, 'INSTALLED', 'Successfully resolved package from Maven'),
    status({ whl: 'dbfs:/no/such/library-1.0-py3-none-any.whl' }, 'FAILED', 'There is no file dbfs:/no/such/library-1.0-py3-none-any.whl'),
    status({ cran: { package: 'ada' } }, 'FAILED', 'R package installation is not supported on this spark version.\nPlease upgrade to Runtime 3.2 or higher'),
  ];
  expect(await run('databricks_sdk_libraries.py', 'modern', 'PAT')).toEqual({
    before: [],
    install: null,
    installed: [pypi('INSTALLED'), ...others],
    again: null,
    everywhere: [{ cluster_id: 'embedded', library_statuses: [pypi('INSTALLED'), ...others] }],
    uninstall: null,
    uninstalled: [...others, pypi('UNINSTALL_ON_RESTART')],
    'unknown cluster': 'InvalidParameterValue: Cluster nobody does not exist',
    'wrong token': expect.stringMatching(/^Unauthenticated: wrong or missing credentials/),
    'no library': expect.stringMatching(/^InvalidParameterValue: libraries\[0\]: \w/),
    'after a restart': others,
  });
});
