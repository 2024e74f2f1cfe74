import { follow } from '../../lib/signals.ts';
import { within, type Clock } from '../../lib/time.ts';
import { trace } from '../../lib/trace.ts';
import type { JsonObject } from '../../lib/json.ts';
import { toCodePoints, toUtf16 } from '../cursor.ts';
import type { Handler } from '../dispatch.ts';
import type { Exchange } from '../exchange.ts';
import type { Completion, Interpreter } from '../interpreter.ts';

const log = trace('kernel');

/** JupyterLab's console waits 250 ms for this answer, and takes the code for complete after that. */
const isCompleteMs = 200;
/** VS Code gives up after 2 s, and asks no more after one slow inspection. */
const answerMs = 1500;

/**
 * Questions about code: answered in bounded time whatever the interpreter does, also before there is one.
 * No answer in time, and one that failed, is "nothing known": a front end asks while the user types.
 */
export interface AskHandlers {
  readonly complete: Handler<'complete_request'>;
  readonly inspect: Handler<'inspect_request'>;
  readonly isComplete: Handler<'is_complete_request'>;
}

export function askHandlers(interpreter: Promise<Interpreter>, clock: Clock): AskHandlers {
  const ask = async <T>(exchange: Exchange, ms: number, question: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    using over = follow(exchange.interrupted);
    try {
      return await within(ms, question(over.signal), over.signal, clock);
    } catch (error) {
      log.info(`${exchange.request.type}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    } finally {
      over.abort();
    }
  };
  return {
    complete: async (exchange) => {
      const { code, cursor_pos } = exchange.request.content;
      const cursor = toUtf16(code, cursor_pos);
      const completion = await ask(exchange, answerMs, async (signal) => (await interpreter).complete(code, cursor, signal));
      return { status: 'ok', ...completeReply(code, completion ?? { matches: [], start: cursor, end: cursor }) };
    },
    inspect: async (exchange) => {
      const { code, cursor_pos, detail_level } = exchange.request.content;
      const cursor = toUtf16(code, cursor_pos);
      const data = await ask(exchange, answerMs, async (signal) => (await interpreter).inspect(code, cursor, detail_level, signal));
      return { status: 'ok', found: data !== undefined, data: data ?? {}, metadata: {} };
    },
    isComplete: async (exchange) => {
      const { code } = exchange.request.content;
      return (await ask(exchange, isCompleteMs, async () => (await interpreter).isComplete(code))) ?? { status: 'unknown' };
    },
  };
}

function completeReply(code: string, { matches, start, end }: Completion) {
  const cursor_start = toCodePoints(code, start);
  const cursor_end = toCodePoints(code, end);
  // JupyterLab shows an icon a type when it finds this field, which IPython introduced.
  const typed = matches.map(({ text, type }) => ({ start: cursor_start, end: cursor_end, text, type: type ?? '' }));
  const metadata: JsonObject = matches.some(({ type }) => type !== undefined) ? { _jupyter_types_experimental: typed } : {};
  return { matches: matches.map(({ text }) => text), cursor_start, cursor_end, metadata };
}
