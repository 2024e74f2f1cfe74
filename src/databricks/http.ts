import { BridgeError } from '../lib/errors.ts';
import type { JsonValue } from '../lib/json.ts';
import { unlessAborted } from '../lib/signals.ts';
import { trace } from '../lib/trace.ts';
import type { Credentials, Login } from './auth/credentials.ts';
import type { EncodedBody } from './dialect.ts';
import type { ServerNames } from './errors.ts';
import { answerError, answerRefusesLogin, networkError } from './errors.ts';
import { parseJson } from './json.ts';
import type { Network, WireRequest } from './network.ts';
import { createNetwork } from './network.ts';

const log = trace('databricks');

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: EncodedBody;
}

/** Requests to one server over kept connections. */
export interface Http {
  /** The address without credentials, e.g. `https://dbc-1.cloud.databricks.com`. */
  readonly host: string;
  /**
   * Sends one request once and reads its answer as JSON. Nothing but its own deadline ends it: an aborted request could lose the only
   * reading of a result, or the id of something that was made. Throws `BridgeError`: `net` (`sent` tells whether the server may have
   * seen it) or `api`, and what `credentials` throws. Where `giveUp` aborts while the login is still to come, as from a program that asks
   * for one, nothing is sent: then its reason is thrown.
   */
  call(request: ApiRequest, giveUp?: AbortSignal): Promise<JsonValue>;
  /** Waits for the requests in flight. */
  close(): Promise<void>;
  /** Breaks the requests in flight. */
  destroy(): Promise<void>;
}

export interface HttpOptions {
  readonly url: URL;
  readonly hostOrigin: string;
  readonly credentials: Credentials;
  /** `databricks-kernel/<version> …`, as the vendor's SDKs write it; the kind of login is added. */
  readonly userAgent: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How requests go out; closed with this. Directly, unless it is given. */
  readonly network?: Network;
  /** Of the network that is not given: for the answer to begin, and again for each part of it to arrive. */
  readonly deadlineMs?: number;
}

export function createHttp(options: HttpOptions): Http {
  const { url, hostOrigin, credentials, network = createNetwork({}, options.deadlineMs) } = options;
  const { origin: host } = url;
  const fixed = { accept: 'application/json', ...options.headers };

  return {
    host,
    async call(request, giveUp) {
      const what = request.path.replace(/^\/api\/[\d.]+\//, '');
      const sendAs = (login: Login) => network.exchange(url, wireRequest(request, { ...fixed, 'user-agent': `${options.userAgent} auth/${login.type}`, ...login.headers() }));
      const logIn = async (refused?: Login): Promise<Login> => {
        const asked = credentials.login(refused);
        if (giveUp === undefined) return asked;
        const login = await unlessAborted(asked, giveUp);
        giveUp.throwIfAborted();
        return login ?? asked;
      };
      let login = await logIn();
      let exchange = await sendAs(login);
      if ('answer' in exchange && answerRefusesLogin(exchange.answer)) {
        // Nothing was done for a login that was refused, so that even a command may go out again, once, with a newer one.
        const renewed = await logIn(login);
        if (renewed !== login) exchange = await sendAs((login = renewed));
      }
      const server: ServerNames = { host, hostOrigin, credentialsOrigin: login.origin };
      if ('failure' in exchange) {
        // A file that cannot be read any more is no fault of the network.
        if (exchange.failure instanceof BridgeError) throw exchange.failure;
        const error = networkError(exchange, what, network.deadlineMs, server);
        log.debug(`${request.method} ${request.path}: ${error.message}`);
        throw error;
      }
      const { answer } = exchange;
      const refused = () => answerError(answer, what, server, (text) => login.hide(text));
      log.debug(`${request.method} ${request.path}: ${answer.status}, ${answer.text.length} characters`);
      if (answer.status < 200 || answer.status >= 300) throw refused();
      try {
        // Some calls of today's servers answer with nothing at all.
        return answer.text.trim() === '' ? {} : parseJson(answer.text);
      } catch {
        throw refused();
      }
    },
    close: () => network.close(),
    destroy: () => network.destroy(),
  };
}

function wireRequest({ method, path, query, body }: ApiRequest, headers: Readonly<Record<string, string>>): WireRequest {
  const asked = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  const request = { method, path: path + asked, headers: { ...headers, ...(body && bodyHeaders(body)) } };
  return body === undefined ? request : { ...request, body: 'text' in body ? body.text : body.open() };
}

function bodyHeaders(body: EncodedBody): Record<string, string> {
  return { 'content-type': body.contentType, ...('length' in body && { 'content-length': String(body.length) }) };
}
