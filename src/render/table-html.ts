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
  return [
    // Without this class, JupyterLab would typeset everything between two $ signs as mathematics.
    '<div class="tex2jax_ignore mathjax_ignore">\n<table border="1" class="dataframe">\n',
    `<thead><tr>${head}</tr></thead>\n<tbody>\n`,
    body(table, shown),
    '</tbody>\n</table>\n',
    note === undefined ? '' : `<p>${note}</p>\n`,
    '</div>',
  ].join('');
}

function body(table: Table, shown: number): string {
  // Front ends align table cells to the right or to the left as they please, so every cell says it.
  const columns = table.columns.map(({ type }) => ({ write: writerFor(type), opening: `<td style="${align(isNumeric(type))}">`, wide: `<td style="${align(isNumeric(type))};min-width:20em">` }));
  let html = '';
  for (let r = 0; r < shown; r++) {
    const row = table.rows[r] ?? [];
    let c = 0;
    html += '<tr>';
    for (const { write, opening, wide } of columns) {
      const text = cell(row[c++], write);
      html += `${text.length > longText ? wide : opening}${text}</td>`;
    }
    html += '</tr>\n';
  }
  return html;
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
