import { BridgeError } from '../lib/errors.ts';
import type { JsonValue } from '../lib/json.ts';
import type { Setting } from './config/fields.ts';
import type { Proxy } from './config/network.ts';
import { formatJson, isObject, parseJson } from './json.ts';

/** An answer of a server, before anything is made of it. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case, as Node gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** How sentences about a server call it, and what they tell the user to look at. */
export interface ServerNames {
  /** The address without credentials, e.g. `https://dbc-1.cloud.databricks.com`. */
  readonly host: string;
  /** The setting that holds the address, e.g. `DATABRICKS_HOST (environment)`. */
  readonly hostOrigin: string;
  /** The settings that hold the login. */
  readonly credentialsOrigin: string;
}

/** Blots what is secret out of a text. */
export type Hide = (text: string) => string;
const asItIs: Hide = (text) => text;

/**
 * Turns every answer that is not what was asked for into a `BridgeError` `api`. `what` is the call, e.g. `commands/execute`; some servers
 * repeat the login that they refuse, which `hide` blots.
 */
export function answerError(answer: HttpAnswer, what: string, server: ServerNames, hide: Hide = asItIs): BridgeError<'api'> {
  const serverMessage = serverWords(answer, hide);
  const retryAfterMs = parseRetryAfter(answer);
  const details = { status: answer.status, serverMessage, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new BridgeError('api', sentence(answer, what, server, serverMessage), details);
}

function sentence(answer: HttpAnswer, what: string, { host, hostOrigin, credentialsOrigin }: ServerNames, words: string): string {
  const { status } = answer;
  if (status >= 300 && status < 400) {
    return `${host} redirects ${what} to ${redirectTarget(answer)} instead of answering: check ${hostOrigin}, and whether a VPN or private link is needed.`;
  }
  if (isLoginRefused(status, words)) return `${host} does not accept the login for ${what}: ${words}. Check ${credentialsOrigin}.`;
  if (status === 403) return `${host} does not allow ${what}: ${words}. Check the permissions of the user behind ${credentialsOrigin}.`;
  if (status === 429) return `${host} is asked too often (${what}): ${words}. Try again later.`;
  if (status < 300) {
    return `${host} answered ${what} with ${isHtml(answer) ? 'a web page (a login page?)' : 'something'} that is not the API's: check ${hostOrigin}, and whether a VPN or private link is needed.`;
  }
  return `${host} refused ${what} (HTTP ${status}): ${words}.`;
}

/** Only the origin: what follows it may carry tokens of a login flow. */
function redirectTarget(answer: HttpAnswer): string {
  const location = answer.headers['location'];
  return typeof location === 'string' && URL.canParse(location) ? new URL(location).origin : 'another page';
}

/** The error in the server's own words, from any of the bodies that servers and the proxies before them send. */
export function serverWords(answer: HttpAnswer, hide: Hide = asItIs): string {
  const text = hide(answer.text).trim();
  if (text === '') return statusWords[answer.status] ?? `HTTP ${answer.status}`;
  // Again, because what stood in another form is readable now; and before it is shortened, because half a secret would not be found.
  const words = hide(isHtml(answer) ? htmlWords(text) : jsonWords(text) ?? text);
  return words.replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 1000);
}

function jsonWords(text: string): string | undefined {
  let body: JsonValue;
  try {
    body = parseJson(text);
  } catch {
    return undefined;
  }
  if (!isObject(body)) return undefined;
  const message = [body['error'], body['message'], body['detail']].find((value) => typeof value === 'string' && value !== '');
  const code = body['error_code'] ?? body['scimType'];
  const words = typeof message === 'string' ? message : undefined;
  if (code === undefined || code === null || code === '') return words;
  const shown = typeof code === 'string' ? code : formatJson(code);
  return words === undefined ? shown : `${shown}: ${words}`;
}

