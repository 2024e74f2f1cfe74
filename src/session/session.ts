import type { ContextAddress } from '../databricks/api/commands.ts';
import { checkCommand } from '../databricks/run-command.ts';
import type { RemoteLanguage } from '../databricks/types.ts';
import { BridgeError } from '../lib/errors.ts';
import { within } from '../lib/time.ts';
import { trace } from '../lib/trace.ts';
import type { RunEnd, RunOptions, Session } from './api.ts';
import type { Connect, Connection } from './connection.ts';
import { ContextSlot } from './context-slot.ts';
import { Journal } from './journal.ts';
import type { Surroundings } from './opening.ts';

const log = trace('session');

export interface SessionOptions {
  /** The language of the kernel; its context is opened first. */
  readonly language: RemoteLanguage;
  readonly connect: Connect;
  /** `DATABRICKS_KERNEL_HOME`, where the journal is. */
  readonly home: string;
  /** This process as `identify` of `lib/process-identity.ts` names it; '' where the platform cannot. */
  readonly identity: string;
}

/** A session that has opened nothing yet: see `Session`. */
export function createSession(options: SessionOptions): Session {
  return new ContextSession(options);
}

class ContextSession implements Session {
  readonly #main: ContextSlot;
  /** A server that does not run a language in the main context gets a context for it. */
  readonly #others = new Map<RemoteLanguage, ContextSlot>();
  readonly #surroundings: Surroundings;
  /** What goes on in the background and `close` waits for. */
  readonly #background = new Set<Promise<void>>();
  readonly #connections = new Set<Connection>();
  #swept = false;
  #closed = false;

  constructor({ language, connect, home, identity }: SessionOptions) {
    const journal = new Journal(home, identity);
    this.#surroundings = {
      connect,
      journal,
      identity,
      onConnected: (connection) => {
        this.#connections.add(connection);
        if (this.#swept) return;
        this.#swept = true;
        this.#inBackground(journal.sweep(connection.client));
      },
      retire: (connection, address) => this.#inBackground(this.#retire(journal, connection, address)),
    };
    this.#main = new ContextSlot(language, this.#surroundings);
  }

  prepare(): void {
    this.#main.prepare();
  }

  async run(code: string, language: RemoteLanguage, options: RunOptions): Promise<RunEnd> {
    if (this.#closed) throw new BridgeError('context', 'The session is closed: restart the kernel.', { lost: true });
    checkCommand(code);
    const slot = this.#others.get(language) ?? this.#main;
    const end = await slot.run(code, language, options);
    if (end.end !== 'other-language') return end;
    const own = await this.#slotFor(language).run(code, language, options);
    if (own.end !== 'other-language') return own;
    throw new BridgeError('context', `The server refuses ${language} commands even in a ${language} context.`, { lost: false });
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    await within(deadlineMs, this.#closeAll());
    await Promise.all([...this.#connections].map(({ client }) => client.destroy()));
  }

  async #closeAll(): Promise<void> {
    await Promise.all([this.#main, ...this.#others.values()].map((slot) => slot.close()));
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  #slotFor(language: RemoteLanguage): ContextSlot {
    const known = this.#others.get(language);
    if (known !== undefined) return known;
    const news = `This server runs ${language} in an execution context of its own: variables and temp views are not shared with ${this.#main.language}.`;
    const slot = new ContextSlot(language, this.#surroundings, news);
    this.#others.set(language, slot);
    return slot;
  }

  /** A context that cannot be destroyed now stays in the journal, for the next kernel that starts. */
  async #retire(journal: Journal, connection: Connection, address: ContextAddress | undefined): Promise<void> {
    try {
      if (address !== undefined) {
        await connection.client.contexts.destroy(address);
        await journal.remove(address);
      }
    } catch (error) {
      log.warn(`a context could not be destroyed: ${BridgeError.from(error).message}`);
    }
    await connection.client.close();
    this.#connections.delete(connection);
  }

  #inBackground(work: Promise<void>): void {
    const tracked = work.finally(() => this.#background.delete(tracked));
    this.#background.add(tracked);
  }
}
