import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Reads a file that others append lines to. At one go, so that two who ask at the same time do not both get the same lines. */
export class LogReader {
  readonly #path: string;
  #read = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** The whole lines that have come since the last look. */
  news(): readonly string[] {
    const file = openSync(this.#path, 'r');
    try {
      const buffer = Buffer.alloc(fstatSync(file).size - this.#read);
      const length = readSync(file, buffer, 0, buffer.length, this.#read);
      this.#read += length;
      const lines = (this.#rest + buffer.toString('utf8', 0, length)).split('\n');
      this.#rest = lines.pop() ?? '';
      return lines;
    } finally {
      closeSync(file);
    }
  }
}
