import { randomUUID } from 'node:crypto';
import { appendFile, chmod, mkdir, open, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemClock, type Clock } from '../lib/time.ts';
import { trace } from '../lib/trace.ts';
import type { HistoryEntry, HistoryQuery } from '../protocol/contents.ts';
import { globMatcher } from './glob.ts';

const log = trace('history');

/** What a kernel remembers of earlier sessions. */
const rememberedLines = 10_000;
/** No more of a file is read, and a longer one is then cut down. */
const maxFileBytes = 16 * 1024 * 1024;
/** A cell longer than this (generated code, pasted data) is not worth remembering. */
const maxInputLength = 256 * 1024;
/** Nor is a result, in characters. */
const maxOutputLength = 64 * 1024;

/**
 * Cells that follow each other within this time (milliseconds) are written together, and not while the first of them is being sent: to read
 * what a long file holds, which comes before the first writing, takes a tenth of a second.
 */
const togetherMs = 50;
/** Beyond so many characters the next write begins, because only a short one is whole beside those of other kernels. */
const together = 64 * 1024;

/** One line of the file: which kernel process, its execution count, the code. */
type Stored = readonly [session: string, line: number, input: string];

interface Line {
  readonly session: number;
  readonly line: number;
  readonly input: string;
}

/** What the file says of earlier sessions. */
interface Past {
  readonly lines: readonly Line[];
  /** `false` for what is no file: opening a pipe would wait for somebody at its other end. */
  readonly mayBeWritten: boolean;
  /** What ends a last line that a crash has torn, so that the next one stands on its own. */
  readonly rest: '' | '\n';
}

const nothing: Past = { lines: [], mayBeWritten: true, rest: '' };

/**
 * The inputs of this session and, from a file that kernels share, of earlier ones.
 *
 * Sessions are numbered by their first appearance in the file as it was when this kernel first looked; this kernel's own is the
 * next number. What other kernels write meanwhile is seen after a restart, so that no number changes under a front end.
 */
export class History {
  readonly #path: string | undefined;
  readonly #clock: Clock;
  readonly #id = randomUUID();
  readonly #own: { readonly line: number; readonly input: string; output?: string }[] = [];
  readonly #hurry = new AbortController();
  #past: Promise<Past> | undefined;
  readonly #unwritten: string[] = [];
  #writing: Promise<void> | undefined;
  #rest: string | undefined;
  #hasFailed = false;

