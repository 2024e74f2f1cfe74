// One table from the text of the server's answer to HTML and text, as the kernel does it; in a process of its own. Prints what it took.
//   render-table FILE ROWS   (ROWS: how many of them as text; the kernel shows 50)
import { readFileSync } from 'node:fs';
import { parseJson } from '../../src/databricks/json.ts';
import { parseCommandState } from '../../src/databricks/parse/commands.ts';
import { tableToHtml } from '../../src/render/table-html.ts';
import { tableToText } from '../../src/render/table-text.ts';
import { peakOf } from './memory.mjs';

const [file = '', textRows] = process.argv.slice(2);
const answer = readFileSync(file, 'utf8');
const before = performance.now();
const state = parseCommandState(parseJson(answer));
if (!('result' in state) || state.result.kind !== 'table') throw new Error('the answer holds no table');
const parsed = performance.now();
const html = tableToHtml(state.result);
const htmled = performance.now();
const text = tableToText(state.result, textRows === undefined ? undefined : Number(textRows));
const ms = performance.now() - before;
process.stdout.write(JSON.stringify({ ms, parse: parsed - before, html: htmled - parsed, text: before + ms - htmled, mib: await peakOf('self'), htmlRows: html.split('<tr').length - 1, textLines: text.split('\n').length }));
