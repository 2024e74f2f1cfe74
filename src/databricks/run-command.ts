import { BridgeError } from '../lib/errors.ts';
import { whenAborted } from '../lib/signals.ts';
import type { CommandAddress, ContextAddress } from './api/commands.ts';
import type { Client } from './client.ts';
import { isTheServers } from './errors.ts';
import { pollDelay } from './polling.ts';
import { mayRepeat, retryDelay } from './retry.ts';
import type { CommandResult, CommandState, RemoteLanguage } from './types.ts';

/** Notebooks take cells up to this size; measured in UTF-8. */
export const longestCommand = 6 * 1024 * 1024;

/** Throws `BridgeError` `command` for code that no server takes, before anything is sent or started for it. */
export function checkCommand(code: string): void {
  const half = /[\ud800-\udfff]/u.exec(code);
  if (half) {
    const line = code.slice(0, half.index).split('\n').length;
    const sign = half[0].charCodeAt(0).toString(16).toUpperCase();
    // JSON could carry it, but UTF-8 cannot: a compiler would get another text than the user wrote.
    throw new BridgeError('command', `Line ${line} of the cell holds half a character (U+${sign}), which no language takes: delete it or type it again.`, {});
  }
  const bytes = Buffer.byteLength(code, 'utf8');
  if (bytes <= longestCommand) return;
  throw new BridgeError(
    'command',
    `The cell is ${(bytes / 1024 / 1024).toFixed(1)} MB of UTF-8, more than the 6 MB (${longestCommand} bytes) that a command may have: put the data into a file and read it from there.`,
    {},
  );
}

/** One command, where it runs, and how it can be ended early. */
export interface CommandRun {
  readonly context: ContextAddress;
  readonly language: RemoteLanguage;
  readonly code: string;
  /** Ends waits: the command is cancelled once and polled until it ends. */
  readonly interrupted: AbortSignal;
  /** Ends everything but the requests in flight: the command is given up as it is. */
  readonly killed: AbortSignal;
  /** Called when the server has taken the command. */
  onStarted?(): void;
}

/** How a command ended, or was left. */
export type CommandEnd =
  /** `doubtful`: it failed in a way that the context may not have survived. */
  | { readonly end: 'result'; readonly result: CommandResult; readonly doubtful: boolean }
  /** Cancelled because we asked for it, or not taken yet and not sent any more. */
  | { readonly end: 'interrupted' }
  /** Ended as cancelled though we asked for nothing: the context was shut down under it, or somebody else cancelled it. */
  | { readonly end: 'cancelled-elsewhere'; readonly result: CommandResult }
  | { readonly end: 'killed' };

/**
 * Runs one command to its end: `commands/execute` once, then `commands/status` until it is settled. Throws `BridgeError`: what `execute`
 * or `status` were refused with, or `command` where an answer got lost.
 */
export async function runCommand(client: Client, run: CommandRun): Promise<CommandEnd> {
  const killed = whenAborted(run.killed);
  try {
    return await Promise.race([settle(client, run), killed.then((): CommandEnd => ({ end: 'killed' }))]);
  } finally {
    killed.forget();
  }
}

async function settle(client: Client, run: CommandRun): Promise<CommandEnd> {
  const command = await execute(client, run);
  if (command === undefined) return { end: 'interrupted' };
  run.onStarted?.();
  const poll = new Poll(client, command);
  if (!run.interrupted.aborted) {
    const state = await poll.untilEnded(AbortSignal.any([run.interrupted, run.killed]));
    if (state !== undefined) return ended(state, false);
  }
  if (run.killed.aborted) return { end: 'killed' };
  // A refused or lost cancel is no news of its own: the next status tells what became of the command.
  await client.commands.cancel(command).catch(() => undefined);
  const state = await poll.untilEnded(run.killed);
  return state === undefined ? { end: 'killed' } : ended(state, true);
}

/** `undefined` where the run was given up before the server took the command. */
async function execute(client: Client, { context, language, code, interrupted, killed }: CommandRun): Promise<CommandAddress | undefined> {
  const giveUp = AbortSignal.any([interrupted, killed]);
  try {
    return { ...context, commandId: await client.commands.execute(context, language, code, giveUp) };
  } catch (error) {
    if (giveUp.aborted && error === giveUp.reason) return undefined;
    if (!(error instanceof BridgeError) || !error.is('net') || !error.details.sent) throw error;
    throw new BridgeError(
      'command',
      `${error.message} The command may be running or have run; it was not sent again. Look at what it changes before you run the cell again.`,
      {},
      { cause: error },
    );
  }
}

/** The status calls of one command, before and after a cancel. */
class Poll {
  readonly #client: Client;
  readonly #command: CommandAddress;
  /** An answer was sent for and never came: it may have been the one that holds the result. */
  #answerLost = false;

  constructor(client: Client, command: CommandAddress) {
    this.#client = client;
    this.#command = command;
  }

  /** Polls until the command has ended, or until `waits` aborts; then `undefined`. */
  async untilEnded(waits: AbortSignal): Promise<Ended | undefined> {
    const { clock } = this.#client;
    const begun = clock.now();
    let failingSince: number | undefined;
    let failures = 0;
    for (;;) {
      let delay: number;
      try {
        const state = await this.#client.commands.status(this.#command);
        if (hasEnded(state)) return state;
        failures = 0;
        failingSince = undefined;
        delay = pollDelay(clock.now() - begun);
      } catch (error) {
        failures += 1;
        failingSince ??= clock.now();
        delay = this.#delayAfter(error, failures, clock.now() - failingSince);
      }
      if (waits.aborted) return undefined;
      await clock.sleep(delay, waits);
      if (waits.aborted) return undefined;
    }
  }

  /** Milliseconds until the next attempt; throws where there is to be none. */
  #delayAfter(error: unknown, failures: number, failingForMs: number): number {
    if (mayRepeat(error, true)) {
      this.#answerLost ||= isLostAnswer(error);
      const delay = retryDelay(error, failures);
      if (failingForMs + delay <= this.#client.patience.running) return delay;
    }
    if (this.#answerLost && isUnknownCommand(error)) {
      throw new BridgeError(
        'command',
        'The command finished, but its result was lost on the way (a server gives it only once); it was not run again.',
        {},
        { cause: error },
      );
    }
    throw error;
  }
}

type Ended = Extract<CommandState, { result: CommandResult }>;

function hasEnded(state: CommandState): state is Ended {
  return 'result' in state;
}

/** Today's servers end a cancelled command as `Finished` with this exception, those of the 1.2 document as `Cancelled`. */
function ended({ status, result }: Ended, cancelled: boolean): CommandEnd {
  const wasCancelled = status === 'Cancelled' || (result.kind === 'error' && /CommandCancelledException/.test(result.summary + result.cause));
  if (!wasCancelled) return { end: 'result', result, doubtful: result.kind === 'error' && (cancelled || status === 'Error') };
  return cancelled ? { end: 'interrupted' } : { end: 'cancelled-elsewhere', result };
}

/** What a proxy says may stand in the place of the server's answer. */
function isLostAnswer(error: BridgeError<'net'> | BridgeError<'api'>): boolean {
  return error.is('net') ? error.details.sent : error.is('api') && !isTheServers(error);
}

/** What a server says of a command that it never knew, or whose result was read (API 1.2: "can only be retrieved once"). */
function isUnknownCommand(error: unknown): boolean {
  return error instanceof BridgeError && error.is('api') && /key not found/.test(error.details.serverMessage);
}