function htmlWords(text: string): string {
  const inner = inside(text, /<pre[^<>]*>/i, /<\/pre>/i) ?? inside(text, /<title[^<>]*>/i, /<\/title>/i) ?? text;
  return inner.replace(/<[^<>]*>/g, ' ').replace(/&(?:lt|gt|quot|#39|apos|nbsp|amp);/g, (entity) => entities[entity] ?? entity);
}

/** What stands between the first `opening` and the `closing` after it. Not one pattern: it would try each opening to the end of the text. */
function inside(text: string, opening: RegExp, closing: RegExp): string | undefined {
  const begin = opening.exec(text);
  if (begin === null) return undefined;
  const rest = text.slice(begin.index + begin[0].length);
  const end = closing.exec(rest);
  return end === null ? undefined : rest.slice(0, end.index);
}

const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&apos;': "'", '&nbsp;': ' ', '&amp;': '&' };

export function isHtml(answer: HttpAnswer): boolean {
  return /^\s*<(!doctype|html|head|body|title|pre)\b/i.test(answer.text);
}

/** `Retry-After` is a number of seconds or a date. Milliseconds. */
function parseRetryAfter(answer: HttpAnswer): number | undefined {
  const value = answer.headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  const ms = /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

const statusWords: Readonly<Record<number, string>> = {
  400: 'bad request',
  401: 'not authenticated',
  403: 'forbidden',
  404: 'not found',
  429: 'too many requests',
  500: 'internal error',
  502: 'bad gateway',
  503: 'not available at the moment',
  504: 'gateway timeout',
};

/**
 * Whether a server refused the login itself, so that a newer one may do. The documents say 401; today's servers also answer 403 or 400 where a token
 * is no longer good (threads of the vendor's SDKs), which without those words is a matter of permissions.
 */
function isLoginRefused(status: number, words: string): boolean {
  return status === 401 || ((status === 400 || status === 403) && /invalid access token|\b(?:token|jwt)\b[^.]{0,20}\bexpir|ExpiredJwt/i.test(words));
}

/** As `refusesLogin`, of an answer that nothing was made of yet. */
export function answerRefusesLogin(answer: HttpAnswer): boolean {
  return answer.status >= 400 && answer.status <= 403 && isLoginRefused(answer.status, serverWords(answer));
}

/** Whether a request was refused because of its login: nothing was done for it. */
export function refusesLogin(error: unknown): error is BridgeError<'api'> {
  return error instanceof BridgeError && error.is('api') && isLoginRefused(error.details.status, error.details.serverMessage);
}

/** Whether the server itself gave the answer, and not a proxy in its place: a gateway's error, a redirect to a login page, a web page. */
export function isTheServers(refusal: BridgeError<'api'>): boolean {
  const { status } = refusal.details;
  return status >= 400 && status !== 502 && status !== 504;
}

/** What servers of either API say of a cluster id that they do not know. */
export function isUnknownCluster(error: unknown): error is BridgeError<'api'> {
  if (!(error instanceof BridgeError) || !error.is('api')) return false;
  return /unknown cluster|cluster .*does not exist|RESOURCE_DOES_NOT_EXIST/i.test(error.details.serverMessage);
}

/** What servers of API 2.x say of a cluster that is not in a state for what was asked, and those of 1.2 of one on which nothing runs. */
export function isWrongState(error: unknown): error is BridgeError<'api'> {
  return error instanceof BridgeError && error.is('api') && /INVALID_STATE|unexpected state|ClusterNotReadyException/i.test(error.details.serverMessage);
}

/** A request that got no answer. `sent` is true from the moment it was written to a connection; `proxy` is what it was to go by. */
export interface Failure {
  readonly failure: unknown;
  readonly sent: boolean;
  readonly proxy?: Setting<Proxy> | undefined;
}

/** Turns a failure of the network into a `BridgeError` `net`. */
export function networkError(failed: Failure, what: string, deadlineMs: number, server: ServerNames): BridgeError<'net'> {
  const { failure, sent } = failed;
  // A broken answer hangs on some of them; it may repeat the login.
  if (failure instanceof Error && 'data' in failure) delete failure.data;
  const closed = /^UND_ERR_(?:DESTROYED|CLOSED)$/.test(errorCode(failure));
  return new BridgeError('net', networkSentence(failed, what, deadlineMs, server), { host: server.host, sent, ...(closed && { closed }) }, { cause: failure });
}

function networkSentence({ failure, sent, proxy }: Failure, what: string, deadlineMs: number, { host, hostOrigin }: ServerNames): string {
  const code = errorCode(failure);
  if (sent) {
    if (/TIMEOUT|ETIMEDOUT/.test(code)) return `${host} did not answer ${what} within ${deadlineMs / 1000} s.`;
    return `The connection to ${host} broke before the answer to ${what} was here (${code}).`;
  }
  if (/CERT|TLS|SSL|SIGNED|SIGNATURE|ISSUER/.test(code)) {
    const setting = 'NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE or SSL_CERT_FILE';
    return `The secure connection to ${host} failed (${code}): check ${hostOrigin}; for a certificate of your own organisation set ${setting} to its file. Checking it cannot be switched off.`;
  }
  if (proxy !== undefined) return proxySentence(failure, code, host, proxy);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `${host} cannot be found (${code}): check ${hostOrigin} and the network connection.`;
  if (code === 'ECONNREFUSED') return `Nothing answers at ${host} (connection refused): check ${hostOrigin}.`;
  return `${host} cannot be reached (${code}): check ${hostOrigin}, the network connection and the proxy.`;
}

function proxySentence(failure: unknown, code: string, host: string, { value: { url }, origin }: Setting<Proxy>): string {
  const status = /^Proxy response \((\d+)\)/.exec(failure instanceof Error ? failure.message : '')?.[1];
  if (status === '407') return `The proxy ${url.host} wants a login before it connects to ${host} (HTTP 407): check the user and password in ${origin}.`;
  const why = status === undefined ? code : `HTTP ${status}`;
  return `The proxy ${url.host} does not connect to ${host} (${why}): check ${origin}, or name the host in NO_PROXY.`;
}

/** The code of the innermost error that has one. */
function errorCode(thrown: unknown): string {
  let found = 'unknown cause';
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string') found = error.code;
  }
  return found;
}
