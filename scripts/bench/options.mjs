// The command line of `npm run bench`.
import { parseArgs } from 'node:util';

export const usage = 'Usage: npm run bench -- [--quick] [--only GROUP|ID]… [--json FILE] [--list]';

/** @typedef {{ readonly quick: boolean, readonly only: readonly string[], readonly json: string | undefined, readonly list: boolean }} Options */

/**
 * @param {readonly string[]} args
 * @returns {Options} throws an Error with a sentence for anything unknown
 */
export function parseOptions(args) {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean' }, only: { type: 'string', multiple: true }, json: { type: 'string' }, list: { type: 'boolean' } },
  });
  const { quick = false, only = [], json, list = false } = values;
  return { quick, only, json, list };
}

/**
 * Those that are asked for by group or id; all, where nothing is. A quick run has no long ones.
 * @template {{ readonly id: string, readonly group: string, readonly turns: { readonly quick: number } }} E
 * @param {readonly E[]} experiments
 * @param {Pick<Options, 'quick' | 'only'>} options
 * @returns {readonly E[]} throws an Error for a name that fits none, and where nothing would be left
 */
export function select(experiments, { quick, only }) {
  const fits = (/** @type {E} */ { id, group }, /** @type {string} */ name) => id === name || group === name;
  const unknown = only.find((name) => !experiments.some((each) => fits(each, name)));
  if (unknown !== undefined) throw new Error(`There is no group or experiment "${unknown}"; --list shows them all.`);
  const named = only.length === 0 ? experiments : experiments.filter((each) => only.some((name) => fits(each, name)));
  const selected = named.filter(({ turns }) => !quick || turns.quick > 0);
  if (selected.length === 0) throw new Error(`A quick run leaves out ${named.map(({ id }) => id).join(', ')}: run it without --quick.`);
  return selected;
}
