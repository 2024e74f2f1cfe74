import { InvalidArgumentError, Option } from 'commander';
import { formatJson } from '../databricks/json.ts';
import type { JsonValue } from '../lib/json.ts';
import { formatTable, type Column } from './table.ts';
import { oneLine } from '../lib/controls.ts';
import { textFor } from './terminal-text.ts';

/** Prints text on stdout as it is, but for what a terminal must not be sent, and ends its last line. */
export function print(text: string): void {
  process.stdout.write(textFor(process.stdout, text === '' || text.endsWith('\n') ? text : `${text}\n`));
}

/** What `--json` makes of a command's options. */
export interface JsonOption {
  readonly json?: true;
}

/** `--output` of a command that has a result. A format, which other programs take there, would become a file of that name. */
export function outputOption(): Option {
  return new Option('--output <file>', 'write the result into this file: pictures and HTML, too').argParser((file: string) => {
    if (!/^(?:json|text)$/i.test(file)) return file;
    const instead = /json/i.test(file) ? 'For JSON on standard output use --json' : 'Text goes to standard output without it';
    throw new InvalidArgumentError(`${instead}; for a file of that name write ./${file}.`);
  });
}

/** Prints what a command came to: for programs as JSON on one line, integers exact (`--json`), and for people as `words` say it. */
export function printResult(asJson: boolean | undefined, json: JsonValue, words: () => string): void {
  print(asJson === true ? formatJson(json) : words());
}

/** Says on stderr what did not go as wished and is no error. */
export function printWarning(sentence: string): void {
  process.stderr.write(`${oneLine(sentence)}\n`);
}

/** A list for people: an aligned table, or the sentence `none` where there is nothing to list. */
export function listed<Row>(rows: readonly Row[], columns: readonly Column<Row>[], none: string): string {
  return rows.length === 0 ? none : formatTable(rows, columns, terminalWidth());
}

function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns || undefined : undefined;
}

/** What one thing is called, and what it is. */
export type Fact = readonly [name: string, value: string | number | undefined];

/** What is known of one thing, a line a fact, aligned; what is not known is left out. */
export function facts(all: readonly Fact[]): string {
  const known = all.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${oneLine(String(value))}`).join('\n');
}
