// Programs that the scripts start, and that must not outlive them.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Runs a program to its end and passes on its output. Ctrl-C, SIGTERM and the death of this script's parent end it with SIGTERM; asked
 * again, with SIGKILL. (npm starts scripts through a shell that may die of a signal without passing it on.)
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {(pid: number) => Promise<void>} [whenStarted]
 * @returns {Promise<{ code: number, asked: boolean }>} `asked`: it was told to end
 */
export async function follow(program, args, env, whenStarted = async () => {}) {
  // A process group of its own: Ctrl-C reaches it once, through the handler below, and not from the terminal as well.
  const child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: process.platform !== 'win32' });
  let asked = 0;
  const stop = () => {
    asked += 1;
    const signal = asked === 1 ? 'SIGTERM' : 'SIGKILL';
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, stop);
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 500);
  try {
    /** @type {Promise<number>} */
    const ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
    if (child.pid) await Promise.race([whenStarted(child.pid), ended]);
    return { code: await ended, asked: asked > 0 };
  } finally {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, stop);
  }
}
