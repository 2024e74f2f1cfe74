import type { JsonObject, JsonValue } from '../../lib/json.ts';
import type { Clock } from '../../lib/time.ts';
import type { Dialect } from '../dialect.ts';
import { encodeBody } from '../dialect.ts';
import type { Http } from '../http.ts';
import { withRetries } from '../retry.ts';

/** What the calls of one client share. */
export interface Api {
  readonly http: Http;
  readonly dialect: Dialect;
  readonly clock: Clock;
  /** How long one request is repeated, in milliseconds. */
  readonly patienceMs: number;
}

/** A GET by its path below the host, repeated while the server has trouble. Throws `BridgeError`: `net` or `api`. */
export function get(api: Api, path: string, query?: Readonly<Record<string, string>>): Promise<JsonValue> {
  return withRetries({ ...api, repeatable: true }, () => getOnce(api, path, query));
}

/** Without retries, for whoever must know of every answer that was lost. */
export function getOnce({ http }: Api, path: string, query?: Readonly<Record<string, string>>): Promise<JsonValue> {
  return http.call({ method: 'GET', path, ...(query && { query }) });
}

/** When a POST may be sent again. */
export interface PostOptions {
  /** Saying it twice does what saying it once does. Other requests go out again only where the server surely did not process them. */
  readonly repeatable: boolean;
  /** Ends the wait for a further attempt; `post` then throws its reason, and what was asked for was not done. */
  readonly giveUp?: AbortSignal | undefined;
}

/** A POST with its fields in a body as the server's dialect wants it. Throws `BridgeError`: `net` or `api`. */
export function post(api: Api, path: string, fields: JsonObject, { repeatable, giveUp }: PostOptions): Promise<JsonValue> {
  const { http, dialect } = api;
  return withRetries({ ...api, repeatable, giveUp }, () => http.call({ method: 'POST', path, body: encodeBody(fields, dialect.body) }));
}
