import { systemClock, type Clock } from '../lib/time.ts';
import { trace } from '../lib/trace.ts';
import type { Frame } from '../protocol/frames.ts';
import { messageOverhead, turns } from './turns.ts';

const log = trace('wire');

export type MessageFrames = readonly Frame[];

/** The sending half of a ZeroMQ socket. */
export interface Sender {
  readonly closed: boolean;
  /**
   * Rejects at once, with `EAGAIN` when a peer to which the message goes has too many messages waiting, with `EHOSTUNREACH` when there is
   * no such peer; as far as is known.
   */
  send(frames: MessageFrames): Promise<void>;
  /** Learns which peers there are and what they have read since, so that a message that has just been refused may be taken. */
  lookForRoom?(): void;
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
  /** Peers that have been waited for in vain: what they do not take at once they lose, until they read again. */
  readonly #givenUp = new Set<string>();
  #waiting: { readonly frames: MessageFrames; readonly cost: number }[] = [];
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
    const cost = sizeOf(frames) + messageOverhead;
    this.#backlog += cost;
    this.#waiting.push({ frames, cost });
    this.#sending ??= this.#work();
  }

  /** Resolves when all that was given to `send` has been handed to the socket, or has been given up. */
  async drained(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  async #work(): Promise<void> {
    const together = turns.together();
    if (together) await together;
    // What is added while a batch leaves makes the next one; shifting a long array message by message would be quadratic.
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.reverse();
      this.#waiting = [];
      // Taken off the batch, so that what has left can be forgotten.
      for (let next = batch.pop(); next; next = batch.pop()) {
        const { frames, cost } = next;
        const turn = turns.after(cost);
        if (turn) await turn;
        try {
          await this.#socket.send(frames);
          if (this.#givenUp.size > 0) this.#reads(frames);
        } catch (refusal) {
          await this.#insist(frames, refusal);
        }
        this.#backlog -= cost;
      }
    }
    this.#sending = undefined;
  }

  /** Goes on with a message that has been refused, until it is sent or its peer is waited for no longer. Never rejects. */
  async #insist(frames: MessageFrames, refusal: unknown): Promise<void> {
    const peer = this.#socket.peerOf?.(frames);
    const began = this.#clock.now();
    try {
      for (let problem = refusal, tries = 1; !this.#socket.closed; tries++) {
        const { code } = problem as NodeJS.ErrnoException;
        if (code !== 'EAGAIN' && code !== 'EHOSTUNREACH') throw problem;
        if (tries > 1) {
          if (code === 'EHOSTUNREACH') return this.#gone(peer);
          const waited = this.#clock.now() - began;
          if (this.#isGivenUp(peer, waited)) return await this.#socket.sendToReaders?.(frames);
          // No event tells when there is room again, so we look: often at first, then every tenth of the time already waited. The
          // connection itself holds enough for the peer to be busy meanwhile.
          await this.#clock.sleep(1 + waited / 10);
          if (this.#socket.closed) return;
        }
        this.#socket.lookForRoom?.();
        try {
          await this.#socket.send(frames);
          return this.#reads(frames);
        } catch (error) {
          problem = error;
        }
      }
    } catch (error) {
      log.warn(`a message was not sent: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #isGivenUp(peer: string | undefined, waited: number): boolean {
    if (peer !== undefined && this.#givenUp.has(peer)) return true;
    if (waited < patienceMs && (peer === undefined || this.#backlog <= patientBytes)) return false;
    log.warn('a front end has not read its messages for some time: it misses what it cannot take');
    if (peer !== undefined) this.#givenUp.add(peer);
    return true;
  }

  #reads(frames: MessageFrames): void {
    const peer = this.#socket.peerOf?.(frames);
    if (peer !== undefined) this.#givenUp.delete(peer);
  }

  #gone(peer: string | undefined): void {
    if (peer !== undefined) this.#givenUp.delete(peer);
    log.info('a message for a front end that has gone was not sent');
  }
}

/** About, in bytes. */
export function sizeOf(frames: MessageFrames): number {
  let size = 0;
  for (const frame of frames) size += frame.length;
  return size;
}
