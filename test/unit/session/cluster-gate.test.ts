import { expect, test } from 'vitest';
import { cell, failureOf, refused } from '../../support/scripted-api.ts';
import type { Answer } from '../../support/scripted-server.ts';
import { ok, startSession } from '../../support/session-place.ts';

/* What a run waits for before its context is opened: a cluster that takes contexts, and its libraries. */

const state = (name: string, message = ''): Answer => ({ json: { cluster_id: 'c1', cluster_name: 'etl', state: name, state_message: message } });
const statuses = (...libraries: readonly [name: string, status: string, message?: string][]): Answer => ({
  json: {
    cluster_id: 'c1',
    library_statuses: libraries.map(([name, status, message]) => ({ library: { pypi: { package: name } }, status, ...(message !== undefined && { messages: [message] }) })),
  },
});

test.for<[what: string, answers: readonly Answer[], starts: number, shown: readonly string[]]>([
  ['runs', [state('RUNNING')], 0, []],
  ['is being resized', [state('RESIZING', 'Adding 2 workers')], 0, []],
  ['is being restarted', [state('RESTARTING'), state('RUNNING')], 0, ['(pending)']],
  ['starts, and says how far it is', [state('PENDING', 'Finding instances'), state('PENDING', 'Starting Spark'), state('RUNNING')], 0, ['(pending: Finding instances)', '(pending: Starting Spark)']],
  ['is stopped', [state('TERMINATED', 'Inactive'), state('PENDING', 'Starting Spark'), state('RUNNING')], 1, ['(terminated: Inactive)', '(pending: Starting Spark)']],
  ['is stopped, and shown so for a while after its start', [state('TERMINATED'), state('TERMINATED'), state('PENDING'), state('RUNNING')], 1, ['(terminated)', '(terminated)', '(pending)']],
  ['is being stopped', [state('TERMINATING'), state('TERMINATED'), state('PENDING'), state('RUNNING')], 1, ['(terminating)', '(terminated)', '(pending)']],
])('a cell on a cluster that %s runs when it is ready', async ([, answers, starts, shown]) => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET clusters/get', ...answers);
  server.on('POST clusters/start', { json: {} });
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual(ok);
  expect(server.count('POST clusters/start')).toBe(starts);
  const texts = first.stages.flatMap((stage) => (stage?.waitsFor === 'cluster' ? [stage.text] : []));
  expect(texts).toEqual(['Looking for cluster c1 at example.test', ...shown.map((text) => `Waiting for cluster etl (c1) at example.test ${text}`)]);
});

test.for<[what: string, answer: Answer, sends: number]>([
  ['that refuses the login', refused('no', 401), 1],
  ['that forbids it', refused('no', 403), 1],
  ['of another kind', { status: 404, text: '' }, 2],
])('a first cell at a server %s ends at once', async ([, answer, sends]) => {
  await using place = await startSession();
  for (const route of ['GET clusters/get', 'GET clusters/status', 'GET libraries/cluster-status']) place.server.on(route, answer);
  await failureOf(place.session.run('1', 'python', cell()));
  expect(place.clients[0]?.clock.now()).toBe(0);
  expect(place.server.seen.filter(({ route }) => route.startsWith('GET clusters/'))).toHaveLength(sends);
});

test('a first cell at a server that cannot be reached says where it looks for what, and ends within seconds', async () => {
  await using place = await startSession('python', {}, { to: () => new URL('http://127.0.0.1:9') });
  const first = cell();
  expect(await failureOf(place.session.run('1', 'python', first))).toMatchObject({ code: 'net', message: expect.stringContaining('Nothing answers at http://127.0.0.1:9') });
  expect(first.stages).toEqual([{ waitsFor: 'cluster', text: 'Looking for cluster c1 at example.test' }]);
  expect(place.clients[0]?.clock.now()).toBeLessThanOrEqual(10_000);
});

