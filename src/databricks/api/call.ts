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

export function get(api: Api, path: string, query?: Readonly<Record<string, string>>): Promise<JsonValue> {
  return withRetries({ ...api, repeatable: true }, () => getOnce(api, path, query));
}

/** Without retries, for whoever must know of every answer that was lost. */
export function getOnce({ http }: Api, path: string, query?: Readonly<Record<string, string>>): Promise<JsonValue> {
  return http.call({ method: 'GET', path, ...(query && { query }) });
}

export type PostOptions = { /** Saying it twice does what saying it once does. */ readonly repeatable: boolean };

export function post(api: Api, path: string, fields: JsonObject, { repeatable }: PostOptions): Promise<JsonValue> {
  const { http, dialect } = api;
  return withRetries({ ...api, repeatable }, () => http.call({ method: 'POST', path, body: encodeBody(fields, dialect.body) }));
}
