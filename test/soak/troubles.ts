/** What is done to a cell, or to what it runs on. */
export type Disturbance = 'interrupt' | 'workspace' | 'driver' | 'python' | 'fault';

interface Trouble {
  readonly error: RegExp;
  /** What may have caused it. */
  readonly causes: readonly Disturbance[];
}

/**
 * The errors that a cell may end with though its code has none: each names its cause, and there must have been that cause. The first that
 * matches counts.
 */
export const troubles: readonly Trouble[] = [
  { error: /^KeyboardInterrupt: /, causes: ['interrupt'] },
  { error: /did not stop within 5 seconds of the cancel/, causes: ['interrupt'] },
  { error: /^PythonProcessDied: the Python process of this context ended \(signal SIGKILL\)/, causes: ['python'] },
  { error: /^PythonProcessDied: The Python process did not start: signal SIGKILL\./, causes: ['python'] },
  { error: /The Spark driver of cluster embedded has ended, and its variables are gone/, causes: ['driver'] },
  { error: /^ContextLost: The execution context on cluster embedded at .* is gone\b/, causes: ['workspace', 'driver', 'fault'] },
  { error: /^ContextError: .*The Python process did not start: signal SIGKILL\./, causes: ['python'] },
  { error: /^ContextError: .{20}/, causes: ['workspace', 'driver', 'fault'] },
  { error: /^CommandError: .* it was not sent again/, causes: ['workspace', 'fault'] },
  { error: /^(?:CommandError|ContextError|WorkspaceError): The server answered with a .* that is none: /, causes: ['fault'] },
  { error: /^CommandError: .* The command has finished, but its result is lost: /, causes: ['fault'] },
  { error: /^WorkspaceUnreachable: .{20}/, causes: ['workspace', 'driver', 'fault'] },
  { error: /^WorkspaceError: .{20}/, causes: ['fault'] },
  { error: /^AccessDenied: .{20}/, causes: ['fault'] },
];

/** The causes that an error of a cell may have, by its `NAME: MESSAGE`; none for an error that must not be. */
export function causesOf(error: string): readonly Disturbance[] {
  return troubles.find(({ error: known }) => known.test(error))?.causes ?? [];
}

/** Whether a text tells people that variables of earlier cells are gone. */
export function tellsLoss(text: string): boolean {
  return /variables?\b[^.]*\b(?:gone|lost|with it)\b|without the variables|\bare lost\b/i.test(text);
}

/** Whether an error says that the cell's code was not run. */
export function tellsNotRun(error: string): boolean {
  return /: this cell was not run\.|this command was not run/i.test(error);
}

/** What has been done to workspace, driver and Python processes, and when. */
export class Disturbances {
  readonly #all: { readonly kind: Disturbance; readonly at: number }[] = [];

  /** To be called before it is done; `at` where that is known to have been before. */
  add(kind: Disturbance, at: number = performance.now()): void {
    this.#all.push({ kind, at });
  }

  get counts(): Readonly<Partial<Record<Disturbance, number>>> {
    const counts: Partial<Record<Disturbance, number>> = {};
    for (const { kind } of this.#all) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  }

  /** The times of those of some kinds, after `since`. */
  after(since: number, kinds: readonly Disturbance[]): readonly number[] {
    return this.#all.filter(({ kind, at }) => at > since && kinds.includes(kind)).map(({ at }) => at);
  }
}

/** How soon after a disturbance a cell may begin that has met nothing of it yet, in milliseconds: a killed process does not die at once. */
const beginsMs = 3000;
/** How long a disturbance spreads at most, in milliseconds: on a busy machine a workspace needs half a minute to come back. */
const spreadsMs = 60_000;

/**
 * What one notebook has to put up with: each disturbance may cost it the cells that end while it spreads, and one after that. It has had its
 * effect when a cell ends well that was begun after it.
 */
export class Excuses {
  readonly #disturbances: Disturbances;
  /** The last that has cost a cell. */
  readonly #taken = new Map<Disturbance, number>();
  /** Whatever was before has had its effect. */
  readonly #passed = new Map<Disturbance, number>();

  constructor(disturbances: Disturbances) {
    this.#disturbances = disturbances;
  }

  /** Whether something may have caused that; when it spreads no more, it cannot cause it again. */
  take(causes: readonly Disturbance[], now: number = performance.now()): boolean {
    let excused = false;
    for (const cause of causes) {
      const since = Math.max(this.#passed.get(cause) ?? 0, Math.min(this.#taken.get(cause) ?? 0, now - spreadsMs));
      const last = this.#disturbances.after(since, [cause]).at(-1);
      if (last === undefined) continue;
      excused = true;
      this.#taken.set(cause, last);
    }
    return excused;
  }

  /** A cell that began at `begun` has ended well on what these would have disturbed: what came before it has had its effect. */
  passed(kinds: readonly Disturbance[], begun: number): void {
    for (const kind of kinds) this.#passed.set(kind, Math.max(this.#passed.get(kind) ?? 0, begun - beginsMs));
  }
}
