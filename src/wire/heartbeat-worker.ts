import { parentPort, workerData } from 'node:worker_threads';
import { Router } from 'zeromq';
import { receive } from './sockets.ts';
import type { HeartbeatReport, HeartbeatSetup } from './heartbeat.ts';

/** Entry point of the heartbeat's thread: echoes whatever arrives until it is asked to stop. */
const { address, options } = workerData as HeartbeatSetup;
const socket = new Router({ linger: 0, handover: true, ...options });
const report = (message: HeartbeatReport) => parentPort?.postMessage(message);

parentPort?.once('message', () => socket.close());
if (await isBound()) {
  report({ endpoint: socket.lastEndpoint ?? address });
  for (let frames = await receive(socket); frames; frames = await receive(socket)) await socket.send(frames);
}
parentPort?.close();

async function isBound(): Promise<boolean> {
  try {
    await socket.bind(address);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    report({ failed: { code, message } });
    socket.close();
    return false;
  }
}
