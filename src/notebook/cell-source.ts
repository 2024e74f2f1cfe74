/** What a cell's text asks for. */
export type CellSource =
  | { readonly is: 'code'; readonly code: string }
  | {
      readonly is: 'magic';
      readonly name: string;
      /** The rest of the magic's line. */
      readonly args: string;
      /** The lines below it. */
      readonly body: string;
      /** The cell as a language would get it. */
      readonly code: string;
    };

/** Lines that Databricks' source export writes at the head of a cell: they are about the cell, not in it. */
const headLine = /^(?:#|--|\/\/) (?:DBTITLE .*|COMMAND -+|Databricks notebook source)[ \t]*\r?\n?/;
/** Its way to keep a cell of another language in a source file: every line behind a comment. */
const magicLine = /^(?:#|--|\/\/) MAGIC ?/;
const firstLine = /^%%?([A-Za-z_]\w*)(?=[ \t]|\r?\n|\r?$)([^\n]*)(?:\n|$)/;

/**
 * Reads a cell: a magic is one only on the first line that is not blank and not about the cell itself
 * (`# DBTITLE`, `# COMMAND ----------`, `# Databricks notebook source`). `# MAGIC` comments are taken off first.
 */
export function parseCell(text: string): CellSource {
  let code = withoutBlankStart(text);
  while (headLine.test(code)) code = withoutBlankStart(code.replace(headLine, ''));
  if (magicLine.test(code)) code = withoutBlankStart(code.split('\n').map((line) => line.replace(magicLine, '')).join('\n'));
  const [line, name, rest = ''] = firstLine.exec(code) ?? [];
  if (line === undefined || name === undefined) return { is: 'code', code: text };
  return { is: 'magic', name, args: rest.trim(), body: code.slice(line.length), code };
}

function withoutBlankStart(code: string): string {
  return code.replace(/^(?:[ \t]*\r?\n)+/, '').replace(/^[ \t]+(?=%)/, '');
}
