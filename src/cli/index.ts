import { CommanderError } from 'commander';
import { packageVersion } from '../lib/package-file.ts';
import { configureTrace } from '../lib/trace.ts';
import { addClusterCommands } from './clusters.ts';
import { addCommandCommands } from './commands.ts';
import { addCompletionCommands } from './completion/index.ts';
import { addContextCommands } from './contexts.ts';
import { addDoctorCommand } from './doctor.ts';
import { addExecCommand } from './exec.ts';
import { addInstallCommands } from './install.ts';
import { addLibraryCommands } from './libraries.ts';
import { Program } from './program.ts';
import { report } from './report.ts';
import { addRunHelp } from './run-help.ts';
import { isBrokenPipe, outliveLostOutput } from './stdout.ts';
import { addWorkspaceCommands } from './workspace.ts';

const examples = `
Examples:
  databricks-kernel install                            the three kernels, for you
  databricks-kernel install --profile PROD --cluster-id 0123-456789-abcdefgh --name prod --display-name Production
  databricks-kernel doctor                             what is configured, and whether it works
  databricks-kernel exec -l sql "select 1"             one command, without a notebook
  databricks-kernel workspace start                    Apache Spark on this machine behind the Databricks APIs

Which workspace and cluster are meant is read from the environment (DATABRICKS_HOST, DATABRICKS_CLUSTER_ID, …) and ~/.databrickscfg.
Without a host there, it is the embedded workspace: Apache Spark on this machine.
"databricks-kernel COMMAND --help" tells more of a command.`;

/** All commands, in the order of their help. */
export function createProgram(): Program {
  const program = new Program('databricks-kernel');
  program
    .description('Jupyter kernels for Scala, Python and SQL on Databricks clusters, and commands for what they need')
    .version(packageVersion)
    .addHelpText('after', examples)
    .helpCommand(false)
    .exitOverride();
  program.commandsGroup('Kernels:');
  addInstallCommands(program);
  addRunHelp(program);
  program.commandsGroup('One-off commands:');
  addExecCommand(program);
  program.commandsGroup('Manage a workspace:');
  addClusterCommands(program);
  addContextCommands(program);
  addCommandCommands(program);
  addLibraryCommands(program);
  program.commandsGroup('The embedded workspace:');
  addWorkspaceCommands(program);
  program.commandsGroup('Find out what is wrong:');
  addDoctorCommand(program);
  program.commandsGroup('Your shell:');
  addCompletionCommands(program);
  return program;
}

/** Parses the command line, runs the command and sets the exit code: 0, 1 for what failed, 2 for a wrong command line. */
export async function main(argv: readonly string[]): Promise<void> {
  outliveLostOutput();
  const program = createProgram();
  if (argv.length === 0) return program.outputHelp();
  try {
    configureTrace(process.env['DATABRICKS_KERNEL_LOG']);
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (isBrokenPipe(error)) return;
    process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : report(error);
  }
}
