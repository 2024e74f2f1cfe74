import { expect, onTestFinished, test } from 'vitest';
import { soak } from './soak.ts';

/** For people, also when the test passes: three minutes are long. */
const tell = (line: string) => void process.stdout.write(`soak: ${line}\n`);

/** For a machine with much else to do. */
const limitMs = 1_200_000;

test('three minutes of everything that can happen: no cell lost, none run twice, nothing left, and nothing grows', { timeout: limitMs }, async ({ signal }) => {
  const seed = Date.now() % 1_000_000;
  const running = soak({ minutes: 3, seed, kernels: 6, signal, tell });
  // Out of time, it says what it was about, and ends what it has started.
  onTestFinished(async () => void (await running.catch((error: Error) => signal.aborted && tell(error.message))));
  const report = await running;
  report.forEach(tell);
  expect(report[0]).toMatch(/^[1-9]\d* cells/);
});
