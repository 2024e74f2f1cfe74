import { Option, type Command } from 'commander';
import { kernelLanguages } from '../languages/info.ts';

/** `run` is for front ends and goes past this parser (see main.ts); here it is only documented. */
export function addRunHelp(program: Command): void {
  program
    .command('run')
    .description('run a kernel; what front ends start')
    .addOption(new Option('--language <language>', 'language of its cells').choices(Object.keys(kernelLanguages)).makeOptionMandatory())
    .requiredOption('-f, --file <file>', 'connection file')
    .option('--context-id <id>', 'run cells in this execution context, which lives on the cluster already, with its variables; at the end it is destroyed only if a kernel of yours made it that is gone')
    .addHelpText('after', '\nExample, as "databricks-kernel install" writes it into a kernelspec:\n  databricks-kernel run --language sql -f {connection_file}');
}
