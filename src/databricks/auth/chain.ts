import type { AuthSettings } from '../config/settings.ts';

/** What proves to a server who is asking. Asked for headers before every request, so that a kind of login that expires can renew itself. */
export interface Credentials {
  /** `refused`: the server did not take the last ones; newer ones are looked for, and the same come again where there are none. */
  headers(refused?: boolean): Promise<Readonly<Record<string, string>>>;
  /** The settings they come from, for the sentence of a refusal; never their values. */
  readonly origin: string;
  /** Blots what is secret out of a server's words: some repeat the login that they refuse. */
  hide(text: string): string;
}

/** The login that the settings describe: a personal access token (Bearer) or user and password (Basic, API 1.2 "Overview"). */
export function createCredentials(auth: AuthSettings): Credentials {
  switch (auth.type) {
    case 'pat':
      return { origin: auth.origin, headers: async () => ({ authorization: `Bearer ${auth.token.reveal()}` }), hide: (text) => blot(text, auth.token.reveal()) };
    case 'basic': {
      const { username, password } = auth;
      const encode = (): string => Buffer.from(`${username}:${password.reveal()}`, 'utf8').toString('base64');
      return {
        origin: auth.origin,
        headers: async () => ({ authorization: `Basic ${encode()}` }),
        hide: (text) => blot(blot(text, encode()), password.reveal()),
      };
    }
  }
}

/** Credentials that are read again when they are refused, because a token may have been renewed meanwhile. `readAgain` may throw. */
export function renewableCredentials(first: AuthSettings, readAgain: () => AuthSettings): Credentials {
  let current = createCredentials(first);
  return {
    origin: current.origin,
    headers: async (refused) => {
      if (refused) current = createCredentials(readAgain());
      return current.headers();
    },
    hide: (text) => current.hide(text),
  };
}

/** A secret this short would be found inside of ordinary words, and blotting it would show what it is. */
const shortestBlotted = 6;

function blot(text: string, secret: string): string {
  return secret.length < shortestBlotted ? text : text.replaceAll(secret, '***');
}
