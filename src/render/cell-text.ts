import type { JsonValue } from '../lib/json.ts';
import type { SparkType } from '../databricks/types.ts';
import { familyOf } from './types.ts';

/** How a column's values are written. `null` is not theirs to write: HTML and text show it differently. */
export type Writer = (value: Exclude<JsonValue, null>) => string;

/** Chooses once for a column how its values are written, so that a table of 200 000 values stays cheap. */
export function writerFor(type: SparkType): Writer {
  switch (familyOf(type)) {
    case 'real':
      return (value) => (typeof value === 'number' ? real(value) : scalar(value));
    case 'boolean':
      return (value) => (typeof value === 'string' ? boolean(value) : scalar(value));
    case 'nested':
      return (value) => nested(value, type);
    default:
      return scalar;
  }
}

/** Decimals, dates, timestamps and binary (base64) come as text and stay as they were sent; so does what the schema does not explain. */
function scalar(value: Exclude<JsonValue, null>): string {
  return typeof value === 'string' ? value : typeof value === 'object' ? nested(value, 'string') : String(value);
}

/** JSON knows no difference between 1 and 1.0; the column does, and Spark writes it. */
function real(value: number): string {
  const text = String(value);
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text;
}

/** Classic servers send Python's spelling. */
function boolean(value: string): string {
  return /^(?:true|false)$/i.test(value) ? value.toLowerCase() : value;
}

/**
 * A nested value on one line: `{name: value}`, `[a, b]`. A struct arrives as a bare list and gets its names from the schema.
 * Text is quoted, so that `"1"` and `1` differ; a field's name only where it would not read as one.
 */
function nested(value: JsonValue, type: SparkType): string {
  if (value === null) return 'null';
  if (isList(value)) return nestedList(value, type);
  if (typeof value === 'object') {
    const entries = Object.entries(value).map(([name, item]) => `${fieldName(name)}: ${nested(item, memberType(type, name))}`);
    return `{${entries.join(', ')}}`;
  }
  if (typeof value === 'string' && isText(type)) return JSON.stringify(value);
  return typeof type === 'string' ? writerFor(type)(value) : String(value);
}

function nestedList(items: readonly JsonValue[], type: SparkType): string {
  if (typeof type === 'object' && type.type === 'struct') {
    const { fields } = type;
    const named = items.map((item, i) => `${fieldName(fields[i]?.name ?? `_${i + 1}`)}: ${nested(item, fields[i]?.type ?? 'string')}`);
    return `{${named.join(', ')}}`;
  }
  const elementType = typeof type === 'object' && type.type === 'array' ? type.elementType : 'string';
  return `[${items.map((item) => nested(item, elementType)).join(', ')}]`;
}

function memberType(type: SparkType, name: string): SparkType {
  if (typeof type === 'string' || type.type === 'array') return 'string';
  return type.type === 'map' ? type.valueType : (type.fields.find((field) => field.name === name)?.type ?? 'string');
}

function isText(type: SparkType): boolean {
  return typeof type === 'string' && /^(?:string|varchar|char)/i.test(type);
}

function fieldName(text: string): string {
  const readsAsItself = /^[\p{L}_$](?:[^,:{}[\]"\n\r\t]*[^,:{}[\]"\s])?$/u.test(text) && !/^(?:null|true|false|nan|infinity)$/i.test(text);
  return readsAsItself ? text : JSON.stringify(text);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
