import { afterEach, describe, expect, test, vi } from 'vitest';
import { reportFor, textFor } from '../../../src/cli/terminal-text.ts';
import { oneLine } from '../../../src/lib/controls.ts';

afterEach(() => vi.unstubAllEnvs());

const terminal = { isTTY: true };
const pipe = {};
const red = '\u001b[31mred\u001b[0m';

describe('text of a server on a terminal', () => {
  test.for<[what: string, text: string, shown: string]>([
    ['plain text', 'one\ttwo\r\nthree\n', 'one\ttwo\r\nthree\n'],
    ['wide characters', '漢字 🎉', '漢字 🎉'],
    ['colours', red, red],
    ['colours of 24 bit', '\u001b[38;2;1;2;3mx\u001b[m', '\u001b[38;2;1;2;3mx\u001b[m'],
    ['colours that are left on', '\u001b[31mred', '\u001b[31mred\u001b[0m'],
    ['movements of the cursor', 'a\u001b[2Jb\u001b[1;1Hc\u001b[?25ld', 'abcd'],
    ['a style that is none', 'a\u001b[>4;1mb\u001b[?1mc', 'abc'],
    ['a window title', 'a\u001b]0;owned\u0007b\u001b]0;owned\u001b\\c', 'abc'],
    ['a link', '\u001b]8;;http://example.com/(x)\u0007link\u001b]8;;\u0007', 'link'],
    ['a string that has no end', 'a\u001b]0;owned', 'a]0;owned'],
    ['a device string', 'a\u001bPq#0\u001b\\b', 'ab'],
    ['a reset of the terminal', 'a\u001bcb', 'ab'],
    ['sequences of eight bits', 'a\u009b2Jb\u009d0;owned\u009cc\u0090x\u009cd', 'abcd'],
    ['a sequence hidden in another', 'a\u001b\u001b[2J[2Jb', 'a[2Jb'],
    ['a bell, backspaces and a delete', 'a\u0007b\u0008\u0008c\u007f', 'abc'],
    ['a string of eight bits that has no end', 'a\u009downed', 'aowned'],
  ['the begin of a string a million times', `a${'\u0090'.repeat(1_000_000)}b`, 'ab'],
  ['what turns the order of text', 'a\u202eb\u202cc\u2066d\u2069e', 'abcde'],
  ['a lone escape at the end', 'a\u001b', 'a'],
  ])('%s', ([, text, shown]) => {
    expect(textFor(terminal, text)).toBe(shown);
  });

  test('holds no colours where NO_COLOR is set', () => {
    vi.stubEnv('NO_COLOR', '1');
    expect([textFor(terminal, red), reportFor(terminal, red)]).toEqual(['red', 'red']);
    vi.stubEnv('NO_COLOR', '');
    expect(textFor(terminal, red)).toBe(red);
  });
});

test('a pipe gets what was printed as it is, and reports without colours', () => {
  const text = 'a\u001b[2J\u001b[31mb\u0007';
  expect(textFor(pipe, text)).toBe(text);
  expect(reportFor(pipe, text)).toBe('ab');
  expect(reportFor(terminal, red)).toBe(red);
  // What stands before it is ours.
  expect(reportFor(terminal, 'refused: no\rall is well\r\n')).toBe('refused: no\nall is well\n');
});

test('one line is one line, without any control', () => {
  expect(oneLine('a\u202eb')).toBe('ab');
  expect(oneLine('a\r\nb\tc\u001b[31md\u001b[0m')).toBe('a b cd');
});
