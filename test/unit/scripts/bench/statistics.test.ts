import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantile, summarize } from '../../../../scripts/bench/statistics.mjs';

test('measurements are summed up in the order of their size, whatever order they come in', () => {
  expect(summarize([5, 1, 4, 2, 3])).toEqual({ count: 5, mean: 3, min: 1, p25: 2, median: 3, p75: 4, p99: 4.96, max: 5 });
});

test('one measurement is its own median and spread', () => {
  expect(summarize([7])).toEqual({ count: 1, mean: 7, min: 7, p25: 7, median: 7, p75: 7, p99: 7, max: 7 });
});

test('between two measurements the value is interpolated', () => {
  expect(quantile([1, 2], 0.5)).toBe(1.5);
});

test('no measurements are an error, not a zero', () => {
  expect(() => summarize([])).toThrow('There are no measurements.');
});

test('each figure of a summary is at least the one below it', () => {
  fc.assert(fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 }), (samples) => {
    const { min, p25, median, p75, p99, max } = summarize(samples);
    const figures = [Math.min(...samples), min, p25, median, p75, p99, max, Math.max(...samples)];
    // Interpolation may be off by the last digit of a number.
    for (let at = 1; at < figures.length; at++) expect(figures[at]).toBeGreaterThanOrEqual((figures[at - 1] ?? 0) - 1e-6);
  }));
});
