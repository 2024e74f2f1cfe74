import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { packageFile } from '../../src/lib/package-file.ts';
import { python } from './jupyter.ts';

/** A program in a terminal. Disposal hangs up on it. */
export interface Terminal extends AsyncDisposable {
  /** Sends keys, as a keyboard does: '\r' is Enter, '\u0003' Ctrl-C. */
  press(keys: string): void;
  /** Waits until `pattern` stands in what was written since the last call, without colours and movements; gives the text to the end of the match. */
  until(pattern: RegExp): Promise<string>;
  /** All that was written so far, as the terminal gets it. */
  written(): string;
  /** Resolves when the program has ended, with its exit code. */
  readonly ended: Promise<number | null>;
}

/** How long a program may take to write what is waited for, a cold Spark's start included, before the test fails with what it has written instead. */
const limitMs = 120_000;

/** Colours, movements, modes: everything that is no text. */
const control = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007]*\u0007|[ -/]*[0-~])/g;

export function startInTerminal(command: readonly string[], options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): Terminal {
  // Nobody here answers where the cursor is.
  const env = { ...options.env, TERM: 'xterm', PROMPT_TOOLKIT_NO_CPR: '1' };
  const child = spawn(python, [packageFile('test', 'fixtures', 'clients', 'in_terminal.py'), ...command], { cwd: options.cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
  let written = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  let over = false;
  void ended.then(() => (over = true));
  return {
    press: (keys) => void child.stdin.write(keys),
    until: async (pattern) => {
      const signal = AbortSignal.timeout(limitMs);
      for (;;) {
        const text = written.replace(control, '').replaceAll('\r', '').slice(seen);
        const match = pattern.exec(text);
        if (match !== null) {
          const end = match.index + match[0].length;
          seen += end;
          return text.slice(0, end);
        }
        if (over) throw new Error(`The program ended, and did not write ${pattern} after:\n${text}`);
        await Promise.race([once(child.stdout, 'data', { signal }), ended]).catch(() => {
          throw new Error(`The program did not write ${pattern} in ${limitMs} ms, but:\n${text}`);
        });
      }
    },
    written: () => written,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
