import { expect, test } from 'vitest';
import type { ClientOptions } from '../../../src/databricks/client.ts';
import { readLibrary } from '../../../src/databricks/parse/libraries.ts';
import type { Cluster, ClusterId, Library, LibraryInstall } from '../../../src/databricks/types.ts';
import { waitForCluster, waitForLibraries } from '../../../src/databricks/wait.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { clientFor, failureOf, refused } from '../../support/scripted-api.ts';
import { startScriptedServer, type Answer } from '../../support/scripted-server.ts';

const c1 = 'c1' as ClusterId;
const state = (name: string, state_message = '') => ({ json: { cluster_id: 'c1', state: name, state_message } });
const running = ({ status }: Cluster): boolean => status === 'Running';
const never = new AbortController().signal;

async function start(options: Partial<ClientOptions> = {}) {
  const server = await startScriptedServer();
  const client = clientFor(server.url, options);
  server.on('GET clusters/get', state('RUNNING'));
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('a cluster is waited for state by state, each of which is told', async () => {
  await using api = await start();
  api.server.on('GET clusters/get', state('TERMINATED'), state('PENDING', 'Acquiring instances'), state('RUNNING'));
  const seen: string[] = [];
  const cluster = await waitForCluster(api.client, c1, { done: running, onState: ({ status, message }) => seen.push(`${status} ${message}`), signal: never });
  expect(cluster.status).toBe('Running');
  expect(seen).toEqual(['Terminated ', 'Pending Acquiring instances', 'Running ']);
});

test('a cluster that does not come is waited for until the deadline, at most once a second', async () => {
  await using api = await start();
  api.server.on('GET clusters/get', state('PENDING'));
  const waiting = waitForCluster(api.client, c1, { done: running, onState: () => undefined, signal: never, deadlineMs: 120_000 });
  expect(await failureOf(waiting)).toMatchObject({ code: 'context', message: 'The cluster c1 was not ready after 2 minutes.' });
  expect(api.client.clock.now()).toBeGreaterThanOrEqual(120_000);
  expect(api.server.count('GET clusters/get')).toBeLessThan(200);
});

test.for<[string, (api: Awaited<ReturnType<typeof start>>, signal: AbortSignal) => Promise<unknown>, string]>([
  ['cluster', ({ client }, signal) => waitForCluster(client, c1, { done: running, onState: () => undefined, signal }), 'The cluster c1 was given up before it was ready.'],
  ['installation', ({ client }, signal) => waitForLibraries(client, c1, libraries({ jar: 'a' }), { onState: () => undefined, signal }), 'The installation on cluster c1 is no longer waited for.'],
])('a wait for a %s ends when it is given up, and asks no more', async ([, wait, message]) => {
  const clock = new ManualClock();
  await using api = await start({ clock });
  api.server.on('GET clusters/get', state('PENDING'));
  api.server.on('GET libraries/cluster-status', { json: {} });
  const gone = new AbortController();
  const waiting = failureOf(wait(api, gone.signal));
  await clock.asleep();
  const asked = api.server.seen.length;
  gone.abort();
  expect(await waiting).toMatchObject({ code: 'context', message });
  expect(api.server.seen.length).toBe(asked);
});

test('a wait that is given up does not wait for a question that is asked again and again', async () => {
  const clock = new ManualClock();
  await using api = await start({ clock });
  api.server.on('GET clusters/get', 'reset');
  const gone = new AbortController();
  const waiting = failureOf(waitForCluster(api.client, c1, { done: running, onState: () => undefined, signal: gone.signal }));
  await clock.asleep();
  gone.abort();
  expect(await waiting).toMatchObject({ code: 'context', message: 'The cluster c1 was given up before it was ready.' });
});

const libraries = (...wire: JsonObject[]): Library[] => wire.map((one) => readLibrary(one) ?? expect.fail());
const statuses = (...entries: [JsonObject, string, string[]?][]) => ({
  json: { cluster_id: 'c1', library_statuses: entries.map(([library, status, messages = []]) => ({ library, status, messages })) },
});
const words = (seen: readonly LibraryInstall[]): string => seen.map(({ status }) => status).join(' ');

test('libraries are waited for until each is settled; others of the cluster do not matter', async () => {
  await using api = await start();
  const jar = { jar: 'dbfs:/a.jar' };
  const pypi = { pypi: { package: 'x' } };
  const other: [JsonObject, string] = [{ egg: 'dbfs:/b.egg' }, 'INSTALLING'];
  api.server.on(
    'GET libraries/cluster-status',
    statuses(other),
    statuses(other, [jar, 'RESOLVING']),
    statuses([pypi, 'INSTALLED'], other, [jar, 'INSTALLING']),
    statuses([pypi, 'INSTALLED'], other, [jar, 'FAILED', ['no such file']]),
  );
  const seen: string[] = [];
  const end = await waitForLibraries(api.client, c1, libraries(jar, { pypi: 'x' }), { onState: (now) => seen.push(words(now)), signal: never });
  expect(seen).toEqual(['PENDING PENDING', 'RESOLVING PENDING', 'INSTALLING INSTALLED', 'FAILED INSTALLED']);
  expect(end.map(({ messages }) => messages)).toEqual([['no such file'], []]);
});

test.for(['INSTALLED', 'SKIPPED', 'FAILED', 'RESTORED', 'ERROR', 'UNINSTALL_ON_RESTART'])('%s ends the wait for a library', async (status) => {
  await using api = await start();
  api.server.on('GET libraries/cluster-status', statuses([{ jar: 'a' }, status]));
  expect(words(await waitForLibraries(api.client, c1, libraries({ jar: 'a' }), { onState: () => undefined, signal: never }))).toBe(status);
});

test.for(['PENDING', 'RESOLVING', 'INSTALLING', 'MELTING'])('%s does not, and the deadline says so', async (status) => {
  await using api = await start();
  api.server.on('GET libraries/cluster-status', statuses([{ jar: 'a' }, status]));
  const waiting = waitForLibraries(api.client, c1, libraries({ jar: 'a' }), { onState: () => undefined, signal: never, deadlineMs: 120_000 });
  expect(await failureOf(waiting)).toMatchObject({ code: 'context', message: 'The installation on cluster c1 was not done after 2 minutes.' });
});

test.for<[string, Answer, number]>([
  ['goes away', 'reset', 20],
  ['refuses the login', refused('no', 401), 20],
  ['stumbles', refused('RuntimeException: odd'), 3],
])('a server that %s in the middle of a wait is asked again when it is back', async ([, answer, times]) => {
  await using api = await start();
  api.server.on('GET clusters/get', state('PENDING'), ...Array<Answer>(times).fill(answer), state('RUNNING'));
  const waiting = waitForCluster(api.client, c1, { done: running, onState: () => undefined, signal: never });
  expect(await waiting).toMatchObject({ status: 'Running' });
});

test('a server that stays away is waited for as long as the cluster would be; one that never answered is told at once', async () => {
  await using api = await start();
  api.server.on('GET clusters/get', state('PENDING'), 'reset');
  const waiting = () => waitForCluster(api.client, c1, { done: running, onState: () => undefined, signal: never, deadlineMs: 120_000 });
  expect(await failureOf(waiting())).toMatchObject({ code: 'net' });
  const begun = api.client.clock.now();
  expect(begun).toBeGreaterThan(100_000);
  expect(await failureOf(waiting())).toMatchObject({ code: 'net' });
  expect(api.client.clock.now() - begun).toBeLessThanOrEqual(10_000);
});

test('a cluster that ends while it installs ends the wait, with its reason', async () => {
  await using api = await start();
  api.server.on('GET libraries/cluster-status', statuses([{ jar: 'a' }, 'PENDING']));
  api.server.on('GET clusters/get', state('RUNNING'), state('TERMINATING', 'Out of money.'));
  const waiting = waitForLibraries(api.client, c1, libraries({ jar: 'a' }), { onState: () => undefined, signal: never });
  expect(await failureOf(waiting)).toMatchObject({
    code: 'context', message: 'The cluster c1 ended while libraries were installed on it (Terminating: Out of money).',
  });
});
