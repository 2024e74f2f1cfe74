import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** The IPv4 addresses at which a process listens, one for each of its sockets (Linux: proc(5)). */
export function listening(pid: number): readonly string[] {
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(targetOf(`/proc/${pid}/fd/${fd}`))?.[1] ?? []);
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
  // The address in hexadecimal, its bytes turned; 0A is LISTEN.
  const addresses = lines.filter((line) => line[3] === '0A' && sockets.includes(line[9] ?? '')).map((line) => line[1]?.split(':')[0] ?? '');
  return addresses.map((hex) => [...Buffer.from(hex, 'hex')].toReversed().join('.'));
}

/** '' for one that has been closed meanwhile. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
