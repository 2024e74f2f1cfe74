import { parse } from 'lossless-json';
import { deepestJson, surveyJson } from '../lib/json.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';

/**
 * Reads JSON with its integers exact: those beyond 2^53 become `bigint`, all else is what `JSON.parse` makes of it.
 * Throws `SyntaxError` for what is no JSON, or nests so deep that nobody could read it.
 */
export function parseJson(text: string): JsonValue {
  const { isTooDeep, hasLongIntegers } = surveyJson(text);
  if (isTooDeep) throw new SyntaxError(`more than ${deepestJson} levels deep`);
  // Several times as fast. Text that happens to hold what looks like a long integer may be many megabytes.
  if (!hasLongIntegers) return JSON.parse(text) as JsonValue;
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
