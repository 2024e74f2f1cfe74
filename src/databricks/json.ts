import { parse } from 'lossless-json';
import type { JsonObject, JsonValue } from '../lib/json.ts';

/** A number of 16 digits or more in the place of a value. May also match inside a string, which costs time only. */
const longNumber = /(?:^|[[:,])\s*-?\d{16}/;

/**
 * Reads JSON with its integers exact: those beyond 2^53 become `bigint`, all else is what `JSON.parse` makes of it.
 * Throws `SyntaxError` for what is no JSON.
 */
export function parseJson(text: string): JsonValue {
  if (!longNumber.test(text)) return JSON.parse(text) as JsonValue;
  // Of a name that stands twice the last value counts, as for `JSON.parse`.
  return parse(text, null, { parseNumber: exactNumber, onDuplicateKey: ({ newValue }) => newValue }) as JsonValue;
}

function exactNumber(digits: string): number | bigint {
  const value = Number(digits);
  return /^-?\d+$/.test(digits) && !Number.isSafeInteger(value) ? BigInt(digits) : value;
}

/** Writes what `parseJson` reads, `bigint` as a bare number. */
export function formatJson(value: JsonValue): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map((item: JsonValue) => formatJson(item)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${formatJson(item)}`).join(',')}}`;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
