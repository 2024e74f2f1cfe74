import { expect, test } from 'vitest';
import { deferred } from '../../support/deferred.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { cell, failedWith, failureOf, finished, refused, running } from '../../support/scripted-api.ts';
import type { Answer } from '../../support/scripted-server.ts';
import { ok, startSession } from '../../support/session-place.ts';

/* How the end of a context is noticed, and what is said of it. */

const gone = refused('ContextNotFound');
const cluster = (state: string, life = 1, message = ''): Answer => ({ json: { cluster_id: 'c1', state, spark_context_id: life, state_message: message } });
const minute = 60_000;

/** A session that has run a cell, and an hour or so has passed. */
async function startIdle(idleMs: number, more: { embedded?: boolean } = {}) {
  const clock = new ManualClock();
  const place = await startSession('python', more, { clock });
  place.server.on('GET clusters/get', cluster('RUNNING'));
  expect(await place.session.run('1', 'python', cell())).toEqual(ok);
  await clock.advance(idleMs);
  return Object.assign(place, { clock });
}

test.for<[what: string, now: Answer, why: string]>([
  ['was restarted', cluster('RUNNING', 2), 'the cluster was restarted'],
  ['is being restarted', cluster('RESTARTING', 2), 'the cluster is pending'],
  ['was stopped', cluster('TERMINATED', 1, 'Inactive for 60 minutes.'), 'the cluster is terminated: Inactive for 60 minutes'],
])('a cluster that %s between two cells is noticed before the code is sent; the next cell gets a new context', async ([, now, why]) => {
  await using place = await startIdle(minute);
  const { server, session } = place;
  server.on('GET clusters/get', now);
  server.on('GET contexts/status', gone, { json: { status: 'Running' } });
  const error = await failureOf(session.run('2', 'python', cell()));
  expect(error).toMatchObject({ code: 'context', details: { lost: true } });
  expect((error as Error).message).toBe(
    `The execution context on cluster c1 at example.test is gone (${why}), and the variables of earlier cells with it: this cell was not run. The next cell gets a new context.`,
  );
  expect(server.count('POST commands/execute')).toBe(1);
  server.on('GET clusters/get', cluster('RUNNING', 2));
  const next = cell();
  expect(await session.run('3', 'python', next)).toEqual(ok);
  expect(next.notices).toHaveLength(1);
});

test.for<[what: string, idleMs: number, requests: number, more?: { embedded: boolean }]>([
  ['right after another costs no request more', minute - 1, 0],
  ['after a pause costs one', minute, 1],
  ['on the embedded workspace costs none', minute, 0, { embedded: true }],
])('a cell %s', async ([, idleMs, requests, more]) => {
  await using place = await startIdle(idleMs, more);
  const before = place.server.seen.length;
  expect(await place.session.run('2', 'python', cell())).toEqual(ok);
  expect(place.server.seen.slice(before).map(({ route }) => route)).toEqual([...Array<string>(requests).fill('GET clusters/get'), 'POST commands/execute', 'GET commands/status']);
});

test('a cell after a pause on a server of API 1.2 alone costs none: it cannot tell', async () => {
  const clock = new ManualClock();
  await using place = await startSession('python', {}, { clock });
  const { server, session } = place;
  server.on('GET clusters/get', { status: 404, text: 'nothing here' });
  server.on('GET clusters/status', { json: { id: 'c1', name: 'n', status: 'Running' } });
  await session.run('1', 'python', cell());
  await clock.advance(minute);
  const before = server.seen.length;
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(server.seen.slice(before).map(({ route }) => route)).toEqual(['POST commands/execute', 'GET commands/status']);
});

test.for<[what: string, now: Answer]>([
  ['shows another life of the cluster', cluster('RUNNING', 2)],
  ['tells no life of it', { json: { state: 'RUNNING' } }],
  ['is resizing it', cluster('RESIZING')],
  ['refuses to tell', refused('no', 403)],
  ['has trouble', refused('no', 500)],
])('a context that lives is kept when the server %s after a pause', async ([, now]) => {
  await using place = await startIdle(minute);
  const { server, session } = place;
  server.on('GET clusters/get', now);
  const next = cell();
  expect(await session.run('2', 'python', next)).toEqual(ok);
  expect(next.notices).toEqual([]);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('a cluster that ends while a cell runs, and is then not reached, costs the context within minutes; the reason is told', async () => {
  await using place = await startSession();
  const { server, session } = place;
  const away = refused('ClusterNotReadyException: no such driver');
  server.on('GET commands/status', running, () => {
    server.on('GET clusters/get', cluster('TERMINATED', 1, 'Inactive for 60 minutes.'));
    server.on('GET contexts/status', away);
    return away;
  });
  expect(await failureOf(session.run('1', 'python', cell()))).toMatchObject({
    code: 'context',
    details: { lost: true },
    message: expect.stringContaining('is gone (the cluster is terminated: Inactive for 60 minutes)'),
  });
  expect(place.clients[0]?.clock.now()).toBeLessThan(6 * minute);
});

test('an interrupt while the cluster is looked at after a pause sends nothing', async () => {
  await using place = await startIdle(minute);
  const { server, session } = place;
  const asked = deferred<Answer>();
  server.on('GET clusters/get', () => asked.promise);
  const next = cell();
  const run = session.run('2', 'python', next);
  await server.arrived('GET clusters/get', 2);
  next.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  expect(server.count('POST commands/execute')).toBe(1);
  asked.resolve(cluster('RUNNING'));
});

test.for<[what: string, now: Answer, why: string]>([
  ['a restart of the cluster', cluster('RUNNING', 2), ' (the cluster was restarted)'],
  ['its end', cluster('TERMINATING', 1, 'Inactive.'), ' (the cluster is terminating: Inactive)'],
  ['an eviction', cluster('RUNNING'), ' (the server ended it: those that are idle longest go when a cluster is full, and all after a day)'],
  ['something that the server does not tell of', { status: 403, json: { error: 'no' } }, ''],
])('a context that %s took while a cell ran is reported so, the result as unknown', async ([, now, why]) => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET clusters/get', cluster('RUNNING'), now);
  server.on('GET commands/status', running, gone);
  server.on('GET contexts/status', { json: { status: 'Running' } }, gone);
  const error = await failureOf(session.run('1', 'python', cell()));
  expect((error as Error).message).toBe(
    `The execution context on cluster c1 at example.test is gone${why}, and the variables of earlier cells with it: it was lost while this cell ran, whose result is unknown. The next cell gets a new context.`,
  );
  expect(server.count('POST commands/execute')).toBe(1);
});

test('a command that ends because its context is disconnected costs the context, once that is sure', async () => {
  await using place = await startSession();
  const { server, session } = place;
  const disconnected = failedWith('Context ExecutionContextId(1731742567765160237) is disconnected.');
  server.on('GET commands/status', disconnected, disconnected, finished('done'));
  // The first is but a text: the context answers.
  server.on('GET contexts/status', { json: { status: 'Running' } }, { json: { status: 'Running' } }, gone, { json: { status: 'Running' } });
  for (const code of ['1', '2']) expect(await session.run(code, 'python', cell())).toMatchObject({ end: 'result', result: { kind: 'error' } });
  const next = cell();
  expect(await session.run('3', 'python', next)).toEqual(ok);
  expect(next.notices).toHaveLength(1);
  expect(server.count('POST contexts/create')).toBe(2);
});
