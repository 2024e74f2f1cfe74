import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configureTrace, trace } from '../../../src/lib/trace.ts';

test('a file gets every level, a line a message, and is for its owner only', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'trace-'));
  const path = join(directory, 'kernel.log');
  try {
    configureTrace(path);
    const log = trace('layer');
    log.error('one');
    log.debug('tw\u001b]0;owned\u0007o\u001b[2J');
    configureTrace('error');
    log.debug('three');
    expect((await readFile(path, 'utf8')).replace(/^\S+Z /gm, '')).toBe('error layer: one\ndebug layer: two\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  } finally {
    configureTrace(undefined);
    await rm(directory, { recursive: true });
  }
});

test.for(['trace', 'warning', 'VERBOSE', '2'])('"%s" is no level, and no file is made of it', (word) => {
  const text = `DATABRICKS_KERNEL_LOG is "${word}", which is no level: give one of error, warn, info, debug, or write ./${word} for a file of that name.`;
  expect(() => configureTrace(word)).toThrow(text);
  expect(existsSync(word)).toBe(false);
});

test.for(['DEBUG', 'Warn', 'info'])('"%s" is a level, and no file', (word) => {
  configureTrace(word);
  configureTrace(undefined);
  expect(existsSync(word)).toBe(false);
});

test('a file that cannot be written is named at once, with the setting', () => {
  const text = 'DATABRICKS_KERNEL_LOG names a file that cannot be written (ENOENT): /no/such/directory/kernel.log.';
  expect(() => configureTrace('/no/such/directory/kernel.log')).toThrow(text);
});
