import { expect, test } from 'vitest';
import type { ClientOptions } from '../../../src/databricks/client.ts';
import { checkCommand, longestCommand, runCommand, type CommandRun } from '../../../src/databricks/run-command.ts';
import { remotePatience } from '../../../src/databricks/retry.ts';
import type { ClusterId, ContextId } from '../../../src/databricks/types.ts';
import { BridgeError } from '../../../src/lib/errors.ts';
import { deferred } from '../../support/deferred.ts';
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
    run: (more: Partial<CommandRun> = {}) => runCommand(client, { context, language: 'scala', code: '1', interrupted: signals.interrupted, killed: signals.killed, ...more }),
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

test('a command that waits for others is told as that, and when it does no longer', async () => {
  const queued = { json: { id: 'k1', status: 'Queued' } };
  await using api = await start([queued, queued, running, finished('2')]);
  const told: boolean[] = [];
  await api.run({ onQueued: (waits) => void told.push(waits) });
  expect(told).toEqual([true, false]);
});

test('a command that still waits for others when it can be seen again is told as that again', async () => {
  const queued = { json: { id: 'k1', status: 'Queued' } };
  await using api = await start([queued, 'reset', queued, running, finished('2')]);
  const told: string[] = [];
  await api.run({ onQueued: (waits) => void told.push(waits ? 'waits' : 'runs'), onUnseen: (failure) => void told.push(failure ? 'unseen' : 'seen') });
  expect(told).toEqual(['waits', 'unseen', 'seen', 'waits', 'runs']);
});

