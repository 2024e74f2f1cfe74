import { seededRandom } from '../../src/lib/random.ts';

/** Chance that can be had again: the same seed gives the same choices. */
export class Random {
  /** From 0 up to 1, 1 excluded. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of several, each as often as its weight says. */
  choose<T>(weighed: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.next() * weighed.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of weighed) if ((left -= weight) < 0) return value;
    throw new Error('There is nothing to choose from.');
  }
}
