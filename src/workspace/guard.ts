import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from '../lib/loopback.ts';
import { ApiError } from './api-error.ts';
import type { Login } from './dialect.ts';

/** The user name of Basic logins; the password is the token. */
export const userName = 'token';

/** Where the server listens unless it is told otherwise. */
export const ownAddress = '127.0.0.1';

/**
 * Keeps web pages out, twice: a page that rebinds its own name to this machine names itself in Host, and a page that sends across
 * origins says so in Origin or Sec-Fetch-Site.
 * @param bind the address at which the server listens
 * @throws ApiError 403
 */
export function refusePages({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders, bind: string): void {
  if (!isOwnName(host?.toLowerCase().replace(/:\d+$/, '') ?? '', bind)) {
    throw new ApiError(403, 'Forbidden', 'the embedded workspace answers only as 127.0.0.1 or localhost');
  }
  // `none` is an address that somebody typed.
  if (origin !== undefined || (site !== undefined && site !== 'none')) throw new ApiError(403, 'Forbidden', 'the embedded workspace does not answer web pages');
}

/** What this machine is called. Told to listen for others, it goes by any address and by its own name; pages cannot rebind those. */
function isOwnName(host: string, bind: string): boolean {
  if (host === ownAddress || host === 'localhost' || host === '[::1]') return true;
  const name = host.replace(/^\[(.*)\]$/, '$1');
  return name === bind.toLowerCase() || (!isLoopback(bind) && (isIP(name) !== 0 || name === hostname().toLowerCase()));
}

/**
 * Lets only those in who know the token.
 * @throws ApiError 401
 */
export function checkLogin({ authorization = '' }: IncomingHttpHeaders, token: string, logins: readonly Login[]): void {
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
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
