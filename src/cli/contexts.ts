import { Argument, Option, type Command } from 'commander';
import type { ClusterId, ContextId, RemoteLanguage } from '../databricks/types.ts';
import { remoteLanguages } from '../databricks/types.ts';
import { waitForContext } from '../databricks/wait.ts';
import { printResult, type JsonOption } from './output.ts';
import { inContext } from './refusals.ts';
import { onServer, type Task } from './server-command.ts';

interface CreateOptions extends JsonOption {
  readonly language: RemoteLanguage;
  readonly wait?: true;
}

const help = `
An execution context is a namespace on a cluster: commands that run in it share variables. It costs memory until it is destroyed.

Examples:
  id=$(databricks-kernel contexts create -l python --wait)
  databricks-kernel exec -l python --context-id $id "x = 1"
  databricks-kernel exec -l python --context-id $id "print(x)"
  databricks-kernel contexts destroy $id`;

/** `contexts create|status|destroy`: the calls of "Execution Context", API 1.2. */
export function addContextCommands(program: Command): Command {
  const contexts = program.command('contexts').description('execution contexts, in which commands share variables').addHelpText('after', help);
  const language = new Option('-l, --language <language>', 'language of the context').choices(remoteLanguages).makeOptionMandatory();
  const create = contexts
    .command('create')
    .description('make one, and print its id')
    .addOption(language)
    .option('--wait', 'return when it takes commands; on Ctrl-C before that it is destroyed')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  databricks-kernel contexts create -l python --wait');
  onServer<[], CreateOptions>(create, { cluster: true, progressAfterMs: 0 }, (task, options) => inContext(task, {}, (cluster) => createContext(task, cluster, options)));

  const status = contexts
    .command('status')
    .description('print Pending, Running, or Error with its cause')
    .addArgument(contextId())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  databricks-kernel contexts status 1793653964133248955');
  onServer<[string], JsonOption>(status, { cluster: true }, async (task, id, { json }) => {
    const state = await inContext(task, { contextId: id }, (clusterId) => task.client.contexts.status({ clusterId, contextId: id as ContextId }));
    printResult(json, { id, status: state.status, ...(state.cause !== '' && { cause: state.cause }) }, () =>
      state.cause === '' ? state.status : `${state.status}: ${state.cause}`,
    );
  });

  const destroy = contexts
    .command('destroy')
    .description('end one, with its variables and what runs in it')
    .addArgument(contextId())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nServers do not say whether there was such a context.\n\nExample:\n  databricks-kernel contexts destroy 1793653964133248955');
  onServer<[string], JsonOption>(destroy, { cluster: true }, async (task, id, { json }) => {
    await inContext(task, { contextId: id }, (clusterId) => task.client.contexts.destroy({ clusterId, contextId: id as ContextId }));
    printResult(json, { id }, () => `The context ${id} is destroyed.`);
  });
  return contexts;
}

function contextId(): Argument {
  return new Argument('<context-id>', 'what "contexts create" printed');
}

async function createContext({ client, signal, progress }: Task, cluster: ClusterId, { language, wait, json }: CreateOptions): Promise<void> {
  const id = await client.contexts.create(cluster, language, { giveUp: signal });
  if (wait !== true) {
    // Whoever interrupted has not seen the id, and could never destroy it.
    if (signal.aborted) return client.contexts.destroy({ clusterId: cluster, contextId: id });
    return printResult(json, { id }, () => id);
  }
  let running = false;
  try {
    progress.show(`Pending — context ${id} on cluster ${cluster}`);
    await waitForContext(client, { clusterId: cluster, contextId: id }, signal);
    running = true;
    progress.show(`Running — context ${id} on cluster ${cluster}`);
  } finally {
    if (!running) await client.contexts.destroy({ clusterId: cluster, contextId: id });
  }
  progress.stop();
  printResult(json, { id, status: 'Running' }, () => id);
}
