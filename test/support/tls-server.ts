import { readFileSync } from 'node:fs';
import { createServer as createProxy } from 'node:http';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { packageFile } from '../../src/lib/package-file.ts';

const fixture = (name: string): string => packageFile('test', 'fixtures', 'tls', name);

/** The file of the authority that signed the certificate of `startTlsServer`, for `w.test`, `localhost` and `127.0.0.1`. No one else knows it. */
export const authorityFile = fixture('authority.pem');

/** A server that answers every request with `{}`, over TLS with a certificate of an authority that nobody knows. */
export async function startTlsServer(): Promise<AsyncDisposable & { readonly port: number; readonly seen: readonly string[] }> {
  const seen: string[] = [];
  const server = createServer({ key: readFileSync(fixture('server-key.pem')), cert: readFileSync(fixture('server.pem')) }, (request, response) => {
    seen.push(`${request.method} ${request.headers.host}${request.url}`);
    const isDiscovery = request.url?.startsWith('/oidc/.well-known/');
    const isToken = request.url === '/oidc/v1/token';
    const answer = isDiscovery ? { token_endpoint: `https://${request.headers.host}/oidc/v1/token` } : isToken ? { access_token: 't', expires_in: 3600 } : {};
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An HTTP proxy that connects whatever is asked for to one port of this machine. */
export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  /** What it was asked to connect to, and with which `Proxy-Authorization`. */
  readonly seen: readonly { readonly target: string; readonly authorization: string | undefined }[];
}

/** @param wanted the login that it demands (`Basic …`); none by default */
export async function startConnectProxy(toPort: number, wanted?: string): Promise<ConnectProxy> {
  const seen: { target: string; authorization: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const server = createProxy((_request, response) => void response.writeHead(400).end());
  server.on('connect', (request, client: Socket) => {
    const authorization = request.headers['proxy-authorization'];
    seen.push({ target: request.url ?? '', authorization });
    if (authorization !== wanted) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const upstream = connect(toPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
