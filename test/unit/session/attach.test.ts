import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { ContextId } from '../../../src/databricks/types.ts';
import { deferred } from '../../support/deferred.ts';
import { deadIdentity, foreignIdentity, identity } from '../../support/identities.ts';
import { cell, failureOf, refused, running } from '../../support/scripted-api.ts';
import type { Answer } from '../../support/scripted-server.ts';
import { contextsOf, killedRun, ok, startSession, writeJournal } from '../../support/session-place.ts';

/* A context that lives already is taken up with its variables. */

const old = 'x-old' as ContextId;

test('cells run in the context that was taken up; the one before, which was its own, is destroyed', async () => {
  await using place = await startSession();
  const { server, session } = place;
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  expect(await session.attach(old, cell())).toEqual({
    end: 'attached', context: { id: old, cluster: 'c1', host: 'example.test', status: 'Running', owned: false }, replaced: ['scala', 'python', 'sql', 'r'],
  });
  await server.arrived('POST contexts/destroy', 2);
  const next = cell();
  expect(await session.run('2', 'python', next)).toEqual(ok);
  expect(next.notices).toEqual([]);
  expect(contextsOf(server, 'POST commands/execute')).toEqual(['x1', old]);
  expect(await session.context()).toMatchObject({ id: old, status: 'Running', owned: false });
  await session.close(5000);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual(['x1']);
});

test('a session can begin with a context that lives, also one that is prepared; none is made, and none destroyed at its end', async () => {
  await using place = await startSession('python', {}, { contextId: old });
  const { server, session } = place;
  session.prepare();
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  expect(contextsOf(server, 'POST commands/execute')).toEqual([old]);
  await session.close(5000);
  expect(server.count('POST contexts/create')).toBe(0);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual([]);
});

test('a context that was taken up and is lost has a new one as its successor, which is destroyed at the end', async () => {
  await using place = await startSession('python', {}, { contextId: old });
  const { server, session } = place;
  server.on('GET commands/status', running);
  expect(await killedRun(place)).toEqual({ end: 'killed', kept: old });
  server.on('GET commands/status', { json: { status: 'Finished', results: { resultType: 'text', data: 'done' } } });
  const next = cell();
  expect(await session.run('2', 'python', next)).toEqual(ok);
  expect(next.notices).toHaveLength(1);
  await session.close(5000);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual(['x1']);
});

test.for<[what: string, owner: string, owned: boolean]>([
  ['a kernel that was killed left behind is its own from then on', deadIdentity, true],
  ['a living kernel made is left to that', identity, false],
  ['a process made that nobody can name is left to that', '', false],
  ['a kernel of another container made is left to that', foreignIdentity, false],
])('a context that %s', async ([, owner, owned]) => {
  await using place = await startSession('python', {}, { contextId: old });
  const { server, session, home } = place;
  const file = await writeJournal(home, owner, [{ host: server.url.origin, contextId: old }]);
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  expect(contextsOf(server, 'POST commands/execute')).toEqual([old]);
  expect(await session.context()).toMatchObject({ owned });
  expect(await readFile(file, 'utf8').then((text) => text.includes(old), () => false)).toBe(!owned);
  await session.close(5000);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual(owned ? [old] : []);
});

test('the other contexts that the same kernel left behind are destroyed as ever', async () => {
  await using place = await startSession('python', {}, { contextId: old });
  const { server, session, home } = place;
  await writeJournal(home, deadIdentity, [{ host: server.url.origin, contextId: 'x-other' }]);
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  await server.arrived('POST contexts/destroy', 2);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual(['x-other']);
});

test.for<[what: string, answer: Answer, why: string]>([
  ['that the server does not know', refused('ContextNotFound'), ' (ContextNotFound)'],
  ['that has failed', { json: { status: 'Error', cause: 'no memory.' } }, ' (no memory)'],
  ['of another cluster', { status: 400, json: { error: 'RuntimeException: context x-old is of another cluster' } }, ' (RuntimeException: context x-old is of another cluster)'],
])('an id %s is a clear error, and nothing changes', async ([, answer, why]) => {
  await using place = await startSession();
  const { server, session } = place;
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  server.on('GET contexts/status', answer);
  expect(await failureOf(session.attach(old, cell()))).toMatchObject({
    code: 'context',
    details: { lost: false },
    message: `There is no execution context ${old} on cluster c1 at example.test${why}, and nothing has changed. An id belongs to one cluster, and is gone when that restarts.`,
  });
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(contextsOf(server, 'POST commands/execute')).toEqual(['x1', 'x1']);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual([]);
});

test.for<[what: string, answer: Answer]>([
  ['a login that is refused', { status: 401, json: { error: 'no' } }],
  ['a server that is away', 'reset'],
])('%s says nothing of the context, and nothing changes', async ([, answer]) => {
  await using place = await startSession();
  const { server, session } = place;
  await session.run('1', 'python', cell());
  server.on('GET contexts/status', answer);
  const error = await failureOf(session.attach(old, cell()));
  expect(String(error)).not.toContain('There is no execution context');
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(contextsOf(server, 'POST commands/execute')).toEqual(['x1', 'x1']);
});

