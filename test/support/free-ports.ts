import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that systems give away by themselves, to connections and to whoever binds port 0: a port that is free is still free when the
 * kernel that it was chosen for binds it. (Linux begins at 32 768, macOS and Windows at 49 152.)
 */
const [lowest, beyond] = [10_000, 32_000] as const;

/** Those that this process has chosen: its kernels bind them when others are being looked for. */
const given = new Set<number>();

/** Free ports of this machine, none of them chosen before. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(lowest, beyond);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** A port where nobody answers. */
export async function deadPort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
