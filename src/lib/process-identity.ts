import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { promisify } from 'node:util';

/**
 * Names a process for good: a bare pid is soon given to another. `undefined` when there is no such process, or (Windows) no way to tell.
 * Linux: pid, start in clock ticks since boot (proc(5), field 22 of `stat`) and the boot. Elsewhere: pid and `ps -o lstart`.
 */
export async function identify(pid: number): Promise<string | undefined> {
  if (platform() === 'linux') return identifyByProc(pid);
  if (platform() === 'win32') return undefined;
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' } });
    const [state = '', ...started] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : `${pid}:${started.join('_')}`;
  } catch {
    return undefined;
  }
}

async function identifyByProc(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command's name in brackets and may hold anything, brackets and spaces too.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return state === 'Z' || state === 'X' ? undefined : `${pid}:${fields[18]}:${boot.trim()}`;
  } catch {
    return undefined;
  }
}

/** Whether the very process that `identify` named still runs (a zombie does not). */
export async function isAlive(identity: string): Promise<boolean> {
  const pid = Number.parseInt(identity, 10);
  return Number.isSafeInteger(pid) && pid > 0 && (await identify(pid)) === identity;
}
