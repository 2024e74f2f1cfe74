import { expect, test } from 'vitest';
import { loadExperiments } from '../../../../scripts/bench/rows.mjs';

const experiments = await loadExperiments();

test('every module of rows loads, and has experiments of the group that it is named after', async () => {
  const { readdir } = await import('node:fs/promises');
  const modules = (await readdir('scripts/bench/rows')).map((name) => name.replace('.mjs', ''));
  expect([...new Set(experiments.map(({ group }) => group))].sort()).toEqual(modules.sort());
});

test('ids are unique, and none is a group of other experiments: --only names one thing', () => {
  const ids = experiments.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(experiments.filter(({ id, group }) => experiments.some((other) => other.group === id && group !== id))).toEqual([]);
});

test('figures have unique ids within their experiment', () => {
  for (const { figures } of experiments) expect(new Set(figures.map(({ id }) => id)).size).toBe(figures.length);
});

test('who is compared with is there, and a quick run is no longer than a full one', () => {
  for (const { id, contestants, ours = 'databricks-kernel', turns } of experiments) {
    expect(Object.keys(contestants), id).toContain(ours);
    expect(turns.quick, id).toBeLessThanOrEqual(turns.full);
  }
});
