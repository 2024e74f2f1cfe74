import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Setting } from './config/fields.ts';
import type { NetworkSettings, Proxy } from './config/network.ts';
import { proxyFor } from './config/network.ts';
import { BridgeError } from '../lib/errors.ts';
import type { Failure, HttpAnswer } from './errors.ts';

/** A request whole: where it goes, and all its headers. */
export interface WireRequest {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}

/** What became of a request. */
export type Exchange = { readonly answer: HttpAnswer } | Failure;

/** Requests to any server over kept connections, by the proxies and with the certificates of the settings. */
export interface Network {
  /** For an answer to begin, and again for each part of it, in milliseconds. */
  readonly deadlineMs: number;
  /**
   * Sends one request once, to scheme, host and port of `server`. Nothing but its own deadline ends it.
   * Throws `BridgeError` `config` for a file of certificates that cannot be used.
   */
  exchange(server: URL, request: WireRequest): Promise<Exchange>;
  /** Waits for the requests in flight. */
  close(): Promise<void>;
  /** Breaks the requests in flight. */
  destroy(): Promise<void>;
}

/** In bytes: no call answers with more than some 20 MB, and what goes on for ever must not fill the memory. */
const answerLimit = 500 * 1024 * 1024;

export function createNetwork(settings: NetworkSettings, deadlineMs = 60_000, longestAnswer = answerLimit): Network {
  // Loaded on first use: it takes longer to load than all the rest of a kernel.
  const load = async () => (await import('./dispatcher.ts')).createDispatchers(settings, deadlineMs);
  let loaded: ReturnType<typeof load> | undefined;
  const underWay = new Set<Promise<Exchange>>();
  const destroy = async (): Promise<void> => {
    // What could not be made need not be ended.
    const dispatchers = await loaded?.catch(() => undefined);
    await Promise.all((dispatchers?.all() ?? []).map((dispatcher) => dispatcher.destroy()));
  };
  return {
    deadlineMs,
    async exchange(server, request) {
      loaded ??= load();
      const dispatchers = await loaded;
      const proxy = proxyFor(server, settings);
      const exchange = send(dispatchers.of(server, proxy), server.origin, request, proxy, longestAnswer);
      underWay.add(exchange);
      return exchange.finally(() => underWay.delete(exchange));
    },
    // An agent of undici that is closing can no longer be destroyed: what waits for an answer then would keep the process alive.
    close: async () => {
      await Promise.all(underWay);
      await destroy();
    },
    destroy,
  };
}

const utf8 = new TextDecoder();

/** One exchange through undici's `dispatch`, the one place of it that tells when a request goes onto a connection. */
function send(dispatcher: Dispatcher, origin: string, request: WireRequest, proxy: Setting<Proxy> | undefined, longest: number): Promise<Exchange> {
  const { method, path, headers, body = null } = request;
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let sent = false;
    let length = 0;
    let head: Omit<HttpAnswer, 'text'> = { status: 0, headers: {} };
    dispatcher.dispatch({ origin, path, method, headers, body }, {
      onRequestStart: () => {
        sent = true;
      },
      onResponseStart: (_controller, status, answered) => {
        head = { status, headers: answered };
      },
      onResponseData: (controller, chunk) => {
        length += chunk.length;
        if (length > longest) return controller.abort(tooLong(origin, longest));
        parts.push(chunk);
      },
      // Each field by its name: a spread with more behind it is to V8 an object of another kind every time, and slows down all who read it.
      onResponseEnd: () => resolve({ answer: { status: head.status, headers: head.headers, text: utf8.decode(Buffer.concat(parts, length)) } }),
      onResponseError: (_controller, failure) => resolve({ failure, sent, proxy }),
    });
  });
}

function tooLong(origin: string, longest: number): BridgeError<'command'> {
  return new BridgeError('command', `${origin} sent an answer of more than ${Math.round(longest / 1024 / 1024)} MB, which was not read to its end: check the address, or ask for less.`, {});
}
