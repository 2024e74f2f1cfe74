import { expect, test } from 'vitest';
import { pollDelay } from '../../../src/databricks/polling.ts';
import { simulateWait } from '../../support/simulated-wait.ts';

test.for([
  [0, 10],
  [50, 10],
  [100, 10],
  [1_000, 100],
  [5_000, 500],
  [10_000, 1_000],
  [3_600_000, 1_000],
])('after %i ms the next status call waits %i ms', ([elapsed = 0, delay]) => {
  expect(pollDelay(elapsed)).toBe(delay);
});

test('a command of ten seconds costs about 60 status calls', () => {
  let calls = 1;
  for (let elapsed = 0; elapsed < 10_000; elapsed += pollDelay(elapsed)) calls += 1;
  expect(calls).toBeGreaterThan(50);
  expect(calls).toBeLessThanOrEqual(62);
});

const runTimes = [100, 300, 1_000, 3_000, 10_000, 60_000];

test.for(runTimes.flatMap((runMs) => [[runMs, 0], [runMs, 50]] as const))(
  'the end of a command of %i ms, a round trip of %i ms away, is seen within 5 %% of its run time, 10 ms and a round trip on average',
  async ([runMs, tripMs]) => {
    // Run times a little apart: how late an end is seen depends on where between two calls it falls.
    const runs = Array.from({ length: 200 }, (_, n) => runMs * (0.75 + n / 400));
    const seen = await Promise.all(runs.map((each) => simulateWait(each, tripMs)));
    const late = seen.reduce((sum, each) => sum + each.late, 0) / seen.length;
    expect(late).toBeLessThanOrEqual(0.05 * runMs + 10 + tripMs);
    // And none of them at twice that.
    expect(Math.max(...seen.map((each, n) => each.late - 0.1 * (runs[n] ?? 0)))).toBeLessThanOrEqual(20 + 2 * tripMs);
  },
);

test.for([0, 50, 300])('a command that takes no time costs two calls, one after the other, %i ms away', async (tripMs) => {
  expect(await simulateWait(0, tripMs)).toEqual({ late: 1.5 * tripMs, requests: 2 });
});
