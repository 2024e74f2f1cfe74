import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { trace } from '../lib/trace.ts';

const log = trace('wire');

/** What the thread is given. */
export interface HeartbeatSetup {
  readonly address: string;
  readonly options: object;
}

/** What it answers once. */
export type HeartbeatReport =
  | { readonly endpoint: string }
  | { readonly failed: { readonly code: string | undefined; readonly message: string } };

export interface Heartbeat extends AsyncDisposable {
  readonly endpoint: string;
}

/**
 * Echoes on the heartbeat socket from a thread of its own, so that a kernel busy with a large result is not taken for dead.
 * Throws what `bind` threw, with its `code`.
 *
 * Disposal must be awaited before the process exits: exiting or terminating the thread while its socket is open aborts in libzmq.
 */
export async function startHeartbeat(setup: HeartbeatSetup): Promise<Heartbeat> {
  const worker = new Worker(new URL('heartbeat-worker.js', import.meta.url), { workerData: setup });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const [report] = (await once(worker, 'message')) as [HeartbeatReport];
  if ('failed' in report) {
    await exited;
    throw Object.assign(new Error(report.failed.message), { code: report.failed.code });
  }
  // Without a listener a thread that dies would take the kernel along.
  worker.on('error', (error) => log.error(`heartbeats are no longer answered: ${error.message}`));
  return {
    endpoint: report.endpoint,
    [Symbol.asyncDispose]: async () => {
      worker.postMessage('stop');
      await exited;
    },
  };
}
