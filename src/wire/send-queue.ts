import { trace } from '../lib/trace.ts';

const log = trace('wire');

type MessageFrames = readonly (Uint8Array | string)[];

/** The sending half of a ZeroMQ socket. */
interface Sender {
  readonly closed: boolean;
  send(frames: (Uint8Array | string)[]): Promise<void>;
}

/**
 * The one owner of a socket's sending side: messages leave in the order of `send`, one at a time, because a second `send`
 * on a socket that is not ready throws. Never blocks and never throws: there is nobody to tell that a front end has gone.
 */
export class SendQueue {
  readonly #socket: Sender;
  #waiting: MessageFrames[] = [];
  #sending: Promise<void> | undefined;

  constructor(socket: Sender) {
    this.#socket = socket;
  }

  send(frames: MessageFrames): void {
    this.#waiting.push(frames);
    this.#sending ??= this.#work();
  }

  /** Resolves when all that was given to `send` has been handed to the socket. */
  async drained(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  async #work(): Promise<void> {
    // What is added while a batch leaves makes the next one; shifting a long array message by message would be quadratic.
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const frames of batch) await this.#sendOne(frames);
    }
    this.#sending = undefined;
  }

  async #sendOne(frames: MessageFrames): Promise<void> {
    if (this.#socket.closed) return;
    try {
      await this.#socket.send([...frames]);
    } catch (error) {
      log.warn(`a message was not sent: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
