import { expect, test } from 'vitest';
import { lastWords, withoutPasswords } from '../../../../src/workspace/driver/python-overlay.ts';

test.for<[what: string, lines: readonly string[], words: string]>([
  [
    'that there is no such package',
    ['Looking in links: /wheels', 'ERROR: Could not find a version that satisfies the requirement nope (from versions: none)', 'ERROR: No matching distribution found for nope'],
    'Could not find a version that satisfies the requirement nope (from versions: none)\nNo matching distribution found for nope',
  ],
  [
    'what is in conflict, not what one could try',
    ['ERROR: Cannot install a==1 because these package versions have conflicting dependencies.', '', 'The conflict is caused by:', '    The user requested a==1', '    The user requested (constraint) a==2', '', 'To fix this you could try to:', '1. loosen'],
    'Cannot install a==1 because these package versions have conflicting dependencies.\nThe conflict is caused by:\nThe user requested a==1\nThe user requested (constraint) a==2',
  ],
  [
    'why a build failed',
    ['  error: subprocess-exited-with-error', '  ╰─> [2 lines of output]', '      Traceback:', "      ModuleNotFoundError: No module named 'numpy'", '      [end of output]', "ERROR: Failed to build 'a' when getting requirements to build wheel"],
    "ModuleNotFoundError: No module named 'numpy'\nFailed to build 'a' when getting requirements to build wheel",
  ],
  [
    'that the index did not answer',
    [
      "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError('<pip.HTTPConnection object at 0x7e>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/six/",
      'ERROR: No matching distribution found for six',
    ],
    'Failed to establish a new connection: [Errno 111] Connection refused\nNo matching distribution found for six',
  ],
  ['its last lines where it names no error', ['one', '/usr/bin/python: No module named pip', ''], 'one\n/usr/bin/python: No module named pip'],
])('a failed installation says %s', ([, lines, words]) => {
  expect(lastWords(lines)).toBe(words);
});

test.for([
  ['Looking in indexes: https://me:s3cret@example.com/simple, https://example.org', 'Looking in indexes: https://****@example.com/simple, https://example.org'],
  ['Illegal character in http://me:s3 cret@example.com', 'Illegal character in http://****@example.com'],
  ['https://example.com/me@home', 'https://example.com/me@home'],
] as const)('a password in %j is not told', ([text, told]) => {
  expect(withoutPasswords(text)).toBe(told);
});
