import { readFile } from 'node:fs/promises';
import { Argument, type Command } from 'commander';
import { profileNames } from '../../databricks/config/fields.ts';
import { packageFile } from '../../lib/package-file.ts';
import { thisMachine } from '../machine.ts';
import { print } from '../output.ts';
import { oneLine } from '../../lib/controls.ts';
import { candidates } from './candidates.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

const help = `
The script asks this program at each TAB, which answers without asking a server.

Examples:
  echo 'source <(databricks-kernel completion bash)' >> ~/.bashrc
  echo 'source <(databricks-kernel completion zsh)' >> ~/.zshrc       # after compinit
  databricks-kernel completion fish > ~/.config/fish/completions/databricks-kernel.fish`;

/** `completion SHELL`, and the hidden `complete` that the scripts ask. */
export function addCompletionCommands(program: Command): void {
  program
    .command('completion')
    .description('print the script that completes these commands in a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText('after', help)
    .action(async (shell: (typeof shells)[number]) => print(await readFile(packageFile('src', 'cli', 'completion', `completion.${shell}`), 'utf8')));
  program
    .command('complete', { hidden: true })
    .argument('[word...]')
    .action((words: readonly string[]) => {
      const offer = candidates(program, words, { profile: () => profileNames(thisMachine()) });
      print(offer === 'files' ? ':files' : offer.map(({ value, description }) => `${value}\t${oneLine(description)}`).join('\n'));
    });
}
