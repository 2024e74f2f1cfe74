import { describe, expect, test } from 'vitest';
import { summarize } from '../../../../scripts/bench/statistics.mjs';
import { formatResults, formatVerdicts, number } from '../../../../scripts/bench/table.mjs';

const measured = (...samples: number[]) => ({ samples, summary: summarize(samples) });

const results: Parameters<typeof formatResults>[0] = [
  {
    id: 'start', group: 'start', title: 'A kernel starts', ours: 'ours', note: 'Ports are new each time.',
    figures: [
      {
        id: 'start', title: 'spawn → reply', unit: 'ms', by: 'median', target: { text: 'faster than the rival', verdict: 'met' },
        entries: { ours: measured(80, 82, 84), rival: measured(164, 164, 164), floor: measured(41), other: { missing: 'not installed: no such package' } },
      },
      { id: 'memory', title: 'memory', unit: 'MiB', by: 'mean', target: { text: 'at most 10 MiB', verdict: 'MISSED' }, entries: { ours: measured(60, 60, 63) } },
    ],
  },
];

test('each contestant has a line: median or mean, spread, how often, and in proportion to ours and to the floor', () => {
  expect(`\n${formatResults(results)}\n`).toBe(`
           median   middle half  least to most  n  of ours  of floor

A kernel starts
  spawn → reply [ms]
    ours     82.0  81.0 to 83.0   80.0 to 84.0  3    1.00×     2.00×
    rival     164    164 to 164     164 to 164  3    2.00×     4.00×
    floor    41.0                               1   0.500×     1.00×
    other: not installed: no such package
    target met: faster than the rival
  memory [MiB, means]
    ours     61.0  60.0 to 61.5   60.0 to 63.0  3    1.00×
    target MISSED: at most 10 MiB
  Ports are new each time.
`);
});

test('the last line counts the targets', () => {
  expect(formatVerdicts(results)).toBe('Targets: 1 met, 1 missed, 0 not judged.');
});

describe('numbers have three digits that mean something', () => {
  test.for<[value: number, text: string]>([
    [0, '0'], [0.001234, '0.0012'], [0.5, '0.500'], [1, '1.00'], [12.345, '12.3'], [123.4, '123'], [12345.6, '12346'], [-1.5, '-1.50'], [9.999, '10.0'],
  ])('%d is %s', ([value, text]) => {
    expect(number(value)).toBe(text);
  });
});
