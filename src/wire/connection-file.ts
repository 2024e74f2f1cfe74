import { readFile, rename, writeFile } from 'node:fs/promises';
import { getHashes, randomUUID } from 'node:crypto';
import { BridgeError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';

/** The sockets of a kernel; the connection file holds the port of each as `shell_port` and so on. */
export const socketNames = ['shell', 'control', 'stdin', 'iopub', 'hb'] as const;
export type SocketName = (typeof socketNames)[number];
export type Ports = Readonly<Record<SocketName, number>>;

/** What a connection file says, checked. */
export interface Connection {
  readonly transport: 'tcp' | 'ipc';
  /** For `ipc` the prefix of the sockets' paths. */
  readonly ip: string;
  /** 0: any free port, which is then written back (or registered). */
  readonly ports: Ports;
  readonly key: string;
  /** The digest of `signature_scheme`, as node:crypto names it. */
  readonly digest: string;
  /** CurveZMQ keys of the kernel, 40 characters of Z85 each. */
  readonly curve?: { readonly publicKey: string; readonly secretKey: string };
  /** Whoever wants to be told the ports: then the file is a registration file (protocol 5.6) and holds no ports itself. */
  readonly registration?: { readonly ip: string; readonly port: number; readonly kernelId: string };
}

/** Throws `BridgeError` `config` with a sentence that names the file, and the field where there is one. */
export async function readConnectionFile(path: string): Promise<Connection> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw wrong(path, code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`, error);
  }
  return parseConnection(path, text);
}

function parseConnection(path: string, text: string): Connection {
  let file: JsonObject;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no object');
    file = value as JsonObject;
  } catch (error) {
    throw wrong(path, 'is not a JSON object', error);
  }
  const transport = file['transport'] ?? 'tcp';
  if (transport !== 'tcp' && transport !== 'ipc') throw wrong(path, `asks for the transport ${JSON.stringify(transport)}; tcp and ipc are known`);
  const registrationPort = file['registration_port'];
  const connection = {
    transport,
    ip: string(path, file, 'ip', transport === 'tcp' ? '127.0.0.1' : 'kernel-ipc'),
    key: string(path, file, 'key', ''),
    digest: digestOf(path, string(path, file, 'signature_scheme', 'hmac-sha256')),
    ...curveOf(path, file),
  } as const;
  if (registrationPort === undefined) return { ...connection, ports: eachSocket((name) => port(path, file, `${name}_port`)) };
  return {
    ...connection,
    ports: eachSocket(() => 0),
    registration: {
      ip: string(path, file, 'registration_ip', '127.0.0.1'),
      port: port(path, file, 'registration_port'),
      kernelId: string(path, file, 'kernel_id', ''),
    },
  };
}

/** One value for each of the kernel's sockets. */
export function eachSocket<T>(value: (name: SocketName) => T): Readonly<Record<SocketName, T>> {
  return Object.fromEntries(socketNames.map((name) => [name, value(name)])) as Record<SocketName, T>;
}

/** Writes the ports that were really bound, keeping all else; whole or not at all, because clients may be reading. */
export async function writePorts(path: string, ports: Ports): Promise<void> {
  const file = JSON.parse(await readFile(path, 'utf8')) as JsonObject;
  const bound = Object.fromEntries(socketNames.map((name) => [`${name}_port`, ports[name]]));
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, JSON.stringify({ ...file, ...bound }, null, 2), { mode: 0o600 });
  await rename(temporary, path);
}

/** A socket's address as ZeroMQ writes it; port 0 of `tcp` is any free one. For `ipc` the port is the end of the path. */
export function address({ transport, ip }: Pick<Connection, 'transport' | 'ip'>, port: number): string {
  if (transport === 'ipc') return `ipc://${ip}-${port}`;
  return `tcp://${ip.includes(':') ? `[${ip}]` : ip}:${port === 0 ? '*' : port}`;
}

/** Some launchers write ports as strings. */
function port(path: string, file: JsonObject, field: string): number {
  const value = file[field];
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 65_535) {
    throw wrong(path, `must hold a port number as ${field}, not ${JSON.stringify(value)}`);
  }
  return number;
}

function string(path: string, file: JsonObject, field: string, otherwise: string): string {
  const value = file[field] ?? otherwise;
  if (typeof value !== 'string') throw wrong(path, `must hold a string as ${field}`);
  return value;
}

function digestOf(path: string, scheme: string): string {
  const digest = scheme.replace(/^hmac-/, '');
  // An empty scheme goes with an empty key in files of clients that do not sign.
  if (scheme === '') return 'sha256';
  if (digest === scheme || !getHashes().includes(digest)) throw wrong(path, `asks for the unknown signature_scheme ${JSON.stringify(scheme)}`);
  return digest;
}

function curveOf(path: string, file: JsonObject): Pick<Connection, 'curve'> {
  if ((file['curve_publickey'] ?? file['curve_secretkey'] ?? null) === null) return {};
  const publicKey = string(path, file, 'curve_publickey', '');
  const secretKey = string(path, file, 'curve_secretkey', '');
  if (publicKey.length !== 40 || secretKey.length !== 40) {
    throw wrong(path, 'must hold both curve_publickey and curve_secretkey, 40 characters each, or neither');
  }
  return { curve: { publicKey, secretKey } };
}

function wrong(path: string, problem: string, cause?: unknown): BridgeError<'config'> {
  return new BridgeError('config', `The connection file ${path} ${problem}.`, { setting: 'connection_file' }, { cause });
}
