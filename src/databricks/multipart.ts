import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { BridgeError } from '../lib/errors.ts';
import type { StreamedBody } from './dialect.ts';

/** One part of a form: a field, a file whose text is at hand, or a file of this machine, which is read while it is sent. */
export type FormPart =
  | { readonly name: string; readonly text: string; readonly fileName?: string }
  | { readonly name: string; readonly file: LocalFile; readonly fileName: string };

/** A file of this machine that is there and can be sent. */
export interface LocalFile {
  readonly path: string;
  /** Its size in bytes. */
  readonly size: number;
}

/** Throws `BridgeError` `config` for a path at which no file is. */
export async function localFile(path: string): Promise<LocalFile> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isFile()) throw new BridgeError('config', `${path} is no file: name the file that is to be sent.`, { setting: path });
  return { path, size: found.size };
}

/** Called as the body goes out, with the bytes that have been handed to the connection and those of the whole body; begins anew with each attempt. */
export type OnSent = (sent: number, total: number) => void;

export interface SendOptions {
  readonly onSent?: OnSent | undefined;
  /** Breaks the sending off, which a server takes for no request at all; `BridgeError` `command` then. Too late when all was sent. */
  readonly giveUp?: AbortSignal | undefined;
}

/** The parts as `multipart/form-data`, with its length known beforehand: some servers take no chunked body. Files are never in memory as a whole. */
export function encodeMultipart(parts: readonly FormPart[], { onSent, giveUp }: SendOptions = {}): StreamedBody {
  const boundary = `databricks-kernel-${randomUUID()}`;
  const heads = parts.map((part) => Buffer.from(`--${boundary}\r\n${headOf(part)}\r\n\r\n`));
  const end = Buffer.from(`--${boundary}--\r\n`);
  const length = parts.reduce((sum, part, n) => sum + (heads[n]?.length ?? 0) + sizeOf(part) + lineEnd.length, end.length);

  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const [n, part] of parts.entries()) {
      yield heads[n] ?? lineEnd;
      if ('file' in part) yield* contentOf(part.file);
      else yield Buffer.from(part.text);
      yield lineEnd;
    }
    yield end;
  }

  async function* counted(): AsyncGenerator<Uint8Array> {
    let sent = 0;
    for await (const piece of pieces()) {
      yield piece;
      sent += piece.length;
      onSent?.(sent, length);
    }
  }

  return { contentType: `multipart/form-data; boundary=${boundary}`, length, open: () => breakable(Readable.from(counted(), { objectMode: false }), giveUp) };
}

/** A stream that ends with an error on `giveUp`, also while nobody reads on. */
function breakable(stream: Readable, giveUp: AbortSignal | undefined): Readable {
  const end = (): void => void stream.destroy(new BridgeError('command', 'The sending was given up, and the server keeps nothing of it.', {}));
  giveUp?.addEventListener('abort', end, { once: true });
  stream.once('close', () => giveUp?.removeEventListener('abort', end));
  if (giveUp?.aborted) end();
  return stream;
}

const lineEnd = Buffer.from('\r\n');

function headOf(part: FormPart): string {
  const disposition = `Content-Disposition: form-data; name="${quoted(part.name)}"`;
  if (part.fileName === undefined) return disposition;
  return `${disposition}; filename="${quoted(part.fileName)}"\r\nContent-Type: application/octet-stream`;
}

/** As browsers write it (WHATWG "multipart/form-data encoding algorithm"): nothing in a name can end it. */
function quoted(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}

function sizeOf(part: FormPart): number {
  return 'file' in part ? part.file.size : Buffer.byteLength(part.text);
}

/** Throws `BridgeError` `config` where the file cannot be read, or has become shorter than the length that was announced. */
async function* contentOf({ path, size }: LocalFile): AsyncGenerator<Uint8Array> {
  if (size === 0) return;
  let read = 0;
  try {
    for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 256 * 1024 })) {
      read += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  if (read < size) throw new BridgeError('config', `${path} became shorter while it was sent: send it again when nothing writes to it.`, { setting: path });
}

function unreadable(path: string, error: unknown): BridgeError<'config'> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const what = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
  return new BridgeError('config', `The file ${path} ${what}.`, { setting: path }, { cause: error });
}
