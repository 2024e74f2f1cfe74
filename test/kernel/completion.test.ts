import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { packageFile } from '../../src/lib/package-file.ts';
import { CommandLine } from '../support/command-line.ts';
import { runProgram } from '../support/run-program.ts';
import { skip } from '../support/skip.ts';
import { startInTerminal } from '../support/terminal.ts';

/** A home with the program on the PATH, and settings that would lead to a server which is not there. */
async function withProgram(): Promise<CommandLine> {
  const cli = await CommandLine.create({ DATABRICKS_HOST: 'http://127.0.0.1:9', DATABRICKS_TOKEN: 'dapi0' });
  await mkdir(join(cli.home, 'bin'));
  await symlink(packageFile('dist', 'main.js'), join(cli.home, 'bin', 'databricks-kernel'));
  cli.env['PATH'] = `${join(cli.home, 'bin')}:${process.env['PATH']}`;
  await writeFile(join(cli.home, 'a job.py'), '');
  await writeFile(join(cli.home, '.databrickscfg'), '[__settings__]\ndefault_profile = DEV\n[DEV]\n[PROD]\n');
  return cli;
}

/** What is typed after `databricks-kernel`, and what the shell is to offer. */
const cases: readonly (readonly [typed: readonly string[], offered: readonly string[]])[] = [
  [['cont'], ['contexts']],
  [['contexts', ''], ['create', 'destroy', 'status']],
  [['exec', '-l', 's'], ['scala', 'sql']],
  [['workspace', 'start', '--di'], ['--dialect']],
  [['doctor', '--profile', ''], ['DEV', 'PROD']],
];

describe('bash', () => {
  const ask = 'source <(databricks-kernel completion bash); COMP_WORDS=(databricks-kernel "$@"); COMP_CWORD=$#; _databricks_kernel; printf "%s\\n" "${COMPREPLY[@]}" | sort';

  test.for(cases)('offers after %j: %j', async ([typed, offered]) => {
    await using cli = await withProgram();
    const { code, stdout, stderr } = await runProgram('bash', ['--norc', '-c', ask, 'bash', ...typed], { cwd: cli.home, env: cli.env });
    expect([code, stdout.trim().split('\n'), stderr]).toEqual([0, offered, '']);
  });

  test('completes commands, values after "=" and file names at TAB, and may be sourced twice', async () => {
    await using cli = await withProgram();
    await using shell = startInTerminal(['bash', '--norc', '--noprofile', '-i'], { cwd: cli.home, env: { ...cli.env, PS1: '> ' } });
    shell.press('source <(databricks-kernel completion bash); source <(databricks-kernel completion bash); echo rea"d"y\r');
    await shell.until(/\nready\n> /);
    shell.press('databricks-kernel work\t');
    await shell.until(/databricks-kernel workspace /);
    shell.press('start --dialect=cl\t');
    await shell.until(/start --dialect=classic /);
    shell.press('\u0015databricks-kernel exec -f a\t');
    await shell.until(/exec -f a\\ job\.py /);
    shell.press('\u0015exit\r');
    expect(await shell.ended).toBe(0);
  });
});

test.for(cases)('fish offers after %j: %j', async ([typed, offered], context) => {
  await needShell('fish', context);
  await using cli = await withProgram();
  const ask = 'databricks-kernel completion fish | source; complete -C "databricks-kernel $argv"';
  const { stdout } = await runProgram('fish', ['--no-config', '-c', ask, ...typed], { cwd: cli.home, env: cli.env });
  expect(stdout.trim().split('\n').map((line) => line.split('\t')[0]).sort()).toEqual(offered);
});

test('zsh completes commands, values and file names at TAB', async (context) => {
  await needShell('zsh', context);
  await using cli = await withProgram();
  await using shell = startInTerminal(['zsh', '-f', '-i'], { cwd: cli.home, env: { ...cli.env, PS1: '> ' } });
  shell.press('autoload -Uz compinit; compinit -u -D; source <(databricks-kernel completion zsh); echo rea"d"y\r');
  await shell.until(/\nready\n/);
  shell.press('databricks-kernel work\t');
  await shell.until(/databricks-kernel workspace /);
  shell.press('\u0015databricks-kernel exec -f a\t');
  await shell.until(/a\\ job\.py/);
  shell.press('\u0015exit\r');
  expect(await shell.ended).toBe(0);
});

test('asking makes nothing and starts nothing, not even the embedded workspace', async () => {
  await using cli = await withProgram();
  expect(await cli.run(['complete', '--', 'contexts', 'status', ''])).toMatchObject({ code: 0, stderr: '' });
  expect(await readdir(cli.home)).toEqual(['.databrickscfg', 'a job.py', 'bin']);
});

async function needShell(name: string, context: TestContext): Promise<void> {
  const { code } = await runProgram('sh', ['-c', `command -v ${name}`], { env: { PATH: process.env['PATH'] } });
  if (code !== 0) skip(context, `${name} is not installed here`);
}
