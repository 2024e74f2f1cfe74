// What a list of measurements comes to.

/** @typedef {{ readonly count: number, readonly min: number, readonly mean: number, readonly p25: number, readonly median: number, readonly p75: number, readonly p99: number, readonly max: number }} Summary */

/** @param {readonly number[]} samples at least one @returns {Summary} */
export function summarize(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (/** @type {number} */ fraction) => quantile(sorted, fraction);
  return { count: sorted.length, mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length, min: at(0), p25: at(0.25), median: at(0.5), p75: at(0.75), p99: at(0.99), max: at(1) };
}

/**
 * Between two measurements the value is interpolated.
 * @param {readonly number[]} sorted in ascending order, at least one
 * @param {number} fraction 0 for the least, 1 for the greatest
 */
export function quantile(sorted, fraction) {
  if (sorted.length === 0) throw new RangeError('There are no measurements.');
  const position = (sorted.length - 1) * fraction;
  const [below, above] = /** @type {[number, number]} */ ([sorted[Math.floor(position)], sorted[Math.ceil(position)]]);
  return below + (above - below) * (position - Math.floor(position));
}
