import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePorts } from './free-ports.ts';

/** A network between a client and a server that a test takes away and gives back. */
export interface TcpProxy extends AsyncDisposable {
  /** Where the server is to be found behind it. */
  readonly url: URL;
  /** Connections break, and new ones are refused: the machine there is up, and nothing listens. */
  refuse(): Promise<void>;
  /** Connections break, and so does every new one. */
  reset(): void;
  /** Nothing gets through any more, and nobody is told: what a sleeping machine and a changed network leave behind. */
  swallow(): void;
  /** New connections get through. Those that were swallowed stay dead. */
  heal(): Promise<void>;
}

type Mode = 'through' | 'refuse' | 'reset' | 'swallow';

export async function startTcpProxy(target: URL): Promise<TcpProxy> {
  let mode: Mode = 'through';
  const open = new Set<Socket>();
  /** Cuts the wire of a connection in the middle, so that neither end sees it. */
  const cut = new WeakMap<Socket, () => void>();
  const server = createServer((client) => {
    open.add(client);
    client.on('error', () => undefined).on('close', () => open.delete(client));
    if (mode === 'reset') return void client.resetAndDestroy();
    if (mode === 'swallow') return void client.resume();
    const onward = connect(Number(target.port), target.hostname);
    onward.on('error', () => client.resetAndDestroy()).on('close', () => client.destroy());
    client.on('close', () => onward.destroy());
    client.pipe(onward);
    onward.pipe(client);
    cut.set(client, () => {
      client.unpipe(onward).resume();
      onward.unpipe(client);
      // The server may close its end; nobody hears of it.
      onward.removeAllListeners('close').on('error', () => undefined).resume();
    });
  });
  // One that nobody is given while it refuses.
  const [port = 0] = await freePorts(1);
  await listen(server, port);
  const breakAll = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  const stop = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    refuse: async () => {
      mode = 'refuse';
      const stopped = stop();
      breakAll();
      await stopped;
    },
    reset: () => {
      mode = 'reset';
      breakAll();
    },
    swallow: () => {
      mode = 'swallow';
      for (const socket of open) cut.get(socket)?.();
    },
    heal: async () => {
      if (mode === 'refuse') await listen(server, port);
      mode = 'through';
    },
    [Symbol.asyncDispose]: async () => {
      const stopped = mode === 'refuse' ? undefined : stop();
      breakAll();
      await stopped;
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
