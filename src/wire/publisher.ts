import { setImmediate as nextTurn } from 'node:timers/promises';
import { trace } from '../lib/trace.ts';
import type { Outgoing } from '../protocol/message.ts';

const log = trace('wire');

/** With so many held back there is nothing left to win. */
const mostHeld = 16;

/**
 * Lets what publishes a message go on first, for two turns of the event loop at most: to print, sign and send one takes a tenth of a
 * millisecond, which would otherwise pass before the code of a cell is on its way to the server (a request leaves one turn after it was made).
 * Content must not change once it is published. Messages stay in their order.
 */
export class Publisher {
  readonly #send: (message: Outgoing) => void;
  #held: Outgoing[] = [];

  constructor(send: (message: Outgoing) => void) {
    this.#send = send;
  }

  publish(message: Outgoing): void {
    this.#held.push(message);
    if (this.#held.length === 1) void this.#flushSoon();
    if (this.#held.length === mostHeld) this.flush();
  }

  /**
   * Called when a reply is about to be sent: what has been published, and what will be in this microtask, waits no longer. What a cell has
   * shown leaves before its reply, because some clients (jupyter_console) look for it once, when the reply is there.
   */
  beforeReply({ header }: Outgoing): void {
    if (header.msg_type === 'execute_reply') this.flush();
    queueMicrotask(() => this.flush());
  }

  flush(): void {
    const held = this.#held;
    this.#held = [];
    for (const message of held) this.#sendOrTell(message);
  }

  /** One that cannot be printed (text has a longest length) costs none of the others. */
  #sendOrTell(message: Outgoing): void {
    try {
      this.#send(message);
    } catch (error) {
      log.error(`a message (${message.header.msg_type}) could not be sent: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #flushSoon(): Promise<void> {
    await nextTurn();
    await nextTurn();
    this.flush();
  }
}