  /** @param path The shared file; made with its directory, readable by its owner only. Without one nothing is kept. */
  constructor(path?: string, clock: Clock = systemClock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Never throws and never waits: a full disk costs the history, not the cell. */
  add(line: number, input: string): void {
    if (input.trim() === '' || input.length > maxInputLength) return;
    this.#own.push({ line, input });
    const stored: Stored = [this.#id, line, input];
    this.#unwritten.push(`${JSON.stringify(stored)}\n`);
    this.#writing ??= this.#write();
  }

  /** Notes the text of a cell's result, for requests that ask for outputs. Kept in memory only, and not if it is long. */
  setOutput(line: number, output: string): void {
    if (output.length > maxOutputLength) return;
    const entry = this.#own.findLast((own) => own.line === line);
    // A copy: a part of a text keeps all of it in memory, here what the cell has printed.
    if (entry) entry.output = Buffer.from(output, 'utf16le').toString('utf16le');
  }

  async query(query: HistoryQuery): Promise<readonly HistoryEntry[]> {
    const { lines: past } = await this.#load();
    const session = (past.at(-1)?.session ?? 0) + 1;
    const own = this.#own.map(({ line, input }) => ({ session, line, input }));
    const chosen = choose([...past, ...own], session, query);
    if (!query.output) return chosen.map(({ session, line, input }) => [session, line, input]);
    const outputs = new Map(this.#own.map(({ line, output }) => [line, output]));
    return chosen.map((entry) => {
      const output = entry.session === session ? outputs.get(entry.line) : undefined;
      return [entry.session, entry.line, [entry.input, output ?? null]];
    });
  }

  /** Resolves when all that was added has been written, or could not be. What comes later is written at once. */
  async flush(): Promise<void> {
    this.#hurry.abort();
    await this.#writing;
  }

  #load(): Promise<Past> {
    this.#past ??= this.#path === undefined ? Promise.resolve(nothing) : readPast(this.#path);
    return this.#past;
  }

  async #write(): Promise<void> {
    while (this.#unwritten.length > 0) {
      await this.#clock.sleep(togetherMs, this.#hurry.signal);
      let lines = '';
      while (this.#unwritten.length > 0 && lines.length < together) lines += this.#unwritten.shift();
      await this.#append(lines);
    }
    this.#writing = undefined;
  }

  async #append(lines: string): Promise<void> {
    if (this.#path === undefined) return;
    const { mayBeWritten, rest } = await this.#load();
    if (!mayBeWritten) return;
    this.#rest ??= rest;
    try {
      await appendLines(this.#path, this.#rest + lines);
      this.#rest = '';
    } catch (error) {
      if (!this.#hasFailed) log.warn(`cells are not added to ${this.#path}: ${String(error)}`);
      this.#hasFailed = true;
    }
  }
}

/** The directory is made only where it is missing: this is done for every cell. */
async function appendLines(path: string, lines: string): Promise<void> {
  const append = () => appendFile(path, lines, { mode: 0o600 });
  await append().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await append();
  });
}

function choose(lines: readonly Line[], session: number, query: HistoryQuery): readonly Line[] {
  switch (query.hist_access_type) {
    case 'tail':
      return last(lines, query.n ?? 10);
    case 'search': {
      const matches = globMatcher(query.pattern);
      const found = lines.filter(({ input }) => matches(input));
      return last(query.unique ? withoutRepeats(found) : found, query.n ?? found.length);
    }
    case 'range': {
      // 0 is this session and -1 the one before it, as in IPython.
      const wanted = query.session > 0 ? query.session : session + query.session;
      const stop = query.stop ?? Number.POSITIVE_INFINITY;
      return lines.filter((entry) => entry.session === wanted && entry.line >= query.start && entry.line < stop);
    }
    default:
      return query satisfies never;
  }
}

function last<T>(items: readonly T[], count: number): readonly T[] {
  return count > 0 ? items.slice(-count) : [];
}

/** Of equal inputs the latest stays. */
function withoutRepeats(lines: readonly Line[]): readonly Line[] {
  const latest = new Map(lines.map((line, index) => [line.input, index]));
  return lines.filter((line, index) => latest.get(line.input) === index);
}

async function readPast(path: string): Promise<Past> {
  try {
    const found = await stat(path);
    if (!found.isFile()) {
      log.warn(`no history: ${path} is no file`);
      return { ...nothing, mayBeWritten: false };
    }
    await makePrivate(path, found.mode);
    const text = await readEnd(path, found.size);
    const stored = text.split('\n').flatMap(parseLine).slice(-rememberedLines);
    const isLong = found.size > maxFileBytes;
    if (isLong) await cutDown(path, stored);
    return { lines: numbered(stored), mayBeWritten: true, rest: text === '' || text.endsWith('\n') || isLong ? '' : '\n' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log.warn(`no earlier history: ${String(error)}`);
    return nothing;
  }
}

/** A file that was copied or restored may have come with other permissions. Somebody else's stays as it is. */
async function makePrivate(path: string, mode: number): Promise<void> {
  if ((mode & 0o077) !== 0) await chmod(path, 0o600).catch((error: unknown) => log.info(String(error)));
}

/** What was written last: a file may have grown beyond what a string can hold. */
async function readEnd(path: string, size: number): Promise<string> {
  const start = Math.max(0, size - maxFileBytes);
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Sessions are numbered in the order of their first line. Kernels that run at the same time write in turns. */
function numbered(stored: readonly Stored[]): readonly Line[] {
  const numbers = new Map<string, number>();
  const lines = stored.map(([id, line, input]) => {
    const session = numbers.get(id) ?? numbers.size + 1;
    numbers.set(id, session);
    return { session, line, input };
  });
  return lines.sort((a, b) => a.session - b.session);
}

/** A line that was cut off by a crash, or is not ours, is skipped. */
function parseLine(text: string): readonly Stored[] {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return [];
    const [session, line, input] = value as readonly unknown[];
    if (typeof session !== 'string' || typeof line !== 'number' || typeof input !== 'string') return [];
    return [[session, line, input]];
  } catch {
    return [];
  }
}

/** Keeps the newest half of what fits. A line that another kernel adds at this very moment may be lost; a torn file cannot happen. */
async function cutDown(path: string, stored: readonly Stored[]): Promise<void> {
  const lines = stored.map((line) => `${JSON.stringify(line)}\n`);
  let size = 0;
  const first = lines.findLastIndex((line) => (size += Buffer.byteLength(line)) > maxFileBytes / 2) + 1;
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, lines.slice(first).join(''), { mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    log.warn(`${path} could not be cut down: ${String(error)}`);
  }
}
