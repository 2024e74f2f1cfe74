import { afterEach, expect, test, vi } from 'vitest';
import { showRetries, startProgress } from '../../../src/cli/progress.ts';
import { systemClock } from '../../../src/lib/time.ts';

afterEach(() => vi.restoreAllMocks());

/** What is written to stderr, which is no terminal here. */
function stderr(): readonly string[] {
  const written: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  return written;
}

test('where stderr is no terminal, each change of the words is a line', () => {
  const written = stderr();
  using progress = startProgress({ afterMs: 0 });
  for (const text of ['Pending', 'Pending', 'Running', 'Pending']) progress.show(text);
  expect(written).toEqual(['Pending\n', 'Running\n', 'Pending\n']);
});

test('parts are told in percent, and there at most once a second', () => {
  const written = stderr();
  const clock = vi.spyOn(systemClock, 'now').mockReturnValue(0);
  using progress = startProgress({ afterMs: 0 });
  for (let done = 0; done <= 2000; done += 1) progress.showPart('Uploading a.jar', done, 2000);
  expect(written).toEqual(['Uploading a.jar: 0 %\n']);
  for (const [second, done] of [[1, 905], [1.5, 1200], [2, 2000]] as const) {
    clock.mockReturnValue(second * 1000);
    progress.showPart('Uploading a.jar', done, 2000);
  }
  expect(written.slice(1)).toEqual(['Uploading a.jar: 45 %\n', 'Uploading a.jar: 100 %\n']);
});

test.for([[0, 0, '100 %'], [7, 5, '100 %'], [1, 3, '33 %']] as const)('%i of %i is %s', ([done, total, percent]) => {
  const written = stderr();
  using progress = startProgress({ afterMs: 0 });
  progress.showPart('x', done, total);
  expect(written).toEqual([`x: ${percent}\n`]);
});

test('words of a server are one line, and nothing in them steers a terminal', () => {
  const written = stderr();
  using progress = startProgress({ afterMs: 0 });
  progress.show('Waiting (no\ncapacity\u001b[2J)');
  expect(written).toEqual(['Waiting (no capacity)\n']);
});

test('a request that is tried again is told with its reason, once for each', () => {
  const written = stderr();
  using progress = startProgress({ afterMs: 0 });
  const told = showRetries(progress);
  for (const failure of [new Error('Nothing answers.'), new Error('Nothing answers.'), undefined]) told(failure);
  expect(written).toEqual(['Trying again: Nothing answers.\n']);
});

test('a wait that is over in time is not told, and the latest words of one that goes on are', async () => {
  const written = stderr();
  {
    using short = startProgress({ afterMs: 20 });
    short.show('short');
  }
  using long = startProgress({ afterMs: 20 });
  long.show('first');
  long.show('second');
  using hidden = startProgress({ afterMs: 20 });
  hidden.show('hidden');
  hidden.hide();
  await vi.waitUntil(() => written.length > 0);
  expect(written).toEqual(['second\n']);
});
