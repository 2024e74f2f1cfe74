import { systemClock, type Clock } from '../lib/time.ts';
import { trace } from '../lib/trace.ts';
import { messageOverhead, Turns } from './turns.ts';

const log = trace('wire');

export type MessageFrames = readonly (Uint8Array | string)[];

/** The sending half of a ZeroMQ socket. */
export interface Sender {
  readonly closed: boolean;
  /** Rejects with `EAGAIN`, at once, when a peer to which the message goes has too many messages waiting. */
  send(frames: MessageFrames): Promise<void>;
  /** Whose fault that is, where a message goes to one peer only. */
  peerOf?(frames: MessageFrames): string;
  /** Sends to those peers that take it. A peer that does not is expected to be left out by `send` until it reads again. */
  sendToReaders?(frames: MessageFrames): Promise<void>;
}

/** How long a peer that has stopped reading holds the others up, once. Pauses of front ends that work are shorter. */
const patienceMs = 5000;
/** With more bytes than this in the queue a client that does not read its replies is not waited for at all. */
const patientBytes = 8 * 1024 * 1024;

/**
 * The one owner of a socket's sending side: messages leave in the order of `send`, one at a time, because a second `send`
 * on a socket that is not ready throws. Never blocks and never throws: there is nobody to tell that a front end has gone.
 *
 * A peer that is slow is waited for, and misses nothing. One that has not read anything for `patienceMs` loses what it does not take,
 * so that it costs neither the others their messages nor this process its memory.
 */
export class SendQueue {
  readonly #socket: Sender;
  readonly #clock: Clock;
  readonly #turns = new Turns();
  /** Peers that have been waited for in vain: what they do not take at once they lose, until they read again. */
  readonly #givenUp = new Set<string>();
  #waiting: MessageFrames[] = [];
  #backlog = 0;
  #sending: Promise<void> | undefined;

  constructor(socket: Sender, clock: Clock = systemClock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** Roughly how much memory the messages take that the socket has not taken yet, in bytes. */
  get backlog(): number {
    return this.#backlog;
  }

  send(frames: MessageFrames): void {
    this.#backlog += sizeOf(frames) + messageOverhead;
    this.#waiting.push(frames);
    this.#sending ??= this.#work();
  }

  /** Resolves when all that was given to `send` has been handed to the socket, or has been given up. */
  async drained(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  async #work(): Promise<void> {
    // What is added while a batch leaves makes the next one; shifting a long array message by message would be quadratic.
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.reverse();
      this.#waiting = [];
      // Taken off the batch, so that what has left can be forgotten.
      for (let frames = batch.pop(); frames; frames = batch.pop()) {
        await this.#sendOne(frames);
        this.#backlog -= sizeOf(frames) + messageOverhead;
      }
    }
    this.#sending = undefined;
  }

  async #sendOne(frames: MessageFrames): Promise<void> {
    await this.#turns.after(sizeOf(frames));
    try {
      if (await this.#sendPatiently(frames)) return;
      await this.#socket.sendToReaders?.(frames);
    } catch (error) {
      log.warn(`a message was not sent: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Whether the message has been sent, or cannot be any more; not, when a peer did not read in time. */
  async #sendPatiently(frames: MessageFrames): Promise<boolean> {
    const peer = this.#socket.peerOf?.(frames);
    const began = this.#clock.now();
    while (!this.#socket.closed) {
      const refusal = await refusalOf(this.#socket.send(frames));
      if (refusal === undefined) {
        if (peer !== undefined) this.#givenUp.delete(peer);
        return true;
      }
      if (refusal === 'EHOSTUNREACH') return this.#gone(peer);
      const waited = this.#clock.now() - began;
      if (peer !== undefined && this.#givenUp.has(peer)) return false;
      if (waited >= patienceMs || (peer !== undefined && this.#backlog > patientBytes)) {
        log.warn('a front end has not read its messages for some time: it misses what it cannot take');
        if (peer !== undefined) this.#givenUp.add(peer);
        return false;
      }
      // No event tells when there is room again, so we look: often at first, then every tenth of the time already waited. The
      // connection itself holds enough for the peer to be busy meanwhile.
      await this.#clock.sleep(1 + waited / 10);
    }
    return true;
  }

  #gone(peer: string | undefined): true {
    if (peer !== undefined) this.#givenUp.delete(peer);
    log.info('a message for a front end that has gone was not sent');
    return true;
  }
}

/** Resolves with why there is nobody to take a message now, or `undefined` when it has been taken; rejects for all other reasons. */
async function refusalOf(sending: Promise<void>): Promise<'EAGAIN' | 'EHOSTUNREACH' | undefined> {
  try {
    await sending;
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN' || code === 'EHOSTUNREACH') return code;
    throw error;
  }
}

/** In bytes. */
export function sizeOf(frames: MessageFrames): number {
  return frames.reduce((sum, frame) => sum + frame.length, 0);
}
