import { Dealer, Request, Subscriber } from 'zeromq';
import { endpoint, readFrames, signedFrames, type ConnectionFile } from './client-wire.ts';
import { curveOptions } from './kernel-socket.ts';

export interface RawMessage {
  readonly header: { readonly msg_id: string; readonly msg_type: string; readonly session: string };
  readonly parent: { readonly msg_id?: string };
  readonly content: Readonly<Record<string, unknown>>;
  /** The content as it was sent, for what JSON.parse rounds. */
  readonly contentText: string;
}

/** The frames of a request with everything right; tests change what they are about. */
export function requestFrames(file: ConnectionFile, type: string, content: object, id = crypto.randomUUID() as string): Uint8Array[] {
  const header = { msg_id: id, msg_type: type, session: 'raw', username: 'raw', version: '5.3', date: new Date().toISOString() };
  return signedFrames(file.key, [JSON.stringify(header), '{}', '{}', JSON.stringify(content)]);
}

/** A socket on the shell or control channel that sends any frames at all. */
export class RawClient implements Disposable {
  readonly #file: ConnectionFile;
  readonly #socket: Dealer;

  constructor(file: ConnectionFile, channel: 'shell' | 'control' | 'stdin') {
    this.#file = file;
    this.#socket = new Dealer({ linger: 0, reconnectInterval: 5, receiveHighWaterMark: 0, ...curveOptions(file) });
    this.#socket.connect(endpoint(file, channel));
  }

  send(frames: readonly Uint8Array[]): Promise<void> {
    return this.#socket.send([...frames] as Buffer[]);
  }

  async receive(): Promise<RawMessage> {
    return readMessage(this.#file, await this.#socket.receive());
  }

  /** Sends a request and resolves with the next message, which must be its reply. */
  async ask(type: string, content: object = {}): Promise<RawMessage> {
    const id = crypto.randomUUID();
    await this.send(requestFrames(this.#file, type, content, id));
    const reply = await this.receive();
    if (reply.parent.msg_id !== id) throw new Error(`expected the reply to ${type}, got ${JSON.stringify(reply)}`);
    return reply;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** What a new subscriber sees, from its first message on. */
export async function* subscribe(file: ConnectionFile, topic = ''): AsyncGenerator<RawMessage & { readonly topic: string }> {
  const socket = new Subscriber({ linger: 0, receiveHighWaterMark: 0, reconnectInterval: 5, ...curveOptions(file) });
  try {
    socket.connect(endpoint(file, 'iopub'));
    socket.subscribe(topic);
    for await (const frames of socket) yield { ...readMessage(file, frames), topic: String(frames[0]) };
  } finally {
    socket.close();
  }
}

/** Sends one heartbeat and resolves with what came back. */
export async function heartbeat(file: ConnectionFile, text: string): Promise<string> {
  const socket = new Request({ linger: 0, reconnectInterval: 5, ...curveOptions(file) });
  try {
    socket.connect(endpoint(file, 'hb'));
    await socket.send(text);
    return String(await socket.receive());
  } finally {
    socket.close();
  }
}

function readMessage(file: ConnectionFile, frames: readonly Uint8Array[]): RawMessage {
  const { parts } = readFrames(file.key, frames);
  const [header, parent, , content] = parts.map((part) => JSON.parse(part));
  return { header, parent, content, contentText: parts[3] };
}
