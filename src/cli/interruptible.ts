import { constants } from 'node:os';
import { systemClock } from '../lib/time.ts';
import { report } from './report.ts';

/** What Ctrl-C, SIGTERM and SIGHUP mean to a command that runs. */
export interface Interrupts {
  /** The command is to end what it does, tidy up and return. */
  readonly interrupted: AbortSignal;
  /** It is to stop waiting for an orderly end, too. */
  readonly killed: AbortSignal;
}

export interface InterruptOptions {
  /** The second signal aborts `killed`, and only the third ends the process at once; else the second does. */
  readonly patient?: boolean;
}

/**
 * Runs a command so that a signal lets it clean up: the first aborts `interrupted`, the last ends the process. The exit code is then
 * 128 + n, as of a program that the signal has ended. What the command throws because of the signal is no news; all else is told.
 */
export async function interruptible(work: (interrupts: Interrupts) => Promise<void>, { patient = false }: InterruptOptions = {}): Promise<void> {
  const interrupted = new AbortController();
  const killed = new AbortController();
  const over = new AbortController();
  let code: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const first = code === undefined;
    code ??= 128 + constants.signals[signal];
    if (first) {
      interrupted.abort();
      // Whoever sends these may not come a second time: a terminal that was closed cannot.
      if (signal !== 'SIGINT') void systemClock.sleep(graceMs, over.signal).then(() => killed.abort());
    } else if (patient && !killed.signal.aborted) killed.abort();
    else process.exit(code);
  };
  for (const name of watched) process.on(name, onSignal);
  try {
    await work({ interrupted: interrupted.signal, killed: killed.signal });
  } catch (error) {
    if (code === undefined) throw error;
    if (error !== interrupted.signal.reason && error !== killed.signal.reason) report(error);
  } finally {
    over.abort();
    for (const name of watched) process.off(name, onSignal);
  }
  if (code !== undefined) process.exitCode = code;
}

/** Between SIGTERM or SIGHUP and the end of all patience. Milliseconds. */
const graceMs = 5000;
const watched = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
