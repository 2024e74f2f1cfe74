import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LogReader } from './log-reader.ts';

/** What a cell is called, by itself and in what it leaves: no two have the same, and none is part of another. */
export type Token = string;

export const tokens = /tok\d+n\d+z/g;

/**
 * Side effects of cells, each of which may happen once: every run of a cell appends the cell's token to a file, or, in SQL, inserts it
 * into a table of its own.
 */
export class Ledger {
  readonly #file: string;
  readonly #tables: string;
  readonly #counts = new Map<Token, number>();
  readonly #reader: LogReader;

  private constructor(directory: string) {
    this.#file = join(directory, 'ledger');
    this.#tables = join(directory, 'tables');
    this.#reader = new LogReader(this.#file);
  }

  static async make(directory: string): Promise<Ledger> {
    const ledger = new Ledger(directory);
    await mkdir(ledger.#tables);
    await writeFile(ledger.#file, '');
    return ledger;
  }

  python(token: Token): string {
    return `open(${JSON.stringify(this.#file)}, "a").write("${token}\\n")`;
  }

  scala(token: Token): string {
    const path = `java.nio.file.Path.of(${JSON.stringify(this.#file)})`;
    return `{ java.nio.file.Files.write(${path}, "${token}\\n".getBytes, java.nio.file.StandardOpenOption.APPEND); () }`;
  }

  /** Statements. A table each: Spark's inserts into one place get in each other's way. */
  sql(token: Token): string {
    const place = `file:${join(this.#tables, token)}`;
    return `create table if not exists ${token} (token string) using text location '${place}'; insert into ${token} values ('${token}'); drop table ${token};`;
  }

  /** How often each cell has run so far. */
  async counts(): Promise<ReadonlyMap<Token, number>> {
    this.#readFile();
    const counts = new Map(this.#counts);
    for (const token of await readdir(this.#tables)) counts.set(token, (counts.get(token) ?? 0) + (await this.#rowsOf(token)));
    return counts;
  }

  /** How often one cell has run so far. */
  async count(token: Token): Promise<number> {
    this.#readFile();
    return (this.#counts.get(token) ?? 0) + (await this.#rowsOf(token));
  }

  #readFile(): void {
    for (const token of this.#reader.news()) this.#counts.set(token, (this.#counts.get(token) ?? 0) + 1);
  }

  /** Rows of inserts that were committed. */
  async #rowsOf(token: Token): Promise<number> {
    const directory = join(this.#tables, token);
    const parts = (await readdir(directory).catch(() => [])).filter((name) => name.startsWith('part-'));
    const texts = await Promise.all(parts.map((name) => readFile(join(directory, name), 'utf8')));
    return texts.join('').split('\n').filter((line) => line === token).length;
  }
}
