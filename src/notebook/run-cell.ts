import type { Outcome } from '../kernel/interpreter.ts';
import { cellError } from '../protocol/cell-error.ts';
import { parseCell } from './cell-source.ts';
import { helpFor } from './help.ts';
import { findMagic, unknownMagic } from './magics/index.ts';
import type { CellRun } from './magics/magic.ts';

/** How people leave a console. A context is not left, so the cluster would have no answer. */
const farewell = /^\s*(?:(?:exit|quit)(?:\(\))?;?|:q(?:uit)?)\s*$/;

/** Runs a cell's text: its magic, or its code in the kernel's language. */
export async function runCell(text: string, cell: CellRun): Promise<Outcome> {
  const help = await helpFor(text, cell);
  if (help !== undefined) return { status: 'ok', pages: [{ 'text/plain': help }] };
  if (farewell.test(text)) return { status: 'ok', asksExit: true };
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
