// A module of its own, with a static import, so that it can be loaded late: a bundler cannot find the names of a CommonJS package
// behind a dynamic one.
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { trustedCertificates } from './certificates.ts';
import type { Setting } from './config/fields.ts';
import type { NetworkSettings, Proxy } from './config/network.ts';

const connectMs = 10_000;

/** Kept connections to that server, made directly or by the proxy. */
export type Dispatchers = (server: URL, proxy: Setting<Proxy> | undefined) => Dispatcher;

/**
 * Makes the dispatcher for each way out when it is first used. `deadlineMs` for an answer to begin, and again for each part of it. It
 * throws `BridgeError` `config` for a file of certificates that cannot be used.
 */
export function createDispatchers({ caFiles = [] }: NetworkSettings, deadlineMs: number): { of: Dispatchers; all(): readonly Dispatcher[] } {
  // Certificates by the hundred take a tenth of a second, which a connection without TLS need not wait for.
  let trusted: SecureContext | undefined;
  const tls = (secure: boolean) => {
    if (secure && caFiles.length > 0) trusted ??= createSecureContext({ ca: [...trustedCertificates(caFiles)] });
    // Node would leave certificates unchecked where NODE_TLS_REJECT_UNAUTHORIZED says so, and a login would go to whoever answers.
    return { timeout: connectMs, rejectUnauthorized: true, ...(secure && trusted && { secureContext: trusted }) };
  };
  const timeouts = { headersTimeout: deadlineMs, bodyTimeout: deadlineMs };
  const made = { plain: new Map<Setting<Proxy> | undefined, Dispatcher>(), secure: new Map<Setting<Proxy> | undefined, Dispatcher>() };
  const make = (proxy: Setting<Proxy> | undefined, secure: boolean): Dispatcher => {
    if (proxy === undefined) return new Agent({ ...timeouts, connect: tls(secure) });
    const { url, authorization } = proxy.value;
    return new ProxyAgent({ ...timeouts, uri: url.href, requestTls: tls(secure), proxyTls: tls(secure), ...(authorization && { token: authorization.reveal() }) });
  };
  return {
    of(server, proxy) {
      const secure = [server, proxy?.value.url].some((url) => url?.protocol === 'https:');
      const kept = secure ? made.secure : made.plain;
      const dispatcher = kept.get(proxy) ?? make(proxy, secure);
      kept.set(proxy, dispatcher);
      return dispatcher;
    },
    all: () => [...made.plain.values(), ...made.secure.values()],
  };
}
