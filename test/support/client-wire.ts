import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';

/**
 * The client's half of the wire, written from the messaging specification and not from `src/wire`: a test that used the
 * kernel's own framing would share its mistakes.
 */
export interface ConnectionFile {
  readonly transport: 'tcp' | 'ipc';
  readonly ip: string;
  readonly shell_port: number;
  readonly control_port: number;
  readonly stdin_port: number;
  readonly iopub_port: number;
  readonly hb_port: number;
  readonly key: string;
  readonly signature_scheme: 'hmac-sha256';
  readonly kernel_name: string;
  readonly curve_publickey?: string;
  readonly curve_secretkey?: string;
}

export type ClientChannel = 'shell' | 'control' | 'stdin' | 'iopub' | 'hb';

export function endpoint(file: ConnectionFile, channel: ClientChannel): string {
  const port = file[`${channel}_port`];
  return file.transport === 'tcp' ? `tcp://${file.ip}:${port}` : `ipc://${file.ip}-${port}`;
}

const delimiter = Buffer.from('<IDS|MSG>');

/** `parts` are header, parent header, metadata and content as JSON text. */
export function signedFrames(key: string, parts: readonly (string | Uint8Array)[], buffers: readonly Uint8Array[] = []): Uint8Array[] {
  const frames = parts.map((part) => Buffer.from(part as string));
  const hmac = createHmac('sha256', key);
  for (const frame of frames) hmac.update(frame);
  return [delimiter, Buffer.from(key === '' ? '' : hmac.digest('hex')), ...frames, ...buffers];
}

export interface ClientMessage {
  readonly identities: readonly Uint8Array[];
  readonly parts: readonly [header: string, parent: string, metadata: string, content: string];
  readonly buffers: readonly Uint8Array[];
}

/** Throws on anything but a correctly signed message: what a kernel sends must always be one. */
export function readFrames(key: string, frames: readonly Uint8Array[]): ClientMessage {
  const at = frames.findIndex((frame) => delimiter.equals(frame));
  if (at < 0 || frames.length < at + 6) throw new Error(`not a message: ${frames.length} frames, delimiter at ${at}`);
  const [signature, header, parent, metadata, content, ...buffers] = frames.slice(at + 1) as Buffer[];
  const parts = [header, parent, metadata, content].map(String) as [string, string, string, string];
  const expected = signedFrames(key, [header, parent, metadata, content] as Buffer[])[1];
  if (String(signature) !== String(expected)) throw new Error(`the kernel signed a message wrongly: ${parts[0]}`);
  return { identities: frames.slice(0, at), parts, buffers };
}

/** Five free ports and a key. A port may be taken before the kernel binds it, as with every launcher: then start again. */
export async function freshConnection(changes: Partial<ConnectionFile> = {}): Promise<ConnectionFile> {
  const ports = changes.transport === 'ipc' ? [1, 2, 3, 4, 5] : await freePorts(5);
  const [shell_port, control_port, stdin_port, iopub_port, hb_port] = ports as [number, number, number, number, number];
  return {
    transport: 'tcp', ip: '127.0.0.1', shell_port, control_port, stdin_port, iopub_port, hb_port,
    key: crypto.randomUUID(), signature_scheme: 'hmac-sha256', kernel_name: '', ...changes,
  };
}

/** A connection file in a directory of its own, which disposal removes. */
export async function writeConnectionFile(content: unknown): Promise<AsyncDisposable & { readonly path: string; readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'kernel-test-'));
  const path = join(directory, 'connection.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  return { path, directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}
