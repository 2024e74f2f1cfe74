import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { globMatcher } from '../../../src/kernel/glob.ts';
import { History } from '../../../src/kernel/history.ts';
import type { HistoryQuery } from '../../../src/protocol/contents.ts';
import { ManualClock } from '../../support/manual-clock.ts';

let directory = '';
let path = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'history-'));
  path = join(directory, 'home', 'history.jsonl');
});
afterEach(() => rm(directory, { recursive: true }));

/** Two sessions that are over and one that runs: 1: a b a · 2: select 1, b · 3: now, b */
async function threeSessions(): Promise<History> {
  for (const inputs of [['a', 'b', 'a'], ['select 1', 'b']]) {
    const past = new History(path);
    inputs.forEach((input, index) => past.add(index + 1, input));
    await past.flush();
  }
  const present = new History(path);
  present.add(1, 'now');
  present.add(2, 'b');
  await present.flush();
  return present;
}

const tail = { hist_access_type: 'tail', output: false } as const;
const search = { hist_access_type: 'search', output: false, n: undefined, pattern: '*', unique: false } as const;
const range = { hist_access_type: 'range', output: false, session: 0, start: 1, stop: undefined } as const;

test.for([
  ['the last three', { ...tail, n: 3 }, [[2, 2, 'b'], [3, 1, 'now'], [3, 2, 'b']]],
  ['more than there are', { ...tail, n: 99 }, 7],
  ['ten where no number is given', { ...tail, n: undefined }, 7],
  ['none', { ...tail, n: 0 }, []],
  ['a negative number', { ...tail, n: -1 }, []],
  ['search for all', search, 7],
  ['search for a whole input', { ...search, pattern: 'b' }, [[1, 2, 'b'], [2, 2, 'b'], [3, 2, 'b']]],
  ['search is not for parts', { ...search, pattern: 'select' }, []],
  ['search with a pattern', { ...search, pattern: 'sel*' }, [[2, 1, 'select 1']]],
  ['search without repeats keeps the latest', { ...search, pattern: '?', unique: true }, [[1, 3, 'a'], [3, 2, 'b']]],
  ['search for the latest two', { ...search, pattern: '[ab]', n: 2 }, [[2, 2, 'b'], [3, 2, 'b']]],
  ['this session', range, [[3, 1, 'now'], [3, 2, 'b']]],
  ['this session by its number', { ...range, session: 3 }, [[3, 1, 'now'], [3, 2, 'b']]],
  ['the one before', { ...range, session: -1 }, [[2, 1, 'select 1'], [2, 2, 'b']]],
  ['the first', { ...range, session: 1, start: 2 }, [[1, 2, 'b'], [1, 3, 'a']]],
  ['a range without its end', { ...range, session: 1, start: 1, stop: 3 }, [[1, 1, 'a'], [1, 2, 'b']]],
  ['a session that never was', { ...range, session: 7 }, []],
  ['a session before the first', { ...range, session: -3 }, []],
] as const)('%s', async ([, query, expected]) => {
  const found = await (await threeSessions()).query(query as HistoryQuery);
  if (typeof expected === 'number') expect(found).toHaveLength(expected);
  else expect(found).toEqual(expected);
});

test('outputs are told for this session and are null where there is none', async () => {
  const history = await threeSessions();
  history.setOutput(2, 'text of b');
  expect(await history.query({ ...tail, output: true, n: 3 })).toEqual([
    [2, 2, ['b', null]],
    [3, 1, ['now', null]],
    [3, 2, ['b', 'text of b']],
  ]);
});

test('numbers of sessions stay while another kernel writes to the same file', async () => {
  const history = await threeSessions();
  const before = await history.query({ ...tail, n: 99 });
  const other = new History(path);
  other.add(1, 'elsewhere');
  await other.flush();
  history.add(3, 'more');
  await history.flush();
  expect(await history.query({ ...tail, n: 99 })).toEqual([...before, [3, 3, 'more']]);
  expect(await new History(path).query({ ...tail, n: 2 })).toEqual([[3, 3, 'more'], [4, 1, 'elsewhere']]);
});

test('cells that follow each other closely are written together, and without being asked for', async () => {
  const clock = new ManualClock();
  const history = new History(path, clock);
  history.add(1, 'a');
  history.add(2, 'b');
  await clock.asleep();
  expect(await new History(path).query({ ...tail, n: 9 })).toEqual([]);
  await clock.advance(50);
  await expect.poll(() => new History(path).query({ ...tail, n: 9 })).toEqual([[1, 1, 'a'], [1, 2, 'b']]);
});

