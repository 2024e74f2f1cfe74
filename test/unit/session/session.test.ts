import { randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { ContextId } from '../../../src/databricks/types.ts';
import { within } from '../../../src/lib/time.ts';
import { deferred } from '../../support/deferred.ts';
import { deadIdentity, foreignIdentity, identity } from '../../support/identities.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { anotherSession, contextsOf, killedRun, ok, startSession as start, writeJournal } from '../../support/session-place.ts';
import type { Answer, ScriptedServer } from '../../support/scripted-server.ts';
import { cell, failedWith, failureOf, finished, loginPages, refused, running, startScriptedApi } from '../../support/scripted-api.ts';

const deadline = 5000;

const gone = refused('ContextNotFound');

test('the first run opens a context and later runs use it', async () => {
  await using place = await start();
  const { server, session } = place;
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual(ok);
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
  expect(server.seen.filter(({ route }) => route === 'POST commands/execute').map(({ fields }) => fields)).toEqual([
    { language: 'python', clusterId: 'c1', contextId: 'x1', command: '1' },
    { language: 'python', clusterId: 'c1', contextId: 'x1', command: '2' },
  ]);
  expect(first.stages.at(-1)).toBeUndefined();
  expect(first.stages.map((stage) => stage?.text)).toEqual(['Looking for cluster c1 at example.test', 'Opening a python context on cluster c1 at example.test', undefined]);
});

test('prepare opens the context before the first run', async () => {
  await using place = await start();
  const { server, session } = place;
  session.prepare();
  await server.arrived('GET contexts/status');
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('prepare never starts a stopped cluster; the first run does', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET clusters/get', { json: { cluster_id: 'c1', state: 'TERMINATED' } });
  session.prepare();
  await server.arrived('GET clusters/get');
  server.on('POST clusters/start', () => {
    server.on('GET clusters/get', { json: { cluster_id: 'c1', state: 'PENDING', state_message: 'Starting Spark' } }, { json: { cluster_id: 'c1', state: 'RUNNING' } });
    return { json: {} };
  });
  expect(server.count('POST clusters/start')).toBe(0);
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual(ok);
  expect(server.count('POST clusters/start')).toBe(1);
  expect(first.stages.map((stage) => stage?.text)).toContain('Waiting for cluster c1 at example.test (pending: Starting Spark)');
});

test('a cluster that another kernel is starting is only waited for', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET clusters/get', { json: { state: 'TERMINATED' } }, { json: { state: 'PENDING' } }, { json: { state: 'RUNNING' } });
  server.on('POST clusters/start', { status: 400, json: { error_code: 'INVALID_STATE', message: 'Cluster c1 is in unexpected state Pending.' } });
  expect(await session.run('1', 'python', cell())).toEqual(ok);
});

test('a classic server restarts a terminated cluster through API 1.2', async () => {
  await using place = await start();
  const { server, session } = place;
  const shown = (status: string) => ({ json: { id: 'c1', name: 'n', status } });
  server.on('GET clusters/get', { status: 404, text: 'nothing here' });
  // The second look is the client's own, before it restarts.
  server.on('GET clusters/status', shown('Terminated'), shown('Terminated'), shown('Pending'), shown('Running'));
  server.on('POST clusters/restart', { json: { id: 'c1' } });
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  expect(server.count('POST clusters/restart')).toBe(1);
});

test('a cluster in error is a clear error, and the next run looks again', async () => {
  const state = { cluster_id: 'c1', state: 'ERROR', state_message: 'No quota.' };
  const message = 'The cluster c1 at example.test is in state Error: No quota. Start or repair it there, then run the code again.';
  await using place = await start();
  const { server, session } = place;
  server.on('GET clusters/get', { json: state }, { json: { state: 'RUNNING' } });
  expect(await failureOf(session.run('1', 'python', cell()))).toMatchObject({ code: 'context', message });
  expect(await session.run('1', 'python', cell())).toEqual(ok);
});

test.for([
  { status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'Cluster c1 does not exist' } },
  { status: 404, json: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'No cluster found matching: c1' } },
])('an unknown cluster names the setting: %j', async (answer) => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET clusters/get', answer);
  const error = await failureOf(session.run('1', 'python', cell()));
  expect(error).toMatchObject({ code: 'config', message: 'There is no cluster c1 on example.test: check DATABRICKS_CLUSTER_ID.' });
});

