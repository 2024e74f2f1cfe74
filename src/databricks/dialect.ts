import type { Readable } from 'node:stream';
import { BridgeError } from '../lib/errors.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { formatJson } from './json.ts';

/** What a server turned out to speak; found out once a client and remembered. */
export interface Dialect {
  /** How bodies are written. `form` is also the mark of a server as the 1.2 document of 2015 describes it ("classic"). */
  body: 'json' | 'form';
  /** Whether Clusters API 2.x is there; unknown until it was asked. */
  clusters2: boolean | undefined;
}

export function unknownDialect(): Dialect {
  return { body: 'json', clusters2: undefined };
}

/** A body as it goes out: a text, or a stream of known length that is opened anew for each attempt. */
export type EncodedBody = TextBody | StreamedBody;

export interface TextBody {
  readonly contentType: string;
  readonly text: string;
}

export interface StreamedBody {
  readonly contentType: string;
  /** In bytes. */
  readonly length: number;
  readonly open: () => Readable;
}

/** Nested values in a form are JSON text, as in the document's `data = {…}` examples. */
export function encodeBody(fields: JsonObject, encoding: Dialect['body']): TextBody {
  if (encoding === 'json') return { contentType: 'application/json', text: formatJson(fields) };
  const form = new URLSearchParams(Object.entries(fields).map(([name, value]): [string, string] => [name, plain(value)]));
  return { contentType: 'application/x-www-form-urlencoded', text: form.toString() };
}

function plain(value: JsonValue): string {
  return typeof value === 'string' ? value : formatJson(value);
}

/** A server that reads forms only does not see the fields of a JSON body, or refuses its type. Whoever refuses like this did nothing. */
export function refusesJson(error: unknown, fields: JsonObject): boolean {
  if (!(error instanceof BridgeError) || !error.is('api')) return false;
  const { status, serverMessage } = error.details;
  if (status === 415) return true;
  if (status !== 400 && status !== 500) return false;
  const missing = /key not found: (\w+)/.exec(serverMessage)?.[1];
  return missing === undefined ? /content-?type|media type|\bjson\b/i.test(serverMessage) : Object.hasOwn(fields, missing);
}

/** No such API here, as opposed to no such cluster. */
export function lacksEndpoint(error: unknown): boolean {
  if (!(error instanceof BridgeError) || !error.is('api')) return false;
  const { status, serverMessage } = error.details;
  if (status === 404) return !/RESOURCE_DOES_NOT_EXIST/.test(serverMessage);
  return status === 405 || status === 501 || /ENDPOINT_NOT_FOUND/.test(serverMessage);
}
