import { trace } from '../lib/trace.ts';
import type { Inbound, KernelChannels } from '../protocol/channels.ts';
import { toCellError, type CellError } from '../protocol/cell-error.ts';
import type { CommType, Contents, ReplyTo, ReplyType, RequestType } from '../protocol/contents.ts';
import { constant } from '../protocol/json.ts';
import type { RequestOf } from '../protocol/parse.ts';
import { ChannelExchange, type Exchange, type Signals } from './exchange.ts';

const log = trace('kernel');

type Answer<T extends RequestType | CommType> = T extends RequestType ? Contents[ReplyTo<T>] : void;
export type Handler<T extends RequestType | CommType> = (request: Exchange<T>) => Answer<T> | Promise<Answer<T>>;

/** One handler a message type. It returns its reply; all that surrounds a reply is `dispatch`'s business. */
export type Handlers = { readonly [T in RequestType | CommType]: Handler<T> };

/**
 * Answers one request: `busy`, what its handler publishes, the reply, `idle`, in this order and whatever happens.
 * Never rejects. Resolves with how it ended; a message without a reply ends `ok`.
 * @param executionCount How many cells have been run.
 */
export async function dispatch(
  inbound: Inbound,
  handlers: Handlers,
  signals: Signals,
  channels: KernelChannels,
  executionCount: () => number,
): Promise<'ok' | 'error'> {
  const { request } = inbound;
  const status = (state: 'busy' | 'idle') => channels.publish(channels.make('status', states[state], request.header));
  const reply = (content: Contents[ReplyType]) => {
    const type = replyType(request.header.msg_type);
    if (type) inbound.reply(channels.make(type, content, request.header));
  };
  // A reply to a cell has a count whatever became of the cell: JupyterLab leaves one marked as running otherwise.
  const fail = (error: CellError) => {
    const counted = request.header.msg_type === 'execute_request' ? { execution_count: executionCount() } : {};
    reply({ status: 'error', ...error, ...counted });
    return 'error' as const;
  };
  status('busy');
  try {
    switch (request.type) {
      case 'unknown':
        log.info(`no answer to ${request.header.msg_type}, a type that this kernel does not know`);
        return 'ok';
      case 'malformed':
        log.warn(`${request.header.msg_type}: ${request.problem}`);
        return fail({ ename: 'ProtocolError', evalue: request.problem, traceback: [] });
      default: {
        const content = await handle(handlers, request, inbound, signals, channels);
        if (!content) return 'ok';
        reply(content);
        return content.status === 'error' ? 'error' : 'ok';
      }
    }
  } catch (thrown) {
    return fail(toCellError(thrown));
  } finally {
    status('idle');
  }
}

function handle<T extends RequestType | CommType>(
  handlers: Handlers,
  request: RequestOf<T>,
  inbound: Inbound,
  signals: Signals,
  channels: KernelChannels,
): Answer<T> | Promise<Answer<T>> {
  const handler: Handler<T> = handlers[request.type];
  return handler(new ChannelExchange(request, inbound, signals, channels));
}

const states = { busy: constant({ execution_state: 'busy' } as const), idle: constant({ execution_state: 'idle' } as const) };

const asks = '_request';

/** Comms and unknown messages have none. */
function replyType(type: string): ReplyType | undefined {
  return type.endsWith(asks) ? (`${type.slice(0, -asks.length)}_reply` as ReplyType) : undefined;
}
