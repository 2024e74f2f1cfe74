import type { Secret } from '../../lib/secret.ts';
import type { AuthType, FixedLogin } from '../config/logins.ts';

/** What proves to a server who is asking. Asked before every request, so that a kind of login that expires can renew itself. */
export interface Credentials {
  /**
   * `refused`: the server did not take this one; a newer one is looked for, and the same comes again where there is none.
   * Throws `BridgeError`: `config` where there is no login, `net` where it cannot be had at the moment.
   */
  login(refused?: Login): Promise<Login>;
}

/** What goes with one request. */
export interface Login {
  readonly type: AuthType;
  /** The settings it comes from, for the sentence of a refusal; never their values. */
  readonly origin: string;
  headers(): Readonly<Record<string, string>>;
  /** Blots what is secret out of a server's words: some repeat the login that they refuse. */
  hide(text: string): string;
}

/** A personal access token (Bearer), or user and password (Basic, API 1.2 "Overview"). */
export function fixedLogin(auth: FixedLogin): Login {
  if (auth.type === 'pat') return bearerLogin(auth.type, auth.origin, auth.token);
  const { type, origin, username, password } = auth;
  const authorization = (): string => basicAuthorization(username, password);
  return { type, origin, headers: () => ({ authorization: authorization() }), hide: (text) => blot(text, [authorization().slice('Basic '.length), password.reveal()]) };
}

export function bearerLogin(type: AuthType, origin: string, token: Secret, more: Readonly<Record<string, string>> = {}): Login {
  return { type, origin, headers: () => ({ authorization: `Bearer ${token.reveal()}`, ...more }), hide: (text) => blot(text, [token.reveal()]) };
}

/** Credentials that never change. */
export function fixedCredentials(auth: FixedLogin): Credentials {
  const login = fixedLogin(auth);
  return { login: async () => login };
}

export function basicAuthorization(username: string, password: Secret): string {
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`, 'utf8').toString('base64')}`;
}

/** A secret this short would be found inside of ordinary words, and blotting it would show what it is. */
const shortestBlotted = 6;

/** Replaces secrets by `***`, as they are and as they stand in JSON, in web pages and in addresses. */
export function blot(text: string, secrets: readonly string[]): string {
  const forms = secrets.filter(({ length }) => length >= shortestBlotted).flatMap(formsOf);
  return forms.reduce((rest, form) => rest.replaceAll(form, '***'), text);
}

function formsOf(secret: string): readonly string[] {
  const html = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const all = [secret, JSON.stringify(secret).slice(1, -1), html, html.replaceAll("'", '&#39;'), encodeURIComponent(secret), new URLSearchParams({ '': secret }).toString().slice(1)];
  return [...new Set(all)];
}
