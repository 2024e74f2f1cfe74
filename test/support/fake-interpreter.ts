import { existsSync, writeFileSync } from 'node:fs';
import type { Cell, Completeness, Completion, Evaluated, Interpreter, Outcome } from '../../src/kernel/interpreter.ts';
import type { MimeBundle } from '../../src/protocol/output.ts';

const interrupted: Outcome = {
  status: 'error',
  error: { ename: 'KeyboardInterrupt', evalue: '', traceback: ['KeyboardInterrupt'] },
};

/**
 * An interpreter for tests of what surrounds one. Its language, one command a cell:
 *
 * - `echo:TEXT`     prints TEXT to stdout · `value:TEXT` has it as its result · `page:TEXT` pages it · `bye` asks to leave
 * - `fail:MESSAGE`  ends with the error `Failure: MESSAGE` · `throw:MESSAGE` throws, which an interpreter must never do
 * - `hang`          ends when it is interrupted · `stuck` only when it is killed
 * - `table:RxC`     shows a table as display data · `many:N` shows N display data, numbered
 * - `input:PROMPT`  prints what the user enters · `password:PROMPT`
 * - `block:PATH`    makes the file PATH.begun, and keeps the thread busy until there is PATH, or for a minute
 * - anything else is printed, `` prints nothing
 */
export class FakeInterpreter implements Interpreter {
  /** What was run, in order. */
  readonly executed: string[] = [];
  disposed = false;
  readonly #waiters = new Set<() => void>();

  async execute(code: string, cell: Cell): Promise<Outcome> {
    this.executed.push(code);
    for (const waiter of this.#waiters) waiter();
    const [, command = 'echo', argument = ''] = /^(\w+)(?::([^]*))?$/.exec(code) ?? ['', 'echo', code];
    const print = (text: string) => cell.emit({ type: 'stream', content: { name: 'stdout', text } });
    const show = (data: MimeBundle) => cell.emit({ type: 'display_data', content: { data, metadata: {} } });
    switch (command) {
      case 'echo':
        if (argument) print(argument);
        return { status: 'ok' };
      case 'value':
        cell.emit({
          type: 'execute_result',
          content: { execution_count: cell.executionCount, data: { 'text/plain': argument }, metadata: {} },
        });
        return { status: 'ok' };
      case 'page':
        return { status: 'ok', pages: [{ 'text/plain': argument }] };
      case 'bye':
        return { status: 'ok', asksExit: true };
      case 'fail':
        return { status: 'error', error: { ename: 'Failure', evalue: argument, traceback: [`Failure: ${argument}`] } };
      case 'throw':
        throw new TypeError(argument);
      case 'hang':
        await aborted(cell.interrupted);
        return interrupted;
      case 'stuck':
        await aborted(cell.killed);
        return interrupted;
      case 'table': {
        const [rows = 1, columns = 1] = argument.split('x').map(Number);
        const line = `<tr>${'<td>1</td>'.repeat(columns)}</tr>`;
        show({ 'text/html': `<table>${line.repeat(rows)}</table>`, 'text/plain': `${rows}x${columns}` });
        return { status: 'ok' };
      }
      case 'many':
        for (let number = 0; number < Number(argument); number++) show({ 'text/plain': String(number) });
        return { status: 'ok' };
      case 'long':
        show({ 'application/json': { long: 9_223_372_036_854_775_807n }, 'text/plain': 'long' });
        return { status: 'ok' };
      case 'input':
      case 'password':
        print(await cell.input(argument, command === 'password'));
        return { status: 'ok' };
      case 'block': {
        // Nothing else would end the process of a test that has failed.
        const end = performance.now() + 60_000;
        writeFileSync(`${argument}.begun`, '');
        while (!existsSync(argument) && performance.now() < end);
        return { status: 'ok' };
      }
      default:
        print(code);
        return { status: 'ok' };
    }
  }

  async evaluate(expressions: Readonly<Record<string, string>>): Promise<Record<string, Evaluated>> {
    return Object.fromEntries(
      Object.entries(expressions).map(([name, expression]): [string, Evaluated] => [
        name,
        expression.startsWith('fail:')
          ? { status: 'error', ename: 'Failure', evalue: expression.slice(5), traceback: [] }
          : { status: 'ok', data: { 'text/plain': expression }, metadata: {} },
      ]),
    );
  }

  /** Completes the word before the cursor with itself twice; `throw` throws. */
  async complete(code: string, cursor: number): Promise<Completion> {
    if (code === 'throw') throw new TypeError('completion');
    const word = /\p{L}*$/u.exec(code.slice(0, cursor))?.[0] ?? '';
    const matches = word === '' ? [] : [{ text: `${word}One`, type: 'function' }, { text: `${word}Two` }];
    return { matches, start: cursor - word.length, end: cursor };
  }

  /** Knows the word `known`, and says where it was asked and how much. `hang` gets no answer before it is given up. */
  async inspect(code: string, cursor: number, detail: 0 | 1, signal: AbortSignal): Promise<MimeBundle | undefined> {
    if (code === 'hang') await aborted(signal);
    return code.includes('known') ? { 'text/plain': `known at ${cursor}, detail ${detail}` } : undefined;
  }

  isComplete(code: string): Completeness {
    if (code.endsWith('(')) return { status: 'incomplete', indent: '  ' };
    return { status: code.endsWith(')(') ? 'invalid' : 'complete' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }

  /** Resolves when this code has begun to run. */
  async started(code: string): Promise<void> {
    while (!this.executed.includes(code)) {
      await new Promise<void>((resolve) => {
        const waiter = () => {
          this.#waiters.delete(waiter);
          resolve();
        };
        this.#waiters.add(waiter);
      });
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
