import type { Inbound, KernelChannels } from '../protocol/channels.ts';
import type { CommType, Contents, IopubType, RequestType } from '../protocol/contents.ts';
import type { RequestOf } from '../protocol/parse.ts';

/** One request while it is being answered: all that a handler gets, and the only way to publish anything. */
export interface Exchange<T extends RequestType | CommType = RequestType | CommType> {
  readonly request: RequestOf<T>;
  /** Aborted by an interrupt while this request runs. */
  readonly interrupted: AbortSignal;
  /** Aborted when an interrupt was not enough, and on shutdown. */
  readonly killed: AbortSignal;
  /** Sends on iopub, with this request as the parent: every front end sees it as this request's. */
  publish<P extends IopubType>(type: P, content: Contents[P]): void;
  /** Asks the front end that sent this request. Rejects on interrupt. */
  input(prompt: string, password: boolean): Promise<string>;
}

/** How a request that runs is told to end: asked by the first interrupt, then given up, never the other way round. Both end waits; neither ends a request to a server that is under way. */
export interface Signals {
  readonly interrupted: AbortSignal;
  readonly killed: AbortSignal;
}

/** Of one request and the channels that it came on. */
export class ChannelExchange<T extends RequestType | CommType> implements Exchange<T> {
  readonly request: RequestOf<T>;
  readonly #inbound: Inbound;
  readonly #signals: Signals;
  readonly #channels: KernelChannels;

  constructor(request: RequestOf<T>, inbound: Inbound, signals: Signals, channels: KernelChannels) {
    this.request = request;
    this.#inbound = inbound;
    this.#signals = signals;
    this.#channels = channels;
  }

  get interrupted(): AbortSignal {
    return this.#signals.interrupted;
  }

  get killed(): AbortSignal {
    return this.#signals.killed;
  }

  publish<P extends IopubType>(type: P, content: Contents[P]): void {
    this.#channels.publish(this.#channels.make(type, content, this.request.header));
  }

  input(prompt: string, password: boolean): Promise<string> {
    const message = this.#channels.make('input_request', { prompt, password }, this.request.header);
    return this.#inbound.input(message, this.interrupted);
  }
}
