import { isUtf8 } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { JsonObject } from '../lib/json.ts';
import { stringify } from './json.ts';
import type { Header, Outgoing, RawMessage } from './message.ts';

const delimiter = Buffer.from('<IDS|MSG>');

/** jupyter_client remembers as many; older ones are forgotten first. */
const rememberedSignatures = 65_536;

/** Every answer repeats the header of its request. One that is longer (in bytes) is no front end's, and may nest too deep to be printed. */
const longestHeader = 4096;

export interface FramesOptions {
  /** The connection file's key. Empty: nothing is signed and nothing is verified, as the specification says. */
  readonly key: string;
  /** A digest that node:crypto knows, from the connection file's `signature_scheme` without its `hmac-`. */
  readonly digest: string;
}

export type Decoded =
  | { readonly identities: readonly Uint8Array[]; readonly message: RawMessage }
  /** Not a message that may be answered, since nobody knows who sent it: to be logged and dropped. */
  | { readonly refused: string };

/**
 * Messages ⇄ the frames of the wire protocol: `[identity…] <IDS|MSG> signature header parent metadata content [buffer…]`.
 * One for all sockets of a kernel: a signature seen on one of them is a replay on any other.
 */
export class Frames {
  readonly #options: FramesOptions;
  readonly #seen = new Set<string>();

  constructor(options: FramesOptions) {
    this.#options = options;
  }

  /** The frames from the delimiter on; what comes before it (identities, a topic) is the socket's business. */
  encode(message: Outgoing): Buffer[] {
    const parts = [message.header, message.parent, message.metadata, message.content].map((part) => Buffer.from(stringify(part)));
    return [delimiter, Buffer.from(this.#sign(parts)), ...parts];
  }

  decode(frames: readonly Uint8Array[]): Decoded {
    const at = frames.findIndex((frame) => delimiter.equals(frame));
    if (at < 0) return { refused: 'no delimiter' };
    const [signature, ...parts] = frames.slice(at + 1, at + 6);
    const [header, parent, metadata, content] = parts;
    if (!signature || !header || !parent || !metadata || !content) return { refused: 'fewer than five frames after the delimiter' };
    if (header.length > longestHeader) return { refused: 'a header that is too long' };
    // The signature covers the bytes as received: JSON that was parsed and printed again may differ from them.
    const refused = this.#verify(signature, parts);
    if (refused) return { refused };
    const message = {
      header: parseObject(header),
      parent: parseObject(parent),
      metadata: parseObject(metadata),
      content: parseObject(content),
    };
    if (!message.header || !message.parent || !message.metadata || !message.content) return { refused: 'a part that is no JSON object' };
    if (!isHeader(message.header)) return { refused: 'a header without msg_id or msg_type' };
    return { identities: frames.slice(0, at), message: { ...(message as typeof message & RawMessage), buffers: frames.slice(at + 6) } };
  }

  #sign(parts: readonly Uint8Array[]): string {
    if (this.#options.key === '') return '';
    const hmac = createHmac(this.#options.digest, this.#options.key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }

  /** The reason to refuse, or `undefined` for a message of somebody who knows the key, seen for the first time. */
  #verify(signature: Uint8Array, parts: readonly Uint8Array[]): string | undefined {
    if (this.#options.key === '') return undefined;
    const expected = Buffer.from(this.#sign(parts));
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return 'a wrong signature';
    const text = expected.toString();
    if (this.#seen.has(text)) return 'a signature seen before';
    this.#seen.add(text);
    // A Set keeps the order of insertion, so the first is the oldest.
    if (this.#seen.size > rememberedSignatures) for (const oldest of this.#seen) return void this.#seen.delete(oldest);
    return undefined;
  }
}

/** `null` stands for an empty object in what some clients send. */
function parseObject(frame: Uint8Array): JsonObject | undefined {
  if (!isUtf8(frame)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString());
    if (value === null) return {};
    return typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function isHeader(header: JsonObject): header is Header {
  return typeof header['msg_id'] === 'string' && typeof header['msg_type'] === 'string';
}
