import { within } from '../lib/time.ts';
import { illegalState, keyNotFound, limitReached } from './api-error.ts';
import { Command } from './command.ts';
import type { Driver, DriverLanguage } from './driver/driver.ts';
import { causeOf } from './system-error.ts';

export type ContextState =
  | { readonly status: 'Pending' }
  | { readonly status: 'Running'; readonly driver: Driver }
  /** `driver` may still hold the context's REPLs: not every failure is its death. */
  | { readonly status: 'Error'; readonly cause: string; readonly driver: Driver | undefined }
  | { readonly status: 'Destroyed' };

export interface ContextOptions {
  readonly id: string;
  readonly language: DriverLanguage;
  /** Identity of the process that the context belongs to (`lib/process-identity.ts`); without one it lives until destroyed or unused. */
  readonly owner: string | undefined;
  readonly newId: () => string;
  /** Milliseconds on the workspace's clock. */
  readonly now: () => number;
  log(text: string): void;
}

/** Commands that wait, run, or have a result that nobody has read. */
const maxCommands = 1000;

/** An execution context: one set of REPLs in a driver, and the commands sent to it, one at a time in the order they came. */
export class Context {
  readonly id: string;
  readonly language: DriverLanguage;
  readonly owner: string | undefined;
  readonly #newId: () => string;
  readonly #now: () => number;
  readonly #log: (text: string) => void;
  /** Commands whose result nobody has read. */
  readonly #commands = new Map<string, Command>();
  #queue: readonly Command[] = [];
  #busy = false;
  #state: ContextState = { status: 'Pending' };
  #lastUsed: number;

  constructor(options: ContextOptions) {
    this.id = options.id;
    this.language = options.language;
    this.owner = options.owner;
    this.#newId = options.newId;
    this.#now = options.now;
    this.#log = (text) => options.log(`context ${options.id}: ${text}`);
    this.#lastUsed = options.now();
  }

  get state(): ContextState {
    return this.#state;
  }

  /** Milliseconds since a request last named this context. A command that runs counts as use. */
  get unusedFor(): number {
    return this.#busy ? 0 : this.#now() - this.#lastUsed;
  }

  /** The only place where the state changes. A context that failed or was destroyed does not come back. */
  #setState(next: ContextState): void {
    if (this.#state.status === 'Destroyed') return;
    if (this.#state.status === 'Error' && next.status !== 'Destroyed') return;
    this.#state = next;
  }

  /** Opens the REPLs as soon as the driver is there. Never throws: a failure is the state `Error`. */
  async open(starting: Promise<Driver>): Promise<void> {
    try {
      const driver = await starting;
      // The cluster may have ended meanwhile, and this driver with it.
      if (this.#state.status !== 'Pending') return;
      await driver.open(this.id, this.language);
      if (this.#state.status !== 'Pending') return await driver.close(this.id);
      this.#setState({ status: 'Running', driver });
      await this.#work();
    } catch (error) {
      this.fail(this.#causeOf(error));
    }
  }

  use(): void {
    this.#lastUsed = this.#now();
  }

  /** @throws ApiError when the context has failed, and for one command too many */
  execute(language: DriverLanguage, code: string): Command {
    if (this.#state.status === 'Error') throw illegalState(`Context ${this.id} has failed: ${this.#state.cause}`);
    if (this.#commands.size >= maxCommands) throw limitReached(`Context ${this.id} holds ${maxCommands} commands whose results nobody has read: read them, or wait`);
    const command = new Command(this.#newId(), this.id, language, code);
    this.#commands.set(command.id, command);
    this.#queue = [...this.#queue, command];
    void this.#work();
    return command;
  }

  /** @throws ApiError when there is no such command, or its result was read. */
  command(id: string): Command {
    const command = this.#commands.get(id);
    if (command === undefined) throw keyNotFound(id);
    return command;
  }

  /** A result can be retrieved once: the command is forgotten. */
  forget(command: Command): void {
    this.#commands.delete(command.id);
  }

  /** The context is of no more use; whatever waits or runs in it ends with the same cause. */
  fail(cause: string): void {
    const driver = this.#state.status === 'Running' ? this.#state.driver : undefined;
    this.#setState({ status: 'Error', cause, driver });
    for (const command of this.#commands.values()) command.end({ kind: 'failed', cause });
  }

  async destroy(): Promise<void> {
    const state = this.#state;
    this.#setState({ status: 'Destroyed' });
    this.#queue = [];
    if (state.status === 'Running' || state.status === 'Error') await state.driver?.close(this.id);
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#state.status === 'Running') {
        const [command, ...rest] = this.#queue;
        if (command === undefined) return;
        this.#queue = rest;
        if (command.state.phase === 'queued') await this.#run(command, this.#state.driver);
      }
    } finally {
      this.#busy = false;
      this.use();
    }
  }

  async #run(command: Command, driver: Driver): Promise<void> {
    try {
      const end = await command.run(driver);
      if (end !== undefined) this.fail(end.lost);
    } catch (error) {
      // The driver is dying: its last words say more than the broken call, and come within a moment.
      const exit = await within(2000, driver.exited);
      this.fail(exit?.reason ?? this.#causeOf(error));
    }
  }

  #causeOf(error: unknown): string {
    return causeOf(error, this.#log);
  }
}
