import type { JsonObject, JsonValue } from '../lib/json.ts';
import type { MimeBundle } from '../protocol/output.ts';
import type { Table } from './table.ts';
import { familyOf, typeInWords, type Family } from './types.ts';

/**
 * A table as data: a list of records, and the same as a tabular data resource (Frictionless Data), which nteract's explorer reads.
 * Integers beyond 2^53 become text: a front end's JSON parser would round them. All rows that the server sent are in it.
 */
export function tableToJson(table: Table): MimeBundle {
  const { columns } = table;
  const names = distinct(columns.map(({ name }, i) => (name === '' ? `_${i + 1}` : name)));
  const data = table.rows.map((row) => Object.fromEntries(names.map((name, c) => [name, portable(row[c] ?? null)])));
  const fields = columns.map(({ type }, c) => ({ name: names[c] ?? '', type: resourceTypes[familyOf(type)], sparkType: typeInWords(type) }));
  return {
    'application/json': data,
    'application/vnd.dataresource+json': { profile: 'tabular-data-resource', schema: { fields }, data, truncated: table.truncated },
  };
}

const resourceTypes: { readonly [F in Family]: string } = {
  integer: 'integer',
  real: 'number',
  decimal: 'number',
  boolean: 'boolean',
  text: 'string',
  nested: 'object',
};

/** A record cannot hold two fields of one name: the later ones get a number. */
function distinct(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let n = 2; taken.has(unique); n++) unique = `${name}_${n}`;
    taken.add(unique);
    return unique;
  });
}

function portable(value: JsonValue): JsonValue {
  if (typeof value === 'bigint') return String(value);
  // NaN and the infinities are not JSON.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map(portable);
  return Object.fromEntries(Object.entries(value).map(([name, item]): [string, JsonValue] => [name, portable(item)])) satisfies JsonObject;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
