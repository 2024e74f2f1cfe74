import { randomUUID } from 'node:crypto';

const printed = new WeakMap<object, string>();

/** Prints a value that never changes once and for all: `stringify` then knows the text. */
export function constant<T extends object>(value: T): T {
  printed.set(value, stringify(value));
  return value;
}

/**
 * `JSON.stringify` that also prints a `bigint`, with all of its digits.
 *
 * The plain call is tried first: it is several times faster than one with a replacer, and it throws on a `bigint`, which is rare.
 */
export function stringify(value: object): string {
  const known = printed.get(value);
  if (known !== undefined) return known;
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node 20 has no JSON.rawJSON: integers travel as marked strings whose quotes and mark are then taken away.
    const mark = randomUUID();
    const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${mark}${item}` : item));
    return text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
  }
}
