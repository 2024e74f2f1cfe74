import { expect, test } from 'vitest';
import { soak } from './soak.ts';

/** For people, also when the test passes: three minutes are long. */
const tell = (line: string) => void process.stdout.write(`soak: ${line}\n`);

test('three minutes of everything that can happen: no cell lost, none run twice, nothing left, and nothing grows', async () => {
  const seed = Date.now() % 1_000_000;
  const report = await soak({ minutes: 3, seed, kernels: 6, tell });
  report.forEach(tell);
  expect(report[0]).toMatch(/^[1-9]\d* cells/);
});
