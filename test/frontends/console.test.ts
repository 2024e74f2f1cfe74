import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { cellSignal } from '../support/cell-signal.ts';
import { contextNotFound, contextStatus, startDatabricksKernel, watchContexts } from '../support/databricks-kernel.ts';
import { jupyterPlace, python, type JupyterPlace } from '../support/jupyter.ts';
import { startInTerminal } from '../support/terminal.ts';

/* `jupyter console` in a terminal, with a person at the keys. */

let place: JupyterPlace;
beforeAll(async () => {
  place = await jupyterPlace();
});
afterAll(() => place[Symbol.asyncDispose]());

/** With one second, as it is by default, the console decides by itself on a busy machine whether a line is complete; completions it waits for no longer than five. */
const patient = ['--ZMQTerminalInteractiveShell.kernel_is_complete_timeout=60', '--ZMQCompleter.timeout=60'];

function openConsole(...args: readonly string[]) {
  return startInTerminal([join(dirname(python), 'jupyter'), 'console', ...patient, ...args], { cwd: place.notebooks, env: place.env });
}

const keys = { interrupt: '\u0003', up: '\u001b[A', eraseLine: '\u0015', endOfFile: '\u0004' };

interface Session {
  readonly language: KernelLanguage;
  /** What one types and, up to the next prompt, sees. */
  readonly steps: readonly (readonly [typed: string, seen: RegExp])[];
  /** A block that its first line does not finish. */
  readonly block: readonly [begun: string, finished: string, seen: RegExp];
  readonly tab: readonly [typed: string, completed: RegExp];
  readonly endless: (signal: string) => string;
  readonly after: readonly [typed: string, seen: RegExp];
}

const sessions: readonly Session[] = [
  {
    language: 'python',
    steps: [
      ['kept = 40; kept + 2', /\nOut\[1\]: 42\n/],
      ['1 / 0', /\nZeroDivisionError +Traceback \(most recent call last\)\n[^]*\nZeroDivisionError: division by zero\n/],
    ],
    block: ['def f():', 'return kept\r', /def f\(\):\n {3}\.\.\.: {5}return kept/],
    tab: ['nonl', /nonlocal/],
    endless: (signal) => `${signal}; import time; time.sleep(100_000)`,
    after: ['f()', /\nOut\[6\]: 40\n/],
  },
  {
    language: 'scala',
    steps: [
      ['val kept = 40; kept + 2', /\nval kept: Int = 40\n[^]*Out\[1\]: val res0: Int = 42\n/],
      ['sys.error("no luck")', /\njava\.lang\.RuntimeException: no luck\n/],
    ],
    block: ['object A {', 'def f = kept }', /object A \{\n {3}\.\.\.: +def f = kept \}[^]*\nobject A\n/],
    tab: ['implic', /implicit/],
    endless: (signal) => `${signal}; Thread.sleep(100000000)`,
    after: ['A.f', /\nOut\[6\]: val res\d+: Int = 40\n/],
  },
  {
    language: 'sql',
    steps: [
      ["create temp view kept as select 'kept' as word", /\nOK\n/],
      ['selec', /\nParseException: \[PARSE_SYNTAX_ERROR\] [^]*\n\^\^\^\n/],
    ],
    block: ['select', 'count(*) as n from kept', /select\n {3}\.\.\.: +count\(\*\) as n from kept[^]*\nn\n-\n1\n/],
    tab: ['distri', /DISTRIBUTE/],
    // Nothing in SQL could give a signal.
    endless: (signal) => `%python ${signal}; spark.sql("select sum(a.id * b.id % 7) from range(1000000000) a cross join range(1000000) b").collect()`,
    after: ['select * from kept', /\nword\n-+\nkept\n/],
  },
];

describe.for(sessions)('jupyter console on the $language kernel', ({ language, steps, block, tab, endless, after }) => {
  test('shows values and errors, goes on in a second line, completes, helps, is interrupted, remembers, and ends its kernel', async () => {
    await using signal = await cellSignal();
    const opened = await watchContexts();
    await using terminal = openConsole('--kernel', `databricks-${language}`);
    const prompt = (count: number) => terminal.until(new RegExp(`\\nIn \\[${count}\\]: $`));
    let count = 1;
    const enter = async (typed: string) => {
      terminal.press(`${typed}\r`);
      return prompt(++count);
    };
    expect(await prompt(count)).toContain('Databricks');
    for (const [typed, seen] of steps) expect(await enter(typed)).toMatch(seen);
    const context = await opened();

    terminal.press(`${block[0]}\r`);
    await terminal.until(/ {3}\.\.\.: +$/);
    expect(`${block[0]}${await enter(block[1])}`).toMatch(block[2]);

    terminal.press(`${tab[0]}\t`);
    await terminal.until(tab[1]);
    terminal.press(keys.eraseLine);

    expect(await enter('%sql?')).toContain('runs the cell as SQL');

    terminal.press(`${endless(language === 'scala' ? signal.scala : signal.python)}\r`);
    await signal.arrived();
    terminal.press(keys.interrupt);
    expect(await prompt(++count)).toMatch(/KeyboardInterrupt\n\n/);
    expect(await enter(after[0])).toMatch(after[1]);

    terminal.press('exit\r');
    await terminal.until(/\nShutting down kernel\n/);
    expect(await terminal.ended).toBe(0);
    expect(await contextStatus(context)).toEqual(contextNotFound);
  });
});

test('jupyter console on a kernel that runs: the cells of the session before are there, and leaving it leaves the kernel', async () => {
  await using earlier = await startDatabricksKernel('python');
  await earlier.execute('remembered');
  await earlier.shutdown();
  await using kernel = await startDatabricksKernel('python');
  await kernel.execute('kept = 40');
  await using terminal = openConsole('--existing', kernel.connectionPath);
  await terminal.until(/\nIn \[\d+\]: $/);
  // Back over this kernel's only cell to the other's.
  terminal.press(`${keys.up.repeat(2)}\r`);
  await terminal.until(/\nNameError: name 'remembered' is not defined\n\nIn \[3\]: $/);
  terminal.press('kept + 2\r');
  await terminal.until(/\nOut\[3\]: 42\n[^]*In \[4\]: $/);
  terminal.press(keys.endOfFile);
  await terminal.until(/Do you really want to exit \(\[y\]\/n\)\?/);
  terminal.press('y\r');
  await terminal.until(/keeping kernel alive/);
  expect(await terminal.ended).toBe(0);
  expect((await kernel.execute('print(kept)')).text).toBe('40\n');
});
