import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { deferred } from './deferred.ts';

/** A package index (`/simple/…`) and a Maven repository (`/maven/…`) behind a password. */
export class LibraryIndex implements AsyncDisposable {
  static readonly password = 's3cret-of-the-index';
  readonly #directory: string;
  readonly #asked = deferred();
  readonly #left = deferred();
  /** Somebody waits for `/simple/hanging/`, which is never answered. */
  readonly asked = this.#asked.promise;
  /** They no longer do. */
  readonly left = this.#left.promise;
  readonly #server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    if (authorization !== `Basic ${Buffer.from(`reader:${LibraryIndex.password}`).toString('base64')}`) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="libraries"' }).end();
    }
    if (request.url === '/simple/hanging/') {
      request.socket.once('close', () => this.#left.resolve());
      return this.#asked.resolve();
    }
    void this.#answer(decodeURIComponent(request.url ?? '/')).then(
      (body) => response.writeHead(200, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/octet-stream' }).end(body),
      () => response.writeHead(404).end(),
    );
  });

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** @param directory with `index/<package>/<wheel>` and `maven/` */
  static async open(directory: string): Promise<LibraryIndex> {
    const index = new LibraryIndex(directory);
    index.#server.listen(0, '127.0.0.1');
    await once(index.#server, 'listening');
    return index;
  }

  /** The address of `simple` or `maven`, with the login in it. */
  url(which: 'simple' | 'maven'): string {
    return `http://reader:${LibraryIndex.password}@127.0.0.1:${(this.#server.address() as AddressInfo).port}/${which}`;
  }

  async #answer(path: string): Promise<string | Buffer> {
    const [, name] = /^\/simple\/([\w-]+)\/$/.exec(path) ?? [];
    if (name === undefined) return readFile(join(this.#directory, path.replace(/^\/simple\//, '/index/')));
    return (await readdir(join(this.#directory, 'index', name))).map((file) => `<a href="${file}">${file}</a>`).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
