import { setImmediate } from 'node:timers/promises';
import { deserialize, serialize } from '@jupyterlab/services/lib/kernel/serialize.js';
import { Dealer, type Event, type Socket, Subscriber } from 'zeromq';
import { endpoint, readFrames, signedFrames, type ClientChannel, type ConnectionFile } from './client-wire.ts';

const protocol = 'v1.kernel.websocket.jupyter.org';
type Listener = (event: { data?: ArrayBuffer }) => void;

/** A WebSocket to the eye of `KernelConnection`; behind it the kernel's own ZeroMQ sockets, with no server between. */
export interface KernelSocketClass {
  new (url: string): unknown;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

/**
 * The idea is VS Code's (its Jupyter extension calls it RawSocket). Each instance is a client with an identity of its own. It is open when
 * nothing can be lost any more, or, as VS Code's, at once.
 */
export function kernelSocketClass(file: ConnectionFile, { opensAtOnce = false } = {}): KernelSocketClass {
  return class KernelSocket {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readonly protocol = protocol;
    binaryType = 'arraybuffer';
    onopen: Listener = () => {};
    onmessage: Listener = () => {};
    onclose: Listener = () => {};
    onerror: Listener = () => {};
    readyState = 0;
    readonly #dealers: { readonly [C in 'shell' | 'control' | 'stdin']: Dealer };
    readonly #iopub: Subscriber;
    readonly #connected: Promise<unknown>;
    #sending: Promise<unknown>;

    constructor(_url: string) {
      const options = { linger: 0, reconnectInterval: 5, routingId: crypto.randomUUID(), ...curveOptions(file) };
      this.#dealers = { shell: new Dealer(options), control: new Dealer(options), stdin: new Dealer(options) };
      this.#iopub = new Subscriber({ linger: 0, reconnectInterval: 5, receiveHighWaterMark: 0, ...curveOptions(file) });
      const connecting = (['shell', 'control', 'stdin'] as const).map((channel) => this.#connect(channel));
      this.#sending = Promise.all(connecting);
      // A ROUTER drops what it has for a peer that has not shaken hands yet: a prompt would be lost, and its cell wait for ever.
      this.#connected = Promise.all(connecting.map(async (dealer) => handshake(await dealer)));
      this.#iopub.connect(endpoint(file, 'iopub'));
      this.#iopub.subscribe('');
      void this.#listen('iopub', this.#iopub);
      // Not before its owner listens.
      if (opensAtOnce) queueMicrotask(() => this.#open());
    }

    #open(): void {
      this.readyState = 1;
      this.onopen({});
    }

    async #connect(channel: 'shell' | 'control' | 'stdin'): Promise<Watched> {
      const dealer = this.#dealers[channel];
      const events = await eventsOf(dealer);
      if (!dealer.closed) {
        dealer.connect(endpoint(file, channel));
        void this.#listen(channel, dealer);
      }
      return { socket: dealer, events };
    }

    async #listen(channel: ClientChannel, socket: Socket & AsyncIterable<Buffer[]>): Promise<void> {
      try {
        await this.#pass(channel, socket);
      } catch (error) {
        // A socket that is closed while it is busy throws instead of ending.
        if (!socket.closed) throw error;
      }
    }

    async #pass(channel: ClientChannel, socket: AsyncIterable<Buffer[]>): Promise<void> {
      for await (const frames of socket) {
        const { parts, buffers } = readFrames(file.key, frames);
        const [header, parent_header, metadata, content] = parts.map((part) => JSON.parse(part));
        // The first message a subscriber sees says that it is one: from here on nothing on iopub is missed.
        if (header.msg_type === 'iopub_welcome' && this.readyState === 0) {
          await this.#connected;
          this.#open();
        }
        const message = { channel, header, parent_header, metadata, content, buffers: buffers.map((buffer) => new Uint8Array(buffer)) };
        this.onmessage({ data: serialize(message as never, protocol) as ArrayBuffer });
      }
    }

    send(data: ArrayBuffer): void {
      const { channel, header, parent_header, metadata, content, buffers = [] } = deserialize(data, protocol);
      const parts = [header, parent_header, metadata, content].map((part) => JSON.stringify(part));
      const frames = signedFrames(file.key, parts, buffers.map((view) => new Uint8Array(bytesOf(view))));
      const dealer = this.#dealers[channel as 'shell' | 'control' | 'stdin'];
      this.#sending = this.#sending.then(() => (dealer.closed ? undefined : dealer.send(frames as Buffer[])));
    }

    close(): void {
      this.readyState = 3;
      for (const socket of [this.#iopub, ...Object.values(this.#dealers)]) socket.close();
      this.onclose({});
    }
  };
}

interface Watched {
  readonly socket: Socket;
  readonly events: AsyncIterable<Event>;
}

/**
 * Resolves when a socket's first peer is there, or when it is closed before. Reads on until it is closed: a socket whose kernel was killed
 * has an event for each of its attempts to connect again, and what nobody reads stops the thread that all sockets of this process share.
 */
function handshake({ socket, events }: Watched): Promise<void> {
  return new Promise((resolve, reject) => {
    const readAll = async (): Promise<void> => {
      for await (const { type } of events) if (type === 'handshake') resolve();
    };
    readAll().then(resolve, (error: unknown) => (socket.closed ? resolve() : reject(error)));
  });
}

/**
 * A socket's events; none if it is closed meanwhile. It must not connect before they are there, or the first are missed. zeromq names
 * the pipe they come through by a memory address, which may still be the name of the pipe of a socket that was closed a moment ago.
 */
export async function eventsOf(socket: Socket): Promise<AsyncIterable<Event>> {
  while (!socket.closed) {
    try {
      return socket.events;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
      await setImmediate();
    }
  }
  return none();
}

async function* none(): AsyncGenerator<never> {}

/** serialize() copies the whole memory a view lies in, so each buffer gets memory of its own. */
function bytesOf(view: ArrayBuffer | ArrayBufferView): ArrayBuffer {
  if (!ArrayBuffer.isView(view)) return view;
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;
}

/** What a client sets for CurveZMQ. The connection file's pair is the server's; clients reuse it as their own, as jupyter_client does. */
export function curveOptions(file: ConnectionFile): { curveServerKey?: string; curvePublicKey?: string; curveSecretKey?: string } {
  if (file.curve_publickey === undefined || file.curve_secretkey === undefined) return {};
  return { curveServerKey: file.curve_publickey, curvePublicKey: file.curve_publickey, curveSecretKey: file.curve_secretkey };
}
