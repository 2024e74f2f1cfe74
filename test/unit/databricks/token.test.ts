import { expect, test } from 'vitest';
import { readExpiry } from '../../../src/databricks/auth/databricks-cli.ts';
import { maskTokens, runProgram } from '../../../src/databricks/auth/program.ts';
import type { Token } from '../../../src/databricks/auth/token.ts';
import { keepToken } from '../../../src/databricks/auth/token.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { deferred } from '../../support/deferred.ts';
import { failureOf } from '../../support/scripted-api.ts';

const minute = 60_000;

/** Tokens `t1`, `t2`, … of an hour each, on a clock that a test sets. */
function hourly(lifeMs: number | 'unknown' = 60 * minute) {
  const state = { now: 1_000_000, asked: [] as boolean[], failure: undefined as Error | undefined, gate: Promise.resolve() };
  const token = keepToken(
    async (renewal): Promise<Token> => {
      state.asked.push(renewal);
      const number = state.asked.length;
      await state.gate;
      if (state.failure !== undefined) throw state.failure;
      return { value: new Secret(`t${number}`), expiresAt: lifeMs === 'unknown' ? undefined : state.now + lifeMs };
    },
    () => state.now,
  );
  return { state, next: async () => (await token()).value.reveal() };
}

/** Turns of the event loop, so that what goes on in the background goes on. */
const turns = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('one request is made however many wait for the token', async () => {
  const { state, next } = hourly();
  const gate = deferred();
  state.gate = gate.promise;
  const all = Promise.all([next(), next(), next()]);
  gate.resolve();
  expect(await all).toEqual(['t1', 't1', 't1']);
  expect(state.asked).toEqual([false]);
});

test('a token is kept for most of its time, then renewed while it still serves, then used no more', async () => {
  const { state, next } = hourly();
  expect(await next()).toBe('t1');
  state.now += 39 * minute;
  expect(await next()).toBe('t1');
  expect(state.asked).toEqual([false]);
  state.now += 2 * minute;
  expect(await next()).toBe('t1');
  await turns();
  expect(state.asked).toEqual([false, true]);
  expect(await next()).toBe('t2');
  state.now += 60 * minute;
  expect(await next()).toBe('t3');
});

test('a token is never used in its last 40 seconds, nor after', async () => {
  const { state, next } = hourly();
  await next();
  const gate = deferred();
  state.gate = gate.promise;
  state.now += 60 * minute - 41_000;
  expect(await next()).toBe('t1');
  state.now += 2_000;
  const later = next();
  gate.resolve();
  expect(await later).toBe('t2');
});

test('a renewal ahead of time that fails leaves the old token in use, is tried again after a minute, and fails loudly at the end', async () => {
  const { state, next } = hourly();
  await next();
  state.failure = new Error('no network');
  state.now += 50 * minute;
  expect(await next()).toBe('t1');
  await turns();
  expect(await next()).toBe('t1');
  expect(state.asked).toHaveLength(2);
  state.now += minute;
  expect(await next()).toBe('t1');
  await turns();
  expect(state.asked).toHaveLength(3);
  state.now += 10 * minute;
  expect(await failureOf(next())).toBe(state.failure);
  state.failure = undefined;
  expect(await next()).toBe('t5');
});

test('a token without a time is kept until it is refused', async () => {
  const { state, next } = hourly('unknown');
  await next();
  state.now += 1000 * 60 * minute;
  expect(await next()).toBe('t1');
  expect(state.asked).toHaveLength(1);
});

test.for([
  ['2024-03-20T10:30:00.123456789Z', Date.UTC(2024, 2, 20, 10, 30, 0, 123)],
  ['2024-03-20T10:30:00Z', Date.UTC(2024, 2, 20, 10, 30)],
  ['2024-03-20T12:30:00.5+02:00', Date.UTC(2024, 2, 20, 10, 30, 0, 500)],
  ['2024-03-20 10:30:00', new Date(2024, 2, 20, 10, 30).getTime()],
  ['2024-03-20 10:30:00.123456', new Date(2024, 2, 20, 10, 30, 0, 123).getTime()],
] as const)('%s is a time', ([text, time]) => {
  expect(readExpiry(text, 'The program')).toBe(time);
});

test.for([undefined, null, 17, '', 'tomorrow'])('%j is no time, and that is said', (value) => {
  expect(() => readExpiry(value, 'The program')).toThrow('The program answered with a token, but not with a time when it ends.');
});

test('a program is killed when nobody waits for it any more, even one that ignores signals; one that begins later runs', async () => {
  const machine = { env: { PATH: process.env['PATH'] }, home: '/', platform: process.platform };
  const over = new AbortController();
  const waiting = runProgram('sh', ['-c', 'trap "" TERM; exec sleep 600'], machine, { signal: over.signal, limit: 600_000 });
  over.abort();
  await expect(waiting).rejects.toBe(over.signal.reason);
  expect(await runProgram('sh', ['-c', 'echo token'], machine, { signal: over.signal })).toEqual({ ended: 'well', stdout: 'token\n' });
});

test('a program that ignores the signal to end is killed at its limit', async () => {
  const machine = { env: { PATH: process.env['PATH'] }, home: '/', platform: process.platform };
  expect(await runProgram('sh', ['-c', 'trap "" TERM; exec sleep 600'], machine, { limit: 500 })).toEqual({ ended: 'badly', words: 'it did not end within 0.5 s' });
});

test.for([
  ['token eyJhbGci.eyJzdWIi.c2ln-_x is bad', 'token *** is bad'],
  ['dapi0123456789abcdef and dose0123456789', '*** and ***'],
  ['x'.repeat(64), '***'],
  ['cache: databricks OAuth is not configured for this host', 'cache: databricks OAuth is not configured for this host'],
])('what looks like a token is masked: %s', ([text = '', masked]) => {
  expect(maskTokens(text)).toBe(masked);
});
