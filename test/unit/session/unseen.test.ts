import { expect, test } from 'vitest';
import { ManualClock } from '../../support/manual-clock.ts';
import { cell, failureOf, finished, refused, running } from '../../support/scripted-api.ts';
import { ok, startSession } from '../../support/session-place.ts';

/* A command that runs and cannot be seen, because the network is away or the login has ended. */

const gone = refused('ContextNotFound');
const forgotten = refused('NoSuchElementException: key not found: k1');

test('a cell says why its command cannot be seen and since when, until it is seen again', async () => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET commands/status', running, { status: 401, json: { error: 'token expired' } }, running, finished('done'));
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual(ok);
  const [sent, unseen, seen] = first.stages.slice(first.stages.indexOf(undefined));
  expect([sent, seen]).toEqual([undefined, undefined]);
  expect(unseen?.waitsFor).toBe('connection');
  expect(unseen?.text).toMatch(
    /^http:\S+ does not accept the login for commands\/status: token expired\. Check DATABRICKS_TOKEN\. It has been so since \d\d:\d\d\. Unless its cluster has ended the code goes on there, and its result is fetched when that is mended; an interrupt gives it up\.$/,
  );
});

/** A session whose cell was interrupted while nobody could see its command. */
async function startLeft() {
  const clock = new ManualClock();
  const place = await startSession('python', {}, { clock });
  const { server, session } = place;
  server.on('GET commands/status', running, 'reset');
  server.on('POST commands/cancel', 'reset');
  const first = cell();
  const run = session.run('1', 'python', first);
  await server.arrived('GET commands/status', 1);
  await clock.pass();
  await server.arrived('GET commands/status', 2);
  await clock.asleep();
  first.interrupt();
  const end = await run;
  await server.arrived('POST commands/cancel');
  server.on('GET commands/status', finished('done'));
  server.on('POST commands/cancel', { json: {} });
  return Object.assign(place, { end });
}

test('an interrupt ends such a cell with the reason; its context is kept, and the next cell has the old command cancelled first', async () => {
  await using place = await startLeft();
  const { server, session, end } = place;
  expect(end).toMatchObject({ end: 'left', text: expect.stringMatching(/broke before the answer to commands\/status was here.*So the code could not be stopped for certain, and may go on there\. Its result is given up; its variables are kept\.$/) });
  const before = server.seen.length;
  const next = cell();
  expect(await session.run('2', 'python', next)).toEqual(ok);
  expect(server.seen.slice(before).map(({ route, fields }) => `${route} ${fields['commandId'] ?? ''}`)).toEqual(['POST commands/cancel k1', 'POST commands/execute ', 'GET commands/status k2']);
  expect(next.notices).toEqual([]);
  await session.run('3', 'python', cell());
  expect(server.seen.slice(before).filter(({ route }) => route === 'POST commands/cancel')).toHaveLength(1);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('a command that has ended meanwhile need not be cancelled, and does not keep the next cell from running', async () => {
  await using place = await startLeft();
  place.server.on('POST commands/cancel', forgotten);
  const sent = place.server.count('POST commands/cancel');
  expect(await place.session.run('2', 'python', cell())).toEqual(ok);
  expect(await place.session.run('3', 'python', cell())).toEqual(ok);
  expect(place.server.count('POST commands/cancel')).toBe(sent + 1);
});

test('on the embedded workspace, what cannot be reached is gone', async () => {
  await using place = await startSession('python', { embedded: true }, { patience: { request: 1000, running: 2000 } });
  const { server, session } = place;
  server.on('GET commands/status', running);
  const first = cell();
  const run = failureOf(session.run('1', 'python', first));
  await server.arrived('GET commands/status');
  await server[Symbol.asyncDispose]();
  first.interrupt();
  expect(await run).toMatchObject({ code: 'context', details: { lost: true } });
});

test('a result that was lost on the way costs no context, and nothing is sent again', async () => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET commands/status', running, 'half', forgotten, finished('done'));
  const error = await failureOf(session.run('1', 'python', cell()));
  expect(error).toMatchObject({ code: 'command', message: expect.stringContaining('The command has finished, but its result is lost') });
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
  expect(server.seen.filter(({ route }) => route === 'POST commands/execute').map(({ fields }) => fields['command'])).toEqual(['1', '2']);
});

test('where the context has gone with the result, that is what is told', async () => {
  await using place = await startSession();
  const { server, session } = place;
  server.on('GET commands/status', running, 'reset', forgotten);
  server.on('GET contexts/status', { json: { status: 'Running' } }, gone);
  expect(await failureOf(session.run('1', 'python', cell()))).toMatchObject({ code: 'context', details: { lost: true } });
});
