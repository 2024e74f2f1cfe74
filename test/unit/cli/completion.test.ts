import { expect, test } from 'vitest';
import { candidates } from '../../../src/cli/completion/candidates.ts';
import { createProgram } from '../../../src/cli/index.ts';

/** What is offered after `databricks-kernel`; the last word is the one that is being written. */
function offered(...words: readonly string[]): readonly string[] | 'files' {
  const offer = candidates(createProgram(), words, { profile: () => ['DEV', 'PROD'] });
  return offer === 'files' ? offer : offer.map(({ value }) => value);
}

test.for<[words: readonly string[], offered: readonly string[] | 'files']>([
  [['inst'], ['install']],
  [['cont'], ['contexts']],
  [['contexts', ''], ['create', 'status', 'destroy']],
  [['contexts', 'd'], ['destroy']],
  [['--v'], ['--version']],
  [['exec', '--o'], ['--output']],
  [['exec', '-l', ''], ['scala', 'python', 'sql', 'r']],
  [['exec', '--language', 's'], ['scala', 'sql']],
  [['exec', '--language=s'], ['--language=scala', '--language=sql']],
  // As bash splits it.
  [['exec', '--language', '=', 's'], ['scala', 'sql']],
  [['exec', '-l', 'sql', '--ju'], []],
  [['exec', '-l', 'sql', '--js'], ['--json']],
  [['exec', '--profile', ''], ['DEV', 'PROD']],
  [['exec', '-p', ''], ['DEV', 'PROD']],
  [['exec', '--profile=D'], ['--profile=DEV']],
  [['exec', '--host', ''], []],
  [['exec', '-f', ''], 'files'],
  [['exec', '--file=src/'], 'files'],
  [['exec', '--output', ''], 'files'],
  [['exec', '--', '--js'], []],
  [['exec', 'select 1', '--js'], ['--json']],
  [['install', ''], ['scala', 'python', 'sql']],
  [['install', 'sql', 'p'], ['python']],
  [['install', '--prefix', ''], 'files'],
  [['install', '--user', 's'], ['scala', 'sql']],
  [['run', '--language', ''], ['scala', 'python', 'sql']],
  [['workspace', 'start', '--dialect', ''], ['classic', 'modern']],
  [['workspace', 'ser'], []],
  [['completion', ''], ['bash', 'zsh', 'fish']],
  [['complet'], ['completion']],
  [['nothing', ''], []],
])('after %j is offered %j', ([words, expected]) => {
  expect(offered(...words)).toEqual(expected);
});

test('nothing but options can follow where no argument is left to give', () => {
  expect(offered('workspace', 'stop', '')).toEqual(['--help']);
});

test('every command and every option has a description that is shown beside it', () => {
  const program = createProgram();
  const silent: string[] = [];
  const look = (words: readonly string[]): void => {
    const offers = [candidates(program, [...words, '']), candidates(program, [...words, '-'])].flatMap((offer) => (offer === 'files' ? [] : offer));
    for (const { value, description } of offers) {
      if (description === '') silent.push([...words, value].join(' '));
      if (/^[a-z]+$/.test(value) && !['scala', 'python', 'sql', 'bash', 'zsh', 'fish'].includes(value)) look([...words, value]);
    }
  };
  look([]);
  expect(silent).toEqual(['completion bash', 'completion zsh', 'completion fish']);
});
