import { BridgeError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { unlessAborted } from '../../lib/signals.ts';
import { keyboardInterrupt, toCellError, type CellError } from '../../protocol/cell-error.ts';
import type { Contents } from '../../protocol/contents.ts';
import type { Output } from '../../protocol/output.ts';
import type { Handler } from '../dispatch.ts';
import type { Exchange } from '../exchange.ts';
import type { History } from '../history.ts';
import type { Cell, Evaluated, Interpreter, Outcome } from '../interpreter.ts';

type Execute = Handler<'execute_request'>;
type Reply = Contents['execute_reply'];

export interface ExecuteHandlers {
  /** Runs a cell. */
  readonly execute: Execute;
  /** Answers a cell that was queued behind one that failed: not run, and its number not used. */
  readonly refuse: Execute;
  /** The number of the last cell that was counted. */
  count(): number;
}

export function executeHandlers(interpreter: Promise<Interpreter>, history: History): ExecuteHandlers {
  let count = 0;
  return {
    execute: async (exchange) => {
      const { code, silent, store_history: stored } = exchange.request.content;
      // As ipykernel counts: a cell that is not stored shows the next number and leaves it to the next one that is.
      const execution_count = count + 1;
      if (stored) {
        count = execution_count;
        history.add(execution_count, code);
      }
      if (!silent) exchange.publish('execute_input', { code, execution_count });
      const cell = cellOf(exchange, execution_count, (text) => stored && history.setOutput(execution_count, text));
      const reply = await run(interpreter, exchange, cell, count);
      if (reply.status === 'error' && !silent) {
        const { ename, evalue, traceback } = reply;
        exchange.publish('error', { ename, evalue, traceback });
      }
      return reply;
    },
    refuse: () => ({
      status: 'error',
      ename: 'ExecutionAborted',
      evalue: 'This cell was not run because one before it failed.',
      traceback: [],
      // JupyterLab leaves a cell marked as running when its reply has no count, and makes an empty prompt of 0.
      execution_count: 0,
    }),
    count: () => count,
  };
}

function cellOf(exchange: Exchange<'execute_request'>, executionCount: number, onResult: (text: string) => void): Cell {
  const { silent, store_history, allow_stdin } = exchange.request.content;
  return {
    executionCount,
    silent,
    isNumbered: store_history,
    interrupted: exchange.interrupted,
    killed: exchange.killed,
    emit: (output) => {
      if (!silent) publish(exchange, output);
      if (output.type === 'execute_result') {
        const text = output.content.data['text/plain'];
        if (typeof text === 'string') onResult(text);
      }
    },
    input: async (prompt, password) => {
      if (!allow_stdin) {
        throw new BridgeError('command', 'This cell asks for input, which the front end does not allow here (allow_stdin is false).', {});
      }
      return exchange.input(prompt, password);
    },
  };
}

function publish(exchange: Exchange<'execute_request'>, output: Output): void {
  exchange.publish(output.type, output.content);
}

async function run(pending: Promise<Interpreter>, exchange: Exchange<'execute_request'>, cell: Cell, execution_count: number): Promise<Reply> {
  const { code, user_expressions } = exchange.request.content;
  try {
    const interpreter = await unlessAborted(pending, cell.interrupted);
    if (!interpreter) return { status: 'error', ...keyboardInterrupt, execution_count };
    const outcome: Outcome = await interpreter.execute(code, cell);
    if (outcome.status === 'error') return { status: 'error', ...outcome.error, execution_count };
    return {
      status: 'ok',
      execution_count,
      payload: payloadOf(outcome),
      user_expressions: await evaluate(interpreter, user_expressions, cell),
    };
  } catch (thrown) {
    return { status: 'error', ...endedBy(thrown, cell), execution_count };
  }
}

/** `payload` is what the specification calls deprecated, and all consoles and notebooks read. */
function payloadOf({ pages = [], asksExit }: Extract<Outcome, { status: 'ok' }>): readonly JsonObject[] {
  const shown = pages.map((data) => ({ source: 'page', data, start: 0 }));
  return asksExit ? [...shown, { source: 'ask_exit', keepkernel: false }] : shown;
}

/** A prompt that an interrupt ended rejects with the signal's reason, and may come back through the interpreter. */
function endedBy(thrown: unknown, cell: Cell): CellError {
  return cell.interrupted.aborted && thrown === cell.interrupted.reason ? keyboardInterrupt : toCellError(thrown);
}

async function evaluate(
  interpreter: Interpreter,
  expressions: Readonly<Record<string, string>>,
  cell: Cell,
): Promise<Readonly<Record<string, Evaluated>>> {
  return Object.keys(expressions).length === 0 ? {} : interpreter.evaluate(expressions, cell);
}
