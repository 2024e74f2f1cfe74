import type { Outcome } from '../kernel/interpreter.ts';
import { cellError } from '../protocol/cell-error.ts';
import { parseCell } from './cell-source.ts';
import { findMagic, magics, unknownMagic } from './magics/index.ts';
import type { CellRun } from './magics/magic.ts';

/** Runs a cell's text: its magic, or its code in the kernel's language. */
export async function runCell(text: string, cell: CellRun): Promise<Outcome> {
  const help = helpOf(text);
  if (help !== undefined) return { status: 'ok', pages: [{ 'text/plain': help }] };
  const source = parseCell(text);
  if (source.is === 'code') return runOwn(text, cell);
  const magic = findMagic(source.name, source.args, cell.language);
  if (magic === 'of the language') return runOwn(source.code, cell);
  if (!magic) return { status: 'error', error: cellError('UsageError', unknownMagic(source.name, cell.language)) };
  return magic.run(source, cell);
}

async function runOwn(code: string, cell: CellRun): Promise<Outcome> {
  if (code.trim() === '') return { status: 'ok' };
  const answer = cell.isNumbered ? undefined : cell.language.answerFrontEnd(code, cell.known);
  if (!answer) return cell.runCode(code, cell.language);
  for (const output of await answer) cell.output.emit(output);
  return { status: 'ok' };
}

/** `%name?`, `?%name` and `?name`… of a magic of ours. */
function helpOf(text: string): string | undefined {
  const [, before, after] = /^\s*(?:\?{1,2}%{1,2}(\w+)|%{1,2}(\w+)\?{1,2})\s*$/.exec(text) ?? [];
  return magics.find(({ name }) => name === (before ?? after))?.help;
}
