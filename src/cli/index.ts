import { Command, CommanderError } from 'commander';
import { packageVersion } from '../lib/package-file.ts';
import { addInstallCommands } from './install.ts';
import { report } from './report.ts';
import { addWorkspaceCommands } from './workspace.ts';

const examples = `
Examples:
  databricks-kernel install                            the three kernels, for you
  databricks-kernel install --sys-prefix python sql    two of them, in the active Python environment
  databricks-kernel install --profile PROD --cluster-id 0123-456789-abcdefgh --name prod --display-name Production
  databricks-kernel uninstall
  databricks-kernel workspace start                    Apache Spark on this machine behind the Databricks APIs

Without a host in the environment or in ~/.databrickscfg, kernels use the embedded workspace: Apache Spark on this machine.`;

/** Parses the command line, runs the command and sets the exit code: 0, 1 for what failed, 2 for a wrong command line. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('databricks-kernel')
    .description('Jupyter kernels for Scala, Python and SQL on Databricks clusters')
    .version(packageVersion)
    .addHelpText('after', examples)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) });
  addInstallCommands(program);
  addWorkspaceCommands(program);
  addRunHelp(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : report(error);
  }
}

/** `run` is for front ends and goes past this parser (see main.ts); here it is only documented. */
function addRunHelp(program: Command): void {
  program
    .command('run')
    .description('run a kernel; what front ends start')
    .requiredOption('--language <language>', 'scala, python or sql')
    .requiredOption('-f, --file <file>', 'connection file');
}

/** commander begins with "error: " and puts its suggestion on a line of its own. */
function oneLine(text: string): string {
  return text.replace(/^error: (.)/, (_, first: string) => first.toUpperCase()).replace(/\n(?=.)/g, ' ');
}
