// Runs one experiment: contestants take turns, so that whatever else the machine does hits all of them alike.
import { Unavailable, floor, ours } from './experiment.mjs';
import { within } from './limit.mjs';
import { summarize } from './statistics.mjs';

/** @typedef {import('./experiment.mjs').Experiment} Experiment */
/** @typedef {import('./experiment.mjs').Context} Context */
/** @typedef {import('./statistics.mjs').Summary} Summary */

/** A turn that takes longer never ends. */
const limitMs = { quick: 60_000, full: 600_000 };

/** What a contestant came to in one figure: what it measured, or why there is nothing. @typedef {{ readonly samples: readonly number[], readonly summary: Summary } | { readonly missing: string }} Entry */
/** @typedef {{ readonly text: string, readonly verdict: 'met' | 'MISSED' | 'not judged' }} Judged */
/** @typedef {{ readonly id: string, readonly title: string, readonly unit: string, readonly by: 'mean' | 'median', readonly entries: Readonly<Record<string, Entry>>, readonly target?: Judged }} FigureResult */
/** @typedef {{ readonly id: string, readonly group: string, readonly title: string, readonly ours: string, readonly note?: string, readonly figures: readonly FigureResult[] }} Result */

/**
 * @param {Experiment} experiment
 * @param {Context} context
 * @returns {Promise<Result>} a contestant that fails is out, and the result says why
 */
export async function run(experiment, context) {
  const { turns, warmUps = 0, contestants, figures } = experiment;
  const names = Object.keys(contestants);
  /** @type {Map<string, Map<string, number[]>>} */
  const samples = new Map(names.map((name) => [name, new Map(figures.map(({ id }) => [id, []]))]));
  /** @type {Map<string, string>} */
  const out = new Map();
  const counted = context.quick ? turns.quick : turns.full;
  for (let turn = -warmUps; turn < counted; turn++) {
    for (const [name, contestant] of rotated(Object.entries(contestants), turn + warmUps)) {
      if (out.has(name)) continue;
      context.progress(turn < 0 ? `${name}, warming up` : `${name}, ${turn + 1} of ${counted}`);
      try {
        const measured = await within(context.quick ? limitMs.quick : limitMs.full, contestant(context), 'it did not come to its end');
        if (turn < 0) continue;
        for (const [id, values] of Object.entries(measured)) {
          const list = samples.get(name)?.get(id);
          if (list === undefined) throw new Error(`the experiment has no figure "${id}"`);
          list.push(...[values].flat());
        }
      } catch (error) {
        out.set(name, error instanceof Unavailable ? error.message : `failed: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  const results = figures.map(({ id, title, unit, by = /** @type {'mean' | 'median'} */ ('median'), target }) => {
    /** @type {Record<string, Entry>} */
    const entries = Object.fromEntries(names.map((name) => [name, entry(samples.get(name)?.get(id) ?? [], out.get(name))]));
    return { id, title, unit, by, entries, ...(target && { target: judge(target, by, entries) }) };
  });
  const { id, group, title, note } = experiment;
  return { id, group, title, ours: experiment.ours ?? ours, ...(note && { note }), figures: results.map(withoutAbsent).filter(({ entries }) => Object.keys(entries).length > 0) };
}

/** @template T @param {readonly T[]} list @param {number} by @returns {T[]} */
function rotated(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/** @param {readonly number[]} samples @param {string | undefined} reason @returns {Entry} */
function entry(samples, reason) {
  if (reason !== undefined) return { missing: reason };
  return samples.length === 0 ? { missing: '' } : { samples, summary: summarize(samples) };
}

/** Who has nothing to do with a figure does not stand in it. @param {FigureResult} figure @returns {FigureResult} */
function withoutAbsent(figure) {
  return { ...figure, entries: Object.fromEntries(Object.entries(figure.entries).filter(([, each]) => !('missing' in each && each.missing === ''))) };
}

/** @param {import('./experiment.mjs').Target} target @param {'mean' | 'median'} by @param {Readonly<Record<string, Entry>>} entries @returns {Judged} */
function judge({ text, holds }, by, entries) {
  try {
    const of = (/** @type {'mean' | 'median' | 'max'} */ what) => (/** @type {string} */ name) => summaryOf(entries[name], name)[what];
    return { text, verdict: holds(of(by), of('max')) ? 'met' : 'MISSED' };
  } catch (error) {
    if (error instanceof Unavailable) return { text, verdict: 'not judged' };
    throw error;
  }
}

/** @param {Entry | undefined} each @param {string} name */
function summaryOf(each, name) {
  if (each === undefined || 'missing' in each) throw new Unavailable(`${name} has no measurements`);
  return each.summary;
}

/** How many times as much as another a contestant needs; of nothing, nobody can tell. @param {Entry | undefined} each @param {Entry | undefined} other @param {'mean' | 'median'} by */
export function ratio(each, other, by) {
  if (each === undefined || other === undefined || 'missing' in each || 'missing' in other) return undefined;
  return other.summary[by] === 0 ? undefined : each.summary[by] / other.summary[by];
}

/** @param {FigureResult} figure @param {string} name @param {string} reference @returns {{ readonly ofOurs: number | undefined, readonly ofFloor: number | undefined }} */
export function ratios({ entries, by }, name, reference) {
  return { ofOurs: ratio(entries[name], entries[reference], by), ofFloor: ratio(entries[name], entries[floor], by) };
}