test.for<[what: string, answers: readonly Answer[], words: string]>([
  ['does not start', [state('TERMINATED'), state('PENDING'), state('TERMINATED', 'The cloud has no machines of this kind.')], 'is in state Terminated: The cloud has no machines of this kind. Start or repair it there'],
  ['is ended while it starts', [state('PENDING'), state('ERROR')], 'is in state Error. Start or repair it there'],
  ['is in a state that nobody knows', [state('MELTING')], 'is in state Unknown.'],
  ['never comes', [state('PENDING')], 'was not ready after 20 minutes'],
])('a cell on a cluster that %s says so, and opens nothing', async ([, answers, words]) => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET clusters/get', ...answers);
  server.on('POST clusters/start', { json: {} });
  const error = await failureOf(session.run('1', 'python', cell()));
  expect(error).toMatchObject({ code: 'context', details: { lost: false } });
  expect(String(error)).toContain(words);
  expect(server.count('POST contexts/create')).toBe(0);
  expect(server.count('POST clusters/start')).toBeLessThan(2);
});

test('an interrupt gives up the wait for a cluster; the next cell finds it further on', async () => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET clusters/get', state('PENDING'));
  const first = cell();
  const run = session.run('1', 'python', first);
  await server.arrived('GET clusters/get');
  first.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  server.on('GET clusters/get', state('RUNNING'));
  expect(await session.run('2', 'python', cell())).toEqual(ok);
});

test('libraries that are being installed are waited for, and named, before the context is opened', async () => {
  await using place = await startSession();
  const { server, session } = place;
  const going = statuses(['a', 'INSTALLED'], ['b', 'RESOLVING'], ['c', 'PENDING']);
  server.on('GET clusters/get', state('RUNNING'));
  server.on('GET libraries/cluster-status', going, statuses(['a', 'INSTALLED'], ['b', 'INSTALLED'], ['c', 'INSTALLING']), () => {
    expect(server.count('POST contexts/create')).toBe(0);
    return statuses(['a', 'INSTALLED'], ['b', 'INSTALLED'], ['c', 'RESTORED']);
  });
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual(ok);
  expect(first.stages.flatMap((stage) => (stage?.waitsFor === 'libraries' ? [stage.text] : []))).toEqual([
    'Waiting for libraries on cluster etl (c1) at example.test, 1 of 3 done: pypi b (resolving), pypi c (pending)',
    'Waiting for libraries on cluster etl (c1) at example.test, 2 of 3 done: pypi c (installing)',
  ]);
  expect(server.count('GET libraries/cluster-status')).toBe(3);
  expect(first.notices).toEqual([]);
});

test.for(['INSTALLED', 'RESTORED', 'SKIPPED', 'UNINSTALL_ON_RESTART', 'SOMETHING_NEW'])('a library that is %s is not waited for, and not spoken of', async (status) => {
  await using place = await startSession();
  place.server.on('GET libraries/cluster-status', statuses(['a', status]));
  const first = cell();
  expect(await place.session.run('1', 'python', first)).toEqual(ok);
  expect(place.server.count('GET libraries/cluster-status')).toBe(1);
  expect(first.notices).toEqual([]);
});

test('libraries that could not be installed are told once, with the reason, and the cells run', async () => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET clusters/get', state('RUNNING'));
  server.on('GET libraries/cluster-status', statuses(['a', 'INSTALLING'], ['b', 'FAILED', 'no such package.']), statuses(['a', 'FAILED'], ['b', 'FAILED', 'no such package.']));
  const [first, second] = [cell(), cell()];
  expect(await session.run('1', 'python', first)).toEqual(ok);
  expect(await session.run('2', 'python', second)).toEqual(ok);
  expect(first.notices).toEqual([
    'Cluster etl (c1) has not all of its libraries, and cells run without those that could not be installed: pypi a; pypi b (no such package).',
  ]);
  expect(first.replaced).toEqual([]);
  expect(second.notices).toEqual([]);
});

