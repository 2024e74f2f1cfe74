import { isNumeric } from './types.ts';
import { writerFor } from './cell-text.ts';
import { fit } from './fit.ts';
import { rowsNote, type Table } from './table.ts';

/** How many rows and how many columns of a cell's text a table shows as text, where nothing else is asked for. */
const usualRows = 50;
const usualCellWidth = 40;

/**
 * A table for a terminal: columns aligned by what a terminal shows (wide characters count as two), numbers at the right,
 * cells cut at 40 columns. What was left out stands below it.
 * @param rows how many rows to show; 50 when undefined
 * @param cellWidth how many columns a cell fills at most
 */
export function tableToText(table: Table, rows: number = usualRows, cellWidth: number = usualCellWidth): string {
  const { columns } = table;
  const shown = table.rows.slice(0, rows);
  const written = columns.map(({ name, type }, c) => {
    const write = writerFor(type);
    const values = shown.map((row) => (row[c] === null ? 'null' : row[c] === undefined ? '' : write(row[c])));
    return { cells: [name, ...values].map((value) => cut(value, cellWidth)), right: isNumeric(type) };
  });
  const laidOut = written.map(({ cells, right }) => pad(cells, right));
  const [header, ...lines] = Array.from({ length: shown.length + 1 }, (_, line) => joinLine(laidOut.map((column) => column.cells[line] ?? '')));
  const rule = joinLine(laidOut.map(({ width }) => '-'.repeat(width)));
  const notes = [rowsNote(table, shown.length), written.some(({ cells }) => cells.some((cell) => cell.wasCut)) ? `cells cut at ${cellWidth} columns` : undefined];
  const said = notes.filter((note) => note !== undefined).join('; ');
  return [...(columns.length > 0 ? [header, rule] : []), ...lines, ...(said === '' ? [] : [`(${said})`])].join('\n');
}

interface Written {
  readonly text: string;
  readonly width: number;
  readonly wasCut: boolean;
}

function pad(cells: readonly Written[], right: boolean): { cells: readonly string[]; width: number } {
  const width = cells.reduce((most, cell) => Math.max(most, cell.width), 1);
  return {
    width,
    cells: cells.map((cell) => {
      const blank = ' '.repeat(width - cell.width);
      return right ? blank + cell.text : cell.text + blank;
    }),
  };
}

function joinLine(cells: readonly string[]): string {
  return cells.join('  ').trimEnd();
}

const printable = /^[\x20-\x7e]*$/;
const controls: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** With those that change the order of text. */
const anyControl = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** One line of at most `cellWidth` columns; control characters are spelled out, because a line break inside a cell would end the row. */
function cut(value: string, cellWidth: number): Written {
  if (value.length <= cellWidth && printable.test(value)) return { text: value, width: value.length, wasCut: false };
  // The rest is cut anyway.
  const start = value.slice(0, cellWidth * 25);
  const line = start.replace(anyControl, spelledOut);
  const fitted = fit(start === value ? line : `${line}…`, cellWidth);
  return start === value ? fitted : { ...fitted, wasCut: true };
}

function spelledOut(control: string): string {
  const code = control.charCodeAt(0).toString(16);
  return controls[control] ?? (code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`);
}
