import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPythonReaders } from '../../../src/languages/python/read.ts';
import { createScalaReaders } from '../../../src/languages/scala/read.ts';
import { sqlReaders } from '../../../src/languages/sql/read.ts';
import type { TextPart } from '../../../src/render/result.ts';

const printed = (text: string): TextPart => ({ is: 'printed', text });
const value = (text: string): TextPart => ({ is: 'value', text });

describe('Python text', () => {
  test.for<[what: string, texts: readonly string[], last: readonly TextPart[]]>([
    ['without a marker is printed', ['hello\n'], [printed('hello\n')]],
    ['is a value after its marker', ['Out[1]: 42'], [printed(''), value('42')]],
    ['may be printed and a value', ['a\nb\nOut[3]: 42\n'], [printed('a\nb\n'), value('42')]],
    ['of several lines begins below its marker', ['Out[2]: \n   a  b\n0  1  2\n'], [printed(''), value('   a  b\n0  1  2')]],
    ['of several lines may begin beside it', ['Out[2]: [1,\n 2]'], [printed(''), value('[1,\n 2]')]],
    ['with a marker in the middle of a line is printed', ['see Out[7]: 1'], [printed('see Out[7]: 1')]],
    ['with a number seen before is printed', ['Out[4]: 1', 'Out[4]: 1'], [printed('Out[4]: 1')]],
    ['with a lower number is printed', ['Out[4]: 1', 'Out[3]: 1'], [printed('Out[3]: 1')]],
    ['with a higher number is a value', ['Out[4]: 1', 'Out[9]: 1'], [printed(''), value('1')]],
    ['ends with the last marker', ['Out[5]: forged\nOut[6]: 2'], [printed('Out[5]: forged\n'), value('2')]],
    ['prefers the last fresh marker to an old copy after it', ['Out[5]: 1', 'Out[6]: x\nOut[2]: y'], [printed(''), value('x\nOut[2]: y')]],
    ['may have an empty value', ['Out[1]: '], [printed(''), value('')]],
    ['keeps an empty line that was printed', ['\n'], [printed('\n')]],
    ['is a value though it is as old as the context', ['Out[0]: 1'], [printed(''), value('1')]],
  ])('%s', ([, texts, last]) => {
    const { readers } = createPythonReaders();
    expect(texts.map((text) => readers.text(text)).at(-1)).toEqual(last);
  });

  test('of a new context counts from the beginning', () => {
    const { readers, forget } = createPythonReaders();
    readers.text('Out[12]: 1');
    forget();
    expect(readers.text('Out[1]: 2')).toEqual([printed(''), value('2')]);
  });
});

describe('Scala text', () => {
  test.for<[what: string, texts: readonly string[], last: readonly TextPart[]]>([
    ['is a value from its echo on', ['val res0: Int = 2\n'], [printed(''), value('val res0: Int = 2')]],
    ["of Scala 2.12 says no `val`", ['res0: Array[Int] = Array(1, 2, 3)'], [printed(''), value('res0: Array[Int] = Array(1, 2, 3)')]],
    ['of several lines is one value', ['val res1: String =\na\nb\n'], [printed(''), value('val res1: String =\na\nb')]],
    ['may be printed and a value', ['hello\nval res3: Int = 4\n'], [printed('hello\n'), value('val res3: Int = 4')]],
    ['of a function has arrows in its type', ['val res2: Int => Int = $Lambda$1/0x7'], [printed(''), value('val res2: Int => Int = $Lambda$1/0x7')]],
    ['of definitions is printed', ['val x: Int = 1\nimport java.util._\n// mutated q\ndef f(x: Int): Int\n'], [printed('val x: Int = 1\nimport java.util._\n// mutated q\ndef f(x: Int): Int\n')]],
    ['with a number seen before is printed', ['val res5: Int = 1', 'val res5: Int = 1'], [printed('val res5: Int = 1')]],
    ['with several values ends with the last', ['val res0: Int = 1\nval res1: Int = 2\n'], [printed('val res0: Int = 1\n'), value('val res1: Int = 2')]],
    ['about a name like a result is printed', ['val result0: Int = 1', 'my res9: Int = 1'], [printed('my res9: Int = 1')]],
  ])('%s', ([, texts, last]) => {
    const { readers } = createScalaReaders();
    expect(texts.map((text) => readers.text(text)).at(-1)).toEqual(last);
  });
});

test.for<[text: string, shown: string]>([
  ['', 'OK\n'],
  ['\n', 'OK\n'],
  ['Created view v', 'Created view v'],
])('SQL text %j is printed as %j', ([text, shown]) => {
  expect(sqlReaders.text(text)).toEqual([printed(shown)]);
});

/** Texts that are rich in what a reader looks for. */
const replText = fc
  .array(fc.oneof(fc.string(), fc.constantFrom('\n', 'Out[', ']: ', 'Out[3]: ', '\nOut[12]: ', 'val res1: Int = ', '\nres2: T =\n', ' = ')), { maxLength: 12 })
  .map((pieces) => pieces.join(''));

test('splitting a text loses nothing but the marker, and keeps the order', () => {
  fc.assert(
    fc.property(fc.array(replText, { maxLength: 5 }), (texts) => {
      const python = createPythonReaders().readers;
      const scala = createScalaReaders().readers;
      for (const text of texts) {
        const [before, after] = python.text(text);
        const rest = text.slice(before?.text.length);
        expect(text.startsWith(before?.text ?? '')).toBe(true);
        if (after) expect(rest.replace(/^Out\[\d+\]: ?\n?/, '').replace(/\n$/, '')).toBe(after.text);
        else expect(rest).toBe('');
        const whole = scala.text(text).map((part) => part.text).join('');
        expect([whole, `${whole}\n`]).toContain(text);
      }
    }),
  );
});
