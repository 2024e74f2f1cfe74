import { expect, test } from 'vitest';
import { parseRunArguments } from '../../../src/cli/run.ts';

test('a kernel is told its language, its connection file, and a context that it takes up', () => {
  expect(parseRunArguments(['--language', 'sql', '-f', 'a.json'])).toEqual({ language: 'sql', connectionFile: 'a.json' });
  expect(parseRunArguments(['--language', 'sql', '-f', 'a.json', '--context-id', '17'])).toEqual({ language: 'sql', connectionFile: 'a.json', contextId: '17' });
});

test.for<[argv: readonly string[], message: string]>([
  [['-f', 'a.json'], '--language is missing: give one of scala, python, sql.'],
  [['--language', 'rust', '-f', 'a.json'], 'Unknown language "rust": give one of scala, python, sql.'],
  [['--language', 'sql'], 'The connection file is missing: a front end gives it as -f FILE.'],
  [['--language', 'sql', '-f', 'a.json', '--context-id', ''], 'The id of the context is missing: give it as --context-id ID.'],
])('%j is refused', ([argv, message]) => {
  expect(() => parseRunArguments(argv)).toThrow(message);
});
