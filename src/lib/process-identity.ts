import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { hostname, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What became of a process: `unknown` where it cannot be looked for, as on another machine or in another container. */
export type Life = 'alive' | 'ended' | 'unknown';

/** Where a pid means something. Homes are shared: between machines over a network, between containers on a volume. */
interface Place {
  /** '' where the system does not name it. */
  readonly boot: string;
  /** Of pids: each container has its own. */
  readonly namespace: string;
  readonly machine: string;
}

/**
 * Names a process for good: a bare pid is soon given to another. `undefined` when there is no such process, or (Windows) no way to tell.
 * Linux: pid, start in clock ticks since boot (proc(5), field 22 of `stat`) and the boot. Elsewhere: pid and `ps -o lstart`. Then the place.
 * @param root where `proc` and `etc` are
 */
export async function identify(pid: number, root = '/'): Promise<string | undefined> {
  if (platform() === 'win32') return undefined;
  try {
    const place = await placeIn(root);
    const name = await nameOf(pid, place, root);
    return name && `${name} ${place.namespace} ${place.machine}`;
  } catch {
    return undefined;
  }
}

/** What became of the very process that `identify` named (a zombie has ended). @throws where a look fails, as with too many open files */
export async function lifeOf(identity: string, root = '/'): Promise<Life> {
  // Earlier versions wrote the name alone.
  const [name = '', namespace, machine] = identity.split(' ');
  if (platform() === 'win32' || !/^\d+:/.test(name)) return 'unknown';
  const place = await placeIn(root);
  const isHere = namespace === place.namespace;
  if ((isHere || namespace === undefined) && (await nameOf(Number.parseInt(name, 10), place, root)) === name) return 'alive';
  if (machine !== place.machine) return 'unknown';
  return isHere || !name.endsWith(place.boot) ? 'ended' : 'unknown';
}

/** Whether the very process that `identify` named is seen to run. @throws where a look fails */
export async function isAlive(identity: string): Promise<boolean> {
  return (await lifeOf(identity)) === 'alive';
}

async function placeIn(root: string): Promise<Place> {
  if (platform() !== 'linux') return { boot: '', namespace: '', machine: hostname() };
  const boot = await readFile(join(root, 'proc/sys/kernel/random/boot_id'), 'utf8');
  const namespace = await readlink(join(root, 'proc/self/ns/pid')).catch(ifMissing('-'));
  // Containers often have no machine id, or that of their image.
  const id = await readFile(join(root, 'etc/machine-id'), 'utf8').catch(ifMissing(''));
  return { boot: boot.trim(), namespace, machine: `${id.trim()}/${hostname()}` };
}

async function nameOf(pid: number, { boot }: Place, root: string): Promise<string | undefined> {
  return platform() === 'linux' ? nameByProc(pid, boot, root) : nameByPs(pid);
}

async function nameByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' } });
    const [state = '', ...started] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : `${pid}:${started.join('_')}`;
  } catch (error) {
    // So it ends when there is none.
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}

async function nameByProc(pid: number, boot: string, root: string): Promise<string | undefined> {
  const stat = await readFile(join(root, `proc/${pid}/stat`), 'utf8').catch(ifMissing(undefined));
  if (stat === undefined) return undefined;
  // The second field is the command's name in brackets and may hold anything, brackets and spaces too.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : `${pid}:${fields[18]}:${boot}`;
}

/** Handles the failure of a read: what it comes to where there is no such file or process. */
function ifMissing<T>(nothing: T): (error: unknown) => T {
  return (error) => {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return nothing;
    throw error;
  };
}
