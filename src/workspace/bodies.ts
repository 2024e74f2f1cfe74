import { finished } from 'node:stream/promises';
import multipart from '@fastify/multipart';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { JsonObject } from '../lib/json.ts';
import { within } from '../lib/time.ts';
import { ApiError, brokenJson, illegalArgument, notUtf8 } from './api-error.ts';
import type { Dialect } from './dialect.ts';
import { Fields } from './fields.ts';
import { Parameters } from './parameters.ts';
import { isObject, parseJson } from './values.ts';

/** The longest command, in bytes of UTF-8. */
export const maxCommandBytes = 6 * 1024 * 1024;
/** Percent-encoding and JSON's escapes make up to three bytes of one; and some room for the other parameters. */
const maxBodyBytes = 3 * maxCommandBytes + 64 * 1024;
const maxParameters = 100;
/** For so long is read, and thrown away, what a client still sends that has been refused in the middle of it. */
export const lastBytesMs = 3000;

/** A body as it came; what it means depends on the version of the API that is asked. */
interface Body {
  readonly kind: 'form' | 'json' | 'other';
  readonly bytes: Buffer;
}

/** Lets the server read what the dialect allows in POST bodies. */
export async function acceptBodies(server: FastifyInstance, dialect: Dialect): Promise<void> {
  server.removeAllContentTypeParsers();
  await server.register(multipart, {
    limits: { fieldSize: maxBodyBytes, fileSize: maxBodyBytes, fields: maxParameters, files: maxParameters },
    // A field of JSON would be parsed, and its long integers rounded; a file comes as it is.
    isPartAFile: (_name, type = '', fileName) => fileName !== undefined || type === 'application/octet-stream' || isJson(type),
  });
  const kinds = [['application/x-www-form-urlencoded', 'form'], ['application/json', dialect.jsonBodies ? 'json' : 'other'], ['*', 'other']] as const;
  for (const [type, kind] of kinds) {
    const options = { parseAs: 'buffer', bodyLimit: maxBodyBytes } as const;
    server.addContentTypeParser(type, options, async (_request: FastifyRequest, bytes: Buffer): Promise<Body> => ({ kind, bytes }));
  }
}

/** The parameters of a request of API 1.2: of a GET in its query, of a POST in its body. A body of an unknown type has none. */
export async function parametersOf(request: FastifyRequest): Promise<Parameters> {
  if (request.method === 'GET') return new Parameters(queryOf(request));
  if (request.isMultipart()) return multipartParameters(request);
  const body = request.body as Body | undefined;
  if (body?.kind === 'form') return new Parameters(new URLSearchParams(utf8(body.bytes)));
  return body?.kind === 'json' ? jsonParameters(utf8(body.bytes)) : new Parameters([]);
}

/**
 * The fields of a request of API 2.x, in both dialects: a body that begins with `{` is JSON whatever its type says, because that is what
 * `curl --data @file` sends.
 */
export async function fieldsOf(request: FastifyRequest): Promise<Fields> {
  if (request.method === 'GET') return new Fields(textFields(queryOf(request)));
  const body = request.body as Body | undefined;
  const text = utf8(body?.bytes ?? Buffer.of());
  if (/^\s*\{/.test(text) || (body?.kind === 'json' && text.trim() !== '')) return new Fields(jsonBody(text));
  return new Fields(body?.kind === 'form' ? textFields(new URLSearchParams(text)) : {});
}

/** A name that comes more than once is a list. */
function textFields(pairs: URLSearchParams): JsonObject {
  const all = [...new Set(pairs.keys())].map((name) => [name, pairs.getAll(name)] as const);
  return Object.fromEntries(all.map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]));
}

function queryOf(request: FastifyRequest): URLSearchParams {
  return new URL(request.url, 'http://workspace').searchParams;
}

async function multipartParameters(request: FastifyRequest): Promise<Parameters> {
  const values: [string, string][] = [];
  let bytes = 0;
  try {
    for await (const part of request.parts()) {
      const value = isFile(part) ? utf8(await part.toBuffer()) : await fieldOf(part, maxBodyBytes);
      // The limits of the parser are those of one part.
      bytes += Buffer.byteLength(value);
      if (bytes > maxBodyBytes) throw new ApiError(413, 'IllegalArgumentException', 'Request body is too large');
      values.push([part.fieldname, value]);
    }
  } catch (error) {
    await discardRest(request);
    throw multipartRefusal(error);
  }
  return new Parameters(values);
}

/**
 * Reads on where a body is refused in the middle of it, and keeps nothing: many clients read no answer before they have sent all, and
 * one that comes with the end of the connection would be lost to them. Resolves when all is read, or after a while; reading goes on.
 */
export async function discardRest(request: FastifyRequest): Promise<void> {
  const end = finished(request.raw.unpipe().resume()).catch(() => undefined);
  await within(lastBytesMs, end);
}

/** Whether a part of a body is a file for its client, too. */
export function isFile(part: Multipart): part is MultipartFile {
  return part.type === 'file' && (part.filename !== undefined || !isJson(part.mimetype));
}

/** The text of a part that is no file: of JSON, what a text says, and anything else as it was sent. @throws ApiError for one that is too long, or broken */
export async function fieldOf(part: Multipart, maxBytes: number): Promise<string> {
  const tooLong = () => illegalArgument(`${part.fieldname} is too long`);
  if (part.type === 'field') {
    if (part.valueTruncated) throw tooLong();
    return String(part.value);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of part.file as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLong();
    chunks.push(chunk);
  }
  const text = utf8(Buffer.concat(chunks)).trim();
  const value = parseJson(text, brokenJson);
  return typeof value === 'string' ? value : text;
}

function isJson(type: string): boolean {
  return type.startsWith('application/json');
}

/** What was thrown while the parts of a body were read. What their parser throws of a broken one has no code, unlike what a disk or the server throws. */
export function multipartRefusal(error: unknown): unknown {
  const ofParser = error instanceof Error && error.name === 'Error' && !('code' in error);
  return ofParser ? illegalArgument(`The multipart body is broken: ${error.message}`) : error;
}

function jsonParameters(text: string): Parameters {
  const values = Object.entries(jsonBody(text)).filter(([, value]) => value !== null);
  return new Parameters(values.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
}

function jsonBody(text: string): JsonObject {
  const body = parseJson(text, brokenJson);
  if (!isObject(body)) throw illegalArgument('The body is not a JSON object');
  return body;
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw notUtf8();
  }
}
