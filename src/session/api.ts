import type { CommandResult, RemoteLanguage } from '../databricks/types.ts';
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
  /** Destroys what was opened; waits at most `deadlineMs`, also for a `create` or `execute` answer that is still under way. */
  close(deadlineMs: number): Promise<void>;
}

/** What one run is told and tells. The signals end waits, never a request in flight. */
export interface RunOptions {
  /** Gives a wait up, or cancels the command and waits for its end. */
  readonly interrupted: AbortSignal;
  /** Gives the context up with the command in it. */
  readonly killed: AbortSignal;
  /** Unless false, a stopped cluster is started for this run. A front end's own requests must not: clusters cost money. */
  readonly mayStartCluster?: boolean;
  /** Called when what the run waits for changes, and with `undefined` once the command is sent. */
  onStage(stage: Stage | undefined): void;
  /** Called when a context other than the expected one has taken the command: opened anew after a loss, or the second of a classic server. */
  onNotice?(notice: Notice): void;
}

/** What a cell is told of the context that it runs in. */
export interface Notice {
  readonly text: string;
  /** The languages whose variables went with the context before it; none where it is a further one. */
  readonly replaced: readonly RemoteLanguage[];
}

/** How a run ended, where it was not with an error of ours. */
export type RunEnd =
  | { readonly end: 'result'; readonly result: CommandResult }
  /** Interrupted: cancelled on the server, or given up before it was sent. */
  | { readonly end: 'interrupted' }
  /** Killed while it ran: the context was given up with its variables. */
  | { readonly end: 'killed' };
