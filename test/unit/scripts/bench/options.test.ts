import { describe, expect, test } from 'vitest';
import { parseOptions, select } from '../../../../scripts/bench/options.mjs';

describe('the command line', () => {
  test.for<[what: string, args: string[], options: object]>([
    ['nothing: everything, in full', [], { quick: false, only: [], json: undefined, list: false }],
    ['--quick', ['--quick'], { quick: true }],
    ['--only, several times', ['--only', 'start', '--only', 'memory'], { only: ['start', 'memory'] }],
    ['--json FILE', ['--json', 'out.json'], { json: 'out.json' }],
    ['--list', ['--list'], { list: true }],
  ])('%s', ([, args, options]) => {
    expect(parseOptions(args)).toMatchObject(options);
  });

  test.for([['--fast'], ['start']])('%s is refused by name', ([arg = '']) => {
    expect(() => parseOptions([arg])).toThrow(arg);
  });
});

describe('what is asked for', () => {
  const experiments = [{ id: 'a', group: 'x', turns: { quick: 1 } }, { id: 'b', group: 'x', turns: { quick: 0 } }, { id: 'c', group: 'y', turns: { quick: 2 } }];
  const chosen = (only: string[], quick = false): string => select(experiments, { only, quick }).map(({ id }) => id).join('');

  test.for<[only: string[], ids: string]>([
    [[], 'abc'],
    [['x'], 'ab'],
    [['c', 'a'], 'ac'],
    [['y', 'b'], 'bc'],
  ])('%j is %s', ([only, ids]) => {
    expect(chosen(only)).toBe(ids);
  });

  test('a quick run has no long ones, and says so where nothing else is asked for', () => {
    expect(chosen([], true)).toBe('ac');
    expect(chosen(['x'], true)).toBe('a');
    expect(() => chosen(['b'], true)).toThrow('A quick run leaves out b: run it without --quick.');
  });

  test('a name that fits nothing is an error that names it', () => {
    expect(() => chosen(['x', 'z'])).toThrow('There is no group or experiment "z"');
  });
});
