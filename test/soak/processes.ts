import { readdir, readFile } from 'node:fs/promises';

/** What a process of the place is: of ours, or something that Spark or a cell has started. */
export type Role = 'kernel' | 'workspace' | 'driver' | 'python' | 'other';

export interface PlaceProcess {
  readonly pid: number;
  readonly role: Role;
  readonly command: string;
}

/** All processes that have this home in their environment, by Linux's /proc. */
export async function processesOf(home: string): Promise<readonly PlaceProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => processOf(pid, home)));
  return found.filter((one) => one !== undefined);
}

async function processOf(pid: number, home: string): Promise<PlaceProcess | undefined> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    if (!environment.split('\0').includes(`DATABRICKS_KERNEL_HOME=${home}`)) return undefined;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ');
    // What has ended and is not waited for yet has no command line.
    return command === '' ? undefined : { pid, role: roleOf(command), command };
  } catch {
    // It has ended meanwhile, or is another user's.
    return undefined;
  }
}

function roleOf(command: string): Role {
  if (/ run --language /.test(command)) return 'kernel';
  // Not the shell that leaves it behind.
  if (/^\S*node\S* .* workspace serve /.test(command)) return 'workspace';
  if (/\bjava .*org\.apache\.spark\.embedded\.Main/.test(command)) return 'driver';
  return /driver\/python\/main\.py/.test(command) ? 'python' : 'other';
}

/** Bytes of resident memory, and open file descriptors; `undefined` when the process has ended. */
export async function usage(pid: number): Promise<{ readonly resident: number; readonly descriptors: number } | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const kilobytes = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
    return { resident: kilobytes * 1024, descriptors: (await readdir(`/proc/${pid}/fd`)).length };
  } catch {
    return undefined;
  }
}
