import type { Handler } from '../dispatch.ts';
import type { ExecutionQueue } from '../execution-queue.ts';

/** The reply goes out at once; the interrupted cell ends with its own. */
export function interrupt(queue: ExecutionQueue): Handler<'interrupt_request'> {
  return () => {
    queue.interrupt();
    return { status: 'ok' };
  };
}

/** A kernel never restarts itself: whoever asked for a restart starts the next process. Other clients learn of it by the copy on iopub. */
export function shutdown(onShutdown: () => Promise<void>): Handler<'shutdown_request'> {
  return async (exchange) => {
    const { restart } = exchange.request.content;
    await onShutdown();
    exchange.publish('shutdown_reply', { status: 'ok', restart });
    return { status: 'ok', restart };
  };
}
