import { constants } from 'node:os';
import { BridgeError } from '../lib/errors.ts';
import { report } from './report.ts';

/**
 * Outlives output that cannot be written: the command goes on to its end, so that it leaves nothing behind. Where whoever reads it has seen
 * enough (`… | head -1`) not a word is said, and the exit code is that of a program which the closed pipe ended, unless it failed for a
 * reason of its own; all else, as a disk that is full, is told once, with exit code 1.
 */
export function outliveLostOutput(): void {
  let told = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (isBrokenPipe(error)) {
        process.exitCode ??= 128 + constants.signals.SIGPIPE;
        return;
      }
      process.exitCode ??= 1;
      if (told || stream === process.stderr) return;
      told = true;
      report(new BridgeError('command', `The output cannot be written (${error.code ?? error.message}): send it to another place.`, {}));
    });
  }
}

/** What is thrown where output is piped; it has been dealt with. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}