test('a stopped cluster is not started for a context that it cannot have', async () => {
  await using place = await startSession('python', {}, { contextId: old });
  const { server, session } = place;
  server.on('GET clusters/get', { json: { cluster_id: 'c1', state: 'TERMINATED' } });
  expect(String(await failureOf(session.run('1', 'python', cell())))).toContain(`There is no execution context ${old} on cluster c1 at example.test (the cluster is stopped, which no context outlives)`);
  expect(server.count('POST clusters/start')).toBe(0);
  expect(server.count('POST contexts/create')).toBe(0);
});

test('a server that refuses to destroy a context that there is none of has its own taken up all the same', async () => {
  await using place = await startSession('python', {}, { contextId: old });
  place.server.on('POST contexts/destroy', refused('ContextNotFound'));
  expect(await place.session.run('1', 'python', cell())).toEqual(ok);
});

test('an interrupt gives the wait up, and nothing changes', async () => {
  await using place = await startSession();
  const { server, session } = place;
  await session.run('1', 'python', cell());
  server.on('GET contexts/status', { json: { status: 'Pending' } });
  const asking = cell();
  const attached = session.attach(old, asking);
  await server.arrived('GET contexts/status', 2);
  asking.interrupt();
  expect(await attached).toEqual({ end: 'interrupted' });
  server.on('GET contexts/status', { json: { status: 'Running' } });
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(contextsOf(server, 'POST commands/execute')).toEqual(['x1', 'x1']);
});

test('the context that is in use already can be taken up, and stays', async () => {
  await using place = await startSession();
  const { server, session } = place;
  await session.run('1', 'python', cell());
  expect(await session.attach('x1' as ContextId, cell())).toMatchObject({ end: 'attached', context: { id: 'x1', owned: true }, replaced: [] });
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual([]);
});

test('a context that is on its way when another one is taken up is destroyed when it comes, even at the very end', async () => {
  await using place = await startSession();
  const { server, session } = place;
  const made = deferred<Answer>();
  server.on('POST contexts/create', () => made.promise);
  session.prepare();
  await server.arrived('POST contexts/create');
  expect(await session.attach(old, cell())).toMatchObject({ end: 'attached' });
  const closed = session.close(5000);
  made.resolve({ json: { id: 'x1' } });
  expect(await closed).toBe(true);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual(['x1']);
  expect(await place.journal()).toEqual([]);
});

test.for<[what: string, end: (place: Awaited<ReturnType<typeof startSession>>) => Promise<unknown>]>([
  ['killed with its kernel', (place) => place.session.close(5000)],
  ['given up', async (place) => killedRun(place)],
])('a command that is %s is cancelled in a context that was taken up: whoever has that would wait for it', async ([, end]) => {
  await using place = await startSession('python', {}, { contextId: old });
  const { server, session } = place;
  server.on('GET commands/status', running);
  void session.run('long', 'python', cell());
  await server.arrived('GET commands/status');
  await end(place);
  await session.close(5000);
  expect(server.count('POST commands/cancel')).toBeGreaterThan(0);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual([]);
});

test('so is one whose id comes after that', async () => {
  await using place = await startSession('python', {}, { contextId: old });
  const { server, session } = place;
  const taken = deferred<Answer>();
  server.on('POST commands/execute', () => taken.promise);
  const killed = cell();
  const run = session.run('long', 'python', killed);
  await server.arrived('POST commands/execute');
  killed.kill();
  expect(await run).toEqual({ end: 'killed', kept: old });
  taken.resolve({ json: { id: 'k9' } });
  await session.close(5000);
  expect(server.seen.filter(({ route }) => route === 'POST commands/cancel').map(({ fields }) => fields['commandId'])).toEqual(['k9']);
});

test('a context that is being taken up already is not taken up twice', async () => {
  await using place = await startSession('python', {}, { contextId: old });
  const { server, session, home } = place;
  await writeJournal(home, deadIdentity, [{ host: server.url.origin, contextId: old }]);
  const looked = deferred<Answer>();
  server.on('GET contexts/status', () => looked.promise);
  session.prepare();
  await server.arrived('GET contexts/status');
  const attached = session.attach(old, cell());
  looked.resolve({ json: { status: 'Running' } });
  expect(await attached).toMatchObject({ end: 'attached', context: { id: old, owned: true }, replaced: [] });
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual([]);
  await session.close(5000);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual([old]);
});

test('one that a dead kernel left lives on where the wait for it was given up', async () => {
  await using place = await startSession();
  const { server, session, home } = place;
  await session.run('1', 'python', cell());
  await writeJournal(home, deadIdentity, [{ host: server.url.origin, contextId: old }]);
  const looked = deferred<Answer>();
  server.on('GET contexts/status', () => looked.promise);
  const asking = cell();
  const attached = session.attach(old, asking);
  await server.arrived('GET contexts/status', 2);
  looked.resolve({ json: { status: 'Running' } });
  asking.interrupt();
  expect(await attached).toEqual({ end: 'interrupted' });
  await session.close(5000);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual(['x1']);
});

test('before the first cell there is no context to tell of', async () => {
  await using place = await startSession();
  expect(await place.session.context()).toBeUndefined();
  expect(place.server.seen).toEqual([]);
});
