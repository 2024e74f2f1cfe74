import { isLoopback } from '../../lib/loopback.ts';
import { Secret } from '../../lib/secret.ts';
import type { Setting } from './fields.ts';
import { configError } from './fields.ts';

/** How requests leave this machine. */
export interface NetworkSettings {
  readonly httpProxy?: Setting<Proxy> | undefined;
  readonly httpsProxy?: Setting<Proxy> | undefined;
  /** Hosts that are asked directly, as `NO_PROXY` writes them. */
  readonly noProxy?: Setting<string> | undefined;
  /** Files with certificates (PEM) that are believed beside those that Node brings. */
  readonly caFiles?: readonly Setting<string>[] | undefined;
}

/** A proxy; its login is kept apart from its address, which sentences show. */
export interface Proxy {
  readonly url: URL;
  /** `Basic …`. */
  readonly authorization: Secret | undefined;
}

/** Reads the variables that curl, Python's `requests` and Node know. Throws `BridgeError` `config` for a proxy that is no web address. */
export function readNetworkSettings(env: Readonly<Record<string, string | undefined>>): NetworkSettings {
  const first = (...names: readonly string[]): Setting<string> | undefined => {
    const name = names.find((each) => env[each]?.trim());
    return name === undefined ? undefined : { value: env[name]?.trim() ?? '', origin: name };
  };
  const caFiles = ['NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'].map((name) => first(name)).filter((file) => file !== undefined);
  return {
    httpProxy: readProxy(first('http_proxy', 'HTTP_PROXY')),
    httpsProxy: readProxy(first('https_proxy', 'HTTPS_PROXY')),
    noProxy: first('no_proxy', 'NO_PROXY'),
    // Node itself has read the first; but whoever names certificates to it has to name them all.
    caFiles: caFiles.some(({ origin }) => origin !== 'NODE_EXTRA_CA_CERTS') ? caFiles : [],
  };
}

function readProxy(setting: Setting<string> | undefined): Setting<Proxy> | undefined {
  if (setting === undefined) return undefined;
  const { value, origin } = setting;
  const address = value.includes('://') ? value : `http://${value}`;
  // The value is not shown: it may hold a password.
  if (!URL.canParse(address) || !/^https?:/i.test(address)) {
    throw configError(origin, `${origin} is no address of a proxy: it must look like http://proxy.example.com:3128.`);
  }
  const { username, password, origin: server } = new URL(address);
  const login = `${decoded(username)}:${decoded(password)}`;
  const authorization = username === '' ? undefined : new Secret(`Basic ${Buffer.from(login, 'utf8').toString('base64')}`);
  return { value: { url: new URL(server), authorization }, origin };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The proxy that a request goes by. None between two programs of one machine, nor to what `NO_PROXY` names. */
export function proxyFor(url: URL, { httpProxy, httpsProxy, noProxy }: NetworkSettings): Setting<Proxy> | undefined {
  // As for curl, `requests` and Go: a proxy for http alone, as a cache of packages is one, may not make connections.
  const proxy = url.protocol === 'https:' ? httpsProxy : httpProxy;
  return proxy === undefined || isLoopback(url.hostname) || isExempt(url, noProxy?.value ?? '') ? undefined : proxy;
}

/** `NO_PROXY`: names with all that is below them, with or without a leading dot or `*.`, a port where only that is meant; `*` is all. */
function isExempt({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const usedPort = port || (protocol === 'https:' ? '443' : '80');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', only] = /^(?:\*?\.)?(.+?)(?::(\d+))?$/.exec(entry) ?? [];
      if (name === '' || (only !== undefined && only !== usedPort)) return false;
      return hostname === name || hostname === `[${name}]` || hostname.endsWith(`.${name}`);
    });
}
