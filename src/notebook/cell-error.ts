import { BridgeError, type ErrorCode } from '../lib/errors.ts';
import { trace } from '../lib/trace.ts';
import type { CellError } from '../kernel/interpreter.ts';

const log = trace('notebook');

/** How a cell names what went wrong between it and the cluster. */
const names: { readonly [C in ErrorCode]: (error: BridgeError<C>) => string } = {
  config: () => 'ConfigurationError',
  net: () => 'WorkspaceUnreachable',
  api: ({ details }) => (details.status === 401 || details.status === 403 ? 'AccessDenied' : 'WorkspaceError'),
  context: ({ details }) => (details.lost ? 'ContextLost' : 'ContextError'),
  command: () => 'CommandError',
  internal: () => 'InternalError',
};

/** Converts whatever was thrown while a cell ran, and logs it. The user gets the sentence; a stack of ours would tell them nothing. */
export function toCellError(thrown: unknown): CellError {
  const error = BridgeError.from(thrown);
  if (error.is('internal')) log.error(error.cause instanceof Error ? (error.cause.stack ?? error.message) : error.message);
  else log.warn(error.message);
  return cellError(nameOf(error), error.message);
}

function nameOf<C extends ErrorCode>(error: BridgeError<C>): string {
  return names[error.code](error);
}

/** An error of ours: its name, a sentence, and both as what the front end shows. */
export function cellError(ename: string, evalue: string): CellError {
  return { ename, evalue, traceback: [`\u001b[0;31m${ename}\u001b[0m: ${evalue}`] };
}

/** A cell that the user interrupted. */
export const interruptedError: CellError = {
  ename: 'KeyboardInterrupt',
  evalue: '',
  traceback: ['\u001b[0;31mKeyboardInterrupt\u001b[0m'],
};

/** A cell whose context was given up because the interrupt did not end it, or because the kernel is going away. */
export const killedError: CellError = cellError(
  'KeyboardInterrupt',
  'The command did not stop, so its context was given up: variables and temporary views are gone. The next cell opens a new context.',
);
