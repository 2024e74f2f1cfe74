import type { Driver, DriverCommand, DriverLanguage, DriverLibrary, DriverResult, InstallResult } from '../../src/workspace/driver/driver.ts';

/**
 * A driver that knows a few lines instead of Spark, so that the server above it can be tested alone:
 * `echo …`, `hang` (until cancelled), `stubborn` (lost when cancelled), `throw`, `die` and the documents' examples. A library installs at
 * once, unless its name says otherwise: `fail`, `slow-to-resolve`, `slow-to-install` (until `release`).
 */
export class ScriptedDriver implements Driver {
  readonly exited: Promise<{ readonly reason: string }>;
  /** Context ids, in the order they came. */
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  readonly executed: string[] = [];
  readonly installed: DriverLibrary[] = [];
  /** Numbers of workers, in the order they were asked for. */
  readonly resized: number[] = [];
  readonly #open = new Map<string, DriverLanguage>();
  readonly #cancels = new Map<string, () => void>();
  readonly #onExecute: (code: string) => void;
  #waiting: (() => void) | undefined;
  #exit: (end: { reason: string }) => void = () => {};
  #dead: string | undefined;

  /** `onExecute` is told of each command that begins. */
  constructor(onExecute: (code: string) => void = () => undefined) {
    this.#onExecute = onExecute;
    this.exited = new Promise((resolve) => (this.#exit = resolve));
  }

  async open(contextId: string, language: DriverLanguage): Promise<void> {
    this.#alive();
    this.opened.push(contextId);
    this.#open.set(contextId, language);
  }

  async execute(command: DriverCommand): Promise<DriverResult> {
    this.#alive();
    if (!this.#open.has(command.contextId)) throw new Error(`Context ${command.contextId} is not open`);
    this.executed.push(command.code);
    this.#onExecute(command.code);
    const [word = '', rest = ''] = command.code.trim().split(/ ([^]*)/);
    if (word === 'echo') return { kind: 'text', text: rest };
    if (word === 'throw') return { kind: 'error', summary: 'Exception: <juhu> & more', cause: '\u001b[31mException\u001b[0m: <juhu> & more' };
    if (word === 'die') this.die('Out of memory.');
    if (word === 'hang' || word === 'stubborn') return this.#untilCancelled(command, word);
    const scripted = script[command.code.trim()];
    this.#alive();
    return scripted ?? { kind: 'error', summary: `SyntaxError: ${command.code}`, cause: `SyntaxError: ${command.code}` };
  }

  async #untilCancelled(command: DriverCommand, word: string): Promise<DriverResult> {
    await Promise.race([new Promise<void>((resolve) => this.#cancels.set(command.commandId, resolve)), this.exited]);
    this.#alive();
    if (word === 'hang') return { kind: 'cancelled' };
    return { kind: 'lost', cause: 'The code did not stop when it was cancelled; the context is lost.' };
  }

  async cancel(_contextId: string, commandId: string): Promise<void> {
    this.#alive();
    this.#cancels.get(commandId)?.();
  }

  async close(contextId: string): Promise<void> {
    this.#alive();
    this.closed.push(contextId);
    this.#open.delete(contextId);
  }

  async install(library: DriverLibrary, onResolved: () => void): Promise<InstallResult> {
    this.#alive();
    this.installed.push(library);
    const name = library.kind === 'pypi' ? library.package : library.kind === 'maven' ? library.coordinates : library.name;
    if (name.includes('slow-to-resolve')) await this.#untilReleased();
    if (name.includes('fail')) return { kind: 'failed', reason: `No matching distribution found for ${name}` };
    onResolved();
    if (name.includes('slow-to-install')) await this.#untilReleased();
    this.#alive();
    return { kind: 'installed' };
  }

  async #untilReleased(): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => (this.#waiting = resolve)), this.exited]);
    this.#alive();
  }

  /** Lets the slow library that is being installed go on. */
  release(): void {
    this.#waiting?.();
  }

  async resize(numWorkers: number): Promise<void> {
    this.#alive();
    this.resized.push(numWorkers);
  }

  async crash(lastWords: string): Promise<void> {
    this.die(`It ended by itself (signal SIGKILL). The end of its log:\n${lastWords}`.trimEnd());
  }

  /** Ends as a process does that was killed from outside. */
  die(reason: string): void {
    this.#dead = reason;
    this.#exit({ reason });
  }

  #alive(): void {
    if (this.#dead !== undefined) throw new Error('The channel to the driver is closed');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#dead === undefined) this.die('');
  }
}

const int = { type: '"integer"', hiveType: 'int', metadata: '{}' };
const string = { type: '"string"', hiveType: 'string', metadata: '{}' };
const long = { type: '"long"', hiveType: 'bigint', metadata: '{}' };
const wiki = [
  [1847917, '& Yet & Yet'],
  [28894499, "'A morte 'e Carnevale"],
  [16496086, "'Ayim"],
  [2231045, "'Hours..."],
  [4410030, "'Sgudi 'Snaysi"],
];
const table = { kind: 'table', truncated: false } as const;

const script: Readonly<Record<string, DriverResult>> = {
  'sc.parallelize(1 to 10).collect': { kind: 'text', text: 'res0: Array[Int] = Array(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)' },
  'select id, title from wiki limit 5': {
    ...table,
    columns: [{ name: 'id', ...int }, { name: 'title', ...string }],
    rows: JSON.stringify(wiki),
  },
  'inner failure': { kind: 'error', summary: 'InnerExecutionException', cause: 'InnerExecutionException' },
  'select 9223372036854775807': { ...table, columns: [{ name: 'n', ...long }], rows: '[[9223372036854775807]]', truncated: true },
  plot: { kind: 'image', fileNames: ['data:image/png;base64,AAAA'] },
  plots: { kind: 'image', fileNames: ['data:image/png;base64,AAAA', 'data:image/png;base64,BBBB'] },
};
