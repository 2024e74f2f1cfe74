import { expect, test } from 'vitest';
import { mayRepeat, retryDelay, withRetries } from '../../../src/databricks/retry.ts';
import { BridgeError } from '../../../src/lib/errors.ts';
import { instantClock } from '../../support/clock.ts';

const net = (sent: boolean) => new BridgeError('net', 'x', { host: 'h', sent });
const api = (status: number, serverMessage = 'x', retryAfterMs?: number) =>
  new BridgeError('api', 'x', { status, serverMessage, ...(retryAfterMs !== undefined && { retryAfterMs }) });

test.for<[string, unknown, { get: boolean; post: boolean }]>([
  ['not sent', net(false), { get: true, post: true }],
  ['sent, no answer', net(true), { get: true, post: false }],
  ['broken off by us', new BridgeError('net', 'x', { host: 'h', sent: true, closed: true }), { get: false, post: false }],
  ['429', api(429), { get: true, post: true }],
  ['502', api(502), { get: true, post: false }],
  ['503', api(503), { get: true, post: false }],
  ['504', api(504), { get: true, post: false }],
  ['503 of a cluster without workers', api(503, 'com.databricks.backend.manager.util.UnknownWorkerEnvironmentException: x'), { get: true, post: true }],
  ['500 of a cluster that is not ready', api(500, 'ClusterNotReadyException: x'), { get: true, post: true }],
  ['503 that may have run', api(503, 'Timed out after 10 s'), { get: true, post: false }],
  ['500 of a temporary kind', api(500, 'TEMPORARILY_UNAVAILABLE: x'), { get: true, post: false }],
  ['a limit on requests by its code', api(400, 'REQUEST_LIMIT_EXCEEDED: x'), { get: true, post: true }],
  ['words of a busy server in a refusal', api(400, 'Timed out after 10 s'), { get: false, post: false }],
  ['500', api(500), { get: false, post: false }],
  ['400', api(400), { get: false, post: false }],
  ['a web page of a proxy instead of JSON', api(200), { get: true, post: false }],
  ['a redirect to a login page', api(302), { get: true, post: false }],
  ['401', api(401), { get: false, post: false }],
  ['404', api(404), { get: false, post: false }],
  ['a defect of ours', new TypeError('x'), { get: false, post: false }],
])('%s', ([, failure, { get, post }]) => {
  expect(mayRepeat(failure, true)).toBe(get);
  expect(mayRepeat(failure, false)).toBe(post);
});

/** Chance that adds nothing. */
const never = () => 0;

const repeatable = { repeatable: true };

test('delays double up to ten seconds, or are as long as the server asks for, whichever is longer', () => {
  expect([1, 2, 3, 6, 7, 20].map((failures) => retryDelay(api(503), failures, never))).toEqual([250, 500, 1000, 8000, 10000, 10000]);
  expect(retryDelay(api(429, 'x', 7000), 1, never)).toBe(7000);
  expect(retryDelay(api(429, 'x', 0), 5, never)).toBe(4000);
});

test('chance makes a delay longer by up to a quarter of our own, and never shorter than the server asks for', () => {
  expect([0, 0.5, 1].map((chance) => retryDelay(api(503), 3, () => chance))).toEqual([1000, 1125, 1250]);
  expect([0, 0.5, 1].map((chance) => retryDelay(api(429, 'x', 7000), 1, () => chance))).toEqual([7000, 7031.25, 7062.5]);
});

test('retries end with the patience, and the last failure is what is told', async () => {
  const clock = instantClock();
  let attempts = 0;
  const failing = withRetries({ clock, chance: never, patienceMs: 4000 }, repeatable, () => Promise.reject(api(503, `attempt ${(attempts += 1)}`)));
  await expect(failing).rejects.toMatchObject({ details: { serverMessage: 'attempt 5' } });
  expect(clock.slept).toEqual([250, 500, 1000, 2000]);
});

test('each failure after which a request goes out again is told, and its answer at last; the final failure is the caller\'s to tell', async () => {
  const told: unknown[] = [];
  const retries = { clock: instantClock(), chance: never, patienceMs: 800, onRetry: (failure?: BridgeError) => void told.push(failure) };
  const [first, second] = [net(false), api(503)];
  const ends = [first, second];
  const answer = await withRetries(retries, repeatable, async () => {
    const failure = ends.shift();
    if (failure !== undefined) throw failure;
    return 'answer';
  });
  expect([answer, ...told]).toEqual(['answer', first, second, undefined]);
  told.length = 0;
  await expect(withRetries({ ...retries, patienceMs: 0 }, repeatable, () => Promise.reject(first))).rejects.toBe(first);
  await withRetries(retries, repeatable, async () => 'at once');
  expect(told).toEqual([]);
});

test('a server that asks for more patience than there is fails at once', async () => {
  const clock = instantClock();
  await expect(withRetries({ clock, chance: never, patienceMs: 4000 }, repeatable, () => Promise.reject(api(429, 'x', 60_000)))).rejects.toMatchObject({ code: 'api' });
  expect(clock.slept).toEqual([]);
});
