import { BridgeError } from '../../lib/errors.ts';
import type { JsonObject, JsonValue } from '../../lib/json.ts';
import type { Dialect, EncodedBody } from '../dialect.ts';
import { encodeBody, lacksEndpoint, refusesJson } from '../dialect.ts';
import type { Http } from '../http.ts';
import type { Repeating } from '../retry.ts';
import { withRetries } from '../retry.ts';
import type { PostPath } from './posts.ts';
import { posts } from './posts.ts';

/** What the calls of one client share. */
export interface Api extends Repeating {
  readonly http: Http;
  readonly dialect: Dialect;
}

type Query = Readonly<Record<string, string>>;

/** A GET by its path below the host, repeated while the server has trouble. Throws `BridgeError`: `net` or `api`. */
export function get(api: Api, path: string, query?: Query): Promise<JsonValue> {
  return withRetries(api, { repeatable: true }, () => getOnce(api, path, query));
}

/** Without retries, for whoever must know of every answer that was lost. */
export function getOnce({ http }: Api, path: string, query?: Query): Promise<JsonValue> {
  return http.call({ method: 'GET', path, ...(query && { query }) });
}

/**
 * A POST with its fields in a body as the server reads it: JSON, until one of API 1.2 shows that it does not see the fields of such a
 * body, and forms from then on. It is sent again as `posts` allows; `giveUp` ends the wait for a further attempt, and what was asked for
 * was then not done. Throws `BridgeError` `net` or `api`, or the reason of `giveUp`.
 */
export async function post(api: Api, path: PostPath, fields: JsonObject, giveUp?: AbortSignal): Promise<JsonValue> {
  const { dialect } = api;
  const send = (encoding: Dialect['body']) => postBody(api, path, encodeBody(fields, encoding), giveUp);
  // Only API 1.2 was ever spoken in forms.
  if (!path.startsWith('/api/1.2/')) return send('json');
  const { body } = dialect;
  try {
    return await send(body);
  } catch (error) {
    // Code is never sent to find out how a server reads.
    if (body === 'form' || path === '/api/1.2/commands/execute' || !refusesJson(error, fields)) throw error;
    const answer = await send('form');
    dialect.body = 'form';
    return answer;
  }
}

/** A POST whose body every kind of server reads. Throws as `post`. */
export function postBody(api: Api, path: PostPath, body: EncodedBody, giveUp?: AbortSignal): Promise<JsonValue> {
  return withRetries(api, { repeatable: posts[path] === 'repeatable', giveUp }, () => api.http.call({ method: 'POST', path, body }, giveUp));
}

/** Says of a call to an API that not every server has what to do where it is absent. */
export async function orLacking<T>(api: Api, what: string, instead: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!lacksEndpoint(error)) throw error;
    throw lacking(api, what, instead, error);
  }
}

/** The error of a call that this server has no API for. */
export function lacking({ http }: Api, what: string, instead: string, cause?: unknown): BridgeError<'api'> {
  const details = { status: 404, serverMessage: `no ${what}` };
  return new BridgeError('api', `${http.host} has no ${what}: ${instead}.`, details, { cause });
}
