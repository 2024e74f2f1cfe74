import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { build } from '../../../scripts/build.mjs';
import { packageFile } from '../../../src/lib/package-file.ts';
import { failures, leaksIn, logins, plant, secrets } from '../../support/planted-secrets.ts';
import { startLogins } from '../../support/login-place.ts';
import { runProgram } from '../../support/run-program.ts';
import { finished } from '../../support/scripted-api.ts';

/* What the whole program prints and logs, with secrets in every setting that may hold one. */

beforeAll(() => build());

interface Attempt {
  readonly args: readonly string[];
  /** How the API fails, of `failures`; it works where none is named. */
  readonly failure?: string;
  /** A request that its log must tell of. */
  readonly asks?: string;
}

/** Runs the program with everything planted and everything logged; gives its exit code and all that it showed. */
async function run(kind: string, { args, failure, asks = 'GET /api/2.0/clusters/get' }: Attempt): Promise<{ code: number | null; requests: number; shown: string }> {
  await using place = await startLogins({ ...logins[kind], DATABRICKS_CLUSTER_ID: 'c1', HTTPS_PROXY: `http://proxy-user:${secrets.proxyPassword}@127.0.0.1:1` });
  const { server, machine } = place;
  await plant(server, machine);
  server.on('GET commands/status', finished('42'));
  server.on('GET clusters/list', { json: { clusters: [] } });
  server.on('GET libraries/cluster-status', { json: { cluster_id: 'c1', library_statuses: [] } });
  server.on('POST libraries/upload', { json: { id: '7' } });
  await writeFile(join(machine.home, 'library.jar'), 'content');
  if (failure !== undefined) server.guard((request) => (request.path.startsWith('/api/') ? failures[failure]?.(request) : undefined));
  const log = join(machine.home, 'log');
  const env = { ...machine.env, HOME: machine.home, DATABRICKS_KERNEL_LOG: log, NODE_DEBUG: 'databricks-kernel:*' };
  const { code, stdout, stderr } = await runProgram(process.execPath, [packageFile('dist', 'main.js'), ...args], { env, cwd: machine.home });
  const programs = [...(await machine.calls('databricks')), ...(await machine.calls('az'))];
  const written = await readFile(log, 'utf8');
  expect(written).toContain(`debug databricks: ${asks}`);
  return { code, requests: place.logins().length, shown: [stdout, stderr, written, ...programs].join('\n') };
}

test.for(Object.keys(logins))('%s: doctor tells of the login and shows no secret', async (kind = '') => {
  const { code, requests, shown } = await run(kind, { args: ['doctor'] });
  expect(shown).toContain(`${kind.replace(' of a profile', '')} is accepted`);
  expect(leaksIn(shown)).toEqual([]);
  expect(requests).toBeGreaterThan(4);
  expect(code).toBe(0);
});

test.for(Object.keys(logins))('%s: exec shows no secret, though the server repeats it', async (kind = '') => {
  const { code, requests, shown } = await run(kind, { args: ['exec', '--language', 'sql', 'select 1'], failure: 'a 401 that repeats the login' });
  expect(shown).toContain('does not accept the login');
  expect(shown).toContain('***');
  expect(leaksIn(shown)).toEqual([]);
  expect(requests).toBeGreaterThan(0);
  expect(code).toBe(1);
});

/** One of each group, which print, log and fail by the same code, and the one that sends files. */
const groups: readonly (readonly [args: readonly string[], asks: string])[] = [
  [['clusters', 'list'], 'GET /api/2.1/clusters/list'],
  [['contexts', 'create', '--language', 'sql'], 'POST /api/1.2/contexts/create'],
  [['commands', 'status', '--context-id', 'x1', 'k1'], 'GET /api/1.2/commands/status'],
  [['libraries', 'cluster-status'], 'GET /api/2.0/libraries/cluster-status'],
  [['libraries', 'upload', 'library.jar'], 'POST /api/1.2/libraries/upload'],
];

test.for(groups)('%j shows no token where it succeeds, and no password where the server refuses it and repeats the login', async ([args, asks]) => {
  const done = await run('pat', { args, asks });
  expect([done.code, leaksIn(done.shown)]).toEqual([0, []]);
  const refused = await run('basic', { args, asks, failure: 'a 401 that repeats the login' });
  expect(refused.shown).toContain('does not accept the login');
  expect(refused.shown).toContain('***');
  expect([refused.code, leaksIn(refused.shown)]).toEqual([1, []]);
});
