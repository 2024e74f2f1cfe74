import { BridgeError } from '../lib/errors.ts';
import { reportFor } from './terminal-text.ts';

/** Exit code of a command that was given wrong arguments or settings, as `getopt` programs have it. */
export const usageExit = 2;

/** Prints what went wrong as one line on stderr and gives the exit code: 2 for wrong arguments and settings, else 1. */
export function report(thrown: unknown): number {
  const error = BridgeError.from(thrown);
  // Words of a server are in it.
  process.stderr.write(`${reportFor(process.stderr, error.message)}\n`);
  // A defect of ours is the only error whose stack helps whoever reads it.
  if (error.is('internal') && error.cause instanceof Error) process.stderr.write(`${reportFor(process.stderr, error.cause.stack ?? '')}\n`);
  return error.is('config') ? usageExit : 1;
}
