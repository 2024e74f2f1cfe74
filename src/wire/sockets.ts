import { Router, XPublisher, type Socket } from 'zeromq';
import { BridgeError } from '../lib/errors.ts';
import type { Frame } from '../protocol/frames.ts';
import type { MessageFrames, Sender } from './send-queue.ts';
import { address, socketNames, type Connection, type SocketName } from './connection-file.ts';

/** How long a closed socket goes on sending what is queued: the last reply and `idle` must leave, a vanished peer must not hold us. */
const lingerMs = 1000;

/** What each socket of the kernel sets before it is bound: CurveZMQ where the connection file has keys, IPv6 where its address is one. */
export function commonOptions({ curve, ip }: Connection) {
  const security = curve ? { curveServer: true, curvePublicKey: curve.publicKey, curveSecretKey: curve.secretKey } : {};
  return { ipv6: ip.includes(':'), ...security };
}

/**
 * Requests that libzmq keeps of one peer, beside what the connection itself holds. Low, because they can be large (pasted data); enough for
 * throughput to be what it is with thousands.
 */
const requestsAPeer = 24;

/**
 * Answers that libzmq keeps for one peer. What a peer that has stopped reading costs, so no more than are of use: with fewer, the answers to
 * 64 requests in flight are refused so often that a fifth of all time goes by in waiting for room; with more, nothing is won.
 */
const answersAPeer = 128;

/** A frame beyond this closes the connection it came on. Text of twice this size could not be made a string. */
const longestFrame = 256 * 1024 * 1024;
/** Heartbeats and subscriptions, which nobody signs, are short. */
export const longestUnsignedFrame = 64 * 1024;

/** Sockets of which a send never waits but is refused with `EAGAIN`: how long to try is for `SendQueue` to decide. */
const bounded = { linger: lingerMs, sendTimeout: 0, sendHighWaterMark: answersAPeer } as const;

/** A front end that reconnects with its old identity takes over from its dead connection (handover). */
export function routerSocket(connection: Connection): Router {
  return new Router({
    ...bounded,
    handover: true,
    // Otherwise libzmq drops silently what a peer has no room for.
    mandatory: true,
    receiveHighWaterMark: requestsAPeer,
    maxMessageSize: longestFrame,
    ...commonOptions(connection),
  });
}

/** Without `noDrop` libzmq would drop what a slow subscriber has not read. Verbose, so that each subscriber is seen, not only the first of each subscription. */
export function iopubSocket(connection: Connection): XPublisher {
  const socket = new XPublisher({ ...bounded, noDrop: true, maxMessageSize: longestUnsignedFrame, ...commonOptions(connection) });
  socket.verbosity = 'allSubs';
  return socket;
}

/** Its types ask for an array that may be changed, which it does not do. */
function send(socket: Router | XPublisher, frames: MessageFrames): Promise<void> {
  return socket.send(frames as Frame[]);
}

/** Only this question makes libzmq look at once; a send alone does so once a millisecond, and refuses meanwhile. */
function lookForRoom(socket: Router | XPublisher): void {
  void socket.writable;
}

/** Replies and prompts: the first frame says to whom. */
export function routerSender(socket: Router): Sender {
  return {
    get closed() {
      return socket.closed;
    },
    send: (frames) => send(socket, frames),
    lookForRoom: () => lookForRoom(socket),
    peerOf: ([identity]) => Buffer.from(identity ?? '').toString('latin1'),
  };
}

/** What is published: to all subscribers, or to none of them. */
export function iopubSender(socket: XPublisher): Sender {
  return {
    get closed() {
      return socket.closed;
    },
    send: (frames) => send(socket, frames),
    lookForRoom: () => lookForRoom(socket),
    // A subscriber to which libzmq could not give a message is left out until it has read half of what waits for it: then `send`
    // succeeds again without it.
    async sendToReaders(frames) {
      socket.noDrop = false;
      try {
        await send(socket, frames);
      } finally {
        socket.noDrop = true;
      }
    },
  };
}

/** Binds to the connection file's port, or to any for port 0, and resolves with it. Throws `BridgeError` `config` with a sentence. */
export async function bind(socket: Socket, connection: Connection, name: SocketName): Promise<number> {
  const at = addressOf(connection, name);
  try {
    await socket.bind(at);
  } catch (error) {
    throw bindError(at, name, error);
  }
  return portOf(socket.lastEndpoint ?? at);
}

/** Where a socket of the kernel is bound. */
export function addressOf(connection: Connection, name: SocketName): string {
  const port = connection.ports[name];
  // A path has no free number to be given: port 0 becomes the socket's place in the list.
  return address(connection, connection.transport === 'ipc' && port === 0 ? socketNames.indexOf(name) + 1 : port);
}

export function portOf(endpoint: string): number {
  return Number(/\d+$/.exec(endpoint)?.[0]);
}

/** The one place that says why a socket could not be bound, also for the heartbeat's own thread. */
export function bindError(at: string, name: SocketName, cause: unknown): BridgeError<'config'> {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === 'EADDRINUSE' ? 'the address is in use' : message;
  return new BridgeError('config', `The ${name} socket cannot be bound to ${at}: ${why}.`, { setting: `${name}_port` }, { cause });
}

/**
 * The next message, or `undefined` when the socket is closed. Iterating over the socket itself throws ENOTSOCK when it is closed while it
 * is busy: zeromq.js puts a receive off to a later turn of the event loop after many in one, and only foresees EAGAIN.
 */
export async function receive(socket: Router | XPublisher): Promise<Buffer[] | undefined> {
  try {
    return await socket.receive();
  } catch (error) {
    if (!socket.closed) throw error;
    return undefined;
  }
}
