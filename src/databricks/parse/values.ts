import { BridgeError } from '../../lib/errors.ts';
import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { formatJson, isObject } from '../json.ts';

/*
 * Wire → types: these files are the only place where an answer of the API becomes one. Servers of ten years spell the same facts
 * differently (booleans as text, absent or null fields, status names in upper case or with a prefix): all of it is read here and
 * nowhere else.
 */

export function text(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : formatJson(value);
}

/** The text in lower case, for names that servers spell in both; '' for what is no text. */
export function word(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value.trim().toLowerCase() : '';
}

export function flag(value: JsonValue | undefined): boolean {
  return value === true || word(value) === 'true';
}

/** A number, or one in a text; `undefined` for all else. */
export function number(value: JsonValue | undefined): number | undefined {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'bigint' ? Number(value) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : undefined;
}

export function object(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function list(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

export function texts(value: JsonValue | undefined): string[] {
  return list(value).map(text).filter((item) => item !== '');
}

/** An answer as a sentence may quote it. */
export function shown(answer: JsonValue): string {
  return formatJson(answer).slice(0, 200);
}

/** The id of what was made, in the answer's field `name`. Throws `BridgeError` `api` where there is none. */
export function parseId(answer: JsonValue, name = 'id'): string {
  const id = text(object(answer)[name]);
  if (id === '') throw new BridgeError('api', `The server's answer holds no ${name}: ${shown(answer)}.`, { status: 200, serverMessage: '' });
  return id;
}
