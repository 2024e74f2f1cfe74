const shortest = 10;
const longest = 1000;

/**
 * How long to wait before the next `commands/status`, in milliseconds, when the command has run for `elapsed` of them: a tenth of
 * it, so that an end is seen within 5 % of the run time on average, with about 60 calls in the first 10 s and one a second after that.
 */
export function pollDelay(elapsed: number): number {
  return Math.min(longest, Math.max(shortest, elapsed / 10));
}
