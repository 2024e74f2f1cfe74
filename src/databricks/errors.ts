import { BridgeError } from '../lib/errors.ts';
import type { JsonValue } from '../lib/json.ts';
import { isObject, parseJson } from './json.ts';

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

/** Turns every answer that is not what was asked for into a `BridgeError` `api`. `what` is the call, e.g. `commands/execute`. */
export function answerError(answer: HttpAnswer, what: string, server: ServerNames): BridgeError<'api'> {
  const serverMessage = serverWords(answer);
  const retryAfterMs = parseRetryAfter(answer);
  const details = { status: answer.status, serverMessage, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new BridgeError('api', sentence(answer, what, server, serverMessage), details);
}

function sentence(answer: HttpAnswer, what: string, { host, hostOrigin, credentialsOrigin }: ServerNames, words: string): string {
  const { status } = answer;
  if (status >= 300 && status < 400) {
    return `${host} redirects ${what} to ${redirectTarget(answer)} instead of answering: check ${hostOrigin}, and whether a VPN or private link is needed.`;
  }
  if (status === 401) return `${host} does not accept the login for ${what}: ${words}. Check ${credentialsOrigin}.`;
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
export function serverWords(answer: HttpAnswer): string {
  const text = answer.text.trim();
  if (text === '') return statusWords[answer.status] ?? `HTTP ${answer.status}`;
  const words = isHtml(answer) ? htmlWords(text) : jsonWords(text) ?? text;
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
  return words === undefined ? String(code) : `${String(code)}: ${words}`;
}

function htmlWords(text: string): string {
  const inner = /<pre[^>]*>([\s\S]*?)<\/pre>/i.exec(text)?.[1] ?? /<title[^>]*>([\s\S]*?)<\/title>/i.exec(text)?.[1] ?? text;
  return inner.replace(/<[^>]*>/g, ' ');
}

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

/** Whether the server itself gave the answer, and not a proxy in its place: a gateway's error, a redirect to a login page, a web page. */
export function isTheServers(refusal: BridgeError<'api'>): boolean {
  const { status } = refusal.details;
  return status >= 400 && status !== 502 && status !== 504;
}

/** Turns a failure of the network into a `BridgeError` `net`. `sent` is true from the moment the request was written to a connection. */
export function networkError(thrown: unknown, what: string, sent: boolean, deadlineMs: number, server: ServerNames): BridgeError<'net'> {
  const code = errorCode(thrown);
  return new BridgeError('net', networkSentence(code, what, sent, deadlineMs, server), { host: server.host, sent }, { cause: thrown });
}

function networkSentence(code: string, what: string, sent: boolean, deadlineMs: number, { host, hostOrigin }: ServerNames): string {
  if (sent) {
    if (/TIMEOUT|ETIMEDOUT/.test(code)) return `${host} did not answer ${what} within ${deadlineMs / 1000} s.`;
    return `The connection to ${host} broke before the answer to ${what} was here (${code}).`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `${host} cannot be found (${code}): check ${hostOrigin} and the network connection.`;
  if (code === 'ECONNREFUSED') return `Nothing answers at ${host} (connection refused): check ${hostOrigin}.`;
  if (/CERT|TLS|SSL|SIGNED|SIGNATURE|ISSUER/.test(code)) {
    return `The secure connection to ${host} failed (${code}): check ${hostOrigin}; for a certificate of your own organisation set NODE_EXTRA_CA_CERTS to its file.`;
  }
  return `${host} cannot be reached (${code}): check ${hostOrigin}, the network connection and the proxy.`;
}

/** The code of the innermost error that has one. */
function errorCode(thrown: unknown): string {
  let found = 'unknown cause';
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string') found = error.code;
  }
  return found;
}
