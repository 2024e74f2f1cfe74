import { expect, test } from 'vitest';
import type { ClientOptions } from '../../../src/databricks/client.ts';
import { checkCommand, longestCommand, runCommand } from '../../../src/databricks/run-command.ts';
import type { ClusterId, ContextId } from '../../../src/databricks/types.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import type { Answer, Script, ScriptedServer } from '../../support/scripted-server.ts';
import { cell, clientFor, failedWith, failureOf, finished, loginPages, refused, running, startScriptedApi } from '../../support/scripted-api.ts';

const context = { clusterId: 'c1' as ClusterId, contextId: 'x1' as ContextId };

async function start(statuses: readonly (Answer | Script)[], options: Partial<ClientOptions> = {}) {
  const server: ScriptedServer = await startScriptedApi();
  server.on('GET commands/status', ...statuses);
  const client = clientFor(server.url, options);
  const signals = cell();
  return {
    server,
    client,
    signals,
    run: () => runCommand(client, { context, language: 'scala', code: '1', interrupted: signals.interrupted, killed: signals.killed }),
    async [Symbol.asyncDispose]() {
      await client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('a command is executed once and polled until it ends', async () => {
  await using api = await start([running, running, finished('2')]);
  expect(await api.run()).toEqual({ end: 'result', result: { kind: 'text', text: '2' }, doubtful: false });
  expect(api.server.seen.map(({ route }) => route)).toEqual(['POST commands/execute', 'GET commands/status', 'GET commands/status', 'GET commands/status']);
});

const cancelled = 'com.databricks.backend.common.rpc.CommandCancelledException at SequenceExecutionState.cancel';
test.for<[string, { json: unknown }, object]>([
  ['Cancelled, as the document says', failedWith('', 'Cancelled'), { end: 'interrupted' }],
  ['Finished with CommandCancelledException, as today', failedWith(cancelled), { end: 'interrupted' }],
  ['Finished with the result that came first', finished('2'), { end: 'result', result: { kind: 'text', text: '2' }, doubtful: false }],
  ['an error of its own', failedWith('lost'), { end: 'result', result: { kind: 'error', summary: '', cause: 'lost' }, doubtful: true }],
])('an interrupted command is cancelled once and polled; then %s', async ([, last, end]) => {
  await using api = await start([running]);
  const run = api.run();
  await api.server.arrived('GET commands/status');
  api.server.on('POST commands/cancel', () => {
    api.server.on('GET commands/status', running, { json: { status: 'Cancelling' } }, last);
    return { json: { id: 'k1' } };
  });
  api.signals.interrupt();
  expect(await run).toEqual(end);
  expect(api.server.count('POST commands/cancel')).toBe(1);
});

test('an interrupt while the answer to execute is under way waits for it, so that the command can be cancelled', async () => {
  await using api = await start([failedWith('', 'Cancelled')]);
  api.server.on('POST commands/execute', () => {
    api.signals.interrupt();
    return { json: { id: 'k9' } };
  });
  expect(await api.run()).toEqual({ end: 'interrupted' });
  expect((await api.server.arrived('POST commands/cancel')).fields['commandId']).toBe('k9');
});

test('an interrupt while a refused execute waits for its next attempt sends nothing more', async () => {
  const clock = new ManualClock();
  await using api = await start([finished('2')], { clock });
  api.server.on('POST commands/execute', { status: 429, json: { error: 'x' }, headers: { 'retry-after': '7' } }, { json: { id: 'k1' } });
  const run = api.run();
  await clock.asleep();
  api.signals.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  expect(api.server.seen.map(({ route }) => route)).toEqual(['POST commands/execute']);
});

test('a refusal that arrives after an interrupt, and is none to wait for, is still told', async () => {
  await using api = await start([]);
  api.server.on('POST commands/execute', () => {
    api.signals.interrupt();
    return refused('ContextNotFound');
  });
  expect(await failureOf(api.run())).toMatchObject({ code: 'api', details: { serverMessage: 'ContextNotFound' } });
});

test('a cancel that is refused does not end the waiting', async () => {
  await using api = await start([running]);
  api.server.on('POST commands/cancel', () => {
    api.server.on('GET commands/status', failedWith('', 'Cancelled'));
    return refused('NoSuchElementException: key not found: k1');
  });
  const run = api.run();
  await api.server.arrived('GET commands/status');
  api.signals.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
});

test('an end as cancelled that nobody here asked for is told apart', async () => {
  await using api = await start([failedWith(cancelled)]);
  expect(await api.run()).toMatchObject({ end: 'cancelled-elsewhere', result: { kind: 'error', cause: cancelled } });
});

test.for(['execute', 'status'])('a killed command is given up even while %s is not answered', async (call) => {
  await using api = await start([running]);
  const route = call === 'execute' ? 'POST commands/execute' : 'GET commands/status';
  api.server.on(route, 'silence');
  const run = api.run();
  await api.server.arrived(route);
  api.signals.kill();
  expect(await run).toEqual({ end: 'killed' });
});

test.for<[string, (Answer | Script)[]]>([
  ['reset', ['reset', running, finished('2')]],
  ['half an answer', ['half', finished('2')]],
  ['502', [refused('bad gateway', 502), finished('2')]],
  ['503', [refused('busy', 503), running, finished('2')]],
  ['429', [refused('too many', 429), finished('2')]],
  ['a login page', [loginPages.page, running, loginPages.redirect, finished('2')]],
])('a status call that fails with %s is asked again', async ([, answers]) => {
  await using api = await start(answers);
  expect(await api.run()).toMatchObject({ end: 'result', result: { kind: 'text', text: '2' } });
  expect(api.server.count('POST commands/execute')).toBe(1);
});

test('Retry-After slows the polling down', async () => {
  await using api = await start([{ status: 429, json: { error: 'x' }, headers: { 'retry-after': '7' } }, finished('2')]);
  await api.run();
  expect(api.client.clock.now()).toBe(7000);
});

test.for<Answer>(['reset', 'half', { status: 504, text: '' }, loginPages.page])('a result whose only reading ended in %j is reported as lost', async (answer) => {
  await using api = await start([running, answer, refused('NoSuchElementException: key not found: k1')]);
  const error = await failureOf(api.run());
  expect(error).toMatchObject({ code: 'command', message: 'The command finished, but its result was lost on the way (a server gives it only once); it was not run again.' });
  expect(api.server.count('POST commands/execute')).toBe(1);
});

test('a command that the server forgot without a lost answer is reported in the words of the server', async () => {
  await using api = await start([refused('NoSuchElementException: key not found: k1')]);
  expect(await failureOf(api.run())).toMatchObject({ code: 'api', details: { serverMessage: 'NoSuchElementException: key not found: k1' } });
});

test('a status that fails for longer than five minutes ends the run', async () => {
  await using api = await start(['reset']);
  expect(await failureOf(api.run())).toMatchObject({ code: 'net', details: { sent: true } });
  expect(api.client.clock.now()).toBeGreaterThan(280_000);
  expect(api.client.clock.now()).toBeLessThanOrEqual(300_000);
});

test.for<Answer>(['reset', 'half'])('a command whose answer to execute ended in %j is reported and not sent again', async (answer) => {
  await using api = await start([running]);
  api.server.on('POST commands/execute', answer);
  const error = await failureOf(api.run());
  expect(error).toMatchObject({ code: 'command' });
  expect(String(error)).toContain('it was not sent again');
  expect(api.server.count('POST commands/execute')).toBe(1);
});

test('code of 6 MB is taken, one byte more is refused with the number', () => {
  expect(() => checkCommand('x'.repeat(longestCommand))).not.toThrow();
  expect(() => checkCommand('ä'.repeat(longestCommand / 2) + 'x')).toThrow('The cell is 6.0 MB of UTF-8, more than the 6 MB (6291456 bytes)');
});