test('a context that execute finds gone is reported in that cell; the next gets a new one and is told', async () => {
  await using place = await start();
  const { server, session } = place;
  await session.run('1', 'python', cell());
  server.on('POST commands/execute', gone, { json: { id: 'k7' } });
  server.on('GET contexts/status', gone, { json: { status: 'Running' } });
  const error = await failureOf(session.run('2', 'python', cell()));
  expect(error).toMatchObject({ code: 'context', details: { lost: true } });
  expect(String(error)).toContain('this cell was not run');
  const next = cell();
  expect(await session.run('3', 'python', next)).toEqual(ok);
  expect(next.notices).toEqual(['The earlier execution context is gone: this cell runs in a new one, without the variables of earlier cells.']);
  expect(next.replaced).toEqual(['scala', 'python', 'sql', 'r']);
  expect(server.seen.findLast(({ route }) => route === 'POST commands/execute')?.fields['contextId']).toBe('x2');
  const after = cell();
  await session.run('4', 'python', after);
  expect(after.notices).toEqual([]);
});

test('a context that is gone with the answer to execute is reported as lost, and nobody says that the code was not run', async () => {
  await using place = await start('python', { embedded: true });
  const { server, session } = place;
  await session.run('1', 'python', cell());
  server.on('POST commands/execute', 'reset');
  server.on('GET contexts/status', gone);
  const error = await failureOf(session.run('2', 'python', cell()));
  expect(error).toMatchObject({ code: 'context', details: { lost: true } });
  expect(String(error)).toContain('it was lost while this cell ran, whose result is unknown');
});

test('cells after the first make no signals, and leave nothing on those that they are given', async () => {
  await using place = await start();
  await place.session.run('1', 'python', cell());
  const second = cell();
  let made = 0;
  vi.stubGlobal('AbortController', class extends AbortController {
    constructor() {
      super();
      made += 1;
    }
  });
  const any = vi.spyOn(AbortSignal, 'any');
  const end = await place.session.run('2', 'python', second).finally(() => vi.unstubAllGlobals());
  expect(end).toEqual(ok);
  expect(any).not.toHaveBeenCalled();
  any.mockRestore();
  expect(made).toBe(0);
  expect([second.interrupted, second.killed].map((signal) => getEventListeners(signal, 'abort').length)).toEqual([0, 0]);
});

test('a context that vanishes while the cell runs is reported as lost, the result as unknown', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET commands/status', running, gone);
  server.on('GET contexts/status', { json: { status: 'Running' } }, gone);
  const error = await failureOf(session.run('1', 'python', cell()));
  expect(error).toMatchObject({ code: 'context', details: { lost: true } });
  expect(String(error)).toContain('whose result is unknown');
});

test('a command that was cancelled by the end of its context means a lost context', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET commands/status', failedWith('CommandCancelledException\n at com.databricks.spark.chauffeur.ExecContextState.$anonfun$shutdown$1'));
  expect(await failureOf(session.run('1', 'python', cell()))).toMatchObject({ code: 'context', details: { lost: true } });
});

