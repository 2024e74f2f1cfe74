import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { proxyFor, readNetworkSettings } from '../../../src/databricks/config/network.ts';
import { networkError } from '../../../src/databricks/errors.ts';

const proxies = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2' };

/** By what a request to `url` goes. */
function way(env: Record<string, string>, url: string): string {
  const proxy = proxyFor(new URL(url), readNetworkSettings(env));
  return proxy === undefined ? 'directly' : `${proxy.value.url.host} (${proxy.origin})`;
}

test.for<[env: Record<string, string>, url: string, way: string]>([
  [{}, 'https://w.test', 'directly'],
  [proxies, 'https://w.test', 'secure:1 (HTTPS_PROXY)'],
  [proxies, 'http://w.test', 'plain:2 (HTTP_PROXY)'],
  [{ HTTP_PROXY: 'http://plain:2' }, 'https://w.test', 'directly'],
  [{ HTTPS_PROXY: 'http://secure:1' }, 'http://w.test', 'directly'],
  [{ ...proxies, https_proxy: 'http://lower:3' }, 'https://w.test', 'lower:3 (https_proxy)'],
  [{ HTTPS_PROXY: ' ' }, 'https://w.test', 'directly'],
  [{ HTTPS_PROXY: 'proxy.test:3128' }, 'https://w.test', 'proxy.test:3128 (HTTPS_PROXY)'],
  [proxies, 'https://localhost', 'directly'],
  [proxies, 'http://127.0.0.1:8080', 'directly'],
  [proxies, 'http://[::1]:8080', 'directly'],
  [{ ...proxies, NO_PROXY: '*' }, 'https://w.test', 'directly'],
  [{ ...proxies, NO_PROXY: 'w.test' }, 'https://w.test', 'directly'],
  [{ ...proxies, no_proxy: 'other.test, W.Test' }, 'https://w.test', 'directly'],
  [{ ...proxies, NO_PROXY: '.test' }, 'https://w.test', 'directly'],
  [{ ...proxies, NO_PROXY: '*.test' }, 'https://a.w.test', 'directly'],
  [{ ...proxies, NO_PROXY: 'est' }, 'https://w.test', 'secure:1 (HTTPS_PROXY)'],
  [{ ...proxies, NO_PROXY: 'w.test:443' }, 'https://w.test', 'directly'],
  [{ ...proxies, NO_PROXY: 'w.test:8443' }, 'https://w.test', 'secure:1 (HTTPS_PROXY)'],
  [{ ...proxies, NO_PROXY: ',,' }, 'https://w.test', 'secure:1 (HTTPS_PROXY)'],
])('with %j, %s is asked by %s', ([env, url, expected]) => {
  expect(way(env, url)).toBe(expected);
});

test.for(['socks5://proxy:1', 'http://', 'http://me:secret-pw@', '://secret-pw'])('a proxy %j is a clear error that does not show it', (value) => {
  expect(() => readNetworkSettings({ HTTPS_PROXY: value })).toThrow(/^HTTPS_PROXY is no address of a proxy/);
  try {
    readNetworkSettings({ HTTPS_PROXY: value });
  } catch (error) {
    expect(inspect(error)).not.toContain('secret-pw');
  }
});

test('the login of a proxy is kept apart from its address, and no way of printing shows it', () => {
  const settings = readNetworkSettings({ HTTPS_PROXY: 'http://m%40e:secret%20pw@proxy.test:3128/x?y' });
  expect(settings.httpsProxy?.value.url.href).toBe('http://proxy.test:3128/');
  expect(settings.httpsProxy?.value.authorization?.reveal()).toBe(`Basic ${Buffer.from('m@e:secret pw').toString('base64')}`);
  expect(inspect(settings, { depth: 9 }) + JSON.stringify(settings)).not.toMatch(/secret/);
});

test.for<[env: Record<string, string>, files: string[]]>([
  [{}, []],
  [{ REQUESTS_CA_BUNDLE: '/a' }, ['/a']],
  [{ SSL_CERT_FILE: '/b', REQUESTS_CA_BUNDLE: '/a', NODE_EXTRA_CA_CERTS: '/c' }, ['/c', '/a', '/b']],
  // Node has read it by itself.
  [{ NODE_EXTRA_CA_CERTS: '/c' }, []],
])('with %j the certificates of %j are added', ([env, files]) => {
  expect(readNetworkSettings(env).caFiles?.map(({ value }) => value)).toEqual(files);
});

const server = { host: 'https://w.test', hostOrigin: 'DATABRICKS_HOST', credentialsOrigin: 'DATABRICKS_TOKEN' };
const proxy = readNetworkSettings({ HTTPS_PROXY: 'http://me:secret-pw@proxy.test:3128' }).httpsProxy;

test.for<[message: string, code: string, sentence: string]>([
  ['connect', 'ECONNREFUSED', 'The proxy proxy.test:3128 does not connect to https://w.test (ECONNREFUSED): check HTTPS_PROXY, or name the host in NO_PROXY.'],
  ['Proxy response (502) !== 200 when HTTP Tunneling', 'UND_ERR_ABORTED', 'The proxy proxy.test:3128 does not connect to https://w.test (HTTP 502): check HTTPS_PROXY, or name the host in NO_PROXY.'],
  ['Proxy response (407) !== 200 when HTTP Tunneling', 'UND_ERR_ABORTED', 'The proxy proxy.test:3128 wants a login before it connects to https://w.test (HTTP 407): check the user and password in HTTPS_PROXY.'],
  ['self-signed', 'SELF_SIGNED_CERT_IN_CHAIN', 'The secure connection to https://w.test failed (SELF_SIGNED_CERT_IN_CHAIN): check DATABRICKS_HOST; for a certificate of your own organisation set NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE or SSL_CERT_FILE to its file. Checking it cannot be switched off.'],
])('by a proxy, %s (%s) becomes a sentence', ([message, code, sentence]) => {
  const error = networkError({ failure: Object.assign(new Error(message), { code }), sent: false, proxy }, 'x', 60_000, server);
  expect(error.message).toBe(sentence);
});
