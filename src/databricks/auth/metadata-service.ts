import { BridgeError } from '../../lib/errors.ts';
import type { AuthSettings } from '../config/logins.ts';
import { blot } from './credentials.ts';
import { networkError, serverWords } from '../errors.ts';
import type { Network } from '../network.ts';
import { maskTokens, printedObject } from './program.ts';
import type { AskToken } from './token.ts';
import { readTokenText } from './token.ts';

/** Asks a service on this machine, such as the VS Code extension starts for its child processes. */
export function askMetadataService({ host, url, origin }: AuthSettings & { readonly type: 'metadata-service' }, network: Network): AskToken {
  return async () => {
    const address = new URL(url.reveal());
    const what = 'the token';
    const exchange = await network.exchange(address, {
      method: 'GET',
      path: address.pathname + address.search,
      headers: { accept: 'application/json', 'x-databricks-metadata-version': '1', 'x-databricks-host': host.origin },
    });
    const names = { host: address.origin, hostOrigin: origin, credentialsOrigin: origin };
    if ('failure' in exchange) throw new BridgeError('net', networkError(exchange, what, network.deadlineMs, names).message, { host: address.origin, sent: false });
    const { status, text } = exchange.answer;
    const refused = (why: string) => new BridgeError('config', `The metadata service ${address.origin} ${why}: check ${origin}, and whether the program that offers it still runs.`, { setting: origin });
    if (status !== 200) throw refused(`gives no token (HTTP ${status}: ${serverWords(exchange.answer, (words) => maskTokens(blot(words, [address.pathname + address.search])))})`);
    const { access_token: token, expires_on: seconds } = printedObject(text);
    if (!(Number(seconds) > 0)) throw refused('does not say when its token ends');
    return { value: readTokenText(token, `The metadata service ${address.origin}`, origin), expiresAt: Number(seconds) * 1000 };
  };
}
