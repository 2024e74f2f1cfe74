import type { ClusterId, CommandId, CommandState, ContextId, RemoteLanguage } from '../types.ts';
import { encodeMultipart } from '../multipart.ts';
import { parseCommandId, parseCommandState } from '../parse/commands.ts';
import type { Api } from './call.ts';
import { getOnce, post, postBody } from './call.ts';

/** Where an execution context is; every call on it names both. */
export interface ContextAddress {
  readonly clusterId: ClusterId;
  readonly contextId: ContextId;
}

/** Where a command runs or ran. */
export interface CommandAddress extends ContextAddress {
  readonly commandId: CommandId;
}

/** A file whose text is run as one command. */
export interface CommandFile {
  /** Without its folder. */
  readonly name: string;
  readonly text: string;
}

/** "Command Execution" of API 1.2. */
export interface Commands {
  /** Sent again only where it surely was not processed, and no more once `giveUp` aborts: then throws its reason, and nothing was run. */
  execute(context: ContextAddress, language: RemoteLanguage, command: string, giveUp?: AbortSignal): Promise<CommandId>;
  /** The same with the command as a file ("POST with a command file"), which every kind of server reads, whether it reads JSON or not. */
  executeFile(context: ContextAddress, language: RemoteLanguage, file: CommandFile, giveUp?: AbortSignal): Promise<CommandId>;
  /** One attempt: the answer that says a command has ended is given once, so the caller must know of every answer that was lost. */
  status(command: CommandAddress): Promise<CommandState>;
  cancel(command: CommandAddress): Promise<void>;
}

export function createCommands(api: Api): Commands {
  return {
    async execute({ clusterId, contextId }, language, command, giveUp) {
      const fields = { language, clusterId, contextId, command };
      return parseCommandId(await post(api, '/api/1.2/commands/execute', fields, giveUp));
    },
    async executeFile({ clusterId, contextId }, language, { name, text }, giveUp) {
      const fields = Object.entries({ language, clusterId, contextId }).map(([field, value]) => ({ name: field, text: value }));
      const body = encodeMultipart([...fields, { name: 'command', fileName: name, text }]);
      return parseCommandId(await postBody(api, '/api/1.2/commands/execute', body, giveUp));
    },
    async status({ clusterId, contextId, commandId }) {
      return parseCommandState(await getOnce(api, '/api/1.2/commands/status', { clusterId, contextId, commandId }));
    },
    async cancel({ clusterId, contextId, commandId }) {
      await post(api, '/api/1.2/commands/cancel', { clusterId, contextId, commandId });
    },
  };
}
