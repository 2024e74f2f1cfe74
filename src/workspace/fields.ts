import { isTooDeep } from '../lib/json.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { illegalArgument, keyNotFound } from './api-error.ts';
import { boolean, int32, isObject, texts, tooDeep, wrongType } from './values.ts';

/** The fields of a request of API 2.x, with their types in JSON; those of a query or form are text. */
export class Fields {
  readonly all: JsonObject;

  constructor(all: JsonObject) {
    this.all = all;
  }

  /** `undefined` where it is missing or null. */
  value(name: string): JsonValue | undefined {
    return (Object.hasOwn(this.all, name) ? this.all[name] : undefined) ?? undefined;
  }

  /** @throws ApiError when it is missing, empty or no text. */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined || value === '') throw keyNotFound(name);
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== 'string') throw wrongType(name, 'a string');
    return value;
  }

  /** @throws ApiError for a text that is none of `names`. */
  optionalOneOf<Name extends string>(name: string, names: readonly Name[]): Name | undefined {
    const value = this.optionalText(name);
    return value === undefined ? undefined : oneOf(name, value, names);
  }

  optionalInteger(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' && typeof value !== 'string') throw wrongType(name, 'an integer');
    return int32(String(value));
  }

  /** Milliseconds since 1970, that is: larger than 32 bits hold. */
  optionalTime(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const time = typeof value === 'string' && value !== '' ? Number(value) : value;
    if (!Number.isSafeInteger(time)) throw wrongType(name, 'a time in milliseconds');
    return Number(time);
  }

  /** A list or an object; in a form it is JSON text. Text that is no JSON is given as it is. */
  nested(name: string): JsonValue | undefined {
    const value = this.value(name);
    if (typeof value !== 'string') return value;
    if (isTooDeep(value)) throw illegalArgument(`${name}: ${tooDeep}`);
    try {
      return JSON.parse(value) as JsonValue;
    } catch {
      return value;
    }
  }

  /** One text, or a list of them; empty where it is missing. */
  texts(name: string): readonly string[] {
    const value = this.nested(name) ?? [];
    const list: readonly JsonValue[] = typeof value === 'string' ? [value] : Array.isArray(value) ? value : [null];
    return list.map((text) => {
      if (typeof text !== 'string') throw wrongType(name, 'a list of strings');
      return text;
    });
  }

  /** As `texts`. @throws ApiError for a text that is none of `names`. */
  someOf<Name extends string>(name: string, names: readonly Name[]): readonly Name[] {
    return this.texts(name).map((text) => oneOf(name, text, names));
  }

  optionalBoolean(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    if (typeof value !== 'string') throw wrongType(name, 'a boolean');
    return boolean(value);
  }

  optionalTexts(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.nested(name);
    return value === undefined ? undefined : texts(name, value);
  }

  /** A nested object; without fields where it is missing. */
  fields(name: string): Fields {
    const value = this.nested(name) ?? {};
    if (!isObject(value)) throw wrongType(name, 'an object');
    return new Fields(value);
  }
}

function oneOf<Name extends string>(name: string, value: string, names: readonly Name[]): Name {
  const found = names.find((one) => one === value);
  if (found !== undefined) return found;
  throw illegalArgument(`${name} is ${value}, but must be ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`);
}
