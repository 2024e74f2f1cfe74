import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deepestJson, isTooDeep, surveyJson } from '../../../src/lib/json.ts';

const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const objects = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

test.for<[what: string, text: string, tooDeep: boolean]>([
  ['as many lists as are allowed', lists(deepestJson), false],
  ['a list too many', lists(deepestJson + 1), true],
  ['as many objects as are allowed', objects(deepestJson), false],
  ['an object too many', objects(deepestJson + 1), true],
  ['many lists beside each other', `[${Array(5000).fill('[]').join(',')}]`, false],
  ['brackets in a string', JSON.stringify('['.repeat(5000)), false],
  ['brackets after a quote in a string', JSON.stringify(`\\"${'['.repeat(5000)}\\\\`), false],
  ['brackets after a string that ends with a backslash', `["\\\\",${lists(5000)}]`, true],
  ['a string that has no end', `"${'['.repeat(5000)}`, false],
  ['brackets that nobody closes', '['.repeat(5000), true],
])('%s: %s', ([, text, tooDeep]) => {
  expect(isTooDeep(text)).toBe(tooDeep);
});

test('what is written within the limit is never too deep', () => {
  fc.assert(fc.property(fc.json(), (text) => !isTooDeep(text + ' '.repeat(3000))));
});

test.for<[text: string, has: boolean]>([
  ['123456789012345', false],
  ['1234567890123456', true],
  ['{"a": -1234567890123456, "b": 1}', true],
  ['[0.30000000000000004]', false],
  ['[1e-1234567890123456]', true],
  ['["1234567890123456", ",1234567890123456", "\\",1234567890123456"]', false],
  ['["\\\\", 1234567890123456]', true],
])('%s holds long integers: %s', ([text, has]) => {
  expect(surveyJson(text)).toEqual({ isTooDeep: false, hasLongIntegers: has });
});
