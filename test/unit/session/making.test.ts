import { expect, test } from 'vitest';
import { instantClock } from '../../support/clock.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { cell, failureOf, loginPages, refused } from '../../support/scripted-api.ts';
import type { Answer, ScriptedServer } from '../../support/scripted-server.ts';
import { ok, startSession } from '../../support/session-place.ts';

/* How a context comes to be on a cluster that runs, or does not. */

const failed: Answer = { json: { status: 'Error', cause: 'no memory' } };
const alive: Answer = { json: { status: 'Running' } };

function contextsOf(server: ScriptedServer): readonly string[] {
  return server.seen.flatMap(({ route, fields }) => {
    if (route === 'POST contexts/create') return ['create'];
    return route === 'POST contexts/destroy' ? [`destroy ${fields['contextId']}`] : [];
  });
}

test('a context that fails to start is destroyed and made again, after growing waits', async () => {
  const clock = instantClock();
  await using place = await startSession('python', {}, { clock });
  const { server, session } = place;
  server.on('GET contexts/status', failed, failed, alive);
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual(ok);
  expect(contextsOf(server)).toEqual(['create', 'destroy x1', 'create', 'destroy x2', 'create']);
  expect(clock.slept).toEqual([2000, 5000]);
  expect(first.stages.map((stage) => stage?.text)).toContain('Opening a python context on cluster c1 at example.test (attempt 3 of 4)');
  expect(first.notices).toEqual([]);
  expect(await place.journal()).toHaveLength(1);
});

test('one that keeps failing is given up in words, and nothing is left of it; the next run tries anew', async () => {
  const clock = instantClock();
  await using place = await startSession('python', {}, { clock });
  const { server, session } = place;
  server.on('GET contexts/status', failed, failed, failed, failed, alive);
  expect(await failureOf(session.run('1', 'python', cell()))).toMatchObject({
    code: 'context', message: 'The execution context failed to start on cluster c1: no memory.', details: { lost: false },
  });
  expect(contextsOf(server)).toEqual([1, 2, 3, 4].flatMap((attempt) => ['create', `destroy x${attempt}`]));
  expect(clock.slept).toEqual([2000, 5000, 10_000]);
  expect(await place.journal()).toEqual([]);
  expect(await session.run('1', 'python', cell())).toEqual(ok);
});

test('a context that fails for a limit of something else is no sign of a full cluster', async () => {
  await using place = await startSession();
  place.server.on('GET contexts/status', { json: { status: 'Error', cause: 'the memory limit is reached' } });
  expect(String(await failureOf(place.session.run('1', 'python', cell())))).toContain('failed to start on cluster c1: the memory limit is reached.');
});

test('on the embedded workspace it is told at once, because nothing else would come of it', async () => {
  await using place = await startSession('python', { embedded: true });
  const { server, session } = place;
  server.on('GET contexts/status', failed);
  expect(await failureOf(session.run('1', 'python', cell()))).toMatchObject({ code: 'context' });
  expect(contextsOf(server)).toEqual(['create', 'destroy x1']);
});

test('a cluster that runs and cannot make contexts yet is asked for longer than other requests are repeated', async () => {
  const clock = instantClock();
  await using place = await startSession('python', {}, { clock });
  const { server, session } = place;
  server.on('POST contexts/create', () => (clock.now() < 25_000 ? refused('ClusterNotReadyException: not yet') : { json: { id: 'x1' } }));
  expect(await session.run('1', 'python', cell())).toEqual(ok);
});

test('one that is never ready says so in the end', async () => {
  await using place = await startSession();
  place.server.on('POST contexts/create', refused('ClusterNotReadyException: not yet'));
  const error = await failureOf(place.session.run('1', 'python', cell()));
  expect(error).toMatchObject({ code: 'api', details: { serverMessage: 'ClusterNotReadyException: not yet' } });
});

test.for<Answer>([refused('odd', 500), { status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'odd' } }, 'reset'])(
  'a create that met %j is not tried again: it may have been done, or never will be',
  async (answer) => {
    await using place = await startSession();
    place.server.on('POST contexts/create', answer);
    await failureOf(place.session.run('1', 'python', cell()));
    expect(contextsOf(place.server)).toEqual(['create']);
  },
);

test.for<Answer>(['reset', loginPages.page, { json: {} }, { status: 503, text: '' }])('a create whose answer was lost (%j) may have made a context, which is said', async (answer) => {
  for (const [embedded, end] of [[false, 'the server gives it up when it has been idle for long'], [true, 'it ends with this kernel']] as const) {
    await using place = await startSession('python', { embedded });
    place.server.on('POST contexts/create', answer);
    expect(String(await failureOf(place.session.run('1', 'python', cell())))).toContain(`An execution context may have been made whose id is not known; ${end}.`);
  }
});

test.for<Answer>([refused('RuntimeException: no'), { status: 429, text: '' }, { status: 401, text: '' }])('a create that was refused (%j) has made none', async (answer) => {
  await using place = await startSession();
  place.server.on('POST contexts/create', answer);
  expect(String(await failureOf(place.session.run('1', 'python', cell())))).not.toContain('may have been made');
});

test.for<[route: string, answer: Answer, words: string]>([
  ['POST contexts/create', refused('ContextException: Too many execution contexts are open right now. (Limit set to 145)'), 'ContextException: Too many execution contexts are open right now. (Limit set to 145)'],
  ['POST contexts/create', { status: 400, json: { error_code: 'INVALID_STATE', message: 'Cannot create a new execution context' } }, 'INVALID_STATE: Cannot create a new execution context'],
  ['GET contexts/status', { json: { status: 'Error', cause: 'the maximum number of 145 execution contexts is reached' } }, 'the maximum number of 145 execution contexts is reached'],
])('a cluster that is full says what to do, whether %s tells: %j', async ([route, answer, words]) => {
  await using place = await startSession();
  place.server.on(route, answer);
  const error = await failureOf(place.session.run('1', 'python', cell()));
  expect(error).toMatchObject({ code: 'context', details: { lost: false } });
  expect(String(error)).toContain('Cluster c1 at example.test has no room for another execution context (');
  expect(String(error)).toContain(words);
  expect(String(error)).toContain('shut down notebooks and kernels on it that are no longer needed. "databricks-kernel clusters restart c1" makes room');
  expect(place.server.count('POST contexts/create')).toBe(1);
  expect(await place.journal()).toEqual([]);
});

test('an interrupt between two attempts gives the wait up; close ends the attempts', async () => {
  const clock = new ManualClock();
  await using place = await startSession('python', {}, { clock });
  const { server, session } = place;
  server.on('GET contexts/status', failed);
  const first = cell();
  const run = session.run('1', 'python', first);
  await clock.asleep();
  first.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  expect(await session.close(5000)).toBe(true);
  expect(contextsOf(server)).toEqual(['create', 'destroy x1']);
});