test('a command that somebody else cancelled in a context that lives is shown, and the context kept', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET commands/status', failedWith('CommandCancelledException'), finished('done'));
  expect(await session.run('1', 'python', cell())).toMatchObject({ end: 'result', result: { kind: 'error', cause: 'CommandCancelledException' } });
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('a stream that a cell leaves behind, whose status no document names, ends the cell; the next one runs', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET commands/status', running, refused('RuntimeException: Unknown ExecutionStatus RunningInBackground(1)'), finished('done'));
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual({ end: 'result', result: { kind: 'text', text: '' } });
  expect(first.notices).toEqual([expect.stringContaining('The cell has started a stream, which runs on in the background.')]);
  expect(first.replaced).toEqual([]);
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('an interrupted stream is waited for while it stops', async () => {
  await using place = await start();
  const { server, session } = place;
  const background = refused('RuntimeException: Unknown ExecutionStatus RunningInBackground(1)');
  server.on('GET commands/status', running);
  const first = cell();
  const run = session.run('1', 'python', first);
  await server.arrived('GET commands/status');
  server.on('POST commands/cancel', () => {
    server.on('GET commands/status', background, background, failedWith('CommandCancelledException'));
    return { json: {} };
  });
  first.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  expect(server.count('POST commands/cancel')).toBe(1);
});

test('a Python that restarts is told to the cell that met it, which is not sent again; the context is kept', async () => {
  await using place = await start();
  const { server, session } = place;
  const away = 'java.lang.IllegalStateException: jupyter client is not available because the python kernel is not defined. The kernel may be restarting or the repl may have been shut down.';
  server.on('GET commands/status', failedWith(away), finished('done'));
  const first = cell();
  expect(await session.run('1', 'python', first)).toMatchObject({ end: 'result', result: { kind: 'error', cause: away } });
  expect(first.notices).toEqual([expect.stringMatching(/^Python restarts in this execution context, .* Run it again in a moment\.$/)]);
  expect(first.replaced).toEqual(['python']);
  const next = cell();
  expect(await session.run('2', 'python', next)).toEqual(ok);
  expect(next.notices).toEqual([]);
  expect(server.count('POST commands/execute')).toBe(2);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('a refusal while the context lives is an error of that cell only', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('POST commands/execute', refused('RuntimeException: odd'), { json: { id: 'k' } });
  expect(await failureOf(session.run('1', 'python', cell()))).toMatchObject({ code: 'api' });
  expect(await session.run('1', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
});

test.for([401, 403])('HTTP %i says nothing about the context', async (status) => {
  await using place = await start();
  const { server, session } = place;
  server.on('POST commands/execute', refused('no', status), { json: { id: 'k' } });
  const error = await failureOf(session.run('1', 'python', cell()));
  expect(error).toMatchObject({ code: 'api', details: { status } });
  expect(String(error)).toContain('DATABRICKS_TOKEN');
  expect(server.count('GET contexts/status')).toBe(1);
  expect(await session.run('1', 'python', cell())).toEqual(ok);
});

test.for(Object.entries(loginPages))("a proxy's login %s says nothing about the context, whatever it answers to", async ([, answer]) => {
  await using place = await start();
  const { server, session } = place;
  const alive = { json: { status: 'Running' } };
  server.on('GET commands/status', running, answer, answer, refused('RuntimeException: odd'));
  server.on('GET contexts/status', alive, answer, alive);
  expect(await failureOf(session.run('1', 'python', cell()))).toMatchObject({ code: 'api', details: { serverMessage: 'RuntimeException: odd' } });
  server.on('GET commands/status', finished('done'));
  server.on('POST commands/execute', answer, { json: { id: 'k' } });
  expect(await failureOf(session.run('2', 'python', cell()))).toMatchObject({ code: 'command', message: expect.stringContaining('The command may be running or have run') });
  expect(await session.run('3', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
  expect(server.count('POST contexts/destroy')).toBe(0);
});

test.for(Object.entries(loginPages))("a proxy's login %s that stays ends the cell, not the context", async ([, answer]) => {
  await using place = await start('python', {}, { patience: { request: 10_000, running: 60_000 } });
  const { server, session } = place;
  server.on('GET commands/status', running, answer);
  server.on('GET contexts/status', { json: { status: 'Running' } }, answer);
  const error = await failureOf(session.run('1', 'python', cell()));
  expect(error).toMatchObject({ code: 'api' });
  expect(String(error)).toContain('whether a VPN or private link is needed');
  server.on('GET commands/status', finished('done'));
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('runs wait their turn and go in order', async () => {
  await using place = await start();
  const { server, session } = place;
  const ends = await Promise.all(['1', '2', '3'].map((code) => session.run(code, 'python', cell())));
  expect(ends).toEqual([ok, ok, ok]);
  const calls = server.seen.map(({ route, fields }) => (route === 'POST commands/execute' ? fields['command'] : route)).filter((call) => /^\d$|commands/.test(call ?? ''));
  expect(calls).toEqual(['1', 'GET commands/status', '2', 'GET commands/status', '3', 'GET commands/status']);
});

test("an interrupt gives up waiting for one's turn without sending anything", async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET commands/status', running);
  const first = cell();
  const one = session.run('1', 'python', first);
  await server.arrived('GET commands/status');
  const second = cell();
  const two = session.run('2', 'python', second);
  second.interrupt();
  expect(await two).toEqual({ end: 'interrupted' });
  server.on('GET commands/status', finished('done'));
  expect(await one).toEqual(ok);
  expect(server.count('POST commands/execute')).toBe(1);
});

test('an interrupt while the context opens gives up the wait; the opening goes on for the next run', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET contexts/status', { json: { status: 'Pending' } });
  const first = cell();
  const run = session.run('1', 'python', first);
  await server.arrived('GET contexts/status');
  first.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  server.on('GET contexts/status', { json: { status: 'Running' } });
  expect(await session.run('2', 'python', cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('a killed run gives its context up, which is destroyed; the next run gets a new one', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET commands/status', running);
  expect(await killedRun(place)).toEqual({ end: 'killed' });
  expect((await server.arrived('POST contexts/destroy')).fields['contextId']).toBe('x1');
  server.on('GET commands/status', finished('done'));
  const next = cell();
  expect(await session.run('2', 'python', next)).toEqual(ok);
  expect(next.notices).toHaveLength(1);
});

test('a context that was given up is left behind with the requests about it that are never answered', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET commands/status', 'silence');
  expect(await killedRun(place)).toEqual({ end: 'killed' });
  // In time means: not after the deadline of a request.
  expect(await session.close(deadline)).toBe(true);
});

test('a killed run does not wait for whether its context is gone', async () => {
  await using place = await start();
  const { server } = place;
  server.on('GET commands/status', gone);
  server.on('GET contexts/status', { json: { status: 'Running' } }, 'silence');
  expect(await killedRun(place, 'GET contexts/status', 2)).toEqual({ end: 'killed' });
  expect((await server.arrived('POST contexts/destroy')).fields['contextId']).toBe('x1');
});

test('code over the limit is refused before anything is sent', async () => {
  await using place = await start();
  const { server, session } = place;
  expect(await failureOf(session.run('x'.repeat(7 * 1024 * 1024), 'python', cell()))).toMatchObject({ code: 'command' });
  expect(server.seen).toEqual([]);
});

/** Bodies are forms, and only forms. */
function speakClassic(server: ScriptedServer): void {
  let made = 0;
  server.on('POST contexts/create', ({ headers }) =>
    headers['content-type'] === 'application/json' ? refused('NoSuchElementException: key not found: language') : { json: { id: `x${(made += 1)}` } },
  );
}

test("today's servers run every language in the one context", async () => {
  await using place = await start('scala');
  const { server, session } = place;
  for (const language of ['scala', 'python', 'sql', 'r'] as const) expect(await session.run('1', language, cell())).toEqual(ok);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('a classic server gets a second context for a language that the first does not run, without trying', async () => {
  await using place = await start('scala');
  const { server, session } = place;
  speakClassic(server);
  for (const language of ['scala', 'sql'] as const) expect(await session.run('1', language, cell())).toEqual(ok);
  const other = cell();
  for (let time = 0; time < 2; time += 1) expect(await session.run('1', 'python', other)).toEqual(ok);
  expect(other.notices).toEqual(['This server runs python in an execution context of its own: variables and temp views are not shared with scala.']);
  expect(other.replaced).toEqual([]);
  const executed = server.seen.filter(({ route }) => route === 'POST commands/execute').map(({ fields }) => `${fields['language']} in ${fields['contextId']}`);
  expect(executed).toEqual(['scala in x1', 'sql in x1', 'python in x2', 'python in x2']);
});

test('on a classic server a lost context is told to the cell that runs in its successor, not to one of another language', async () => {
  await using place = await start('scala');
  const { server, session } = place;
  speakClassic(server);
  server.on('GET commands/status', running);
  const first = cell();
  const run = session.run('1', 'scala', first);
  await server.arrived('GET commands/status');
  first.kill();
  expect(await run).toEqual({ end: 'killed' });
  server.on('GET commands/status', finished('done'));
  const [other, next] = [cell(), cell()];
  expect(await session.run('2', 'python', other)).toEqual(ok);
  expect(other.notices).toEqual([expect.stringContaining('python in an execution context of its own')]);
  expect(await session.run('3', 'scala', next)).toEqual(ok);
  expect(next.notices).toEqual([expect.stringContaining('The earlier execution context is gone')]);
  expect(next.replaced).toEqual(['scala', 'sql']);
});

test.for([
  { status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'language' } },
  refused('IllegalArgumentException: unsupported language python'),
])('a server that refuses a language in a context, %j, gets a second context once, and remembers', async (answer) => {
  await using place = await start('scala');
  const { server, session } = place;
  server.on('POST commands/execute', ({ fields }) => (fields['language'] === 'python' && fields['contextId'] === 'x1' ? answer : { json: { id: 'k' } }));
  for (let time = 0; time < 2; time += 1) expect(await session.run('1', 'python', cell())).toEqual(ok);
  const executed = server.seen.filter(({ route }) => route === 'POST commands/execute').map(({ fields }) => fields['contextId']);
  expect(executed).toEqual(['x1', 'x2', 'x2']);
});

test('the embedded workspace is told the owner, a real server is not', async () => {
  for (const embedded of [true, false]) {
    await using place = await start('python', { embedded });
    await place.session.run('1', 'python', cell());
    expect((await place.server.arrived('POST contexts/create')).fields['owner']).toBe(embedded ? identity : undefined);
  }
});

test('a terminated cluster of the embedded workspace is left to start itself, which is told', async () => {
  await using place = await start('python', { embedded: true });
  const { server, session } = place;
  server.on('GET clusters/get', { status: 404, json: { error: 'No such endpoint' } });
  server.on('GET clusters/status', { json: { id: 'c1', name: 'local', status: 'Terminated' } });
  const first = cell();
  expect(await session.run('1', 'python', first)).toEqual(ok);
  expect(first.stages).toContainEqual({ waitsFor: 'context', text: 'Starting cluster c1 at example.test, and opening a python context on it' });
});

test('close destroys the contexts and empties the journal', async () => {
  await using place = await start('python');
  await place.session.run('1', 'python', cell());
  const [file = ''] = await place.journal();
  const path = join(place.home, 'contexts', file);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ identity, entries: [{ host: place.server.url.origin, clusterId: 'c1', contextId: 'x1' }] });
  await place.session.close(deadline);
  expect(place.server.count('POST contexts/destroy')).toBe(1);
  expect(await place.journal()).toEqual([]);
});

test('close while a refused create waits for its next attempt sends it no more', async () => {
  const clock = new ManualClock();
  await using place = await start('python', {}, { clock });
  const { server, session } = place;
  server.on('POST contexts/create', { status: 429, json: { error: 'x' }, headers: { 'retry-after': '7' } }, { json: { id: 'x1' } });
  session.prepare();
  await clock.asleep();
  await session.close(deadline);
  expect(clock.sleeping).toBe(0);
  expect(server.count('POST contexts/create')).toBe(1);
});

test('close does not wait for a server that cannot be reached', async () => {
  const clock = new ManualClock();
  await using place = await start('python', {}, { clock });
  const { server, session } = place;
  for (const route of ['GET clusters/get', 'GET libraries/cluster-status']) server.on(route, 'reset');
  session.prepare();
  await clock.asleep();
  // True: all that was under way has ended, before the deadline, though no time has passed for the next attempts.
  expect(await session.close(deadline)).toBe(true);
  expect(server.count('POST contexts/create')).toBe(0);
});

test('close waits for the answer to a create under way and destroys what it made', async () => {
  await using place = await start('python');
  const { server, session } = place;
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => (answer = resolve));
  server.on('POST contexts/create', async () => {
    await asked;
    return { json: { id: 'x1' } };
  });
  session.prepare();
  await server.arrived('POST contexts/create');
  const closed = session.close(deadline);
  answer();
  await closed;
  expect((await server.arrived('POST contexts/destroy')).fields['contextId']).toBe('x1');
  expect(await place.journal()).toEqual([]);
});

test('close while the context is being looked at destroys it, though the look then finds it ready', async () => {
  await using place = await start('python');
  const { server, session } = place;
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => (answer = resolve));
  server.on('GET contexts/status', async () => {
    await asked;
    return { json: { status: 'Running' } };
  });
  session.prepare();
  await server.arrived('GET contexts/status');
  const closed = session.close(deadline);
  answer();
  await closed;
  expect((await server.arrived('POST contexts/destroy')).fields['contextId']).toBe('x1');
  expect(await place.journal()).toEqual([]);
});

test('close ends a running cell as killed, and later runs are refused', async () => {
  await using place = await start();
  const { server, session } = place;
  server.on('GET commands/status', running);
  const run = session.run('1', 'python', cell());
  await server.arrived('GET commands/status');
  await session.close(deadline);
  expect(await run).toEqual({ end: 'killed' });
  expect(await failureOf(session.run('2', 'python', cell()))).toMatchObject({ code: 'context' });
});

test('a context that could not be destroyed stays in the journal, and the next session of a living process leaves it alone', async () => {
  await using place = await start('python');
  const { server, session, home } = place;
  await session.run('1', 'python', cell());
  server.on('POST contexts/destroy', refused('no', 500));
  await session.close(deadline);
  expect(await place.journal()).toHaveLength(1);
  const before = server.count('POST contexts/destroy');
  const next = anotherSession({ url: server.url, home });
  await next.run('1', 'python', cell());
  server.on('POST contexts/destroy', { json: {} });
  await next.close(deadline);
  expect(server.count('POST contexts/destroy')).toBe(before + 1);
  expect(await place.journal()).toHaveLength(1);
});

test('contexts of a dead process on the same server are destroyed when a session connects', async () => {
  await using place = await start('python');
  const { server, session, home } = place;
  const dead = anotherSession({ url: server.url, home, owner: deadIdentity });
  await dead.run('1', 'python', cell());
  server.on('POST contexts/destroy', refused('no', 500), { json: {} });
  await dead.close(deadline);
  expect(await place.journal()).toHaveLength(1);
  await session.run('1', 'python', cell());
  await server.arrived('POST contexts/destroy', 2);
  await session.close(deadline);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual(['x1', 'x1', 'x2']);
  expect(await place.journal()).toEqual([]);
});

test('a context of an embedded workspace that has ended is gone with it, and nothing of it stays in the journal', async () => {
  await using place = await start('python', { embedded: true });
  await place.session.run('1', 'python', cell());
  await place.server[Symbol.asyncDispose]();
  expect(await place.session.close(deadline)).toBe(true);
  expect(await place.journal()).toEqual([]);
});

test('what a dead process left on an embedded workspace that has ended too is forgotten when a session connects to the next one', async () => {
  await using place = await start('python', { embedded: true });
  const { server, session, home } = place;
  await using ended = await startScriptedApi();
  ended.on('POST contexts/destroy', refused('no', 500));
  for (const embedded of [true, false]) {
    const left = anotherSession({ url: ended.url, home, owner: deadIdentity, embedded });
    await left.run('1', 'python', cell());
    await left.close(deadline);
  }
  expect(await place.journal()).toHaveLength(2);
  await session.run('1', 'python', cell());
  await session.close(deadline);
  // That on a server of somebody else may live yet.
  expect(await place.journal()).toHaveLength(1);
  expect(server.count('POST contexts/destroy')).toBe(1);
});

test('the half-written journal of a process that was killed is removed; one that may be written just now is not', async () => {
  await using place = await start('python');
  await mkdir(join(place.home, 'contexts'));
  for (const name of ['old', 'new']) await writeFile(join(place.home, 'contexts', `${name}.json.1.tmp`), '{"identity":"999999999:1:gone","ent');
  await utimes(join(place.home, 'contexts', 'old.json.1.tmp'), 0, Date.now() / 1000 - 120);
  await place.session.run('1', 'python', cell());
  await place.session.close(deadline);
  expect(await place.journal()).toEqual(['new.json.1.tmp']);
});

test('close waits for what a dead process left behind and is being destroyed', async () => {
  await using place = await start();
  const { server, session, home } = place;
  await writeJournal(home, deadIdentity, [{ host: server.url.origin, contextId: 'left' }]);
  const answer = deferred<Answer>();
  server.on('POST contexts/destroy', ({ fields }) => (fields['contextId'] === 'left' ? answer.promise : { json: {} }));
  await session.run('1', 'python', cell());
  await server.arrived('POST contexts/destroy');
  const closed = session.close(deadline);
  await server.arrived('POST contexts/destroy', 2);
  expect(await within(100, closed)).toBeUndefined();
  answer.resolve({ json: {} });
  expect(await closed).toBe(true);
  expect(await place.journal()).toEqual([]);
});

test('a journal that is broken keeps nobody from the others, and is removed when it is old', async () => {
  await using place = await start();
  const { server, session, home } = place;
  await writeJournal(home, deadIdentity, [{ host: server.url.origin, contextId: 'left' }]);
  for (const name of ['a-new', 'an-old']) await writeFile(join(home, 'contexts', `${name}.json`), '');
  await utimes(join(home, 'contexts', 'an-old.json'), 0, Date.now() / 1000 - 3 * 24 * 3600);
  expect(await session.attach('theirs' as ContextId, cell())).toMatchObject({ end: 'attached' });
  await session.close(deadline);
  expect(contextsOf(server, 'POST contexts/destroy')).toEqual(['left']);
  expect(await place.journal()).toEqual(['a-new.json']);
});

test.for<[what: string, days: number, answer: Answer, stays: readonly string[]]>([
  ['waits for the next kernel', 0, refused('no', 500), ['stuck']],
  ['is forgotten when it is old', 3, refused('no', 500), []],
  ['is forgotten with its cluster', 0, refused('RuntimeException: Unknown cluster id c1'), []],
])('a context of a dead process that cannot be destroyed %s, and keeps nobody from the others', async ([, days, answer, stays]) => {
  await using place = await start();
  const { server, session, home } = place;
  const file = await writeJournal(home, deadIdentity, ['stuck', 'left'].map((contextId) => ({ host: server.url.origin, contextId })));
  const written = Date.now() / 1000 - days * 24 * 3600;
  await utimes(file, written, written);
  server.on('POST contexts/destroy', ({ fields }) => (fields['contextId'] === 'stuck' ? answer : { json: {} }));
  await session.run('1', 'python', cell());
  await session.close(deadline);
  expect(contextsOf(server, 'POST contexts/destroy')).toContain('left');
  const entries = await readFile(file, 'utf8').then((text) => (JSON.parse(text) as { entries: { contextId: string }[] }).entries, () => []);
  expect(entries.map(({ contextId }) => contextId)).toEqual(stays);
});

test.for([
  ['of a living process', identity, ['another.test', 'here'], []],
  ['of a process that nobody can name, whose contexts may be in use', '', [], []],
  ['of a process in another container, which may use them', foreignIdentity, [], []],
  ['of a dead process', deadIdentity, [], ['left']],
  ['of a process that a power cut ended, though its number and its start are those of one of today', identity.replace(/[\da-f-]{36} /, `${randomUUID()} `), [], ['left']],
  ['of a dead process whose number another one has now', `${process.pid}:1:${identity.split(':').slice(2).join(':')}`, [], ['left']],
] as const)('a journal of three days ago %s', async ([, owner, stays, destroyed]) => {
  await using place = await start();
  const { server, session, home } = place;
  const host = server.url.origin;
  const file = await writeJournal(home, owner, [host, 'https://another.test'].map((at) => ({ host: at, contextId: 'left' })));
  const old = Date.now() / 1000 - 3 * 24 * 3600;
  await utimes(file, old, old);
  await session.run('1', 'python', cell());
  await session.close(deadline);
  const entries = await readFile(file, 'utf8').then((text) => (JSON.parse(text) as { entries: { host: string }[] }).entries, () => []);
  expect(entries.map((left) => left.host).sort()).toEqual(stays.map((name) => (name === 'here' ? host : `https://${name}`)).sort());
  const asked = contextsOf(server, 'POST contexts/destroy');
  expect(asked.filter((id) => id !== 'x1')).toEqual(destroyed);
});
