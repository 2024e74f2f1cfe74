import { BridgeError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { unlessAborted } from '../lib/signals.ts';
import type { CommandAddress, ContextAddress } from './api/commands.ts';
import type { Client } from './client.ts';
import { Outage } from './outage.ts';
import { pollDelay } from './polling.ts';
import { isUnseen, mayRepeat, patienceWith } from './retry.ts';
import type { Patience } from './retry.ts';
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
    throw new BridgeError('command', `Line ${line} of the code holds half a character (U+${sign}), which no language takes: delete it or type it again.`, {});
  }
  const bytes = Buffer.byteLength(code, 'utf8');
  if (bytes <= longestCommand) return;
  throw new BridgeError(
    'command',
    `The code is ${(bytes / 1024 / 1024).toFixed(1)} MB of UTF-8, more than the 6 MB (${longestCommand} bytes) that a command may have: put the data into a file and read it from there.`,
    {},
  );
}

/** One command, where it runs, and how it can be ended early. */
export interface CommandRun {
  readonly context: ContextAddress;
  readonly language: RemoteLanguage;
  readonly code: string;
  /** The name of the file that holds the code, if it is to be sent as one. */
  readonly fileName?: string | undefined;
  /** Ends waits: the command is cancelled once and polled until it ends. */
  readonly interrupted: AbortSignal;
  /** Ends everything but the requests in flight: the command is given up as it is. Never aborts before `interrupted` has. */
  readonly killed: AbortSignal;
  /** The context is somebody else's, who would have to wait for a command that is killed: it is cancelled. */
  readonly isForeign?: boolean;
  /** Called when the server has taken the command. */
  onStarted?(): void;
  /** Called with a sentence for the user, where the server tells something of the command that no result can. */
  onNote?(text: string): void;
  /** Called with each failure that keeps the running command from being seen for now, and with `undefined` once it is seen again. */
  onUnseen?(failure: BridgeError | undefined): void;
  /** Called with true when the server says that the command waits for others of its context, and with false when it does no longer. */
  onQueued?(waits: boolean): void;
  /** Called with the server's `results` as they came, when the command has ended with some: also after a cancel, if not by it. */
  onResults?(raw: JsonObject): void;
  /** Called when nothing is asked about the command any more, which may be later than its end where that is `killed`. */
  onOver?(): void;
}

/** How a command ended, or was left. */
export type CommandEnd =
  /** `doubtful`: it failed in a way that the context may not have survived. */
  | { readonly end: 'result'; readonly result: CommandResult; readonly doubtful: boolean }
  /**
   * Cancelled because we asked for it, or not taken yet and not sent any more; or a stream is left of it that did not stop, which `onNote` told.
   * `printed`: what the server says that it had printed (API 1.2: "The data field will be present for … Finished and Cancelled"; today's send none).
   */
  | { readonly end: 'interrupted'; readonly printed?: string }
  /** Ended as cancelled though we asked for nothing: the context was shut down under it, or somebody else cancelled it. */
  | { readonly end: 'cancelled-elsewhere'; readonly result: CommandResult }
  /** Interrupted while nobody could tell the server, or see what became of it: the command may go on. */
  | { readonly end: 'left'; readonly command: CommandAddress; readonly why: BridgeError }
  | { readonly end: 'killed' };

/**
 * Runs one command to its end: `commands/execute` once, then `commands/status` until it is settled. While the network is away or
 * the login has ended it polls on, for `Patience.running`. Throws `BridgeError`: what `execute` or `status` were refused with, or `command`
 * where an answer got lost.
 */
export async function runCommand(client: Client, run: CommandRun): Promise<CommandEnd> {
  const settled = settle(client, run).finally(() => run.onOver?.());
  return (await unlessAborted(settled, run.killed)) ?? { end: 'killed' };
}

async function settle(client: Client, run: CommandRun): Promise<CommandEnd> {
  const command = await execute(client, run);
  if (command === undefined) return { end: 'interrupted' };
  run.onStarted?.();
  const poll = new Poll(client, command, run);
  if (!run.interrupted.aborted) {
    const state = await poll.untilEnded(run.interrupted, client.patience).catch((error: unknown) => {
      throw isUnseen(error) ? noLongerAwaited(error) : error;
    });
    if (state === 'in background') {
      run.onNote?.(runsOn);
      return { end: 'result', result: { kind: 'text', text: '' }, doubtful: false };
    }
    if (state !== undefined) {
      run.onResults?.(state.raw);
      return ended(state, false);
    }
  }
  if (run.killed.aborted) {
    // Whether it is heard changes nothing here.
    if (run.isForeign) await client.commands.cancel(command).catch(() => undefined);
    return { end: 'killed' };
  }
  return cancel(client, command, poll, run);
}

