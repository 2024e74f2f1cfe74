import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError, illegalArgument, keyNotFound, notANumber } from './api-error.ts';
import type { Dialect } from './dialect.ts';

/** The longest command, in bytes of UTF-8. */
export const maxCommandBytes = 6 * 1024 * 1024;
/** Percent-encoding and JSON's escapes make up to three bytes of one; and some room for the other parameters. */
const maxBodyBytes = 3 * maxCommandBytes + 64 * 1024;
const maxParameters = 100;

/** The parameters of a request, whatever their encoding: all are text; a nested JSON value is its JSON text. */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: Iterable<readonly [string, string]>) {
    this.#values = new Map(values);
  }

  /** @throws ApiError when it is missing. */
  get(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw keyNotFound(name);
    return value;
  }

  optional(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** A context or command id: a 64-bit integer in text. */
  id(name: string): string {
    const text = this.get(name);
    if (!/^-?\d+$/.test(text)) throw notANumber(text);
    return text;
  }
}

/** Lets the server read what the dialect allows in POST bodies. A body of any other type is read as having no parameters. */
export async function acceptBodies(server: FastifyInstance, dialect: Dialect): Promise<void> {
  server.removeAllContentTypeParsers();
  await server.register(multipart, {
    limits: { fieldSize: maxBodyBytes, fileSize: maxBodyBytes, fields: maxParameters, files: maxParameters },
  });
  const options = { parseAs: 'buffer', bodyLimit: maxBodyBytes } as const;
  server.addContentTypeParser('application/x-www-form-urlencoded', options, async (_request: FastifyRequest, body: Buffer) => {
    return new Parameters(new URLSearchParams(utf8(body)));
  });
  if (dialect.jsonBodies) {
    server.addContentTypeParser('application/json', options, async (_request: FastifyRequest, body: Buffer) => jsonParameters(utf8(body)));
  }
  server.addContentTypeParser('*', options, async () => new Parameters([]));
}

/** The parameters of a GET stand in its query, those of a POST in its body. */
export async function parametersOf(request: FastifyRequest): Promise<Parameters> {
  if (request.method === 'GET') return new Parameters(new URL(request.url, 'http://workspace').searchParams);
  if (request.isMultipart()) return multipartParameters(request);
  return request.body instanceof Parameters ? request.body : new Parameters([]);
}

async function multipartParameters(request: FastifyRequest): Promise<Parameters> {
  const values: [string, string][] = [];
  for await (const part of request.parts()) {
    values.push([part.fieldname, part.type === 'file' ? utf8(await part.toBuffer()) : String(part.value)]);
  }
  return new Parameters(values);
}

function jsonParameters(text: string): Parameters {
  const body = parseJson(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw illegalArgument('The body is not a JSON object');
  const values = Object.entries(body).filter(([, value]) => value !== null);
  return new Parameters(values.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(500, 'JsonParseException', (error as SyntaxError).message);
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ApiError(500, 'MalformedInputException', 'the body is not valid UTF-8');
  }
}
