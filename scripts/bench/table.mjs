// Results as an aligned table for people.
import CliTable from 'cli-table3';
import { ratios } from './run.mjs';

/** @typedef {import('./run.mjs').Result} Result */

/** No line is drawn, as in the command's own tables. */
const nothing = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '',
};

const head = ['', 'median', 'middle half', 'least to most', 'n', 'of ours', 'of floor'];

/** @param {readonly Result[]} results */
export function formatResults(results) {
  /** Lines of words as they are, and those whose cells stand below each other. @type {(string | readonly string[])[]} */
  const lines = [head];
  for (const result of results) {
    lines.push('', result.title);
    for (const figure of result.figures) {
      lines.push(`  ${figure.title} [${figure.unit}${figure.by === 'mean' ? ', means' : ''}]`);
      for (const [name, each] of Object.entries(figure.entries)) {
        lines.push('missing' in each ? `    ${name}: ${each.missing}` : cells(name, each.summary, figure.by, ratios(figure, name, result.ours)));
      }
      if (figure.target) lines.push(`    target ${figure.target.verdict}: ${figure.target.text}`);
    }
    if (result.note) lines.push(`  ${result.note}`);
  }
  const aligned = align(lines.filter((each) => typeof each !== 'string'));
  return lines.map((each) => (typeof each === 'string' ? each : aligned.shift())).join('\n');
}

/** @param {string} name @param {import('./statistics.mjs').Summary} summary @param {'mean' | 'median'} by @param {ReturnType<typeof ratios>} ratios */
function cells(name, summary, by, { ofOurs, ofFloor }) {
  const { p25, p75, min, max, count } = summary;
  const spread = count === 1 ? ['', ''] : [`${number(p25)} to ${number(p75)}`, `${number(min)} to ${number(max)}`];
  return [`    ${name}`, number(summary[by]), ...spread, String(count), times(ofOurs), times(ofFloor)];
}

/** @param {readonly (readonly string[])[]} rows @returns {string[]} a line each */
function align(rows) {
  const table = new CliTable({
    chars: nothing,
    colAligns: ['left', ...head.slice(1).map(() => /** @type {const} */ ('right'))],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split('\n').map((line) => line.trimEnd());
}

/** Three digits that mean something. @param {number} value */
export function number(value) {
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(3)))));
  return value.toFixed(Math.min(4, Math.max(0, 2 - size)));
}

/** @param {number | undefined} ratio */
function times(ratio) {
  return ratio === undefined ? '' : `${number(ratio)}×`;
}

/** One line that says how many targets are met. @param {readonly Result[]} results */
export function formatVerdicts(results) {
  const all = results.flatMap(({ figures }) => figures.flatMap(({ target }) => (target ? [target] : [])));
  const of = (/** @type {string} */ verdict) => all.filter((each) => each.verdict === verdict).length;
  return `Targets: ${of('met')} met, ${of('MISSED')} missed, ${of('not judged')} not judged.`;
}
