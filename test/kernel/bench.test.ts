import { expect, test } from 'vitest';
import { makeContext } from '../../scripts/bench/context.mjs';
import { Unavailable, ours } from '../../scripts/bench/experiment.mjs';
import { loadExperiments } from '../../scripts/bench/rows.mjs';
import { run } from '../../scripts/bench/run.mjs';
import { packageFile } from '../../src/lib/package-file.ts';

/* That the bench measures at all: its experiments on our kernel and the floor, a turn each, without those that we are compared with. */

const notHere = 'not installed for the tests';
const rival = (): never => {
  throw new Unavailable(notHere);
};
const rivals = { installed: {}, packages: [], python: rival, executable: async () => rival() };

const quick = (await loadExperiments()).filter(({ turns }) => turns.quick > 0);

test.for(quick.map((experiment) => [experiment.id, experiment] as const))('%s: each contestant that is here measures something, and none fails', async ([, experiment]) => {
  const { context, dispose } = await makeContext({ quick: true, program: packageFile('dist', 'main.js'), node: process.execPath, rivals, progress: () => undefined });
  try {
    const isCount = (id: string): boolean => experiment.figures.some((figure) => figure.id === id && figure.unit === 'count');
    const { figures, ours: own } = await run({ ...experiment, turns: { quick: 1, full: 1 }, warmUps: 0 }, context);
    const entries = figures.flatMap(({ id, entries: each }) => Object.entries(each).map(([name, entry]) => ({ id, name, entry })));
    const missing = entries.flatMap(({ id, name, entry }) => ('missing' in entry ? [{ id, name, why: entry.missing }] : []));
    expect(missing.filter(({ why }) => why !== notHere && !why.startsWith('left out of a quick run'))).toEqual([]);
    const measured = entries.flatMap(({ id, name, entry }) => ('samples' in entry ? [{ id, name, samples: entry.samples }] : []));
    expect(measured.map(({ name }) => name)).toContain(own);
    for (const { id, name, samples } of measured) for (const sample of samples) expect(sample, `${id} of ${name}`).toBeGreaterThanOrEqual(isCount(id) ? 0 : Number.MIN_VALUE);
  } finally {
    await dispose();
  }
});

test('a kernel that cannot be started is told as that, and measures nothing', async () => {
  const [experiment] = quick.filter(({ id }) => id === 'requests');
  if (experiment === undefined) throw new Error('There is no such experiment.');
  const { context, dispose } = await makeContext({ quick: true, program: packageFile('dist', 'gone.js'), node: process.execPath, rivals, progress: () => undefined });
  try {
    const { figures } = await run({ ...experiment, contestants: { [ours]: experiment.contestants[ours] ?? rival } }, context);
    expect(figures[0]?.entries[ours]).toMatchObject({ missing: expect.stringMatching(/^failed: .*gone\.js/s) });
  } finally {
    await dispose();
  }
});
