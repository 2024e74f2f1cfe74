import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connectHost } from '../../src/cli/connect.ts';
import { readSettings } from '../../src/databricks/config/settings.ts';
import { createNetwork } from '../../src/databricks/network.ts';
import { BridgeError } from '../../src/lib/errors.ts';
import { instantClock } from '../support/clock.ts';
import { fakeMachine } from '../support/fake-programs.ts';
import { offerTokens } from '../support/login-place.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { clientFor, failureOf } from '../support/scripted-api.ts';
import { startScriptedServer } from '../support/scripted-server.ts';
import { authorityFile, startConnectProxy, startTlsServer } from '../support/tls-server.ts';

/* Proxies and certificates, with a real TLS server whose authority nobody knows and a real proxy. */

afterEach(() => vi.unstubAllEnvs());

const token = { DATABRICKS_TOKEN: 'dapi-1' };
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

/** One request as the settings say; what came of it: 'answered', or the error. */
async function ask(env: Readonly<Record<string, string>>): Promise<'answered' | BridgeError> {
  await using machine = await fakeMachine(env);
  const place = { machine, home: machine.home, clock: instantClock(), version: '1', launch: { command: '/bin/false', args: [], env: {} } };
  const { client } = await connectHost(() => readSettings(machine), { onStage: () => undefined, signal: new AbortController().signal }, place);
  try {
    await client.commands.cancel({ clusterId: 'c', contextId: 'x', commandId: 'k' } as Parameters<typeof client.commands.cancel>[0]);
    return 'answered';
  } catch (error) {
    if (error instanceof BridgeError) return error;
    throw error;
  } finally {
    await client.destroy();
  }
}

test.for(['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'])('a server with a certificate of an own authority is believed with its file in %s, and not without', async (setting) => {
  await using server = await startTlsServer();
  const host = { DATABRICKS_HOST: `https://localhost:${server.port}`, ...token };
  expect(String(await ask(host))).toContain(`The secure connection to https://localhost:${server.port} failed (UNABLE_TO_VERIFY_LEAF_SIGNATURE): check DATABRICKS_HOST; for a certificate of your own organisation set`);
  expect(server.seen).toEqual([]);
  expect(await ask({ ...host, [setting]: authorityFile })).toBe('answered');
});

test('an answer that never ends is read to a limit, and told', async () => {
  await using server = await startScriptedServer();
  server.on('GET clusters/get', { text: 'x'.repeat(3 * 1024 * 1024) });
  const network = createNetwork({}, 60_000, 2 * 1024 * 1024);
  const exchange = await network.exchange(server.url, { method: 'GET', path: '/api/2.0/clusters/get', headers: {} });
  expect(exchange).toMatchObject({ failure: { code: 'command', message: expect.stringContaining('more than 2 MB') } });
  await network.destroy();
});

test('what is closed waits for the answers under way, unless it is destroyed meanwhile', async () => {
  await using server = await startScriptedServer();
  server.on('GET clusters/get', () => new Promise((resolve) => setImmediate(() => resolve({ json: {} }))), 'silence');
  const network = createNetwork({});
  const ask = () => network.exchange(server.url, { method: 'GET', path: '/api/2.0/clusters/get', headers: {} });
  const answered = ask();
  await server.arrived('GET clusters/get');
  await network.close();
  expect(await answered).toMatchObject({ answer: { status: 200 } });
  const other = createNetwork({});
  const unanswered = other.exchange(server.url, { method: 'GET', path: '/api/2.0/clusters/get', headers: {} });
  await server.arrived('GET clusters/get', 2);
  const closed = other.close();
  await other.destroy();
  expect(await unanswered).toMatchObject({ failure: { code: 'UND_ERR_DESTROYED' }, sent: true });
  await closed;
});

