import { InvalidArgumentError } from 'commander';

/** Reads an option whose value is a whole number from 0 up. Throws commander's error for what is none. */
export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Not a whole number.');
}

/** As `wholeNumber`, from 1 up. */
export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('Not a number above 0.');
}
