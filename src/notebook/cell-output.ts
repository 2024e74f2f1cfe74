import { randomUUID } from 'node:crypto';
import type { Cell } from '../kernel/interpreter.ts';
import { oneLine, reported } from '../lib/controls.ts';
import type { Clock } from '../lib/time.ts';
import type { Output } from '../protocol/output.ts';

/** A cell that waits longer than this says what for. */
const waitBeforeSayingMs = 1000;
/** At most two such texts a second. */
const betweenTextsMs = 500;
/** Printed text is held back this long, so that many small prints become few messages: Jupyter servers drop what comes faster. */
const streamDelayMs = 50;
const streamLimit = 1 << 20;
/** Nor is one message longer: a server that has enough drops whole messages, and of text beyond its limit people see no more than fits before it. */
const messageLimit = 1 << 18;

type StreamName = 'stdout' | 'stderr';

interface Wait {
  text: string;
  readonly over: AbortController;
  /** There once it is shown. */
  displayId: string | undefined;
}

/**
 * The one sink of a cell's outputs. It joins printed text into few messages, applies carriage returns, and owns the transient display that
 * tells what the cell waits for: shown after a second, gone before the first output or the cell's end, never in a saved notebook.
 */
export class CellOutput {
  readonly #cell: Cell;
  readonly #clock: Clock;
  #isClosed = false;
  #held: { readonly name: StreamName; text: string } | undefined;
  /** There while text is held back; ends that. */
  #holding: AbortController | undefined;
  /** Whether the text sent last to a stream ended in the middle of a line. */
  #midLine = false;
  #hasOutput = false;
  #wait: Wait | undefined;

  constructor(cell: Cell, clock: Clock) {
    this.#cell = cell;
    this.#clock = clock;
  }

  /** Publishes an output, after all that came before it. */
  emit(output: Output): void {
    if (output.type === 'stream') return this.#hold(output.content.name, output.content.text);
    this.flush();
    this.#publish(output);
  }

  /** Prints a line of ours, on stderr: it is not what the code printed. */
  say(text: string): void {
    this.emit({ type: 'stream', content: { name: 'stderr', text: `${reported(text, true)}\n` } });
  }

  /**
   * Tells what the cell waits for; `undefined`: it waits no longer. Nothing is shown for silent cells, nor once the cell has output,
   * because what is shown is taken away by clearing the cell.
   */
  waitFor(text: string | undefined, afterMs: number = waitBeforeSayingMs): void {
    if (text === undefined) return this.#endWait(false);
    if (this.#cell.silent || !this.#isClearable()) return;
    if (this.#wait) {
      this.#wait.text = text;
      return;
    }
    this.#wait = { text, over: new AbortController(), displayId: undefined };
    void this.#showWait(this.#wait, afterMs);
  }

  /** Tells at once what the user can do about a cell that does not end: as a wait is told, or else printed, because it must be known. */
  advise(text: string): void {
    if (this.#isClearable()) this.waitFor(text, 0);
    else this.say(text);
  }

  /** Sends what is held back. */
  flush(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    const text = applyCarriageReturns(held.text, this.#midLine);
    this.#midLine = !text.endsWith('\n');
    for (const piece of cut(text, messageLimit)) this.#publish({ type: 'stream', content: { name: held.name, text: piece } });
  }

  /** The cell's end: everything is sent, nothing transient stays or comes. What is printed later is not held back. */
  close(): void {
    this.flush();
    this.#endWait(false);
    this.#isClosed = true;
    this.#holding?.abort();
  }

  /** Whether clearing the cell would take away nothing but what it waits for. */
  #isClearable(): boolean {
    return !this.#hasOutput && !this.#held && !this.#isClosed;
  }

  #hold(name: StreamName, text: string): void {
    if (text === '') return;
    if (this.#held && this.#held.name !== name) this.flush();
    if (this.#held) this.#held.text += text;
    else this.#held = { name, text };
    if (this.#isClosed || this.#held.text.length > streamLimit) return this.flush();
    void this.#flushSoon();
  }

  /** One timer, however often text changes streams: what is held when it ends was held no longer than that. */
  async #flushSoon(): Promise<void> {
    if (this.#holding) return;
    this.#holding = new AbortController();
    await this.#clock.sleep(streamDelayMs, this.#holding.signal);
    this.#holding = undefined;
    this.flush();
  }

  #publish(output: Output): void {
    this.#endWait(true);
    this.#hasOutput = output.type !== 'clear_output';
    if (output.type !== 'stream') this.#midLine = false;
    this.#cell.emit(output);
  }

  async #showWait(wait: Wait, afterMs: number): Promise<void> {
    await this.#clock.sleep(afterMs, wait.over.signal);
    let shown: string | undefined;
    while (!wait.over.signal.aborted) {
      if (wait.text !== shown) {
        shown = wait.text;
        const data = { 'text/plain': oneLine(shown) };
        const type = wait.displayId === undefined ? 'display_data' : 'update_display_data';
        wait.displayId ??= randomUUID();
        this.#cell.emit({ type, content: { data, metadata: {}, transient: { display_id: wait.displayId } } });
      }
      await this.#clock.sleep(betweenTextsMs, wait.over.signal);
    }
  }

  /** `beforeOutput`: front ends then clear only when that output comes, without flicker. With nothing to come they must clear at once. */
  #endWait(beforeOutput: boolean): void {
    const wait = this.#wait;
    if (!wait) return;
    this.#wait = undefined;
    wait.over.abort();
    if (wait.displayId !== undefined) this.#cell.emit({ type: 'clear_output', content: { wait: beforeOutput } });
  }
}

/** The text in pieces of at most so many characters, which are no halves of emojis. */
function* cut(text: string, limit: number): Generator<string> {
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = start + limit;
    const leavesHalf = end < text.length && (text.codePointAt(end - 1) ?? 0) > 0xffff;
    if (leavesHalf) end -= 1;
    yield text.slice(start, end);
  }
}

/**
 * What a terminal would show of printed text: a carriage return goes back to the start of the line, and what follows overwrites it.
 * A line that began in an earlier message is left to the front end, which has its beginning; so is one in which characters and columns
 * are not the same, because colours take none and an emoji is two.
 */
export function applyCarriageReturns(text: string, midLine: boolean): string {
  if (!text.includes('\r')) return text;
  return text
    .replace(/(?<!\r)\r+\n/g, '\n')
    .split('\n')
    .map((line, i) => ((i === 0 && midLine) || columnsDiffer.test(line) ? line : overwritten(line)))
    .join('\n');
}

const columnsDiffer = /[\u001b\ud800-\udfff]/;

/** Of each piece is seen what none of the later ones covers. */
function overwritten(line: string): string {
  let shown = '';
  for (const piece of line.split('\r').reverse()) shown += piece.slice(shown.length);
  return line.endsWith('\r') ? `${shown}\r` : shown;
}
