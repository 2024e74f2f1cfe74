// The processes that the bench starts, none of which outlives it.
import { spawn } from 'node:child_process';

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** @typedef {{ readonly env?: NodeJS.ProcessEnv, readonly cwd?: string, readonly stdio?: import('node:child_process').StdioOptions }} StartOptions */

/**
 * Starts a process in a group of its own, which ends with the bench.
 * @param {readonly string[]} argv @param {StartOptions} options
 */
export function start([program = '', ...args], options) {
  const child = spawn(program, args, { ...options, detached: process.platform !== 'win32' });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Kills all of them, each with what it has started. */
export function endProcesses() {
  for (const child of running) endProcess(child);
}

/** Kills one, with what it has started. @param {import('node:child_process').ChildProcess} child */
export function endProcess(child) {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a program to its end.
 * @param {string} program @param {readonly string[]} args @param {string} cwd @param {NodeJS.ProcessEnv} [env] the bench's own if not given
 * @returns {Promise<string>} what it printed; rejects with its last line when it fails
 */
export async function output(program, args, cwd, env = process.env) {
  const child = start([program, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) child[name]?.setEncoding('utf8').on('data', (text) => (printed[name] += text));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const last = `${printed.stdout}\n${printed.stderr}`.split('\n').filter((line) => /\w/.test(line) && !/^npm .*log/.test(line)).at(-1);
  if (code !== 0) throw new Error(last ?? `${program} ended with ${code}`);
  return printed.stdout;
}
