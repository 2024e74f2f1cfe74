import { deepestJson } from '../lib/json.ts';
import type { JsonValue } from '../lib/json.ts';
import { isObject, parseJson } from './json.ts';
import type { Column, SparkType } from './types.ts';

/**
 * Reads the type of a column as a server spells it: JSON inside a string (today's servers, `isJsonSchema`), or Hive's text
 * (`array<struct<a:int>>`; the document of 2015). What is neither stays the server's text.
 */
export function parseType(value: JsonValue | undefined): SparkType {
  if (typeof value !== 'string') return value === undefined ? '' : fromJson(value);
  try {
    return fromJson(parseJson(value));
  } catch {
    return value.split('<', deepestJson + 1).length > deepestJson ? value : (new HiveType(value).whole() ?? value);
  }
}

function fromJson(value: JsonValue): SparkType {
  if (typeof value === 'string') return value;
  if (!isObject(value)) return String(value);
  switch (value['type']) {
    case 'array':
      return { type: 'array', elementType: fromJson(value['elementType'] ?? '') };
    case 'map':
      return { type: 'map', keyType: fromJson(value['keyType'] ?? ''), valueType: fromJson(value['valueType'] ?? '') };
    case 'struct':
      return { type: 'struct', fields: Array.isArray(value['fields']) ? value['fields'].map(column) : [] };
    case 'udt':
      return isObject(value['sqlType']) || typeof value['sqlType'] === 'string' ? fromJson(value['sqlType']) : JSON.stringify(value);
    default:
      return JSON.stringify(value);
  }
}

function column(field: JsonValue): Column {
  if (!isObject(field)) return { name: '', type: fromJson(field) };
  return { name: typeof field['name'] === 'string' ? field['name'] : '', type: fromJson(field['type'] ?? '') };
}

/** Recursive descent over Hive's type text; every part answers `undefined` where the text is something else. */
class HiveType {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): SparkType | undefined {
    const type = this.#type();
    return this.#at === this.#text.length ? type : undefined;
  }

  #type(): SparkType | undefined {
    const name = this.#match(/\s*[A-Za-z_]\w*(?:\s*\([^()]*\))?(?: [A-Za-z_]+)*\s*/y)?.trim();
    if (name === undefined) return undefined;
    if (!this.#take('<')) return name;
    const type = this.#nested(name.toLowerCase());
    return type !== undefined && this.#take('>') ? type : undefined;
  }

  #nested(kind: string): SparkType | undefined {
    if (kind === 'array') {
      const elementType = this.#type();
      return elementType === undefined ? undefined : { type: 'array', elementType };
    }
    if (kind === 'map') {
      const keyType = this.#type();
      if (keyType === undefined || !this.#take(',')) return undefined;
      const valueType = this.#type();
      return valueType === undefined ? undefined : { type: 'map', keyType, valueType };
    }
    return kind === 'struct' ? this.#struct() : undefined;
  }

  #struct(): SparkType | undefined {
    const fields: Column[] = [];
    while (!this.#text.startsWith('>', this.#at)) {
      const name = this.#match(/\s*(?:`(?:[^`]|``)*`|[^:<>,]+)/y)?.trim();
      if (name === undefined || !this.#take(':')) return undefined;
      const type = this.#type();
      if (type === undefined) return undefined;
      fields.push({ name: name.replace(/^`(.*)`$/s, '$1').replaceAll('``', '`'), type });
      if (!this.#take(',')) break;
    }
    return { type: 'struct', fields };
  }

  #take(sign: string): boolean {
    const found = this.#text.startsWith(sign, this.#at);
    if (found) this.#at += sign.length;
    return found;
  }

  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}