test('a client that is destroyed sends nothing again, and nothing more', async () => {
  await using server = await startScriptedServer();
  server.on('POST commands/cancel', 'silence');
  const clock = new ManualClock();
  const client = clientFor(server.url, { clock });
  const command = { clusterId: 'c', contextId: 'x', commandId: 'k' } as Parameters<typeof client.commands.cancel>[0];
  const cancel = failureOf(client.commands.cancel(command));
  await server.arrived('POST commands/cancel');
  await client.destroy();
  for (const error of [await cancel, await failureOf(client.commands.cancel(command))]) expect(error).toMatchObject({ code: 'net', details: { closed: true } });
  expect(server.count('POST commands/cancel')).toBe(1);
});

test('the file of NODE_EXTRA_CA_CERTS still counts beside another one', async () => {
  await using server = await startTlsServer();
  await using machine = await fakeMachine();
  const other = join(machine.home, 'other.pem');
  // Any certificate will do that has nothing to do with the server's.
  const { rootCertificates } = await import('node:tls');
  await writeFile(other, rootCertificates[0] ?? '');
  const env = { DATABRICKS_HOST: `https://localhost:${server.port}`, ...token, SSL_CERT_FILE: other };
  expect(await ask(env)).toBeInstanceOf(BridgeError);
  expect(await ask({ ...env, NODE_EXTRA_CA_CERTS: authorityFile })).toBe('answered');
});

test('a directory of certificates is read, with whatever else lies in it', async () => {
  await using server = await startTlsServer();
  await using machine = await fakeMachine();
  const directory = join(machine.home, 'certs');
  await mkdir(join(directory, 'more'), { recursive: true });
  await writeFile(join(directory, 'readme.txt'), 'hello');
  await symlink(join(directory, 'gone'), join(directory, 'dangling.0'));
  const env = { DATABRICKS_HOST: `https://localhost:${server.port}`, ...token, REQUESTS_CA_BUNDLE: directory };
  expect(String(await ask(env))).toMatch(/REQUESTS_CA_BUNDLE names \S+, which holds no certificate/);
  await copyFile(authorityFile, join(directory, 'own.pem'));
  expect(await ask(env)).toBe('answered');
});

test('a certificate for another name is refused, whoever signed it', async () => {
  await using server = await startTlsServer();
  await using proxy = await startConnectProxy(server.port);
  const error = await ask({ DATABRICKS_HOST: 'https://another.test', ...token, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, SSL_CERT_FILE: authorityFile });
  expect(String(error)).toContain('The secure connection to https://another.test failed (ERR_TLS_CERT_ALTNAME_INVALID)');
  expect(server.seen).toEqual([]);
});

