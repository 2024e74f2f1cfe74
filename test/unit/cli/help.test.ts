import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../../src/cli/index.ts';

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return text;
}

/** Every command that people see, with the words it is called by. */
function allCommands(command: Command, words: readonly string[] = []): readonly { words: readonly string[]; command: Command }[] {
  const inner = command.createHelp().visibleCommands(command).flatMap((one) => allCommands(one, [...words, one.name()]));
  return [{ words, command }, ...inner];
}

const commands = allCommands(createProgram()).map(({ words, command }) => [words.join(' '), command] as const);

/** The command lines in a help's examples: each up to its comment, pipe or redirection, in words. */
function exampleLines(help: string): readonly (readonly string[])[] {
  const examples = /^Examples?[^\n]*:\n((?: {2}.*\n?)+)/m.exec(help)?.[1] ?? '';
  return [...examples.matchAll(/databricks-kernel ((?:"[^"]*"|'[^']*'|[^\s|)>'"]+(?:"[^"]*")?| (?! ))+)/g)].map(([, line = '']) => line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []);
}

/** The words of an example that its command does not know. */
function unknownWords(words: readonly string[]): readonly string[] {
  let command: Command = createProgram();
  const unknown: string[] = [];
  let isValue = false;
  for (const word of words) {
    if (word === '--') break;
    const inner = command.commands.find((one) => one.name() === word);
    if (isValue) isValue = false;
    else if (word.startsWith('-') && word !== '-') {
      const option = command.options.find(({ long, short }) => long === word || short === word);
      if (option === undefined) unknown.push(word);
      isValue = option?.required === true;
    } else if (inner !== undefined) command = inner;
    else if (command.commands.length > 0) unknown.push(word);
  }
  return unknown;
}

describe('the help', () => {
  test('of the program groups the commands by what people want', () => {
    const help = helpOf(createProgram());
    const groups = [...help.matchAll(/^(\S[^\n]*:)\n((?: {2}.*\n)+)/gm)].map(([, title, lines = '']) => [title, [...lines.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name)]);
    expect(groups.filter(([title]) => title !== 'Options:' && title !== 'Examples:')).toEqual([
      ['Kernels:', ['install', 'uninstall', 'run']],
      ['One-off commands:', ['exec']],
      ['Manage a workspace:', ['clusters', 'contexts', 'commands', 'libraries']],
      ['The embedded workspace:', ['workspace']],
      ['Find out what is wrong:', ['doctor']],
      ['Your shell:', ['completion']],
    ]);
  });

  test.for(commands)('of "databricks-kernel %s" says what it is for, and has examples that are right', ([name, command]) => {
    const help = helpOf(command);
    expect(command.description()).not.toBe('');
    const lines = exampleLines(help);
    expect(lines.length, 'examples').toBeGreaterThan(0);
    for (const line of lines) expect(unknownWords(line), line.join(' ')).toEqual([]);
    const words = name.split(' ').filter((word) => word !== '');
    expect(lines.some((line) => words.every((word, i) => line[i] === word)), 'an example of this command').toBe(true);
  });

  test.for(commands)('of "databricks-kernel %s" describes every option and argument', ([, command]) => {
    const silent = [...command.createHelp().visibleOptions(command), ...command.registeredArguments].filter(({ description }) => description === '');
    expect(silent.map((one) => one.name()).filter((name) => name !== 'shell')).toEqual([]);
  });
});
