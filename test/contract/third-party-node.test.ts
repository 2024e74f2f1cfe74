import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiFixture } from '../support/api-fixtures.ts';
import { outcomeOf } from '../support/third-party.ts';
import type { Login } from '../support/third-party.ts';
import { buildWorkspaceProgram } from '../support/workspace-program.ts';

/* @databricks/sdk-experimental (npm), unchanged, against the server as a process of its own. It asks for Node 22, and works on 20 too. */

let workspace = '';
beforeAll(async () => {
  workspace = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(workspace), { recursive: true, force: true }));

const run = (file: string, login: Login) => outcomeOf({ file, runtime: process.execPath, workspace, dialect: 'modern', login });
const refusal = (error: string) => `ApiError: Response from server (Internal Server Error) ${JSON.stringify({ error })}`;

test('commandExecution runs commands, and cancels them', async () => {
  const { ids, ...outcome } = await run('databricks-sdk-commands.mjs', 'PAT');
  const { context, command } = ids as { context: string; command: string };
  const read = refusal(`NoSuchElementException: key not found: ${command}`);
  expect(outcome).toEqual({
    auth: 'pat',
    context: 'Running',
    text: { status: 'Finished', results: { resultType: 'text', data: 'é' } },
    table: { status: 'Finished', results: (apiFixture('commands-status-table').modern as { results: unknown }).results },
    error: {
      status: 'Finished',
      results: {
        resultType: 'error',
        summary: "<span class='ansi-red-fg'>Exception</span>: &lt;juhu&gt; &amp; more",
        cause: '\u001b[31mException\u001b[0m: <juhu> & more',
      },
    },
    'unknown language': refusal('IllegalArgumentException: The embedded workspace does not run r; use scala, python or sql'),
    hanging: 'Running',
    // The command is cancelled. The SDK waits for `Cancelled` only: it reads `Finished`, which can be read once, asks again, and is refused.
    cancelled: read,
    read,
    destroyed: [{ id: context }, { id: context }],
    gone: refusal('ContextNotFound'),
  });
});

test('clusters and libraries have their whole life, each step with its wait', async () => {
  const { ids, ...outcome } = await run('databricks-sdk-clusters.mjs', 'Basic');
  const { cluster } = ids as { cluster: string };
  const installed = (library: object, source: string) => {
    return { library, status: 'INSTALLED', messages: [`Successfully resolved package from ${source}`], is_library_for_all_clusters: false };
  };
  const pypi = installed({ pypi: { package: 'simplejson' } }, 'PyPI');
  const maven = installed({ maven: { coordinates: 'org.jsoup:jsoup:1.7.2', exclusions: ['slf4j:slf4j'] } }, 'Maven');
  expect(outcome).toEqual({
    listed: ['embedded'],
    version: expect.stringMatching(/^\d+\.\d+\.x-scala2\.13$/),
    node: 'local',
    created: 'RUNNING',
    install: {},
    installed: [pypi, maven],
    everywhere: [{ cluster_id: cluster, library_statuses: [pypi, maven] }],
    uninstall: {},
    resized: 4,
    restarted: 'RUNNING',
    'after a restart': [pypi],
    deleted: 'TERMINATED',
    'install while it is terminated': `ApiError: Cluster ${cluster} is in unexpected state Terminated.`,
    started: 'RUNNING',
    events: [
      'RUNNING', 'STARTING', 'TERMINATING', 'RUNNING', 'RESTARTING', 'UPSIZE_COMPLETED', 'RESIZING', 'RUNNING', 'CREATING',
    ],
    'permanently deleted': {},
    gone: `ApiError: Cluster ${cluster} does not exist`,
    left: ['embedded'],
  });
});
