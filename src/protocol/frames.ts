import { isUtf8 } from 'node:buffer';
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { JsonObject } from '../lib/json.ts';
import { stringify } from './json.ts';
import type { Header, Outgoing, RawMessage } from './message.ts';

/** Characters. */
const longestCopied = 4096;

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

/** What a socket takes: bytes, or text of which it makes UTF-8. */
export type Frame = Uint8Array | string;

export interface Message {
  readonly identities: readonly Uint8Array[];
  readonly message: RawMessage;
}

export type Decoded =
  | Message
  /** Not a message that may be answered, since nobody knows who sent it: to be logged and dropped. */
  | { readonly refused: string };

/**
 * Messages ⇄ the frames of the wire protocol: `[identity…] <IDS|MSG> signature header parent metadata content [buffer…]`.
 * One for all sockets of a kernel: a signature seen on one of them is a replay on any other.
 */
export class Frames {
  readonly #digest: string;
  /** Without one nothing is signed. */
  readonly #key: KeyObject | undefined;
  readonly #seen = new Set<string>();
  /** The one that was printed last: what answers a request repeats its header several times. */
  #parent: { readonly header: JsonObject; readonly text: string } = { header: {}, text: '{}' };

  constructor({ key, digest }: FramesOptions) {
    this.#digest = digest;
    this.#key = key === '' ? undefined : createSecretKey(Buffer.from(key));
  }

  /** The frames from the delimiter on; what comes before it (identities, a topic) is the socket's business. Strings stand for their UTF-8. */
  encode(message: Outgoing): Frame[] {
    if (message.parent !== this.#parent.header) this.#parent = { header: message.parent, text: stringify(message.parent) };
    const [header, parent, metadata] = [stringify(message.header), this.#parent.text, stringify(message.metadata)];
    const content = frameOf(stringify(message.content));
    const head = header + parent + metadata;
    return [delimiter, this.#sign(typeof content === 'string' ? [head + content] : [head, content]), header, parent, metadata, content];
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
      buffers: frames.slice(at + 6),
    };
    if (!message.header || !message.parent || !message.metadata || !message.content) return { refused: 'a part that is no JSON object' };
    if (!isHeader(message.header)) return { refused: 'a header without msg_id or msg_type' };
    return { identities: frames.slice(0, at), message: message as typeof message & RawMessage };
  }

  /** What is short is given in one part: each takes node:crypto more than to copy it. */
  #sign(parts: readonly Frame[]): string {
    if (this.#key === undefined) return '';
    const hmac = createHmac(this.#digest, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }

  /** The reason to refuse, or `undefined` for a message of somebody who knows the key, seen for the first time. */
  #verify(signature: Uint8Array, parts: readonly Uint8Array[]): string | undefined {
    if (this.#key === undefined) return undefined;
    const isShort = parts.reduce((sum, { length }) => sum + length, 0) <= longestCopied;
    const expected = this.#sign(isShort ? [Buffer.concat(parts)] : parts);
    if (signature.length !== expected.length || !timingSafeEqual(signature, Buffer.from(expected))) return 'a wrong signature';
    if (this.#seen.has(expected)) return 'a signature seen before';
    this.#seen.add(expected);
    // A Set keeps the order of insertion, so the first is the oldest.
    if (this.#seen.size > rememberedSignatures) for (const oldest of this.#seen) return void this.#seen.delete(oldest);
    return undefined;
  }
}

/**
 * Short text is left to the socket, because giving a buffer back when it has been sent costs zeromq.js more than copying it. Long text becomes
 * UTF-8 here, once for signature and socket. Copying ASCII takes half the time of writing it as UTF-8, and almost all messages are.
 */
function frameOf(text: string): Frame {
  if (text.length <= longestCopied) return text;
  return Buffer.from(text, Buffer.byteLength(text) === text.length ? 'latin1' : 'utf8');
}

/** `null` stands for an empty object in what some clients send. */
function parseObject(frame: Uint8Array): JsonObject | undefined {
  // Half of all frames.
  if (frame.length === 2 && frame[0] === 0x7b && frame[1] === 0x7d) return {};
  if (!isUtf8(frame)) return undefined;
  try {
    const value: unknown = JSON.parse(textOf(frame));
    if (value === null) return {};
    return typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(frame: Uint8Array): string {
  return (Buffer.isBuffer(frame) ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)).toString();
}

function isHeader(header: JsonObject): header is Header {
  return typeof header['msg_id'] === 'string' && typeof header['msg_type'] === 'string';
}