const cancelled = 'com.databricks.backend.common.rpc.CommandCancelledException at SequenceExecutionState.cancel';
test.for<[string, { json: unknown }, object]>([
  ['Cancelled, as the document says', failedWith('', 'Cancelled'), { end: 'interrupted' }],
  ['Cancelled with what it had printed', { json: { status: 'Cancelled', results: { resultType: 'text', data: 'a\n' } } }, { end: 'interrupted', printed: 'a\n' }],
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

test.for<[string, Answer, object[]]>([
  ['the result that came first', finished('2'), [{ resultType: 'text', data: '2' }]],
  ['an error of its own', failedWith('lost'), [{ resultType: 'error', summary: '', cause: 'lost' }]],
  ['its cancellation', failedWith(cancelled), []],
])('an interrupted command that ends with %s is told as the server sent it only where that is a result', async ([, last, results]) => {
  await using api = await start([running]);
  const told: unknown[] = [];
  const run = api.run({ onResults: (raw) => void told.push(raw) });
  await api.server.arrived('GET commands/status');
  api.server.on('POST commands/cancel', () => {
    api.server.on('GET commands/status', last);
    return { json: {} };
  });
  api.signals.interrupt();
  await run;
  expect(told).toEqual(results);
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

test.for([refused('RuntimeException: not now'), { status: 404, text: '' }, { json: { unexpected: true } }])('a cancel that did not arrive (%j) is sent again while the command runs', async (answer) => {
  await using api = await start([running]);
  api.server.on('POST commands/cancel', answer, () => {
    api.server.on('GET commands/status', failedWith('', 'Cancelled'));
    return { json: { id: 'k1' } };
  });
  const run = api.run();
  await api.server.arrived('GET commands/status');
  api.signals.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  expect(api.server.count('POST commands/cancel')).toBe(2);
});

const background = refused('RuntimeException: Unknown ExecutionStatus RunningInBackground(1)');

/** Interrupts a command that has left a stream by then, and answers its cancels with these. */
async function interruptStream(api: Awaited<ReturnType<typeof start>>, ...cancels: readonly (Answer | Script)[]) {
  const notes: string[] = [];
  const [first, ...further] = cancels;
  api.server.on('POST commands/cancel', (request) => {
    api.server.on('GET commands/status', background);
    return typeof first === 'function' ? first(request) : (first ?? expect.fail());
  }, ...further);
  const run = api.run({ onNote: (text) => void notes.push(text) });
  await api.server.arrived('GET commands/status');
  const begun = api.client.clock.now();
  api.signals.interrupt();
  const end = await run;
  return { end, notes, tookMs: api.client.clock.now() - begun };
}

test.for<[string, Answer]>([
  ['is refused', refused('RuntimeException: not now')],
  ['is accepted, and does not stop it', { json: {} }],
])('a cancel of a stream that %s is sent again', async ([, first]) => {
  await using api = await start([running]);
  const stopping = (): Answer => {
    api.server.on('GET commands/status', background, failedWith(cancelled));
    return { json: {} };
  };
  expect(await interruptStream(api, first, stopping)).toMatchObject({ end: { end: 'interrupted' }, notes: [] });
  expect(api.server.count('POST commands/cancel')).toBe(2);
});

test.for<[string, Answer]>([
  ['refused', refused('RuntimeException: not now')],
  ['accepted', { json: {} }],
])('a stream that no cancel stops, each of them %s, is left after half a minute, and told with the way to stop it', async ([, answer]) => {
  await using api = await start([running]);
  const { end, notes, tookMs } = await interruptStream(api, answer);
  expect(end).toEqual({ end: 'interrupted' });
  expect(notes).toEqual([expect.stringMatching(/^The cell has started a stream, which runs on in the background\. .*: query\.stop\(\)$/)]);
  expect(tookMs).toBeGreaterThanOrEqual(30_000);
  expect(tookMs).toBeLessThanOrEqual(32_000);
  // In growing pauses, and not at every look.
  expect(api.server.count('POST commands/cancel')).toBeLessThanOrEqual(5);
  expect(api.server.count('GET commands/status')).toBeLessThan(40);
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

const forgotten = refused('NoSuchElementException: key not found: k1');
const lost = {
  code: 'command',
  details: { resultLost: true },
  message: expect.stringMatching(
    /^.+\. The command has finished, but its result is lost: a server gives it only once, and that was the answer with it\. The code was not run again; what it has done is done, and its variables are there\.$/,
  ),
};

test.for<[string, Answer]>([
  ['a reset', 'reset'],
  ['half a body', 'half'],
  ['no answer in time', 'silence'],
  ['broken JSON', { text: '{"status": "Fini' }],
  ['JSON that is no status', { json: { ok: true } }],
  ["a gateway's error", { status: 504, text: '' }],
  ['a login page', loginPages.page],
  ['an error of the server', refused('RuntimeException: odd', 500)],
  ['a busy server', refused('busy', 503)],
  ['too many requests', { status: 429, json: { error: 'x' } }],
  ['a refused login', refused('no', 401)],
])('a result whose only reading ended in %s is reported as exactly that', async ([, answer]) => {
  await using api = await start([running, answer, forgotten], answer === 'silence' ? { deadlineMs: 200 } : {});
  expect(await failureOf(api.run())).toMatchObject(lost);
  expect(api.server.count('POST commands/execute')).toBe(1);
});

test('a command that the server forgot without a lost answer is reported in the words of the server', async () => {
  await using api = await start([forgotten]);
  expect(await failureOf(api.run())).toMatchObject({ code: 'api', details: { serverMessage: 'NoSuchElementException: key not found: k1' } });
});

test('an answer that was lost before the command was seen to run on did not hold its result', async () => {
  await using api = await start([running, 'reset', running, forgotten]);
  expect(await failureOf(api.run())).toMatchObject({ code: 'api', details: { serverMessage: 'NoSuchElementException: key not found: k1' } });
});

test('a result that was lost while its command was being cancelled is not missed', async () => {
  await using api = await start([running]);
  const run = api.run();
  await api.server.arrived('GET commands/status');
  api.server.on('POST commands/cancel', () => {
    api.server.on('GET commands/status', 'reset', forgotten);
    return { json: {} };
  });
  api.signals.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
});

test('a server that stumbles is asked again for a moment; one that goes on like that is believed', async () => {
  const odd = refused('RuntimeException: odd');
  await using api = await start([running, odd, odd, finished('2')]);
  expect(await api.run()).toMatchObject({ end: 'result', result: { text: '2' } });
  api.server.on('GET commands/status', odd);
  const begun = api.client.clock.now();
  expect(await failureOf(api.run())).toMatchObject({ code: 'api', details: { serverMessage: 'RuntimeException: odd' } });
  expect(api.client.clock.now() - begun).toBeLessThanOrEqual(3000);
});

test.for<[string, Answer[]]>([
  ['that comes back', Array<Answer>(20).fill('reset')],
  ['whose login is renewed', Array<Answer>(20).fill(refused('no', 401))],
])('a server %s may stumble then as it may at any other time', async ([, away]) => {
  const odd = refused('RuntimeException: odd');
  await using api = await start([running, ...away, odd, odd, finished('2')]);
  expect(await api.run()).toMatchObject({ end: 'result', result: { text: '2' } });
});

test.for(['com.databricks.backend.common.rpc.ClusterNotReadyException: terminated', 'There is no worker environment with id 7'])(
  'a cluster that is not reached (%s) for minutes is waited for no longer',
  async (words) => {
    await using api = await start([running, refused(words)]);
    expect(await failureOf(api.run())).toMatchObject({ code: 'api', details: { serverMessage: words } });
    expect(api.client.clock.now()).toBeGreaterThan(280_000);
    expect(api.client.clock.now()).toBeLessThanOrEqual(301_000);
  },
);

/** Answers with each of these in turn, over and over. */
function inTurn(...answers: readonly Answer[]): Script {
  let asked = 0;
  return () => answers[asked++ % answers.length] ?? expect.fail();
}

test.for<[string, Answer]>([
  ['a busy server', refused('busy', 503)],
  ['a refused login', refused('no', 401)],
  ['a lost connection', 'reset'],
])('a cluster that is not reached is waited for no longer than minutes, and ever less often, though %s comes between', async ([, between]) => {
  await using api = await start([running, inTurn(refused('ClusterNotReadyException: terminated'), between)]);
  expect(await failureOf(api.run())).toMatchObject({ code: 'api', details: { serverMessage: 'ClusterNotReadyException: terminated' } });
  expect(api.client.clock.now()).toBeLessThanOrEqual(2 * 301_000);
  expect(api.server.count('GET commands/status')).toBeLessThan(100);
});

test('a server that stumbles now and then in a long outage is still waited for, one that does so again and again is not', async () => {
  const odd = refused('RuntimeException: odd');
  const away = Array<Answer>(100).fill('reset');
  await using api = await start([running, ...away, odd, ...away, odd, ...away, finished('2')]);
  expect(await api.run()).toMatchObject({ end: 'result', result: { text: '2' } });
  api.server.on('GET commands/status', running, inTurn('reset', odd));
  const begun = api.client.clock.now();
  expect(await failureOf(api.run())).toMatchObject({ code: 'api', details: { serverMessage: 'RuntimeException: odd' } });
  expect(api.client.clock.now() - begun).toBeLessThanOrEqual(10_000);
});

test('a command that cannot be seen is waited for as long as a server keeps its context: a day', () => {
  expect(remotePatience.running).toBe(24 * 60 * 60 * 1000);
});

const patience = { request: 10_000, running: 300_000 };

test.for<[string, Answer]>([
  ['is away', 'reset'],
  ['is behind a login page', loginPages.page],
  ['is overloaded', refused('busy', 503)],
  ['refuses the login', refused('no', 401)],
  ['refuses requests from this network', refused('Source IP address is blocked by IP ACL', 403)],
])('a server that %s is waited for until the patience ends, and no longer', async ([, answer]) => {
  await using api = await start([running, answer], { patience });
  const error = await failureOf(api.run());
  expect(error).toBeInstanceOf(BridgeError);
  expect(String(error)).toMatch(/\. The code may go on there: its result is no longer waited for, and it was not sent again\.$/);
  expect(api.client.clock.now()).toBeGreaterThan(280_000);
  expect(api.client.clock.now()).toBeLessThanOrEqual(301_000);
});

test('why the command cannot be seen is told, and when it can be seen again', async () => {
  await using api = await start([running, 'reset', refused('no', 401), running, finished('2')]);
  const told: (string | undefined)[] = [];
  await api.run({ onUnseen: (failure) => void told.push(failure?.code) });
  expect(told).toEqual(['net', 'api', undefined]);
});

test('a machine that sleeps for a week has not waited for a week', async () => {
  const clock = new ManualClock();
  await using api = await start([running, 'reset', 'reset', finished('2')], { clock, patience: { request: 10_000, running: 3_600_000 } });
  const run = api.run();
  await clock.pass();
  for (let failure = 0; failure < 2; failure += 1) {
    await api.server.arrived('GET commands/status', failure + 2);
    await clock.asleep();
    await clock.advance(7 * 24 * 3_600_000);
  }
  expect(await run).toMatchObject({ end: 'result', result: { text: '2' } });
});

test('an interrupt while the command cannot be seen gives it up at once, and tries to cancel it all the same', async () => {
  const clock = new ManualClock();
  await using api = await start([running, 'reset'], { clock, patience });
  const run = api.run();
  await clock.pass();
  await api.server.arrived('GET commands/status', 2);
  await clock.asleep();
  api.server.on('POST commands/cancel', 'silence');
  api.signals.interrupt();
  expect(await run).toMatchObject({ end: 'left', command: { ...context, commandId: 'k1' }, why: { code: 'net' } });
  expect((await api.server.arrived('POST commands/cancel')).fields['commandId']).toBe('k1');
});

test.for<[string, Answer]>([
  ['that the server cannot be told of', 'reset'],
  ['whose login is refused', refused('no', 401)],
])('an interrupt %s gives the command up', async ([, answer]) => {
  await using api = await start([running]);
  api.server.on('POST commands/cancel', answer);
  const run = api.run();
  await api.server.arrived('GET commands/status');
  api.signals.interrupt();
  expect(await run).toMatchObject({ end: 'left' });
});

test('a cancelled command whose end nobody can see is given up after a moment', async () => {
  await using api = await start([running]);
  const run = api.run();
  await api.server.arrived('GET commands/status');
  api.server.on('POST commands/cancel', () => {
    api.server.on('GET commands/status', 'reset');
    return { json: {} };
  });
  api.signals.interrupt();
  expect(await run).toMatchObject({ end: 'left', why: { code: 'net' } });
  expect(api.client.clock.now()).toBeLessThanOrEqual(12_000);
});

test('an interrupt does not wait for a status that is under way, whose answer still counts', async () => {
  const late = deferred();
  await using api = await start([running, () => late.promise.then(() => finished('in time')), forgotten]);
  const run = api.run();
  await api.server.arrived('GET commands/status', 2);
  api.signals.interrupt();
  await api.server.arrived('POST commands/cancel');
  late.resolve();
  expect(await run).toMatchObject({ end: 'result', result: { text: 'in time' } });
  expect(api.server.count('GET commands/status')).toBe(2);
});

test.for<Answer>(['reset', 'half', refused('gateway', 502), refused('busy', 503), loginPages.page])('a command whose answer to execute ended in %j is reported and not sent again', async (answer) => {
  await using api = await start([running]);
  api.server.on('POST commands/execute', answer);
  const error = await failureOf(api.run());
  expect(error).toMatchObject({ code: 'command' });
  expect(String(error)).toContain('it was not sent again');
  expect(api.server.count('POST commands/execute')).toBe(1);
});

test('code of 6 MB is taken, one byte more is refused with the number', () => {
  expect(() => checkCommand('x'.repeat(longestCommand))).not.toThrow();
  expect(() => checkCommand('ä'.repeat(longestCommand / 2) + 'x')).toThrow('The code is 6.0 MB of UTF-8, more than the 6 MB (6291456 bytes)');
});
