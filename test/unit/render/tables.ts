import type { JsonValue } from '../../../src/lib/json.ts';
import type { SparkType } from '../../../src/databricks/types.ts';
import type { Table } from '../../../src/render/table.ts';

/** A table result: columns as `name: type`. */
export function table(columns: readonly (readonly [name: string, type: SparkType])[], rows: readonly (readonly JsonValue[])[], truncated = false): Table {
  return { kind: 'table', columns: columns.map(([name, type]) => ({ name, type })), rows, truncated };
}
