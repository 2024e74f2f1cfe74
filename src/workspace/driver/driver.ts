/** The languages of a context or command that a driver can run. */
export type DriverLanguage = 'scala' | 'python' | 'sql';

/** The seam between the API's cluster, context and command objects and a real Spark driver. Knows nothing of HTTP or dialects. */
export interface Driver extends AsyncDisposable {
  /** Makes a context whose REPL of `language` is running when this resolves; the others start when first used. */
  open(contextId: string, language: DriverLanguage): Promise<void>;
  /** Runs code to its end. A context runs one command at a time; the caller queues. Rejects only when the driver died or broke, never for what the code does. */
  execute(command: DriverCommand): Promise<DriverResult>;
  /** Stops a running command; its `execute` then ends as `cancelled`, `lost`, or with the result that came first. */
  cancel(contextId: string, commandId: string): Promise<void>;
  /** Ends the context's REPLs and jobs. Unknown ids are ignored. */
  close(contextId: string): Promise<void>;
  /**
   * Installs a library, one after the other: all contexts find it from their next command on, and lose it with this driver. Rejects only
   * when the driver died. `onResolved` is called when all that is needed has been found in the library's repository, if it has one.
   */
  install(library: DriverLibrary, onResolved: () => void): Promise<InstallResult>;
  /**
   * Changes how many tasks run at a time (0: as many as the master has room for); contexts and running tasks stay. Resolves when the
   * capacity is there, rejects with the reason when it does not come; what was asked for then stands.
   */
  resize(numWorkers: number): Promise<void>;
  /** Kills the driver process, for faults on purpose; `lastWords` go to its log, where its reason to die is looked for. Resolves when it is gone. */
  crash(lastWords: string): Promise<void>;
  /** Resolves when the driver process is gone, for whatever reason, and never rejects; `reason` holds the end of its log where it died by itself. */
  readonly exited: Promise<{ readonly reason: string }>;
}

export interface DriverCommand {
  readonly contextId: string;
  readonly commandId: string;
  readonly language: DriverLanguage;
  readonly code: string;
}

/** What Python's installer installs. `file` is an absolute path, `name` the name that its maker gave it. */
export type PythonLibrary =
  | { readonly kind: 'whl' | 'egg'; readonly file: string; readonly name: string }
  /** `repo` is the address of an index, instead of pip's own. */
  | { readonly kind: 'pypi'; readonly package: string; readonly repo?: string | undefined };

export type JvmLibrary =
  | { readonly kind: 'jar'; readonly file: string; readonly name: string }
  /** `coordinates` are `group:artifact:version`, `exclusions` `group:artifact`; `repo` is searched beside Maven Central and Spark Packages. */
  | { readonly kind: 'maven'; readonly coordinates: string; readonly exclusions: readonly string[]; readonly repo?: string | undefined };

export type DriverLibrary = PythonLibrary | JvmLibrary;

/** `reason` is what the installer said last: a few lines, without passwords. */
export type InstallResult = { readonly kind: 'installed' } | { readonly kind: 'failed'; readonly reason: string };

/** A column of a table; `type` is the JSON text of Spark's `DataType.json`, e.g. `"integer"` with its quotes. */
export interface DriverColumn {
  readonly name: string;
  readonly type: string;
  /** Hive's spelling, for the classic dialect: `int`, `string`, `array<int>`. */
  readonly hiveType: string;
  readonly metadata: string;
}

export type DriverResult =
  | { readonly kind: 'text'; readonly text: string }
  /** `rows` is the JSON text of an array of arrays, never parsed on its way, so that 2^63 survives. */
  | { readonly kind: 'table'; readonly columns: readonly DriverColumn[]; readonly rows: string; readonly truncated: boolean }
  /** Data URLs. */
  | { readonly kind: 'image'; readonly fileNames: readonly string[] }
  /** `summary` is one line `Class: message`, plain text; `cause` the whole report, with ANSI colours where the REPL makes them. */
  | { readonly kind: 'error'; readonly summary: string; readonly cause: string }
  | { readonly kind: 'cancelled' }
  /** Code that did not stop after a cancel: the context is gone; `cause` says so and names the remedy. */
  | { readonly kind: 'lost'; readonly cause: string };
