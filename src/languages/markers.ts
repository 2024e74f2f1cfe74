import type { TextPart } from '../render/result.ts';

/** How a REPL marks the value of an expression in its text. */
export interface Marker {
  /** Finds every marker at a line start; group 1 is its number. Global and multi-line. */
  readonly pattern: RegExp;
  /** The value as it is shown, from the text that begins with the marker. */
  show(marked: string, marker: string): string;
}

/**
 * Splits the text of a REPL into what was printed and the value at its end. The value begins at the last marker whose number is
 * higher than any seen in this context: numbers only grow, so a printed copy of an older marker is not taken for one.
 */
export class ValueSplitter {
  readonly #marker: Marker;
  #highest = -1;

  constructor(marker: Marker) {
    this.#marker = marker;
  }

  split(text: string): readonly TextPart[] {
    const fresh = [...text.matchAll(this.#marker.pattern)].filter((match) => Number(match[1]) > this.#highest);
    const last = fresh.at(-1);
    if (!last) return [{ is: 'printed', text }];
    this.#highest = Number(last[1]);
    return [
      { is: 'printed', text: text.slice(0, last.index) },
      { is: 'value', text: this.#marker.show(text.slice(last.index), last[0]) },
    ];
  }

  /** A new context counts from the beginning. */
  forget(): void {
    this.#highest = -1;
  }
}
