import { BridgeError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { AuthSettings } from '../config/logins.ts';
import type { HttpAnswer } from '../errors.ts';
import { networkError, serverWords } from '../errors.ts';
import { isObject, parseJson } from '../json.ts';
import type { Network, WireRequest } from '../network.ts';
import { basicAuthorization, blot } from './credentials.ts';
import type { AskToken } from './token.ts';
import { readTokenText } from './token.ts';

/** RFC 8414, below the host as the vendor's SDKs ask for it. */
const discoveryPath = '/oidc/.well-known/oauth-authorization-server';

type M2mSettings = AuthSettings & { readonly type: 'oauth-m2m' };

/** Gets tokens for a service principal with its secret (OAuth 2.0 client credentials, RFC 6749 §4.4). */
export function askOAuth(auth: M2mSettings, network: Network, now: () => number): AskToken {
  let endpoint: URL | undefined;
  return async () => {
    endpoint ??= await discover(auth, network);
    const answer = await ask(auth, network, endpoint, 'the token', {
      method: 'POST',
      path: endpoint.pathname + endpoint.search,
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        authorization: basicAuthorization(auth.clientId, auth.clientSecret),
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }).toString(),
    });
    const asked = now();
    if (answer.status >= 300) throw refusal(answer, auth, endpoint);
    const body = jsonObject(answer);
    const seconds = Number(body['expires_in'] ?? NaN);
    return {
      value: readTokenText(body['access_token'], `The login server ${endpoint.host}`, auth.origin),
      expiresAt: Number.isFinite(seconds) ? asked + seconds * 1000 : undefined,
    };
  };
}

/** Asks the host where tokens are given. */
async function discover(auth: M2mSettings, network: Network): Promise<URL> {
  const { host, origin } = auth;
  const answer = await ask(auth, network, auth.host, 'the address of its login server', { method: 'GET', path: discoveryPath, headers: { accept: 'application/json' } });
  const endpoint = jsonObject(answer)['token_endpoint'];
  if (answer.status !== 200 || typeof endpoint !== 'string' || !URL.canParse(endpoint)) {
    throw new BridgeError(
      'config',
      `${host.origin} does not say where it gives tokens to service principals (HTTP ${answer.status} for ${discoveryPath}): check the host, or use another login than ${origin}.`,
      { setting: origin },
    );
  }
  const url = new URL(endpoint);
  // The secret goes there: never in the clear, unless the host itself is asked so.
  if (url.protocol === 'https:' || (url.protocol === 'http:' && url.host === host.host)) return url;
  throw new BridgeError('config', `${host.origin} names ${url.origin} as its login server, to which no secret is sent: it is not https.`, { setting: origin });
}

/** One request of a login, which may be sent again whatever became of it. Throws `BridgeError` `net`. */
async function ask(auth: M2mSettings, network: Network, server: URL, what: string, wire: WireRequest): Promise<HttpAnswer> {
  const exchange = await network.exchange(server, wire);
  const names = { host: server.origin, hostOrigin: auth.origin, credentialsOrigin: auth.origin };
  if ('failure' in exchange) throw new BridgeError('net', networkError(exchange, what, network.deadlineMs, names).message, { host: server.origin, sent: false });
  const { answer } = exchange;
  if (answer.status !== 429 && answer.status < 500) return answer;
  const message = `${server.origin} does not give ${what} at the moment (HTTP ${answer.status}): ${serverWords(answer, (text) => hidden(text, auth))}. Try again later.`;
  throw new BridgeError('net', message, { host: server.origin, sent: false });
}

function refusal(answer: HttpAnswer, auth: M2mSettings, { origin: server }: URL): BridgeError<'config'> {
  const body = jsonObject(answer);
  const parts = [body['error'] ?? body['errorCode'], body['error_description'] ?? body['errorSummary']].filter((part) => typeof part === 'string');
  const hide = (text: string): string => hidden(text, auth);
  const words = parts.length > 0 ? hide(parts.join(': ')).replace(/\s+/g, ' ').replace(/\.$/, '').slice(0, 500) : serverWords(answer, hide);
  const message = `${server} does not accept the service principal (HTTP ${answer.status}): ${words}. Check ${auth.origin}.`;
  return new BridgeError('config', message, { setting: auth.origin });
}

function hidden(text: string, { clientId, clientSecret }: M2mSettings): string {
  return blot(text, [clientSecret.reveal(), basicAuthorization(clientId, clientSecret).slice('Basic '.length)]);
}

function jsonObject({ text }: HttpAnswer): JsonObject {
  try {
    const body = parseJson(text);
    return isObject(body) ? body : {};
  } catch {
    return {};
  }
}