/** Cancels a command and waits for its end, for as long as the server can be reached; for a stream that it left no longer than `streamMs`. */
async function cancel(client: Client, command: CommandAddress, poll: Poll, { killed, onNote, onResults }: CommandRun): Promise<CommandEnd> {
  const { clock } = client;
  // A refused cancel is no news of its own: the next status tells what became of the command.
  const send = () => client.commands.cancel(command).then(() => undefined, (error: unknown) => error);
  const sent = send();
  // What cannot be seen now is not waited for.
  let untold = isUnseen(poll.unseen) ? poll.unseen : await sent;
  const { request } = client.patience;
  let waitMs = cancelAgainMs;
  let again = clock.now() + waitMs;
  let streamsSince: number | undefined;
  try {
    while (!isUnseen(untold)) {
      const state = await poll.untilEnded(killed, { request, running: request }, again - clock.now());
      if (state === undefined && killed.aborted) return { end: 'killed' };
      if (state !== undefined && state !== 'in background') {
        const end = ended(state, true);
        if (end.end === 'result') onResults?.(state.raw);
        return end;
      }
      if (state === 'in background') {
        streamsSince ??= clock.now();
        if (clock.now() - streamsSince >= streamMs) {
          onNote?.(runsOn);
          return { end: 'interrupted' };
        }
        if (clock.now() < again) {
          await clock.sleep(cancellingMs, killed);
          continue;
        }
      }
      untold = await send();
      waitMs = Math.min(2 * waitMs, longestCancelMs);
      again = clock.now() + waitMs;
    }
    return { end: 'left', command, why: untold };
  } catch (error) {
    if (error instanceof BridgeError && error.is('command') && error.details.resultLost) return { end: 'interrupted' };
    if (isUnseen(error)) return { end: 'left', command, why: error };
    throw error;
  }
}

/** What a cancel did not end by then is cancelled again, in growing pauses: the server may not have heard of it. Milliseconds. */
const cancelAgainMs = 2000;
const longestCancelMs = 30_000;

/** A stream that was told to stop is looked at so often, and for so long. Milliseconds. */
const cancellingMs = 1000;
const streamMs = 30_000;

/** A stream that a command started goes on after it, and API 1.2 has no word for that: what the command printed cannot be had. */
const runsOn =
  'The cell has started a stream, which runs on in the background. The server tells no more of this cell: its output cannot be shown. Stop the stream by its query, or with: for query in spark.streams.active: query.stop()';

/** `undefined` where the run was given up before the server took the command. */
async function execute(client: Client, { context, language, code, fileName, interrupted }: CommandRun): Promise<CommandAddress | undefined> {
  try {
    const { commands } = client;
    const commandId =
      fileName === undefined
        ? await commands.execute(context, language, code, interrupted)
        : await commands.executeFile(context, language, { name: fileName, text: code }, interrupted);
    // Not spread, for the reason that `send` of `network.ts` gives.
    const { clusterId, contextId } = context;
    return { clusterId, contextId, commandId };
  } catch (error) {
    if (interrupted.aborted && error === interrupted.reason) return undefined;
    // Only what must not be repeated, for this reason, may have been done.
    if (mayRepeat(error, false) || !mayRepeat(error, true)) throw error;
    throw new BridgeError(
      'command',
      `${error.message} The command may be running or have run; it was not sent again. Look at what it changes before you run the code again.`,
      { mayHaveRun: true },
      { cause: error },
    );
  }
}

/** The status calls of one command, before and after a cancel. */
class Poll {
  readonly #client: Client;
  readonly #command: CommandAddress;
  readonly #onUnseen: CommandRun['onUnseen'];
  readonly #onQueued: CommandRun['onQueued'];
  readonly #outage: Outage;
  /** The call under way. It outlives a wait that is given up, because its answer may be the one that holds the result. */
  #asked: Promise<CommandState> | undefined;
  /** Why an answer did not come that may have been the one with the result. */
  #lost: BridgeError | undefined;
  #unseen: BridgeError | undefined;
  #queued = false;

  constructor(client: Client, command: CommandAddress, { onUnseen, onQueued }: CommandRun) {
    this.#client = client;
    this.#command = command;
    this.#onUnseen = onUnseen;
    this.#onQueued = onQueued;
    this.#outage = new Outage(client);
  }

  /** Why the command cannot be seen now, if so. */
  get unseen(): BridgeError | undefined {
    return this.#unseen;
  }

