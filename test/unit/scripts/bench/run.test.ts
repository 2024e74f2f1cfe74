import { describe, expect, test } from 'vitest';
import { Unavailable, type Context, type Experiment } from '../../../../scripts/bench/experiment.mjs';
import { ratio, run } from '../../../../scripts/bench/run.mjs';

/** What the contestants of these tests use of a context. */
const context = (quick = false): Context => ({ quick, progress: () => {} }) as unknown as Context;

/** Contestants that note when they had their turn, and measure 1, 2, 3… times their factor. */
function race(factors: Readonly<Record<string, number>>, more: Partial<Experiment> = {}): { order: string[]; experiment: Experiment } {
  const order: string[] = [];
  const counts: Record<string, number> = {};
  const contestants = Object.fromEntries(Object.entries(factors).map(([name, factor]) => [name, async () => {
    order.push(name);
    counts[name] = (counts[name] ?? 0) + 1;
    return { time: counts[name] * factor };
  }]));
  return { order, experiment: { id: 'e', group: 'g', title: 'E', figures: [{ id: 'time', title: 'time', unit: 'ms' }], turns: { quick: 1, full: 3 }, contestants, ...more } };
}

const only = async (experiment: Experiment, quick?: boolean) => {
  const [figure] = (await run(experiment, context(quick))).figures;
  if (figure === undefined) throw new Error('no figure');
  return figure;
};

describe('contestants', () => {
  test('take turns, and each begins a round as often as the others', async () => {
    const { order, experiment } = race({ a: 1, b: 1, c: 1 });
    await run(experiment, context());
    expect(order.join(' ')).toBe('a b c b c a c a b');
  });

  test('have fewer turns when it must be quick', async () => {
    const { order, experiment } = race({ a: 1, b: 1 });
    await run(experiment, context(true));
    expect(order).toEqual(['a', 'b']);
  });

  test('warm up without being counted', async () => {
    const { experiment } = race({ a: 1 }, { warmUps: 2 });
    expect((await only(experiment)).entries).toMatchObject({ a: { samples: [3, 4, 5] } });
  });

  test('that this machine does not have are out, and the result says why', async () => {
    const { experiment } = race({ a: 1 });
    let asked = 0;
    const missing = async () => {
      asked++;
      throw new Unavailable('not installed: no such package');
    };
    const { entries } = await only({ ...experiment, contestants: { ...experiment.contestants, rival: missing } });
    expect(entries['rival']).toEqual({ missing: 'not installed: no such package' });
    expect(entries).toMatchObject({ a: { samples: [1, 2, 3] } });
    expect(asked).toBe(1);
  });

  test('that fail half way are out: half of the measurements are not the same thing', async () => {
    const { experiment } = race({ a: 1 });
    let turn = 0;
    const failing = async () => {
      if (++turn === 2) throw new Error('it fell over');
      return { time: 1 };
    };
    const { entries } = await only({ ...experiment, contestants: { ...experiment.contestants, failing } });
    expect(entries['failing']).toEqual({ missing: 'failed: it fell over' });
  });

  test('do not stand in figures that they do not measure', async () => {
    const { experiment } = race({ a: 1 });
    const figures = [...experiment.figures, { id: 'size', title: 'size', unit: 'MiB' as const }];
    const both = async () => ({ time: 1, size: [2, 3] });
    const result = await run({ ...experiment, figures, contestants: { ...experiment.contestants, both } }, context(true));
    expect(result.figures.map(({ id, entries }) => [id, Object.keys(entries)])).toEqual([['time', ['a', 'both']], ['size', ['both']]]);
    expect(result.figures[1]?.entries).toMatchObject({ both: { samples: [2, 3] } });
  });

  test('leave out a figure that none of them has measured, as the larger sizes of a quick run', async () => {
    const { experiment } = race({ a: 1 });
    const figures = [...experiment.figures, { id: 'size', title: 'size', unit: 'MiB' as const }];
    expect((await run({ ...experiment, figures }, context())).figures.map(({ id }) => id)).toEqual(['time']);
  });

  test('that measure what nobody asked for are out: a misspelt figure would be lost', async () => {
    const { experiment } = race({});
    const { entries } = await only({ ...experiment, contestants: { a: async () => ({ tiem: 1 }) } });
    expect(entries['a']).toEqual({ missing: 'failed: the experiment has no figure "tiem"' });
  });
});

test('of nothing there is no proportion', async () => {
  const { entries } = await only(race({ a: 0, b: 2 }).experiment);
  expect([ratio(entries['b'], entries['a'], 'median'), ratio(entries['a'], entries['b'], 'median')]).toEqual([undefined, 0]);
});

describe('a target', () => {
  const withTarget = (factors: Record<string, number>, contestants = {}): Experiment => {
    const target = { text: 'a is at most half of b', holds: (median: (name: string) => number) => median('a') <= median('b') / 2 };
    const { experiment } = race(factors, { figures: [{ id: 'time', title: 'time', unit: 'ms', target }] });
    return { ...experiment, contestants: { ...experiment.contestants, ...contestants } };
  };

  test.for<[verdict: string, factors: Record<string, number>]>([
    ['met', { a: 1, b: 2 }],
    ['MISSED', { a: 1, b: 1.9 }],
  ])('is %s by the medians', async ([verdict, factors]) => {
    expect((await only(withTarget(factors))).target).toEqual({ text: 'a is at most half of b', verdict });
  });

  test('is judged by the means where its figure goes by them', async () => {
    const target = { text: 'a takes at most 2', holds: (mean: (name: string) => number) => mean('a') <= 2 };
    const { experiment } = race({}, { figures: [{ id: 'time', title: 'time', unit: 'ms', by: 'mean', target }] });
    const samples = [1, 1, 9];
    expect((await only({ ...experiment, contestants: { a: async () => ({ time: samples.shift() ?? 0 }) } })).target?.verdict).toBe('MISSED');
  });

  test('of what may never happen is MISSED by one turn in which it did', async () => {
    const target = { text: 'none', holds: (_: unknown, most: (name: string) => number) => most('a') === 0 };
    const losing = (losses: number[]): Experiment => ({ ...race({ a: 1 }, { figures: [{ id: 'lost', title: 'lost', unit: 'count', target }] }).experiment, contestants: { a: async () => ({ lost: losses.shift() ?? 0 }) } });
    expect((await only(losing([0, 0, 0]))).target?.verdict).toBe('met');
    expect((await only(losing([0, 7, 0]))).target?.verdict).toBe('MISSED');
  });

  test('is not judged where one it speaks of is missing', async () => {
    const b = async () => {
      throw new Unavailable('not installed');
    };
    expect((await only(withTarget({ a: 1 }, { b }))).target).toMatchObject({ verdict: 'not judged' });
  });
});
