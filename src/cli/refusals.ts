import type { CommandResult } from '../databricks/types.ts';
import { BridgeError } from '../lib/errors.ts';

/** A server's exceptions about contexts and commands, and what they mean to whoever typed the ids. */
const meanings: readonly { readonly says: RegExp; readonly means: string }[] = [
  {
    // The second is said of ids that are no numbers.
    says: /ContextNotFound|NumberFormatException/,
    means: 'Unknown context: it was destroyed, its cluster was restarted, or the id is wrong; "databricks-kernel contexts create" makes a new one',
  },
  { says: /key not found/, means: 'Unknown command, or its result was read already: a result can be read once' },
];

/** Says in words what a server refuses of a context or command, its own words in brackets. Throws what `answer` throws, else. */
export async function refusalsInWords<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof BridgeError) || !error.is('api')) throw error;
    const { serverMessage } = error.details;
    const known = meanings.find(({ says }) => says.test(serverMessage));
    if (known === undefined) throw error;
    throw new BridgeError('api', `${known.means} (${serverMessage}).`, error.details, { cause: error });
  }
}

/** A command that somebody cancelled ends with an exception; this says it in words. */
export function resultInWords(result: CommandResult): CommandResult {
  if (result.kind !== 'error' || !/^(?:[\w.]+\.)?CommandCancelledException\W*$/.test(result.cause)) return result;
  return { ...result, summary: '', cause: 'The command was cancelled (CommandCancelledException).' };
}