  /** Polls until the command has ended, or until `waits` aborts or `longestMs` have passed; then `undefined`. */
  async untilEnded(waits: AbortSignal, patience: Patience, longestMs = Infinity): Promise<Ended | 'in background' | undefined> {
    const { clock } = this.#client;
    const begun = clock.now();
    for (;;) {
      let delay: number;
      try {
        const state = await this.#state(waits);
        if (state === undefined) return undefined;
        this.#setUnseen(undefined);
        this.#outage.end();
        this.#setQueued(state.status === 'Queued');
        if (hasEnded(state)) return state;
        // What came before it was no end, either.
        this.#lost = undefined;
        delay = pollDelay(clock.now() - begun);
      } catch (error) {
        if (runsInBackground(error)) return 'in background';
        delay = this.#delayAfter(error, patience);
      }
      if (waits.aborted || clock.now() - begun >= longestMs) return undefined;
      await clock.sleep(delay, waits);
      if (waits.aborted) return undefined;
    }
  }

  /** The next answer, or `undefined` when `waits` aborts first. */
  async #state(waits: AbortSignal): Promise<CommandState | undefined> {
    const asked = (this.#asked ??= this.#client.commands.status(this.#command));
    try {
      const state = await unlessAborted(asked, waits);
      if (state !== undefined) this.#asked = undefined;
      return state;
    } catch (error) {
      this.#asked = undefined;
      throw error;
    }
  }

  /** Milliseconds until the next attempt; throws where there is to be none. */
  #delayAfter(error: unknown, patience: Patience): number {
    if (this.#lost !== undefined && isUnknownCommand(error)) throw resultLost(this.#lost);
    const delay = this.#outage.next(error, patienceWith(error, patience));
    if (delay === undefined || !(error instanceof BridgeError)) throw error;
    if (!(error.is('net') && !error.details.sent) && !error.is('config')) this.#lost = error;
    this.#setUnseen(error);
    // Whoever was told that it waits has been told something else since.
    this.#queued = false;
    return delay;
  }

  #setQueued(queued: boolean): void {
    if (queued !== this.#queued) this.#onQueued?.(queued);
    this.#queued = queued;
  }

  #setUnseen(failure: BridgeError | undefined): void {
    if (failure !== undefined || this.#unseen !== undefined) this.#onUnseen?.(failure);
    this.#unseen = failure;
  }
}

function noLongerAwaited(cause: BridgeError): BridgeError {
  return new BridgeError(cause.code, `${cause.message} The code may go on there: its result is no longer waited for, and it was not sent again.`, cause.details, { cause });
}

function resultLost(cause: BridgeError): BridgeError<'command'> {
  return new BridgeError(
    'command',
    `${cause.message} The command has finished, but its result is lost: a server gives it only once, and that was the answer with it. The code was not run again; what it has done is done, and its variables are there.`,
    { resultLost: true },
    { cause },
  );
}

type Ended = Extract<CommandState, { result: CommandResult }>;

function hasEnded(state: CommandState): state is Ended {
  return 'result' in state;
}

/** Today's servers end a cancelled command as `Finished` with this exception, those of the 1.2 document as `Cancelled`. */
function ended({ status, result, raw }: Ended, cancelled: boolean): CommandEnd {
  const wasCancelled = status === 'Cancelled' || (result.kind === 'error' && /CommandCancelledException/.test(result.summary + result.cause));
  if (!wasCancelled) return { end: 'result', result, doubtful: result.kind === 'error' && (cancelled || status === 'Error' || disconnected.test(result.cause)) };
  if (!cancelled) return { end: 'cancelled-elsewhere', result };
  const { resultType, data } = raw;
  return { end: 'interrupted', ...(resultType === 'text' && typeof data === 'string' && data !== '' && { printed: data }) };
}

/** A server's words for a context that it has ended, to make room or because it was idle. */
const disconnected = /ExecutionContextId\(\w+\) is disconnected/;

/** `RuntimeException: Unknown ExecutionStatus RunningInBackground(…)`: what servers answer to `commands/status` of a command that left a stream. */
function runsInBackground(error: unknown): boolean {
  return error instanceof BridgeError && error.is('api') && /Unknown ExecutionStatus RunningInBackground/.test(error.details.serverMessage);
}

/** What a server says of a command that it never knew, or whose result was read (API 1.2: "can only be retrieved once"). */
function isUnknownCommand(error: unknown): boolean {
  return error instanceof BridgeError && error.is('api') && /key not found/.test(error.details.serverMessage);
}
