import CliTable from 'cli-table3';
import { fit } from '../render/fit.ts';
import { oneLine } from '../lib/controls.ts';

/** One column of a table about `Row`s. */
export interface Column<Row> {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly value: (row: Row) => string | number | undefined;
}

/** No line is drawn: what a program like `awk` reads must be words and blanks. */
const nothing = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '',
};

/**
 * An aligned table with a header and two blanks between its columns; wide characters count as two.
 * @param width columns of the terminal, where longer lines are cut; `undefined` elsewhere
 */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width?: number): string {
  const values = rows.map((row) => columns.map(({ value }) => value(row)));
  const table = new CliTable({
    head: columns.map(({ title }) => title),
    chars: nothing,
    colAligns: columns.map((_, c) => (values.length > 0 && values.every((row) => typeof row[c] === 'number') ? 'right' : 'left')),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
  });
  table.push(...values.map((row) => row.map((value) => oneLine(String(value ?? '')))));
  const lines = table.toString().split('\n').map((line) => line.trimEnd());
  return lines.map((line) => (width === undefined ? line : fit(line, width).text)).join('\n');
}
