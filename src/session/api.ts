import type { CommandResult, ContextId, ContextState, RemoteLanguage } from '../databricks/types.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Stage } from './stage.ts';

/** The execution contexts behind one kernel (or one `exec`). Knows no Jupyter. */
export interface Session {
  /** Begins to open the first context if the cluster is usable already; never starts one, never throws: the first `run` tells. */
  prepare(): void;
  /**
   * Runs one command and resolves with its end, opening or reopening the context first where needed.
   * Never sends a command twice. Throws `BridgeError`: `config`, `net`, `api`, `context` (`lost`: the variables are gone), `command`.
   */
  run(code: string, language: RemoteLanguage, options: RunOptions): Promise<RunEnd>;
  /**
   * Takes a context of the cluster that lives already in the place of the one of the kernel's language, with its variables. Where there is none
   * of that id, or its cluster is stopped, it throws `BridgeError` `context` and nothing changes. What was there before is destroyed if it is the session's own.
   */
  attach(contextId: ContextId, options: RunOptions): Promise<AttachEnd>;
  /** The context of the kernel's language as the server sees it now; nothing where none is open. Throws `BridgeError` `net` or `api`. */
  context(): Promise<ContextInfo | undefined>;
  /**
   * Destroys what was opened; waits at most `deadlineMs`, also for a `create` or `execute` answer that is still under way.
   * Tells whether all of it is destroyed; what is not stands in the journal, for the next session that connects to the server.
   */
  close(deadlineMs: number): Promise<boolean>;
}

/** What one run is told and tells. The signals end waits, never a request in flight. */
export interface RunOptions {
  /** Gives a wait up, or cancels the command and waits for its end. */
  readonly interrupted: AbortSignal;
  /** Gives the context up with the command in it. Never aborts before `interrupted` has. */
  readonly killed: AbortSignal;
  /** Unless false, a stopped cluster is started for this run. A front end's own requests must not: clusters cost money. */
  readonly mayStartCluster?: boolean;
  /** Called when what the run waits for changes, and with `undefined` when it waits for nothing but the end of its command. */
  onStage(stage: Stage | undefined): void;
  /** Called when a context other than the expected one has taken the command: opened anew after a loss, or the second of a classic server. */
  onNotice?(notice: Notice): void;
  /** Called with the server's `results` as they came, for programs, when a command has ended with some: also after an interrupt, if not by it. */
  onResults?(raw: JsonObject): void;
}

/** What a cell is told of the context that it runs in. */
export interface Notice {
  readonly text: string;
  /** The languages whose variables went with the context before it; none where it is a further one. */
  readonly replaced: readonly RemoteLanguage[];
}

/** A context that a session uses. */
export interface ContextInfo {
  readonly id: ContextId;
  readonly cluster: string;
  readonly host: string;
  readonly status: ContextState['status'];
  /** Whether this program made it, so that the session destroys it at its end. */
  readonly owned: boolean;
}

/** `replaced`: the languages whose variables are other ones now. */
export type AttachEnd =
  | { readonly end: 'attached'; readonly context: ContextInfo; readonly replaced: readonly RemoteLanguage[] }
  | { readonly end: 'interrupted' };

/** How a run ended, where it was not with an error of ours. */
export type RunEnd =
  | { readonly end: 'result'; readonly result: CommandResult }
  /**
   * Interrupted: cancelled on the server, or given up before it was sent. `printed`: what it had printed, where the server tells. A stream that
   * it left and that did not stop is told by `onNotice`.
   */
  | { readonly end: 'interrupted'; readonly printed?: string }
  /** Interrupted while the server could not be reached: the command may go on. The context is kept, and the next run cancels it first. `text` says so. */
  | { readonly end: 'left'; readonly text: string }
  /** Killed while it ran: the context was given up with its variables. `kept` is one that was not the session's own, and so lives on. */
  | { readonly end: 'killed'; readonly kept?: ContextId };
