import { spawn, type ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { kill } from 'node:process';
import type { JsonObject } from '../../lib/json.ts';
import { within } from '../../lib/time.ts';
import type { Channel, Reception } from './channel.ts';

export interface ChildOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly directory: string;
  /** Where its stdout and stderr go, appended. */
  readonly logFile: string;
  readonly reception: Reception;
  /** Sent on stdin beside the invitation. */
  readonly settings: JsonObject;
  /** What it is, for messages: `Spark driver`. */
  readonly name: string;
}

/** A child process that has connected back. */
export interface Child {
  readonly channel: Channel;
  /** How it ended: `exit code 1`, `signal SIGKILL`. */
  readonly exited: Promise<string>;
  /** Ends it at once, and whatever it started in its process group. */
  kill(): void;
}

/** The program ended, or did not connect, before it was of any use. */
export class NotStarted extends Error {}

/** Starts a program in a process group of its own and waits until it shows its secret. Rejects when it ends first. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { command, directory, logFile, reception, name } = options;
  const log = await open(logFile, 'a', 0o600);
  const { invitation, connected, forget } = reception.expect();
  try {
    const program = spawn(command, options.arguments, { cwd: directory, detached: true, stdio: ['pipe', log.fd, log.fd] });
    const exited = exitOf(program);
    // It may end before it reads: that shows in `exited`.
    program.stdin?.on('error', () => undefined).end(`${JSON.stringify({ ...options.settings, ...invitation })}\n`);
    const failed = exited.then((how) => Promise.reject(new NotStarted(`The ${name} did not start: ${how}. Its log is ${logFile}`)));
    const channel = await within(connectDeadline, Promise.race([connected, failed]));
    if (!channel) {
      killGroup(program);
      throw new NotStarted(`The ${name} did not connect within ${connectDeadline / 1000} seconds. Its log is ${logFile}`);
    }
    // What it started does not outlive it, and might hold the connection open.
    void exited.then(() => {
      killGroup(program);
      channel.close();
    });
    return { channel, exited, kill: () => killGroup(program) };
  } finally {
    forget();
    await log.close();
  }
}

/** Milliseconds; a JVM takes 1.5 s on an idle machine. */
const connectDeadline = 120_000;

function exitOf(program: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    program.once('error', (error) => resolve(error.message));
    program.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}

function killGroup(program: ChildProcess): void {
  if (program.pid === undefined) return;
  try {
    kill(-program.pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left.
  }
}
