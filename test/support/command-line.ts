import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageFile } from '../../src/lib/package-file.ts';
import type { Run } from './run-program.ts';

/** What is said of a wait of more than a second, in lines of their own. */
const waits = /^(?:Looking for|Waiting for|Opening a|Starting cluster) [^\n]*\n/gm;

/** What a command said but for its waits: they are short, and a busy machine makes long ones of them. */
export function withoutWaits({ stderr, ...run }: Run): Run {
  return { ...run, stderr: stderr.replace(waits, '') };
}

/** What is said of a cancel; the first line only where it takes a while. */
export const cancelled = expect.stringMatching(/^(?:Cancelling; press Ctrl-C again to give the code up with its context\n)?Cancelled\.\n$/);

/** `databricks-kernel` with a home of its own, and the settings that a test gives it. Disposal removes the home. */
export class CommandLine implements AsyncDisposable {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;

  private constructor(home: string, settings: Readonly<Record<string, string>>) {
    this.home = home;
    this.env = { PATH: process.env['PATH'], HOME: home, DATABRICKS_KERNEL_HOME: join(home, 'kernel home'), ...settings };
  }

  static async create(settings: Readonly<Record<string, string>>): Promise<CommandLine> {
    return new CommandLine(await mkdtemp(join(tmpdir(), 'command line ')), settings);
  }

  /** The words of this command line. */
  words(args: readonly string[]): readonly string[] {
    return [process.execPath, packageFile('dist', 'main.js'), ...args];
  }

  /** Runs a command to its end, with `input` on its standard input (none: it is empty). */
  run(args: readonly string[], input?: string | Uint8Array): Promise<Run> {
    const command = this.start(args);
    command.input(input ?? '');
    return command.ended;
  }

  start(args: readonly string[], settings: Readonly<Record<string, string>> = {}): RunningCommand {
    const [program = '', ...rest] = this.words(args);
    const child = spawn(program, rest, { cwd: this.home, env: { ...this.env, ...settings } });
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text));
    const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null, ...printed }));
    let over = false;
    void ended.then(() => (over = true));
    const whole = ended.then(({ code, stdout, stderr }) => ({ code, stdout, stderr }));
    return {
      pid: child.pid ?? 0,
      ended: whole.then(withoutWaits),
      endedWithWaits: whole,
      input: (data) => {
        // A command that fails at once does not read.
        child.stdin.on('error', () => undefined).end(data);
      },
      feed: (data) => new Promise((resolve, reject) => child.stdin.write(data, (error) => (error ? reject(error) : resolve()))),
      signal: (name) => void child.kill(name),
      until: async (stream, pattern) => {
        while (!pattern.test(printed[stream])) {
          if (over) throw new Error(`The command ended, and did not write ${pattern} after:\n${printed.stdout}${printed.stderr}`);
          await Promise.race([once(child[stream], 'data'), ended]);
        }
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}

export interface RunningCommand {
  readonly pid: number;
  /** But for its waits: `withoutWaits`. */
  readonly ended: Promise<Run>;
  readonly endedWithWaits: Promise<Run>;
  /** All of its standard input. */
  input(data: string | Uint8Array): void;
  /** Some of its standard input; resolves when the command has read it, but for what a pipe holds. */
  feed(data: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when `pattern` stands in what it wrote. */
  until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void>;
}