test.for<[what: string, answer: Answer]>([
  ['has no Libraries API', { status: 404, json: { error_code: 'ENDPOINT_NOT_FOUND', message: 'No API found' } }],
  ['lets this user not see libraries', { status: 403, json: { error_code: 'PERMISSION_DENIED', message: 'no' } }],
  ['has trouble with libraries', refused('odd', 500)],
  ['is too busy for libraries', refused('busy', 503)],
  ['breaks off', 'reset'],
  ['sends a web page', { text: '<!DOCTYPE html><title>Sign in</title>', headers: { 'content-type': 'text/html' } }],
  ['never answers', 'silence'],
])('a server that %s when asked for libraries keeps no cell from running', async ([, answer]) => {
  await using place = await startSession();
  place.server.on('GET libraries/cluster-status', answer);
  const first = cell();
  expect(await place.session.run('1', 'python', first)).toEqual(ok);
  expect(first.notices).toEqual([]);
});

test.for<[what: string, answer: Answer, why: string]>([
  ['cannot be seen any more', refused('odd', 500), 'refused libraries/cluster-status (HTTP 500): odd.'],
  ['takes longer than anybody waits', statuses(['a', 'INSTALLING']), 'The installation on cluster c1 was not done after 20 minutes.'],
])('an installation that %s is told, and the cell runs', async ([, answer, why]) => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET clusters/get', state('RUNNING'));
  server.on('GET libraries/cluster-status', statuses(['a', 'INSTALLING']), answer);
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual(ok);
  expect(first.notices).toEqual([expect.stringContaining('Libraries of cluster etl (c1) are no longer waited for, and cells may lack them (pypi a): ')]);
  expect(first.notices[0]).toContain(why);
});

test('an interrupt gives up the wait for libraries; no context is opened meanwhile, and the next cell waits on', async () => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET libraries/cluster-status', statuses(['a', 'INSTALLING']));
  const first = cell();
  const run = session.run('1', 'python', first);
  await server.arrived('GET libraries/cluster-status', 2);
  first.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  expect(server.count('POST contexts/create')).toBe(0);
  server.on('GET libraries/cluster-status', statuses(['a', 'INSTALLED']));
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('what a cluster says of its libraries before it runs counts for nothing', async () => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET clusters/get', state('RESTARTING'), state('RUNNING'));
  server.on('GET libraries/cluster-status', statuses(['a', 'INSTALLED']), statuses(['a', 'PENDING']), statuses(['a', 'PENDING']), statuses(['a', 'INSTALLED']));
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual(ok);
  expect(first.stages.map((stage) => stage?.waitsFor)).toContain('libraries');
  expect(server.count('GET libraries/cluster-status')).toBe(4);
});

test('a stopped cluster of the embedded workspace is started before the context only where it has libraries to install', async () => {
  for (const status of ['PENDING', 'INSTALLED']) {
    await using place = await startSession('python', { embedded: true });
    const { server, session } = place;
    server.on('GET clusters/get', state('TERMINATED'));
    server.on('GET libraries/cluster-status', statuses(['a', status]));
    server.on('POST clusters/start', () => {
      server.on('GET clusters/get', state('PENDING'), state('RUNNING'));
      server.on('GET libraries/cluster-status', statuses(['a', 'INSTALLING']), statuses(['a', 'INSTALLED']));
      return { json: {} };
    });
    expect(await session.run('1', 'python', cell())).toEqual(ok);
    expect(server.count('POST clusters/start')).toBe(status === 'PENDING' ? 1 : 0);
  }
});

test('where there are no libraries, a first cell costs one request more, sent at the same time as another', async () => {
  await using place = await startSession();
  const { server, session } = place;
  let arrive = (): void => undefined;
  const both = new Promise<void>((resolve) => (arrive = resolve));
  server.on('GET clusters/get', async () => {
    await both;
    return state('RUNNING');
  });
  server.on('GET libraries/cluster-status', () => {
    arrive();
    return { json: { cluster_id: 'c1' } };
  });
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  expect(server.seen.map(({ route }) => route).sort()).toEqual([
    'GET clusters/get', 'GET commands/status', 'GET contexts/status', 'GET libraries/cluster-status', 'POST commands/execute', 'POST contexts/create',
  ]);
});
