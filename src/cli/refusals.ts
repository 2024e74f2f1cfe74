import type { ClusterId, CommandResult } from '../databricks/types.ts';
import { oneLine } from '../lib/controls.ts';
import { BridgeError } from '../lib/errors.ts';
import { ofCluster, type ClusterPlace } from './clusters.ts';

/** What a command line names on a cluster. */
export interface GivenIds {
  readonly contextId?: string;
  readonly commandId?: string;
}

/** A server's exceptions about contexts and commands, and what they mean to whoever typed the ids. */
const meanings: readonly { readonly says: RegExp; readonly means: string }[] = [
  {
    // The second is said of ids that are no numbers.
    says: /ContextNotFound|NumberFormatException/,
    means: 'Unknown context: it was destroyed, its cluster was restarted, or the id is wrong; "databricks-kernel contexts create" makes a new one',
  },
  { says: /key not found/, means: 'Unknown command, or its result was read already: a result can be read once' },
];

/**
 * Does something in a context of the cluster that the settings choose. What a server refuses of the cluster is told as `ofCluster` tells it,
 * what it refuses of the ids as `refusalsInWords` does.
 */
export function inContext<T>(place: ClusterPlace, ids: GivenIds, work: (clusterId: ClusterId) => Promise<T>): Promise<T> {
  return ofCluster(place, undefined, (clusterId) => refusalsInWords(work(clusterId), ids));
}

/** Says in words what a server refuses of a context or command, its own words in brackets. Throws what `answer` throws, else. */
export async function refusalsInWords<T>(answer: Promise<T>, ids: GivenIds = {}): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof BridgeError) || !error.is('api')) throw error;
    const { serverMessage } = error.details;
    const means = wrongCommandId(serverMessage, ids) ?? meanings.find(({ says }) => says.test(serverMessage))?.means;
    if (means === undefined) throw error;
    throw new BridgeError('api', `${means} (${serverMessage}).`, error.details, { cause: error });
  }
}

/** Both ids are numbers to a server, which tells only what it could not read as one. */
function wrongCommandId(serverMessage: string, { contextId, commandId }: GivenIds): string | undefined {
  const [, read] = /NumberFormatException: For input string: "?(.*?)"?$/.exec(serverMessage) ?? [];
  if (read === undefined || read !== commandId || read === contextId) return undefined;
  return `Unknown command ${oneLine(read)}: check the id that "commands execute" printed`;
}

/** A command that somebody cancelled ends with an exception; this says it in words. */
export function resultInWords(result: CommandResult): CommandResult {
  if (result.kind !== 'error' || !/^(?:[\w.]+\.)?CommandCancelledException\W*$/.test(result.cause)) return result;
  return { ...result, summary: '', cause: 'The command was cancelled (CommandCancelledException).' };
}
