import type { Dispatcher } from 'undici';
import type { JsonValue } from '../lib/json.ts';
import { trace } from '../lib/trace.ts';
import type { Credentials } from './auth/chain.ts';
import type { EncodedBody } from './dialect.ts';
import type { HttpAnswer, ServerNames } from './errors.ts';
import { answerError, networkError } from './errors.ts';
import { parseJson } from './json.ts';

const log = trace('databricks');

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: EncodedBody;
}

/** Requests to one server over kept connections. */
export interface Http {
  readonly server: ServerNames;
  /**
   * Sends one request once and reads its answer as JSON. Nothing but its own deadline ends it: an aborted request could lose the only
   * reading of a result, or the id of something that was made. Throws `BridgeError`: `net` (`sent` tells whether the server may have
   * seen it) or `api`.
   */
  call(request: ApiRequest): Promise<JsonValue>;
  /** Waits for the requests in flight. */
  close(): Promise<void>;
  /** Breaks the requests in flight. */
  destroy(): Promise<void>;
}

export interface HttpOptions {
  readonly url: URL;
  readonly hostOrigin: string;
  readonly credentials: Credentials;
  /** `databricks-kernel/<version> …`, as the vendor's SDKs write it. */
  readonly userAgent: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the answer to begin, and again for each part of it to arrive. */
  readonly deadlineMs?: number;
}

/** Loaded on first use: it takes longer to load than all the rest of a kernel. */
async function openDispatcher(url: URL, deadlineMs: number): Promise<Dispatcher> {
  const { createDispatcher } = await import('./dispatcher.ts');
  return createDispatcher(url, deadlineMs);
}

export function createHttp(options: HttpOptions): Http {
  const { url, credentials, deadlineMs = 60_000 } = options;
  const server: ServerNames = { host: url.origin, hostOrigin: options.hostOrigin, credentialsOrigin: credentials.origin };
  const fixed = { accept: 'application/json', 'user-agent': options.userAgent, ...options.headers };
  let opened: Promise<Dispatcher> | undefined;

  return {
    server,
    async call(request) {
      const what = request.path.replace(/^\/api\/[\d.]+\//, '');
      opened ??= openDispatcher(url, deadlineMs);
      const dispatcher = await opened;
      const sendAs = (login: Login) =>
        send(dispatcher, url, request, { ...fixed, ...login, ...(request.body && { 'content-type': request.body.contentType }) });
      const login = await credentials.headers();
      let exchange = await sendAs(login);
      if ('answer' in exchange && exchange.answer.status === 401) {
        // Nothing was done for a login that was refused, so that even a command may go out again, once, with a newer one.
        const renewed = await credentials.headers(true);
        if (renewed['authorization'] !== login['authorization']) exchange = await sendAs(renewed);
      }
      if ('failure' in exchange) {
        const error = networkError(exchange.failure, what, exchange.sent, deadlineMs, server);
        log.debug(`${request.method} ${request.path}: ${error.message}`);
        throw error;
      }
      const { answer } = exchange;
      const refused = () => answerError({ ...answer, text: credentials.hide(answer.text) }, what, server);
      log.debug(`${request.method} ${request.path}: ${answer.status}, ${answer.text.length} characters`);
      if (answer.status < 200 || answer.status >= 300) throw refused();
      try {
        // Some calls of today's servers answer with nothing at all.
        return answer.text.trim() === '' ? {} : parseJson(answer.text);
      } catch {
        throw refused();
      }
    },
    async close() {
      await (await opened)?.close();
    },
    async destroy() {
      await (await opened)?.destroy();
    },
  };
}

type Login = Readonly<Record<string, string>>;

type Exchange = { readonly answer: HttpAnswer } | { readonly failure: unknown; readonly sent: boolean };

/** One exchange through undici's `dispatch`, the one place of it that tells when a request goes onto a connection. */
function send(dispatcher: Dispatcher, url: URL, request: ApiRequest, headers: Record<string, string>): Promise<Exchange> {
  const query = request.query === undefined ? '' : `?${new URLSearchParams(request.query).toString()}`;
  const options = { origin: url.origin, path: request.path + query, method: request.method, headers, body: request.body?.text ?? null };
  return new Promise((resolve) => {
    const text = new TextDecoder();
    const parts: string[] = [];
    let sent = false;
    let head: Omit<HttpAnswer, 'text'> = { status: 0, headers: {} };
    dispatcher.dispatch(options, {
      onRequestStart: () => {
        sent = true;
      },
      onResponseStart: (_controller, status, answered) => {
        head = { status, headers: answered };
      },
      onResponseData: (_controller, chunk) => {
        parts.push(text.decode(chunk, { stream: true }));
      },
      onResponseEnd: () => resolve({ answer: { ...head, text: parts.join('') + text.decode() } }),
      onResponseError: (_controller, failure) => resolve({ failure, sent }),
    });
  });
}
