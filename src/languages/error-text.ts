import { reported } from '../lib/controls.ts';
import type { CellError } from '../protocol/cell-error.ts';
import { htmlToText, stripAnsi } from '../render/html.ts';

/** How a language's reports read. */
export interface ErrorStyle {
  /** Leaves out the frames of the JVM's stack, which say nothing about the user's code. */
  readonly withoutStack?: boolean;
}

/**
 * An error from the two texts of an `error` result: `summary` is HTML (`<span class='ansi-red-fg'>ValueError</span>: bad`), `cause` the whole
 * report with ANSI colours. Classic servers send no summary: name and message then come from the cause. Without a cause, the summary is
 * the report. Colours are the only control sequences that stay, in the report alone.
 */
export function errorOf(summary: string, cause: string, style: ErrorStyle = {}): CellError {
  const clean = reported(htmlToText(summary), false).trim();
  const { ename, evalue } = clean === '' ? nameAndMessage(reported(cause, false)) : (splitHead(clean) ?? { ename: 'Error', evalue: clean });
  const report = cause.trim() === '' ? clean : reported(cause, true);
  const kept = style.withoutStack ? withoutStack(report) : report;
  return { ename, evalue, traceback: coloured(kept.trim() === '' ? `${ename}: ${evalue}` : kept.trimEnd(), ename) };
}

// `ValueError: bad`, `java.lang.ArithmeticException: / by zero`, `KeyError`; a sentence with a colon in it is no name.
const headPattern = /^([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)(?::[ \t]*([^]*))?$/;
const nameOfFailure = /(?:Error|Exception|Failure|Interrupt|Exit|Warning|Throwable|StopIteration)\b/;

function splitHead(text: string): { ename: string; evalue: string } | undefined {
  const [, ename, evalue = ''] = headPattern.exec(text) ?? [];
  return ename === undefined ? undefined : { ename, evalue: evalue.trim() };
}

const ipythonHead = /^([\p{L}_][\p{L}\p{N}_.]*?)[ \t]*Traceback \(most recent call last\)$/gmu;

/**
 * IPython heads each exception's report with `Name     Traceback (most recent call last)`; the last is the one raised. After its frames, whose
 * lines all begin otherwise, comes `Name: message`: the first such line, since the message may have more of them.
 */
function ofIpython(cause: string): { ename: string; evalue: string } | undefined {
  for (const { 0: head, 1: ename = '', index } of [...cause.matchAll(ipythonHead)].reverse()) {
    const [, evalue] = new RegExp(`^${ename.replaceAll('.', '\\.')}(?::|$)([^]*)`, 'm').exec(cause.slice(index + head.length)) ?? [];
    if (evalue !== undefined) return { ename, evalue: evalue.trim() };
  }
  return undefined;
}

/** Python ends its report with `Name: message`, which may go on over lines; the JVM begins with it. */
function nameAndMessage(cause: string): { ename: string; evalue: string } {
  const headed = ofIpython(cause);
  if (headed) return headed;
  const lines = cause.trim().split('\n');
  const isPython = lines.some((line) => line.includes('Traceback (most recent call last)'));
  const at = isPython ? lines.findLastIndex((line) => isHead(line)) : lines.findIndex((line) => isHead(line));
  const found = at < 0 ? undefined : splitHead(lines.slice(at, isPython ? undefined : at + 1).join('\n'));
  return found ?? { ename: 'Error', evalue: lines[0] ?? '' };
}

function isHead(line: string): boolean {
  const ename = splitHead(line)?.ename;
  return ename !== undefined && nameOfFailure.test(ename);
}

function withoutStack(report: string): string {
  const lines = report.split('\n');
  return lines.filter((line) => !/^\s+at [\w$.<>/]+\(.*\)\s*$|^\s+\.\.\. \d+ (?:more|elided)/.test(stripAnsi(line))).join('\n');
}

/**
 * A report without colours of its own gets its error's name in red, as IPython does it. Some of Spark's exceptions begin it with
 * another name than their class has.
 */
function coloured(report: string, ename: string): readonly string[] {
  if (report.includes('\u001b[')) return report.split('\n');
  const [first = ''] = report.split('\n', 1);
  const name = placeOf(ename, report) >= 0 || !isHead(first) ? ename : (splitHead(first)?.ename ?? '');
  const at = placeOf(name, report);
  if (name === '' || at < 0) return report.split('\n');
  return `${report.slice(0, at)}\u001b[0;31m${name}\u001b[0m${report.slice(at + name.length)}`.split('\n');
}

/** Where a name stands as a whole word: the `Error` of a report without a name is not that of `OutOfMemoryError`. */
function placeOf(name: string, report: string): number {
  return report.search(new RegExp(`(?<![\\w$])${name.replaceAll(/[.$]/g, '\\$&')}(?![\\w$])`));
}
