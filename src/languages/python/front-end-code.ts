import { randomUUID } from 'node:crypto';
import type { JsonValue } from '../../lib/json.ts';
import type { Output } from '../../protocol/output.ts';
import type { LocalKnowledge } from '../language.ts';

/*
 * VS Code takes every kernel whose language is Python for an ipykernel of this machine, and runs code of its own in it: on start, for completion
 * and help, behind its variables view, before it debugs (microsoft/vscode-jupyter 2026.6: `executeSilently`, `execCodeInBackgroundThread`). On a
 * cluster most of it would do nothing, and cost a context. Here it is answered with what VS Code reads from it, or with the nothing that it
 * takes for "not there".
 */

const openings: readonly RegExp[] = [
  /^try:\s+import ipywidgets as _VSCODE_/,
  /^def (?:__VSCODE_|_VSCODE_|__vsc_)/,
  /^# Copyright[^\n]*Microsoft[^\n]*\n(?:#[^\n]*\n|\n)*def __vsc_/,
  /^import \w+ as _{1,2}(?:VSCODE|vscode)/,
  /^__vsc_ipynb_file__ *=/,
  /^(?:_VSCODE_|__VSCODE_)\w+/,
  /^get_ipython\(\)\.run_line_magic\('config', 'Completer\.use_jedi = False'\)(?=\s*(?:$|try:\s+(?:import matplotlib|%matplotlib|get_ipython)))/,
  /^%config Completer\.use_jedi = False(?=\s*(?:$|try:\s+(?:import matplotlib|%matplotlib)))/,
  // Only the cluster's debugger would hear them, and nobody could reach it.
  /^import builtins\s+import ipykernel\s+builtins\.print\("[\w-]+" \+ ipykernel\.__version__/,
  /^import debugpy(?:;debugpy\.(?:listen\(\('localhost', 0\)\)|wait_for_client\(\))|\s+debugpy\.debug_this_thread\(\))$/,
  /^from debugpy import trace_this_thread;trace_this_thread\((?:True|False)\)$/,
];

/** Code that runs in a thread, with the MIME type under which its result comes back. The code is in `do_implementation`. */
const background = /^def __jupyter_exec_background__\(\):[^]*?display\(\{"(application\/vnd\.vscode\.bg\.execution\.\d+)": ""\}/;
/** The text of a cell as a Python string, and a place in it. */
const question = /^ *return get_ipython\(\)\.kernel\.do_(complete|inspect)\("([^"\\]*(?:\\[^][^"\\]*)*)", (\d+)(?:, \d+)?\)$/m;
const variableTypes = /^_VSCODE_getVariable\("types", /m;
const variableDescriptions = /^ *return _VSCODE_get(?:VariableDescriptions|AllChildrenDescriptions)\(/m;

/** What answers code that a front end wrote for its own purposes; `undefined` for everything else. */
export function answerFrontEnd(code: string, known: LocalKnowledge): Promise<readonly Output[]> | undefined {
  const start = code.trimStart();
  const [, mime] = background.exec(start) ?? [];
  if (mime !== undefined) return answerBackground(start, mime, known);
  if (!openings.some((opening) => opening.test(start.trimEnd()))) return undefined;
  // No answer would be an error in the log of VS Code, after each cell while its variables view is open.
  return Promise.resolve(variableTypes.test(code) ? [{ type: 'stream', content: { name: 'stdout', text: '[]\n' } }] : []);
}

async function answerBackground(code: string, mime: string, known: LocalKnowledge): Promise<readonly Output[]> {
  const result = await backgroundResult(code, known);
  if (result === undefined) return [];
  const transient = { display_id: randomUUID() };
  // The first display tells VS Code the id under which it looks for the result.
  return [
    { type: 'display_data', content: { data: { [mime]: '' }, metadata: {}, transient } },
    { type: 'update_display_data', content: { data: { [`${mime}.result`]: result }, metadata: {}, transient } },
  ];
}

/** What the thread's function would return. Offsets are VS Code's own, UTF-16, where ipykernel's would be code points. */
async function backgroundResult(code: string, known: LocalKnowledge): Promise<JsonValue | undefined> {
  if (variableDescriptions.test(code)) return '[]';
  const [, what, text, offset] = question.exec(code) ?? [];
  if (text === undefined) return undefined;
  const cell = unescape(text);
  if (what === 'inspect') {
    const data = await known.inspect(cell, Number(offset));
    return { status: 'ok', found: data !== undefined, data: data ?? {}, metadata: {} };
  }
  const { matches, start, end } = await known.complete(cell, Number(offset));
  const typed = matches.map((match) => ({ start, end, text: match.text, type: match.type ?? '' }));
  return { status: 'ok', matches: matches.map((match) => match.text), cursor_start: start, cursor_end: end, metadata: { _jupyter_types_experimental: typed } };
}

const escaped: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', b: '\b' };

function unescape(text: string): string {
  return text.replace(/\\([^])/g, (_, letter: string) => escaped[letter] ?? letter);
}
