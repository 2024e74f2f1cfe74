import { reported } from '../lib/controls.ts';
import { BridgeError, type ErrorCode } from '../lib/errors.ts';
import { trace } from '../lib/trace.ts';

const log = trace('cell');

/** An error that a cell ends with; `traceback` is lines, with ANSI colours and no other control sequence: consoles print them as they are. */
export interface CellError {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** What the user reads first of what went wrong between a cell and its cluster. */
const names: { readonly [C in ErrorCode]: (error: BridgeError<C>) => string } = {
  config: () => 'ConfigurationError',
  net: () => 'WorkspaceUnreachable',
  api: ({ details }) => (details.status === 401 || details.status === 403 ? 'AccessDenied' : 'WorkspaceError'),
  context: ({ details }) => (details.lost ? 'ContextLost' : 'ContextError'),
  command: () => 'CommandError',
  internal: () => 'InternalError',
};

/**
 * Converts whatever was thrown while a cell ran, and logs it. A sentence that was written for the user stands alone; a defect of ours
 * comes with its stack, so that whoever reports it has something to report.
 */
export function toCellError(thrown: unknown): CellError {
  const error = BridgeError.from(thrown);
  if (!error.is('internal')) {
    log.warn(error.message);
    return cellError(nameOf(error), error.message);
  }
  const { stack = error.message } = error.cause instanceof Error ? error.cause : error;
  log.error(stack);
  return cellError(nameOf(error), error.message, stack.split('\n').filter((line) => /^\s+at /.test(line)));
}

function nameOf<C extends ErrorCode>(error: BridgeError<C>): string {
  return names[error.code](error);
}

/** An error of ours: its name and a sentence, in which words of a server may stand. */
export function cellError(ename: string, sentence: string, stack: readonly string[] = []): CellError {
  const evalue = reported(sentence, false);
  return { ename, evalue, traceback: [`\u001b[0;31m${ename}\u001b[0m${evalue === '' ? '' : `: ${evalue}`}`, ...stack] };
}

/** A cell that the user interrupted. */
export const keyboardInterrupt: CellError = cellError('KeyboardInterrupt', '');
