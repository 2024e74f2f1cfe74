/**
 * What went wrong on our side of the bridge. User code that fails is never an error here: it is a value (`CommandResult`).
 *
 * - `config`   a setting is missing, wrong or half given; `setting` names it
 * - `net`      the server could not be reached or did not answer; `sent` says whether it may have seen the request; `closed`: we broke it off
 * - `api`      the server refused the request; `status` is the HTTP status, `serverMessage` its own words, `retryAfterMs` its wish
 * - `context`  the execution context is gone (`lost`), or could not be opened; `failed`: why the server could not make it, in its words
 * - `command`  a command could not be run, or its result was lost; `resultLost`: it has ended, and only the answer that told how was lost;
 *              `mayHaveRun`: the answer was lost that tells whether the server took it
 * - `internal` a defect of ours
 */
export interface ErrorDetails {
  config: { readonly setting: string };
  net: { readonly host: string; readonly sent: boolean; readonly closed?: boolean };
  api: { readonly status: number; readonly serverMessage: string; readonly retryAfterMs?: number };
  context: { readonly lost: boolean; readonly failed?: string };
  command: { readonly resultLost?: true; readonly mayHaveRun?: true };
  internal: Record<never, never>;
}

export type ErrorCode = keyof ErrorDetails;

/** The one error class of the bridge. The message is a sentence for the user: the cause and, where there is one, the next step. */
export class BridgeError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'BridgeError';
  readonly code: C;
  readonly details: ErrorDetails[C];

  constructor(code: C, message: string, details: ErrorDetails[C], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  is<D extends ErrorCode>(code: D): this is BridgeError<D> {
    return (this.code as ErrorCode) === code;
  }

  /** The only converter from whatever was thrown; anything that is not ours already is a defect: `internal`. */
  static from(thrown: unknown): BridgeError {
    if (thrown instanceof BridgeError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new BridgeError('internal', message, {}, { cause: thrown });
  }
}
