import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it arrived; `fields` are those of its query or body, JSON and forms alike. */
export interface SeenRequest {
  readonly route: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The body as it came, for what is no text. */
  readonly bytes: Buffer;
}

export type Answer =
  | { readonly status?: number; readonly json?: unknown; readonly text?: string; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks when the request is here, before any answer. */
  | 'reset'
  /** No answer ever. */
  | 'silence'
  /** The head and a piece of the body, then the connection breaks. */
  | 'half';

export type Script = (request: SeenRequest) => Answer | Promise<Answer>;

/** A real HTTP server whose answers a test writes. `seen` holds what arrived, in order. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: URL;
  readonly seen: readonly SeenRequest[];
  /** Answers `METHOD commands/status` and the like, whatever the API's version, with one answer after the other; the last one stays. */
  on(route: string, ...answers: readonly (Answer | Script)[]): void;
  /** Looks at every request first; what it answers is the answer, whatever the route. */
  guard(look: (request: SeenRequest) => Answer | undefined): void;
  count(route: string): number;
  /** Resolves when a request of that route has arrived for the n-th time. */
  arrived(route: string, times?: number): Promise<SeenRequest>;
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  const scripts = new Map<string, (Answer | Script)[]>();
  const seen: SeenRequest[] = [];
  let guard: (request: SeenRequest) => Answer | undefined = () => undefined;
  const waiting = new Set<() => void>();

  const server = createServer((request, response) => {
    void read(request).then(async (arrived) => {
      // Who broke off expects no answer.
      if (arrived === undefined) return;
      seen.push(arrived);
      for (const look of [...waiting]) look();
      const stopped = guard(arrived);
      if (stopped !== undefined) return send(response, stopped);
      const script = scripts.get(arrived.route);
      const answer = script && script.length > 1 ? script.shift() : script?.[0];
      send(response, answer === undefined ? notFound : typeof answer === 'function' ? await answer(arrived) : answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: new URL(`http://127.0.0.1:${port}`),
    seen,
    on: (route, ...answers) => void scripts.set(route, [...answers]),
    guard: (look) => {
      guard = look;
    },
    count: (route) => seen.filter((request) => request.route === route).length,
    arrived: (route, times = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = seen.filter((request) => request.route === route)[times - 1];
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const notFound: Answer = { status: 404, json: { error: 'No such endpoint' } };

/** `undefined` for one that broke off before its end. */
async function read(request: IncomingMessage): Promise<SeenRequest | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  const bytes = Buffer.concat(chunks);
  const body = bytes.toString();
  const url = new URL(request.url ?? '/', 'http://server');
  const isJson = request.headers['content-type']?.startsWith('application/json') ?? false;
  const fields = isJson ? (JSON.parse(body) as Record<string, string>) : Object.fromEntries(new URLSearchParams(body || url.search));
  const route = `${request.method} ${url.pathname.replace(/^\/api\/[\d.]+\//, '')}`;
  return { route, path: url.pathname, fields, headers: request.headers, body, bytes };
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer === 'silence') return;
  if (answer === 'reset') return void response.socket?.resetAndDestroy();
  if (answer === 'half') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    return void response.write('{"status": "Fini', () => response.socket?.resetAndDestroy());
  }
  const { status = 200, json, text = JSON.stringify(json ?? {}), headers = {} } = answer;
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}
