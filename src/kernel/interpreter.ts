import type { CellError } from '../protocol/cell-error.ts';
import type { MimeBundle, Output } from '../protocol/output.ts';

type MaybePromise<T> = T | Promise<T>;

/** All that the kernel knows of a language. The kernel is given a promise of one, and answers `kernel_info` before it is there. */
export interface Interpreter extends AsyncDisposable {
  /** Runs a cell. Never rejects for what the user's code or the cluster does: that is an `Outcome`. */
  execute(code: string, cell: Cell): Promise<Outcome>;
  /** Evaluates `user_expressions` after a cell that ended well. */
  evaluate(expressions: Readonly<Record<string, string>>, cell: Cell): Promise<Record<string, Evaluated>>;
  /** Offsets are UTF-16, as in JavaScript strings; the kernel converts from and to the protocol's code points. */
  complete(code: string, cursor: number, signal: AbortSignal): Promise<Completion>;
  inspect(code: string, cursor: number, detail: 0 | 1, signal: AbortSignal): Promise<MimeBundle | undefined>;
  isComplete(code: string): MaybePromise<Completeness>;
}

/** The running cell, as its interpreter sees it. */
export interface Cell {
  readonly executionCount: number;
  readonly silent: boolean;
  /** Whether it has a number and a place in the history (`store_history`): what front ends run for themselves has neither. */
  readonly isNumbered: boolean;
  /** The first interrupt: give up waiting, or cancel the command and wait for its end. */
  readonly interrupted: AbortSignal;
  /** The second interrupt, or shutdown: give up the context. */
  readonly killed: AbortSignal;
  emit(output: Output): void;
  /** Asks the front end that sent the cell. Rejects where it allows no stdin, or on interrupt. */
  input(prompt: string, password: boolean): Promise<string>;
}

/**
 * How a cell ended. `pages` is text that a front end shows beside the notebook (the pager), as for `name?`; `asksExit`: a console that sent it
 * is to end, and notebooks do nothing.
 */
export type Outcome =
  | { readonly status: 'ok'; readonly pages?: readonly MimeBundle[]; readonly asksExit?: true }
  | { readonly status: 'error'; readonly error: CellError };

/** What one user expression came to, in the words of `execute_reply`. */
export type Evaluated =
  | { readonly status: 'ok'; readonly data: MimeBundle; readonly metadata: Record<string, never> }
  | ({ readonly status: 'error' } & CellError);

export interface Completion {
  readonly matches: readonly Match[];
  readonly start: number;
  readonly end: number;
}
export interface Match {
  readonly text: string;
  readonly type?: string;
}

/** Whether a console should run the text, or go on to another line with `indent` at its start. */
export type Completeness =
  | { readonly status: 'complete' | 'invalid' | 'unknown' }
  | { readonly status: 'incomplete'; readonly indent: string };