test.for<[what: string, settings: Readonly<Record<string, string>>]>([
  ['NODE_TLS_REJECT_UNAUTHORIZED', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
  ['settings of other clients', { DATABRICKS_INSECURE: 'true', DATABRICKS_SKIP_VERIFY: 'true', PYTHONHTTPSVERIFY: '0', GIT_SSL_NO_VERIFY: '1', CURL_CA_BUNDLE: '' }],
])('%s cannot switch off that a certificate is checked: nothing is sent, directly or by a proxy', async ([, settings]) => {
  await using server = await startTlsServer();
  await using proxy = await startConnectProxy(server.port);
  // Node reads its own from there, at each connection.
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  const direct = await ask({ DATABRICKS_HOST: `https://localhost:${server.port}`, ...token, ...settings });
  const proxied = await ask({ DATABRICKS_HOST: 'https://w.test', ...token, ...settings, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
  const other = await ask({ DATABRICKS_HOST: `https://localhost:${server.port}`, DATABRICKS_CLIENT_ID: 'id', DATABRICKS_CLIENT_SECRET: 'secret', ...settings });
  for (const error of [direct, proxied, other]) expect(String(error)).toMatch(/The secure connection to \S+ failed \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\): .* Checking it cannot be switched off\.$/);
  expect(server.seen).toEqual([]);
});

test('a profile cannot switch off that a certificate is checked', async () => {
  await using server = await startTlsServer();
  await using machine = await fakeMachine();
  const configFile = join(machine.home, 'databrickscfg');
  await writeFile(configFile, `[DEFAULT]\nhost = https://localhost:${server.port}\ntoken = dapi-1\ninsecure = True\nskip_verify = true\n`);
  expect(String(await ask({ DATABRICKS_CONFIG_FILE: configFile }))).toContain('The secure connection to');
  expect(server.seen).toEqual([]);
});

describe('a redirect', () => {
  /** Where a login would be caught. */
  const trap = async (status: number) => {
    const elsewhere = await startScriptedServer();
    const server = await startScriptedServer();
    const redirect = { status, text: '', headers: { location: `${elsewhere.url.origin}/stolen?next=1` } };
    return { elsewhere, server, redirect };
  };

  test.for([301, 302, 303, 307, 308])('of %i is not followed: the login goes to nobody else', async (status) => {
    const { elsewhere, server, redirect } = await trap(status);
    await using _ = elsewhere;
    await using __ = server;
    server.guard(() => redirect);
    const error = await ask({ DATABRICKS_HOST: server.url.origin, ...token });
    expect(String(error)).toContain(`redirects commands/cancel to ${elsewhere.url.origin} instead of answering`);
    expect(elsewhere.seen).toEqual([]);
  });

  test.for(['GET /oidc/.well-known/oauth-authorization-server', 'POST /oidc/v1/token'])('of a login server is not followed with the secret of a service principal: %s', async (route) => {
    const { elsewhere, server, redirect } = await trap(307);
    await using _ = elsewhere;
    await using __ = server;
    offerTokens(server, { json: { access_token: 't', expires_in: 3600 } });
    server.on(route, redirect);
    expect(await ask({ DATABRICKS_HOST: server.url.origin, DATABRICKS_CLIENT_ID: 'id', DATABRICKS_CLIENT_SECRET: 'secret' })).toBeInstanceOf(BridgeError);
    expect(elsewhere.seen).toEqual([]);
  });

  test('of a metadata service is not followed', async () => {
    const { elsewhere, server, redirect } = await trap(302);
    await using _ = elsewhere;
    await using __ = server;
    server.on('GET /metadata', redirect);
    expect(await ask({ DATABRICKS_HOST: server.url.origin, DATABRICKS_METADATA_SERVICE_URL: `${server.url.origin}/metadata` })).toBeInstanceOf(BridgeError);
    expect(elsewhere.seen).toEqual([]);
  });
});

test.for<[what: string, text: string | undefined, sentence: RegExp]>([
  ['is not there', undefined, /^BridgeError: SSL_CERT_FILE names \S+, which is no file of certificates that can be read \(ENOENT\): correct or remove the setting\.$/],
  ['holds something else', 'hello', /^BridgeError: SSL_CERT_FILE names \S+, which holds no certificate \(PEM\): correct or remove the setting\.$/],
  ['is broken', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /^BridgeError: SSL_CERT_FILE names \S+, which holds a broken certificate \(number 1\): correct or remove the setting\.$/],
])('a file of certificates that %s is a clear error that names the setting', async ([, text, sentence]) => {
  await using machine = await fakeMachine();
  const path = join(machine.home, 'ca.pem');
  if (text !== undefined) await writeFile(path, text);
  const error = await ask({ DATABRICKS_HOST: 'https://localhost:1', ...token, SSL_CERT_FILE: path });
  expect(String(error)).toMatch(sentence);
  expect(error).toMatchObject({ code: 'config', details: { setting: 'SSL_CERT_FILE' } });
});

test.for(['HTTPS_PROXY', 'https_proxy'])('the host is asked by the proxy in %s, with the login that its address holds', async (setting) => {
  await using server = await startTlsServer();
  await using proxy = await startConnectProxy(server.port, basic('me:secret pw'));
  const env = { DATABRICKS_HOST: 'https://w.test', ...token, [setting]: `http://me:secret%20pw@127.0.0.1:${proxy.port}`, REQUESTS_CA_BUNDLE: authorityFile };
  expect(await ask(env)).toBe('answered');
  expect(proxy.seen).toEqual([{ target: 'w.test:443', authorization: basic('me:secret pw') }]);
  expect(server.seen).toEqual(['POST w.test/api/1.2/commands/cancel']);
});

test('a server without TLS needs no file of certificates, and none is read for it', async () => {
  await using server = await startScriptedServer();
  server.on('POST commands/cancel', { json: { id: 'k' } });
  await using machine = await fakeMachine();
  expect(await ask({ DATABRICKS_HOST: server.url.origin, ...token, SSL_CERT_FILE: join(machine.home, 'nowhere.pem') })).toBe('answered');
});

test('a file that holds what Node believes by itself, in lines of another length, adds nothing and takes nothing away', async () => {
  await using server = await startTlsServer();
  await using machine = await fakeMachine();
  const { rootCertificates } = await import('node:tls');
  const path = join(machine.home, 'roots.pem');
  const wrapped = rootCertificates.map((one) => one.replace(/(?<=-----\n)[^-]*(?=\n-----)/, (body) => body.replaceAll('\n', '').replace(/.{48}/g, '$&\n')));
  await writeFile(path, [...wrapped, await readFile(authorityFile, 'utf8')].join('\n'));
  expect(await ask({ DATABRICKS_HOST: `https://localhost:${server.port}`, ...token, SSL_CERT_FILE: path, REQUESTS_CA_BUNDLE: path })).toBe('answered');
});

test('token requests go out by the same proxy, and with the same certificates', async () => {
  await using server = await startTlsServer();
  await using proxy = await startConnectProxy(server.port);
  const env = { DATABRICKS_HOST: 'https://w.test', DATABRICKS_CLIENT_ID: 'id', DATABRICKS_CLIENT_SECRET: 'secret', HTTPS_PROXY: `127.0.0.1:${proxy.port}`, SSL_CERT_FILE: authorityFile };
  expect(await ask(env)).toBe('answered');
  expect(server.seen).toEqual(['GET w.test/oidc/.well-known/oauth-authorization-server', 'POST w.test/oidc/v1/token', 'POST w.test/api/1.2/commands/cancel']);
  expect(new Set(proxy.seen.map(({ target }) => target))).toEqual(new Set(['w.test:443']));
});

test('a host in NO_PROXY is not asked by the proxy', async () => {
  await using proxy = await startConnectProxy(1);
  // A name that nobody has: without the proxy it is not found.
  const error = await ask({ DATABRICKS_HOST: 'https://w.invalid', ...token, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '.invalid' });
  expect(String(error)).toMatch(/https:\/\/w\.invalid cannot be (?:found|reached)/);
  expect(proxy.seen).toEqual([]);
});

test('a program on this machine is never asked by a proxy', async () => {
  await using server = await startScriptedServer();
  await using proxy = await startConnectProxy(1);
  server.on('POST commands/cancel', { json: {} });
  expect(await ask({ DATABRICKS_HOST: server.url.origin, ...token, HTTP_PROXY: `http://127.0.0.1:${proxy.port}` })).toBe('answered');
  expect(proxy.seen).toEqual([]);
});

test('a proxy that wants another login is told from a host that does, and its password is nowhere', async () => {
  await using proxy = await startConnectProxy(1, basic('me:right-password'));
  const error = await ask({ DATABRICKS_HOST: 'https://w.test', ...token, HTTPS_PROXY: `http://me:wrong-password@127.0.0.1:${proxy.port}` });
  expect(String(error)).toBe(
    `BridgeError: The proxy 127.0.0.1:${proxy.port} wants a login before it connects to https://w.test (HTTP 407): check the user and password in HTTPS_PROXY.`,
  );
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/wrong-password|bWU6d3Jv/);
});

test('a proxy that does not answer is told from a host that does not', async () => {
  await using gone = await startScriptedServer();
  await gone[Symbol.asyncDispose]();
  const error = await ask({ DATABRICKS_HOST: 'https://w.test', ...token, HTTPS_PROXY: gone.url.origin });
  expect(String(error)).toContain(`The proxy ${gone.url.host} does not connect to https://w.test (ECONNREFUSED): check HTTPS_PROXY, or name the host in NO_PROXY.`);
});
