import type { Driver, DriverLanguage, DriverResult } from './driver/driver.ts';

/** What a command came to; `failed` is a failure of the driver or context under it, not of the code. */
export type Outcome = Exclude<DriverResult, { kind: 'lost' }> | { readonly kind: 'failed'; readonly cause: string };

export type CommandState =
  | { readonly phase: 'queued' }
  | { readonly phase: 'running'; readonly driver: Driver }
  | { readonly phase: 'cancelling' }
  | { readonly phase: 'ended'; readonly outcome: Outcome };

/** Characters. Text and the causes of errors are cut here, as real servers cut them, so that one cell cannot fill the memory of all. */
const maxTextLength = 10_000_000;

/** One command of a context, from `commands/execute` until its result has been read. */
export class Command {
  readonly id: string;
  readonly language: DriverLanguage;
  readonly #contextId: string;
  readonly #code: string;
  #state: CommandState = { phase: 'queued' };

  constructor(id: string, contextId: string, language: DriverLanguage, code: string) {
    this.id = id;
    this.language = language;
    this.#contextId = contextId;
    this.#code = code;
  }

  get state(): CommandState {
    return this.#state;
  }

  /** The only place where the state changes. What has ended stays as it ended first. */
  #setState(next: CommandState): void {
    if (this.#state.phase !== 'ended') this.#state = next;
  }

  /** Runs to the end; resolves with the cause when the context was lost on the way. Rejects when the driver died. */
  async run(driver: Driver): Promise<{ readonly lost: string } | undefined> {
    this.#setState({ phase: 'running', driver });
    const result = await driver.execute({
      contextId: this.#contextId,
      commandId: this.id,
      language: this.language,
      code: this.#code,
    });
    if (result.kind !== 'lost') {
      this.end(result);
      return undefined;
    }
    this.end({ kind: 'failed', cause: result.cause });
    return { lost: result.cause };
  }

  /** A queued command ends without running; a running one ends when the driver has stopped it; otherwise nothing happens. */
  async cancel(): Promise<void> {
    const state = this.#state;
    if (state.phase === 'queued') this.end({ kind: 'cancelled' });
    if (state.phase !== 'running') return;
    this.#setState({ phase: 'cancelling' });
    // Only a dying driver refuses, and its death ends the command.
    await state.driver.cancel(this.#contextId, this.id).catch(() => undefined);
  }

  end(outcome: Outcome): void {
    this.#setState({ phase: 'ended', outcome: limited(outcome) });
  }
}

function limited(outcome: Outcome): Outcome {
  if (outcome.kind === 'text') return { ...outcome, text: cut(outcome.text) };
  if (outcome.kind === 'error') return { ...outcome, summary: cut(outcome.summary), cause: cut(outcome.cause) };
  return outcome;
}

function cut(text: string): string {
  if (text.length <= maxTextLength) return text;
  return `${text.slice(0, maxTextLength)}\n*** WARNING: max output size exceeded, skipping output. ***`;
}
