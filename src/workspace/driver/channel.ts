import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { JsonObject } from '../../lib/json.ts';

/** The address and the one-time secret that a child process is given, on its stdin, to connect back. */
export interface Invitation {
  readonly port: number;
  readonly secret: string;
}

/**
 * The line protocol between the workspace server and its drivers: requests `{id, method, …}` one way, answers `{id, result}` or
 * `{id, error}` the other, one JSON object a line. A connection begins with the child's `{"secret": …}`.
 */
export class Channel {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { resolve(result: JsonObject): void; reject(error: Error): void }>();
  #lastId = 0;
  /** Resolves when the connection is gone; whatever was asked and not answered has then been rejected. */
  readonly closed: Promise<void>;

  constructor(socket: Socket, lines: LineReader) {
    this.#socket = socket;
    lines.onLine = (line) => this.#read(line);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { reject } of this.#waiting.values()) reject(new Error('The connection to the driver was closed.'));
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** Rejects with the child's own sentence when it refuses, and when the connection closes first. */
  request(method: string, parameters: JsonObject): Promise<JsonObject> {
    if (this.#socket.destroyed) return Promise.reject(new Error('The connection to the driver was closed.'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ id, method, ...parameters })}\n`);
    });
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(line: string): void {
    try {
      this.#answer(JSON.parse(line) as Answer);
    } catch {
      // Nobody of ours speaks like that: nothing that follows could be trusted.
      this.#socket.destroy();
    }
  }

  #answer(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.result) waiting?.resolve(answer.result);
    else waiting?.reject(new Error(answer.error ?? 'The driver gave an answer without content.'));
  }
}

interface Answer {
  readonly id: number;
  readonly result?: JsonObject;
  readonly error?: string;
}

/** The loopback address where the child processes of one driver connect. Each secret opens the door once. */
export class Reception implements AsyncDisposable {
  readonly #server: Server;
  readonly #expected = new Map<string, (channel: Channel) => void>();
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#greet(socket));
  }

  static async open(): Promise<Reception> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Reception(server);
  }

  /** `connected` never resolves when nobody comes: race it against the child's end, and `forget` it then. */
  expect(): { invitation: Invitation; connected: Promise<Channel>; forget(): void } {
    const secret = randomBytes(32).toString('base64url');
    const connected = new Promise<Channel>((resolve) => this.#expected.set(secret, resolve));
    const { port } = this.#server.address() as AddressInfo;
    return { invitation: { port, secret }, connected, forget: () => this.#expected.delete(secret) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #greet(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // A reset is an end like any other; 'close' follows.
    socket.on('error', () => undefined);
    const lines = new LineReader(socket, greetingLimit);
    lines.onLine = (line) => {
      const secret = this.#guest(line);
      const welcome = secret === undefined ? undefined : this.#expected.get(secret);
      if (secret === undefined || !welcome) return void socket.destroy();
      this.#expected.delete(secret);
      lines.limit = answerLimit;
      welcome(new Channel(socket, lines));
    };
  }

  /** The expected secret that the greeting shows. */
  #guest(greeting: string): string | undefined {
    const shown = Buffer.from(secretOf(greeting));
    return [...this.#expected.keys()].find((secret) => {
      const expected = Buffer.from(secret);
      return expected.length === shown.length && timingSafeEqual(expected, shown);
    });
  }
}

/** Bytes that a stranger may send before it must have shown a secret. */
const greetingLimit = 4096;

/** Bytes of an answer: far above what drivers may send (Limits.scala), and below the longest text that Node can make of bytes. */
const answerLimit = 256 * 1024 * 1024;

function secretOf(greeting: string): string {
  try {
    const { secret } = JSON.parse(greeting) as { secret?: unknown };
    return typeof secret === 'string' ? secret : '';
  } catch {
    return '';
  }
}

/** Cuts a stream at `\n` alone: node:readline also cuts at U+2028, which JSON text may hold. Ends the connection at a line over the limit. */
class LineReader {
  limit: number;
  onLine: (line: string) => void = () => undefined;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(socket: Socket, limit: number) {
    this.limit = limit;
    socket.on('data', (data: Buffer) => {
      let rest = data;
      for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
        this.#parts.push(rest.subarray(0, end));
        rest = rest.subarray(end + 1);
        const line = Buffer.concat(this.#parts).toString('utf8');
        this.#parts = [];
        this.#length = 0;
        if (!socket.destroyed) this.onLine(line);
      }
      if (rest.length > 0) this.#parts.push(rest);
      this.#length += rest.length;
      if (this.#length > this.limit) socket.destroy();
    });
  }
}
