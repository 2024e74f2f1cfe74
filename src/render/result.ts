import type { CommandResult } from '../databricks/types.ts';
import { oneLine } from '../lib/controls.ts';
import type { CellError } from '../protocol/cell-error.ts';
import type { MimeBundle, Output } from '../protocol/output.ts';
import { isHtml } from './html.ts';
import { readDataUrl } from './image.ts';
import type { Table, TableOptions } from './table.ts';
import { tableToHtml } from './table-html.ts';
import { tableToJson } from './table-json.ts';
import { tableToText } from './table-text.ts';

/** What a language makes of the server's one string: what the code printed, and the value it ended with. In order, nothing left out. */
export interface TextPart {
  readonly is: 'printed' | 'value';
  readonly text: string;
}

/** How the texts of a language read. */
export interface Readers {
  text(text: string): readonly TextPart[];
  error(summary: string, cause: string): CellError;
}

/** What rendering depends on besides the result: the number of the cell, and what the user chose. */
export interface View {
  readonly executionCount: number;
  readonly table: TableOptions;
}

export interface Rendered {
  readonly outputs: readonly Output[];
  /** There for a command that failed: the cell ends with it. */
  readonly failure?: CellError;
}

/** Everything that a command came to, in the words of the messaging protocol. Nothing that the server sent is swallowed. */
export function renderResult(result: CommandResult, readers: Readers, view: View): Rendered {
  switch (result.kind) {
    case 'text':
      return { outputs: renderText(result.text, readers, view) };
    case 'table':
      return { outputs: [display(renderTable(result, view.table))] };
    case 'image':
      if (result.fileNames.length === 0) return { outputs: [sentence('The server announced a picture and sent none.')] };
      return { outputs: result.fileNames.map(renderImage) };
    case 'error':
      return { outputs: [], failure: readers.error(result.summary, result.cause) };
    case 'unknown':
      return { outputs: [sentence(`The server sent a result of the unknown type "${result.resultType}": ${asJson(result.raw)}`)] };
  }
}

/** A table in all its forms. */
export function renderTable(table: Table, options: TableOptions): MimeBundle {
  return {
    'text/html': tableToHtml(table, options.rows),
    'text/plain': tableToText(table, options.rows),
    ...(options.json ? tableToJson(table) : {}),
  };
}

function renderText(text: string, readers: Readers, view: View): readonly Output[] {
  if (isHtml(text)) return [display({ 'text/html': text.trim(), 'text/plain': text })];
  return readers.text(text).filter((part) => part.is === 'value' || part.text !== '').map((part): Output =>
    part.is === 'value'
      ? { type: 'execute_result', content: { execution_count: view.executionCount, data: { 'text/plain': part.text }, metadata: {} } }
      : { type: 'stream', content: { name: 'stdout', text: part.text.endsWith('\n') ? part.text : `${part.text}\n` } },
  );
}

function renderImage(fileName: string): Output {
  const picture = readDataUrl(fileName);
  if (picture) return { type: 'display_data', content: picture };
  return sentence(`The picture is too large for the API to send; it is a file on the workspace: ${fileName}`);
}

/** Words of the server in it cannot command a terminal that shows it. */
function sentence(text: string): Output {
  return display({ 'text/plain': oneLine(text) });
}

function display(data: MimeBundle): Output {
  return { type: 'display_data', content: { data, metadata: {} } };
}

function asJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? 'nothing';
}
