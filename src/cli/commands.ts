import { Argument, Option, type Command } from 'commander';
import { checkCommand } from '../databricks/run-command.ts';
import type { CommandId, ContextId } from '../databricks/types.ts';
import { addCodeOptions, codeFileName, languageOf, readCode, type CodeOptions } from './code-source.ts';
import { checkOutput, printCommandResult, type ResultOptions } from './command-result.ts';
import { outputOption, printResult, type JsonOption } from './output.ts';
import { inContext, resultInWords } from './refusals.ts';
import { onServer } from './server-command.ts';

interface InContext {
  readonly contextId: string;
}

const help = `
"databricks-kernel exec" does all of this at once, and waits. These are the single calls, for a context of "contexts create".

Examples:
  context=$(databricks-kernel contexts create -l python --wait)
  command=$(databricks-kernel commands execute -l python --context-id $context -f job.py)
  databricks-kernel commands status --context-id $context $command
  databricks-kernel commands cancel --context-id $context $command`;

/** `commands execute|status|cancel`: the calls of "Command Execution", API 1.2. */
export function addCommandCommands(program: Command): Command {
  const commands = program.command('commands').description('commands in an execution context, call by call').addHelpText('after', help);
  const execute = addCodeOptions(commands.command('execute'))
    .description('start one, and print its id')
    .addOption(contextId())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  databricks-kernel commands execute -l sql --context-id 5456852751451433082 "select 1"');
  onServer<[string | undefined], CodeOptions & InContext & JsonOption>(execute, { cluster: true }, async (task, code, options) => {
    const language = languageOf(options);
    const text = await readCode(code, options, task.signal);
    checkCommand(text);
    const id = await inContext(task, options, (clusterId) =>
      task.client.commands.executeFile({ clusterId, contextId: options.contextId as ContextId }, language, { name: codeFileName(options), text }, task.signal),
    );
    printResult(options.json, { id }, () => id);
  });

  const status = commands
    .command('status')
    .description('print its state, or its result when it has ended')
    .addArgument(commandId())
    .addOption(contextId())
    .addOption(outputOption())
    .option('--json', 'print JSON: id, status, results')
    .addHelpText(
      'after',
      '\nA server gives a result once only: the call that finds the command ended prints it, and the next one is an error.\n\nExample:\n  databricks-kernel commands status --context-id 5456852751451433082 --json 5220029674192230006',
    );
  onServer<[string], InContext & ResultOptions>(status, { cluster: true }, async (task, id, options) => {
    await checkOutput(options);
    const state = await inContext(task, { ...options, commandId: id }, (clusterId) =>
      task.client.commands.status({ clusterId, contextId: options.contextId as ContextId, commandId: id as CommandId }),
    );
    if (!('result' in state)) return printResult(options.json, { id, status: state.status }, () => state.status);
    await printCommandResult(resultInWords(state.result), { id, status: state.status, results: state.raw }, options);
  });

  const cancel = commands
    .command('cancel')
    .description('ask a running one to end')
    .addArgument(commandId())
    .addOption(contextId())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  databricks-kernel commands cancel --context-id 5456852751451433082 5220029674192230006');
  onServer<[string], InContext & JsonOption>(cancel, { cluster: true }, async (task, id, { contextId: context, json }) => {
    await inContext(task, { contextId: context, commandId: id }, (clusterId) =>
      task.client.commands.cancel({ clusterId, contextId: context as ContextId, commandId: id as CommandId }),
    );
    printResult(json, { id }, () => `The command ${id} is asked to end; "commands status" tells when it has.`);
  });
  return commands;
}

function contextId(): Option {
  return new Option('--context-id <id>', 'its execution context').makeOptionMandatory();
}

function commandId(): Argument {
  return new Argument('<command-id>', 'what "commands execute" printed');
}
