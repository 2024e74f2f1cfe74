import { cellError } from '../../protocol/cell-error.ts';
import type { Magic } from './magic.ts';

/** Magics that Databricks notebooks have and this kernel has not: a clear answer instead of "unknown". */
export const notYet: readonly Magic[] = [
  refusal('fs', 'Use dbutils.fs in a Scala or Python cell instead.'),
  refusal('run', 'Copy the cells that you need into this notebook.'),
  refusal('pip', 'Write %python on the first line, and %pip with its arguments on the second.'),
];

function refusal(name: string, instead: string): Magic {
  return {
    name,
    help: `%${name}  is not supported yet.`,
    // Python's REPL has a %pip that works, while %sh would run whatever pip is first on the driver's PATH.
    leaves: () => name === 'pip',
    run: async () => ({ status: 'error', error: cellError('UsageError', `%${name} is not supported yet. ${instead}`) }),
  };
}
