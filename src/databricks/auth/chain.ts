import { BridgeError } from '../../lib/errors.ts';
import type { Machine } from '../../lib/paths.ts';
import type { AuthSettings, Logins } from '../config/logins.ts';
import type { Network } from '../network.ts';
import { askAzureCli } from './azure-cli.ts';
import type { Credentials, Login } from './credentials.ts';
import { bearerLogin, fixedLogin } from './credentials.ts';
import { askDatabricksCli } from './databricks-cli.ts';
import { askMetadataService } from './metadata-service.ts';
import { askOAuth } from './oauth.ts';
import type { AskToken, Token } from './token.ts';
import { keepToken } from './token.ts';

/** What logins are got with. */
export interface LoginTools {
  /** Token requests go out as all others do. */
  readonly network: Network;
  /** Where programs are looked for, and what they are started with. */
  readonly machine: Machine;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ends the programs that are waited for when it aborts. */
  readonly signal?: AbortSignal;
}

/** Gives the login of one kind for the next request. */
type Source = () => Promise<Login>;

/**
 * Tries the logins that the settings allow, keeps to the first that works, and renews what expires. `readAgain` is asked when a login is
 * refused, because a token may have been replaced in its setting meanwhile; it may throw.
 */
export function createCredentials(first: Logins, readAgain: () => Logins, tools: LoginTools): Credentials {
  let read = (): Logins => first;
  let chosen: Promise<Source> | undefined;
  const given = new WeakMap<Login, Promise<Source>>();

  function chooseNow(renewal: boolean): Promise<Source> {
    const logins = read();
    read = readAgain;
    return choose(logins, tools, renewal);
  }

  async function next(): Promise<Login> {
    const from = (chosen ??= chooseNow(false));
    try {
      const login = await (await from)();
      given.set(login, from);
      return login;
    } catch (error) {
      // Nothing came of it: the next request begins anew, with the settings as they are then.
      if (chosen === from) chosen = undefined;
      throw error;
    }
  }

  return {
    async login(refused) {
      if (refused === undefined) return next();
      // Of several that are refused together only the first looks for a newer one.
      if (given.get(refused) === chosen) chosen = chooseNow(true);
      const login = await next();
      return login.headers()['authorization'] === refused.headers()['authorization'] ? refused : login;
    },
  };
}

/** The first login that works. Throws its error where there is only one, else `BridgeError` `config` with what became of each. */
async function choose({ candidates, passedOver, host, tokenPlace }: Logins, tools: LoginTools, renewal: boolean): Promise<Source> {
  const reasons: string[] = [];
  for (const candidate of candidates) {
    const source = createSource(candidate, tools, renewal);
    try {
      await source();
      return source;
    } catch (error) {
      if (candidates.length + passedOver.length === 1 || !(error instanceof BridgeError) || error.is('internal')) throw error;
      reasons.push(`${candidate.type}: ${error.message.replace(/\.$/, '')}`);
    }
  }
  const tried = [...reasons, ...passedOver].join('; ');
  throw new BridgeError('config', `There is no login for ${host.origin}: set ${tokenPlace}, or run "databricks auth login --host ${host.origin}". Tried: ${tried}.`, {
    setting: tokenPlace,
  });
}

function createSource(auth: AuthSettings, { network, machine, now, signal }: LoginTools, renewal: boolean): Source {
  const renewable = (ask: AskToken, more?: Readonly<Record<string, string>>): Source => {
    const current = keepToken(ask, now, renewal);
    const logins = new WeakMap<Token, Login>();
    return async () => {
      const token = await current();
      const login = logins.get(token) ?? bearerLogin(auth.type, auth.origin, token.value, more);
      logins.set(token, login);
      return login;
    };
  };
  switch (auth.type) {
    case 'pat':
    case 'basic':
    case 'netrc': {
      const login = fixedLogin(auth);
      return async () => login;
    }
    case 'oauth-m2m':
      return renewable(askOAuth(auth, network, now));
    case 'databricks-cli':
      return renewable(askDatabricksCli(auth, machine, signal));
    case 'metadata-service':
      return renewable(askMetadataService(auth, network));
    case 'azure-cli':
      return renewable(askAzureCli(auth, machine, signal), auth.resourceId === undefined ? {} : { 'x-databricks-azure-workspace-resource-id': auth.resourceId });
  }
}
