import type { IopubType, ReplyType } from './contents.ts';
import type { MessageMaker, Outgoing } from './message.ts';
import type { Request } from './parse.ts';

export type RequestChannel = 'shell' | 'control';

/** A request and the way back to whoever sent it. */
export interface Inbound {
  readonly request: Request;
  /** Of the request as it came, in bytes: about what it costs to keep it. */
  readonly size: number;
  reply(message: Outgoing<ReplyType>): void;
  /**
   * Asks the front end that sent the request, on the stdin channel, and resolves with what the user entered.
   * Rejects with the signal's reason when that aborts; an answer that comes later is dropped.
   */
  input(message: Outgoing<'input_request'>, signal: AbortSignal): Promise<string>;
}

/**
 * The kernel's side of its channels: where the protocol meets a transport.
 * Sending never blocks and never fails: a front end that went away is no fault of the cell that still prints.
 */
export interface KernelChannels extends AsyncDisposable {
  /** Makes every message of this kernel process; the channels send some of their own, and all must be of one session. */
  readonly make: MessageMaker;
  /** Requests in the order of their arrival; ends when the channels are disposed. What is no message, or not signed, never gets here. */
  receive(channel: RequestChannel): AsyncIterable<Inbound>;
  publish(message: Outgoing<IopubType>): void;
  /**
   * Where much of what was sent has not left yet, a promise of the time when it has, or has been given up because a front end does not
   * read; otherwise of the next turn of the event loop, where this one has lasted. Whoever waits for it between requests does not produce
   * faster than front ends take. Takes a bounded time unless they go on reading.
   */
  room(): Promise<void> | undefined;
  /** Resolves when what front ends have sent on shell before now has most likely been received. Takes a bounded time. */
  caughtUp(): Promise<void>;
}
