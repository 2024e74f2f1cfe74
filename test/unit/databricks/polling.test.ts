import { expect, test } from 'vitest';
import { pollDelay } from '../../../src/databricks/polling.ts';

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
