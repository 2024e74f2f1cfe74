import type { CommandResult } from '../databricks/types.ts';

export type Table = Extract<CommandResult, { kind: 'table' }>;

/** What the user chose about tables (`%config`). */
export interface TableOptions {
  /** Adds `application/json` and `application/vnd.dataresource+json`. */
  readonly json: boolean;
  /** How many rows to show; `undefined`: all that the server sent in HTML, the first 50 as text. */
  readonly rows: number | undefined;
}

/** What a reader must know about the rows that are not there, as a sentence without its full stop; `undefined` when all are. */
export function rowsNote(table: Table, shown: number): string | undefined {
  const sent = table.rows.length;
  if (sent === 0) return table.truncated ? '0 rows; more exist' : '0 rows';
  if (!table.truncated) return shown < sent ? `first ${grouped(shown)} of ${grouped(sent)} rows` : undefined;
  const which = shown < sent ? `${grouped(shown)} of the ${grouped(sent)} rows that were sent` : `${grouped(sent)} rows`;
  return `first ${which}; more exist`;
}

/** 12345 → `12 345`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ' ');
}
