import { BridgeError, type ErrorCode } from '../lib/errors.ts';
import { trace } from '../lib/trace.ts';
import type { CellError } from './interpreter.ts';

const log = trace('kernel');

const names: { readonly [C in ErrorCode]: string } = {
  config: 'ConfigurationError',
  net: 'WorkspaceUnreachable',
  api: 'WorkspaceError',
  context: 'ContextError',
  command: 'CommandError',
  internal: 'InternalError',
};

/**
 * What was thrown where nothing should be, as a cell shows it. A sentence that was written for the user stands alone;
 * a defect of ours comes with its stack, so that whoever reports it has something to report.
 */
export function failureOf(thrown: unknown): CellError {
  const error = BridgeError.from(thrown);
  const ename = names[error.code];
  const line = `${ename}: ${error.message}`;
  const origin = error.cause instanceof Error ? error.cause : error;
  const stack = error.code === 'internal' ? (origin.stack ?? '').split('\n').slice(1) : [];
  return { ename, evalue: error.message, traceback: [line, ...stack] };
}

/** A defect is an error in the log; what the user has been told in the cell is only of interest to who looks for it. */
export function logFailure({ ename, traceback }: CellError): void {
  if (ename === names.internal) log.error(traceback.join('\n'));
  else log.info(traceback.join('\n'));
}

/** How a cell ends that was interrupted before its interpreter could take it. */
export const keyboardInterrupt: CellError = { ename: 'KeyboardInterrupt', evalue: '', traceback: ['KeyboardInterrupt'] };
