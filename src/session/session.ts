import type { ContextAddress } from '../databricks/api/commands.ts';
import { checkCommand } from '../databricks/run-command.ts';
import type { ContextId, RemoteLanguage } from '../databricks/types.ts';
import { BridgeError } from '../lib/errors.ts';
import { within } from '../lib/time.ts';
import { trace } from '../lib/trace.ts';
import type { AttachEnd, ContextInfo, RunEnd, RunOptions, Session } from './api.ts';
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
  /** A context that lives already, which is taken up first, with its variables. */
  readonly contextId?: ContextId | undefined;
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
  /** Settles when what dead processes left behind is destroyed; it goes by the first connection. */
  #swept: Promise<void> | undefined;
  #closed = false;
  #leavesContexts = false;

  constructor({ language, connect, home, identity, contextId }: SessionOptions) {
    const journal = new Journal(home, identity);
    this.#surroundings = {
      connect,
      journal,
      identity,
      onConnected: (connection) => {
        this.#connections.add(connection);
        if (this.#swept !== undefined) return;
        this.#swept = journal.sweep(connection, contextId);
        this.#inBackground(this.#swept);
      },
      discard: (connection, address) => this.#discard(journal, connection, address),
      retire: (connection, own, rest) => this.#inBackground(this.#retire(journal, connection, own, rest)),
    };
    this.#main = new ContextSlot(language, this.#surroundings, { existing: contextId });
  }

  prepare(): void {
    this.#main.prepare();
  }

  async run(code: string, language: RemoteLanguage, options: RunOptions): Promise<RunEnd> {
    this.#expectOpen();
    checkCommand(code);
    const slot = this.#others.get(language) ?? this.#main;
    const end = await slot.run(code, language, options);
    if (end.end !== 'other-language') return end;
    const own = await this.#slotFor(language).run(code, language, options);
    if (own.end !== 'other-language') return own;
    throw new BridgeError('context', `The server refuses ${language} commands even in a ${language} context.`, { lost: false });
  }

  async attach(contextId: ContextId, options: RunOptions): Promise<AttachEnd> {
    this.#expectOpen();
    return this.#main.attach(contextId, options);
  }

  context(): Promise<ContextInfo | undefined> {
    return this.#main.info();
  }

  #expectOpen(): void {
    if (this.#closed) throw new BridgeError('context', 'The session is closed: restart the kernel.', { lost: true });
  }

  async close(deadlineMs: number): Promise<boolean> {
    this.#closed = true;
    const inTime = await within(deadlineMs, this.#closeAll().then(() => true));
    await Promise.all([...this.#connections].map(({ client }) => client.destroy()));
    return inTime === true && !this.#leavesContexts;
  }

  async #closeAll(): Promise<void> {
    await Promise.all([this.#main, ...this.#others.values()].map((slot) => slot.close()));
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  #slotFor(language: RemoteLanguage): ContextSlot {
    const known = this.#others.get(language);
    if (known !== undefined) return known;
    const news = `This server runs ${language} in an execution context of its own: variables and temp views are not shared with ${this.#main.language}.`;
    const slot = new ContextSlot(language, this.#surroundings, { firstNews: news });
    this.#others.set(language, slot);
    return slot;
  }

  /** A context that cannot be destroyed now stays in the journal, for the next kernel that starts. */
  async #discard(journal: Journal, connection: Connection, address: ContextAddress): Promise<void> {
    try {
      await connection.client.contexts.destroy(address);
      await journal.remove(address);
    } catch (error) {
      if (hasEnded(connection, error)) return journal.remove(address);
      this.#leavesContexts = true;
      log.warn(`a context could not be destroyed: ${BridgeError.from(error).message}`);
    }
  }

  async #retire(journal: Journal, connection: Connection, own?: ContextAddress, rest?: Promise<void>): Promise<void> {
    if (own === undefined) {
      await rest;
      await connection.client.close();
    } else {
      await this.#discard(journal, connection, own);
      await this.#swept;
      // What still waits for an answer asks about a context that is gone.
      await connection.client.destroy();
    }
    this.#connections.delete(connection);
  }

  #inBackground(work: Promise<void>): void {
    const tracked = work.finally(() => this.#background.delete(tracked));
    this.#background.add(tracked);
  }
}

/** An embedded workspace that nobody finds, or that another has followed at the same port, has taken its contexts along. */
function hasEnded({ embedded }: Connection, error: unknown): boolean {
  if (!embedded || !(error instanceof BridgeError)) return false;
  return (error.is('net') && !error.details.sent) || (error.is('api') && error.details.status === 401);
}
