import type { JsonValue } from '../lib/json.ts';
import { isNumeric } from './types.ts';
import { escapeHtml } from './html.ts';
import { writerFor, type Writer } from './cell-text.ts';
import { rowsNote, type Table } from './table.ts';

/** What HTML would swallow, and (the same and) what it would take for markup. */
const swallowed = /[\n\r\t]|  |^ | $/;
const needsCare = /[&<>\n\r\t]|  |^ | $/;
/** Dimmed in light and dark themes alike, and slanted where styles are not allowed: neither '' nor the word 'null' looks like it. */
const nullCell = '<i style="opacity:0.5">null</i>';

/** Longer texts (characters) keep a width to be read in: in a table with many columns they would be squeezed to a word a line. */
const longText = 80;

/**
 * A table as pandas writes it (`class="dataframe"`, which front ends style), complete and readable without scripts or style sheets.
 * @param rows how many rows to show; all when undefined
 */
export function tableToHtml(table: Table, rows?: number): string {
  const { columns } = table;
  const shown = Math.min(rows ?? Infinity, table.rows.length);
  const head = columns.map(({ name, type }) => `<th style="${align(isNumeric(type))}">${content(name)}</th>`).join('');
  const note = rowsNote(table, shown);
  // Without this class, JupyterLab would typeset everything between two $ signs as mathematics.
  const before = `<div class="tex2jax_ignore mathjax_ignore">\n<table border="1" class="dataframe">\n<thead><tr>${head}</tr></thead>\n<tbody>\n`;
  const after = `</tbody>\n</table>\n${note === undefined ? '' : `<p>${note}</p>\n`}</div>`;
  const writers = columns.map(columnWriter);
  const end = columns.length === 0 ? '</tr>\n' : '</td></tr>\n';
  const lines = [before];
  // Row by row: a text that grows cell by cell takes twice as long.
  for (const row of table.rows.slice(0, shown)) lines.push(`<tr>${writers.map((write, c) => write(row[c])).join('</td>')}${end}`);
  lines.push(after);
  return lines.join('');
}

/** Writes a cell up to its closing tag. Front ends align table cells to the right or to the left as they please, so every cell says it. */
function columnWriter({ type }: Table['columns'][number]): (value: JsonValue | undefined) => string {
  const write = writerFor(type);
  const opening = `<td style="${align(isNumeric(type))}">`;
  const wide = `<td style="${align(isNumeric(type))};min-width:20em">`;
  return (value) => {
    const text = cell(value, write);
    return (text.length > longText ? wide : opening) + text;
  };
}

function cell(value: JsonValue | undefined, write: Writer): string {
  if (typeof value === 'number') return write(value);
  return value === null ? nullCell : value === undefined ? '' : content(write(value));
}

function content(text: string): string {
  if (!needsCare.test(text)) return text;
  const escaped = escapeHtml(text);
  return swallowed.test(text) ? `<span style="white-space:pre-wrap">${escaped}</span>` : escaped;
}

function align(right: boolean): string {
  return right ? 'text-align:right' : 'text-align:left';
}
