import { systemClock, within, type Clock } from '../lib/time.ts';
import { trace } from '../lib/trace.ts';
import type { Inbound, KernelChannels, RequestChannel } from '../protocol/channels.ts';
import { dispatch, type Handlers } from './dispatch.ts';
import type { Signals } from './exchange.ts';
import { ExecutionQueue, type Task } from './execution-queue.ts';
import { askHandlers } from './handlers/ask.ts';
import { commClose, commInfo, commMsg, commOpen } from './handlers/comm.ts';
import { interrupt, shutdown } from './handlers/control.ts';
import { executeHandlers } from './handlers/execute.ts';
import { history, kernelInfo, type KernelFacts } from './handlers/info.ts';
import { History } from './history.ts';
import type { Interpreter } from './interpreter.ts';

export type { KernelFacts } from './handlers/info.ts';

const log = trace('kernel');

/** How long disposal waits for the killed cell to end, so that its reply still goes out. */
const lastCellMs = 1000;
/** How long it waits for an interpreter that is still being made: nothing remote can depend on it yet. */
const pendingInterpreterMs = 500;
/** How long it waits for the interpreter to close what it has opened. jupyter_client kills after 5 s. */
const interpreterMs = 3000;
/** How long the reply to `shutdown_request` waits for both: nteract kills a kernel that has replied. */
const beforeGoodbyeMs = 1000;

export interface KernelOptions {
  /** Disposed with the kernel. */
  readonly channels: KernelChannels;
  /** Disposed with the kernel. If it rejects, each cell ends with that error and the kernel stays alive to say so. */
  readonly interpreter: Promise<Interpreter>;
  readonly facts: KernelFacts;
  /** Where the inputs of all sessions are kept; without it they are forgotten at the end. */
  readonly historyPath?: string;
  readonly clock?: Clock;
}

export interface Kernel extends AsyncDisposable {
  /** Resolves when a front end has asked for shutdown, with its reply on the way, or the channels have ended. Rejects when they failed. */
  readonly done: Promise<void>;
  /** What `interrupt_request` does, for front ends that send the signal instead: the running cell ends, between cells nothing happens. */
  interrupt(): void;
}

/** Begins to answer at once. Disposal kills the running cell, closes interpreter and channels, and takes a bounded time. */
export function startKernel(options: KernelOptions): Kernel {
  const { channels, interpreter } = options;
  const store = new History(options.historyPath);
  let end = () => {};
  let fail = (_reason: unknown) => {};
  const done = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  let stopping = false;
  const clock = options.clock ?? systemClock;
  const queue = new ExecutionQueue(clock, () => channels.room());
  const cells = executeHandlers(interpreter, store);
  const asks = askHandlers(interpreter, clock);
  const handlers: Handlers = {
    execute_request: async (exchange) => {
      const reply = await cells.execute(exchange);
      // A front end that runs all cells has sent them before it can know of the failure, but they may not all be here yet.
      if (reply.status === 'error' && exchange.request.content.stop_on_error) await channels.caughtUp();
      return reply;
    },
    complete_request: asks.complete,
    inspect_request: asks.inspect,
    is_complete_request: asks.isComplete,
    history_request: history(store),
    kernel_info_request: kernelInfo(options.facts),
    comm_info_request: commInfo,
    comm_open: commOpen,
    comm_msg: commMsg,
    comm_close: commClose,
    interrupt_request: interrupt(queue),
    shutdown_request: shutdown(async () => {
      stopping = true;
      await within(beforeGoodbyeMs, close());
    }),
  };
  const refusing: Handlers = { ...handlers, execute_request: cells.refuse };
  const answer = (inbound: Inbound, signals: Signals, by: Handlers = handlers) => dispatch(inbound, by, signals, channels, cells.count);

  const task = (inbound: Inbound): Task => {
    const { request } = inbound;
    const stops = request.type === 'execute_request' && request.content.stop_on_error;
    return {
      size: inbound.size,
      stoppable: request.type === 'execute_request',
      run: async (signals) => ((await answer(inbound, signals)) === 'error' && stops ? 'stop' : 'next'),
      refuse: () => answer(inbound, neverAborted, refusing),
    };
  };

  const serve = async (channel: RequestChannel): Promise<void> => {
    for await (const inbound of channels.receive(channel)) {
      if (waitsForItsTurn(inbound, channel)) queue.push(task(inbound));
      else await answer(inbound, neverAborted);
      if (stopping) break;
      // What a front end sends beyond that waits in its own memory. Control is never kept waiting.
      const room = channel === 'shell' ? queue.room() : undefined;
      if (room) await room;
    }
    end();
  };

  interpreter.catch((error: unknown) => log.error(`no interpreter: ${error instanceof Error ? error.message : String(error)}`));
  channels.publish(channels.make('status', { execution_state: 'starting' }));
  for (const channel of ['shell', 'control'] as const) serve(channel).catch(fail);

  const closeOnce = async () => {
    await within(lastCellMs, queue.close());
    await closeInterpreter(interpreter);
  };
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= closeOnce());

  const dispose = async () => {
    await close();
    await within(lastCellMs, store.flush());
    await channels[Symbol.asyncDispose]();
  };
  let disposed: Promise<void> | undefined;
  return { done, interrupt: () => queue.interrupt(), [Symbol.asyncDispose]: () => (disposed ??= dispose()) };
}

const neverAborted: Signals = { interrupted: new AbortController().signal, killed: new AbortController().signal };

/**
 * Shell requests wait for the running cell. Interrupt and shutdown never wait, wherever an old client sends them, and nothing else
 * on control does but a cell.
 */
function waitsForItsTurn({ request }: Inbound, channel: RequestChannel): boolean {
  if (channel === 'control') return request.type === 'execute_request';
  return request.type !== 'interrupt_request' && request.type !== 'shutdown_request';
}

async function closeInterpreter(pending: Promise<Interpreter>): Promise<void> {
  try {
    // A rejection has been logged when it happened.
    const interpreter = await within(pendingInterpreterMs, pending.catch(() => undefined));
    if (interpreter) await within(interpreterMs, Promise.resolve(interpreter[Symbol.asyncDispose]()));
  } catch (error) {
    log.warn(`the interpreter did not close: ${error instanceof Error ? error.message : String(error)}`);
  }
}
