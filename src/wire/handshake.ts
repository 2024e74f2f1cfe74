import { createHmac, timingSafeEqual } from 'node:crypto';
import { Dealer } from 'zeromq';
import { BridgeError } from '../lib/errors.ts';
import { address, socketNames, type Connection, type Ports } from './connection-file.ts';

/** As long as xeus waits. */
const acknowledgementMs = 5000;

/**
 * Tells whoever started the kernel which ports it has bound, and waits for the acknowledgement (protocol 5.6, "kernel handshake").
 * Throws `BridgeError` `config` when none comes: nobody will ever connect then.
 */
export async function register(connection: Connection, ports: Ports): Promise<void> {
  const { registration, key, digest } = connection;
  if (!registration) return;
  const at = address({ transport: connection.transport, ip: registration.ip }, registration.port);
  const socket = new Dealer({ linger: 0, receiveTimeout: acknowledgementMs, sendTimeout: acknowledgementMs });
  const sign = (content: Uint8Array) => Buffer.from(key === '' ? '' : createHmac(digest, key).update(content).digest('hex'));
  try {
    socket.connect(at);
    // The specification sends ports as strings here.
    const bound = Object.fromEntries(socketNames.map((name) => [`${name}_port`, String(ports[name])]));
    const content = Buffer.from(JSON.stringify({ kernel_id: registration.kernelId, ...bound }));
    await socket.send(['<IDS|MSG>', sign(content), content]);
    const frames = await socket.receive();
    const [signature, answer] = frames.slice(-2);
    const expected = answer ? sign(answer) : undefined;
    if (!signature || !expected || signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new Error('the acknowledgement is not signed with the key of the connection file');
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BridgeError('config', `The kernel could not register at ${at}: ${why}.`, { setting: 'registration_port' }, { cause: error });
  } finally {
    socket.close();
  }
}
