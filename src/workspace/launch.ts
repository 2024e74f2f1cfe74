import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { identify } from '../lib/process-identity.ts';
import { setAsideIfLong } from './log-file.ts';
import { workspaceFiles } from './state-file.ts';

/** The command line of a workspace's server process, which ends in `serve` (see `serve.ts`). */
export interface LaunchCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Launched {
  /** Of the server process; `undefined` when it had ended before it could be looked at. */
  readonly identity: string | undefined;
  /** Why the server process could not start, if it said so in its log. */
  failure(): Promise<string | undefined>;
}

/** Begins what a server process that could not start says last. */
export const failureMark = 'could not start: ';

// The shell leaves the server behind in its own session and ends; the server's parent is then init. A front end that kills a kernel
// with all its children, or its process group, does not find the server among them.
const leaveBehind = '"$@" >>"$0" 2>&1 </dev/null & echo $!';

/**
 * Starts a server process that outlives this one, and its whole process tree. `home` is an absolute path and exists.
 * @param servedBefore how many servers this home has had: one that finds more when it is up gives way, even where they have ended, or a
 * slow one would follow a `workspace stop`
 */
export async function launch(home: string, { command, args, env }: LaunchCommand, servedBefore: number): Promise<Launched> {
  const { log } = workspaceFiles(home);
  const before = await setAsideIfLong(log);
  const shell = spawn('/bin/sh', ['-c', leaveBehind, log, command, ...args, '--served-before', String(servedBefore)], {
    cwd: home,
    env: { ...env, DATABRICKS_KERNEL_HOME: home },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let printed = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await once(shell, 'close');
  return {
    identity: await identify(Number(printed.trim())),
    failure: async () => (await readFile(log)).subarray(before).toString().split(failureMark).at(1)?.split('\n', 1)[0],
  };
}
