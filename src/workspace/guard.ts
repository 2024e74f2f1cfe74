import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './api-error.ts';
import type { Login } from './dialect.ts';

/** The user name of Basic logins; the password is the token. */
export const userName = 'token';

/**
 * Lets only programs of this machine that know the token in. Web pages are kept out twice: a page that rebinds its own name to
 * 127.0.0.1 names itself in Host, and a page that sends across origins says so in Origin.
 * @throws ApiError 403 or 401
 */
export function guard(headers: IncomingHttpHeaders, token: string, logins: readonly Login[]): void {
  const host = headers.host?.replace(/:\d+$/, '');
  if (host !== '127.0.0.1' && host !== 'localhost' && host !== '[::1]') {
    throw new ApiError(403, 'Forbidden', 'the embedded workspace answers only as 127.0.0.1 or localhost');
  }
  if (headers.origin !== undefined) throw new ApiError(403, 'Forbidden', 'the embedded workspace does not answer web pages');
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(headers.authorization ?? '') ?? [];
  const login = logins.find((name) => name.toLowerCase() === scheme.toLowerCase());
  const allowed =
    (login === 'Bearer' && same(credentials, token)) ||
    (login === 'Basic' && same(Buffer.from(credentials, 'base64').toString(), `${userName}:${token}`));
  if (!allowed) throw new ApiError(401, 'Unauthorized', `wrong or missing credentials; this server takes ${logins.join(' and ')} logins`);
}

/** Compares in constant time, whatever the lengths. */
function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