test('the file is for its owner only', async () => {
  await threeSessions();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a file that others could read becomes its owner\'s only', async () => {
  const file = join(directory, 'history.jsonl');
  await writeFile(file, '["s", 1, "a"]\n', { mode: 0o644 });
  expect(await new History(file).query({ ...tail, n: 9 })).toEqual([[1, 1, 'a']]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a line that a crash has torn does not take the next one along', async () => {
  const file = join(directory, 'history.jsonl');
  await writeFile(file, '["s", 1, "a"]\n["s", 2, "tor');
  const history = new History(file);
  for (const [at, input] of ['b', 'c'].entries()) history.add(at + 1, input);
  await history.flush();
  expect(await new History(file).query({ ...tail, n: 9 })).toEqual([[1, 1, 'a'], [2, 1, 'b'], [2, 2, 'c']]);
});

test('of kernels that write at the same time each line arrives whole', async () => {
  const inputs = Array.from({ length: 100 }, (_, line) => `${line} ${'x'.repeat(20_000)}`);
  const kernels = [1, 2, 3].map(() => new History(path));
  for (const [line, input] of inputs.entries()) for (const kernel of kernels) kernel.add(line + 1, input);
  await Promise.all(kernels.map((kernel) => kernel.flush()));
  const found = await new History(path).query({ ...tail, n: 9999 });
  expect(found.map(([session, line]) => [session, line])).toEqual([1, 2, 3].flatMap((session) => inputs.map((_, line) => [session, line + 1])));
  expect(found.map(([, line, input]) => input === inputs[line - 1])).not.toContain(false);
});

test.for<[what: string, make: (path: string) => unknown]>([
  ['a pipe that nobody writes to', (path) => execFileSync('mkfifo', [path])],
  ['a directory', (path) => mkdir(path)],
])('%s in the place of the file is left alone, and a session remembers for itself', async ([, make]) => {
  const place = join(directory, 'history.jsonl');
  await make(place);
  const history = new History(place);
  history.add(1, 'kept');
  await history.flush();
  expect(await history.query({ ...tail, n: 9 })).toEqual([[1, 1, 'kept']]);
});

test('what is blank or longer than a person writes is not kept', async () => {
  const history = new History(path);
  for (const [line, input] of ['', ' \n\t', 'x'.repeat(256 * 1024 + 1), 'kept'].entries()) history.add(line + 1, input);
  expect(await history.query({ ...tail, n: 9 })).toEqual([[1, 4, 'kept']]);
});

test('an output that is long is not kept, and of what was printed before a short one nothing is', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const history = new History();
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let line = 1; line <= 20; line++) {
    history.add(line, 'df');
    history.setOutput(line, `${'printed '.repeat(500_000)}DataFrame[id: bigint] ${line}`.slice(-24).trimStart());
  }
  history.add(21, 'text');
  history.setOutput(21, 'x'.repeat(64 * 1024 + 1));
  expect((used() - before) / 1024 / 1024).toBeLessThan(20);
  expect(await history.query({ ...tail, output: true, n: 2 })).toEqual([
    [1, 20, ['df', 'DataFrame[id: bigint] 20']],
    [1, 21, ['text', null]],
  ]);
});

test('lines that are torn or not ours are skipped', async () => {
  await writeFile(join(directory, 'history.jsonl'), '["s", 1, "good"]\nnonsense\n{"a": 1}\n[1, 2, 3]\n["s", 2, "also go');
  const history = new History(join(directory, 'history.jsonl'));
  expect(await history.query({ ...tail, n: 9 })).toEqual([[1, 1, 'good']]);
});

test('where nothing can be written a session remembers for itself', async () => {
  await writeFile(join(directory, 'file'), '');
  const history = new History(join(directory, 'file', 'history.jsonl'));
  history.add(1, 'kept');
  await history.flush();
  expect(await history.query({ ...tail, n: 9 })).toEqual([[1, 1, 'kept']]);
});

test('without a path nothing is written', async () => {
  const history = new History();
  history.add(1, 'kept');
  await history.flush();
  expect(await history.query({ ...tail, n: 9 })).toEqual([[1, 1, 'kept']]);
});

test('a file that has grown too long is cut down to its newest lines', async () => {
  const file = join(directory, 'history.jsonl');
  const line = (session: number) => `${JSON.stringify([`s${session}`, 1, 'x'.repeat(200_000)])}\n`;
  await writeFile(file, Array.from({ length: 100 }, (_, session) => line(session)).join(''));
  const history = new History(file);
  expect(await history.query({ ...range, session: -1 })).toHaveLength(1);
  const left = await readFile(file, 'utf8');
  expect(left.length).toBeLessThan(8 * 1024 * 1024 + 1);
  expect(left.endsWith(line(99))).toBe(true);
});

test('a file larger than a string can be costs no more than its end', async () => {
  const file = join(directory, 'history.jsonl');
  await writeFile(file, '["s", 1, "first"]\n');
  await truncate(file, 600 * 1024 * 1024);
  await appendFile(file, '\n["s", 2, "last"]\n');
  expect(await new History(file).query({ ...tail, n: 9 })).toEqual([[1, 2, 'last']]);
  expect((await stat(file)).size).toBeLessThan(1000);
});

test.for([
  ['*', '', true],
  ['*', 'any\nthing', true],
  ['', '', true],
  ['', 'a', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['?', '😀', true],
  ['a*c*e', 'abcde', true],
  ['a*c*e', 'abcdef', false],
  ['*b', 'bab', true],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[]]', ']', true],
  ['[', '[', true],
  ['a.b', 'axb', false],
  ['(a|b)', '(a|b)', true],
] as const)('the pattern %j and the text %j match: %s', ([pattern, text, expected]) => {
  expect(globMatcher(pattern)(text)).toBe(expected);
});

test('a pattern of many stars is no trouble', () => {
  expect(globMatcher(`${'*a'.repeat(50)}b`)('a'.repeat(20_000))).toBe(false);
});
