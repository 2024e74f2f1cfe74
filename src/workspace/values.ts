import { deepestJson, isTooDeep } from '../lib/json.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { illegalArgument, notANumber } from './api-error.ts';
import type { ApiError } from './api-error.ts';

export const wrongType = (name: string, wanted: string) => illegalArgument(`${name} is not ${wanted}`);

/** A 32-bit integer in decimal text, as the JVM reads it. */
export function int32(text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || value < -(2 ** 31) || value >= 2 ** 31) throw notANumber(text);
  return value;
}

export function boolean(text: string): boolean {
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  throw illegalArgument(`For input string: ${text}`);
}

/** An object whose values are scalars, as text each. */
export function texts(name: string, value: JsonValue): Readonly<Record<string, string>> {
  if (!isObject(value)) throw wrongType(name, 'a JSON object');
  return Object.fromEntries(
    Object.entries(value).map(([key, scalar]) => {
      if (typeof scalar === 'object') throw illegalArgument(`${name}: the value of ${key} is no text, number or boolean`);
      return [key, String(scalar)];
    }),
  );
}

export const tooDeep = `it is more than ${deepestJson} levels deep`;

/** @throws what `refuse` makes of the reason */
export function parseJson(text: string, refuse: (reason: string) => ApiError): JsonValue {
  if (isTooDeep(text)) throw refuse(tooDeep);
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw refuse((error as SyntaxError).message);
  }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
