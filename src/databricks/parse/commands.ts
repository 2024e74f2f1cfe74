import { BridgeError } from '../../lib/errors.ts';
import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { parseType } from '../schema.ts';
import type { Column, CommandId, CommandResult, CommandState } from '../types.ts';
import { flag, list, object, parseId, shown, text, word } from './values.ts';

const running = ['Queued', 'Running', 'Cancelling'] as const;
const terminal = ['Finished', 'Error', 'Cancelled'] as const;

/** Reads the answer of `commands/status`. Throws `BridgeError` `command` for what is none. */
export function parseCommandState(answer: JsonValue): CommandState {
  const body = object(answer);
  const status = word(body['status']).replace(/^command_/, '');
  const going = running.find((name) => name.toLowerCase() === status);
  if (going !== undefined) return { status: going };
  const ended = terminal.find((name) => name.toLowerCase() === status);
  if (ended === undefined) {
    throw new BridgeError('command', `The server answered with a command status that is none: ${shown(answer)}.`, {});
  }
  const results = object(body['results']);
  return { status: ended, result: ended === 'Finished' ? parseResult(results) : parseFailure(ended, results), raw: results };
}

/** The `results` of a command that the server calls finished; an exception of the user's code is among them. */
export function parseResult(results: JsonObject): CommandResult {
  const resultType = text(results['resultType']);
  switch (word(results['resultType']).replace(/_result$/, '')) {
    case 'text':
      return { kind: 'text', text: text(results['data']) };
    case 'table':
      return parseTable(results);
    case 'image':
    case 'images':
      return { kind: 'image', fileNames: parseFileNames(results) };
    case 'error':
      return { kind: 'error', summary: text(results['summary']), cause: text(results['cause']) };
    case '':
      // Statements without a result (DDL) come without a type and without data.
      if (results['data'] === undefined || results['data'] === null) return { kind: 'text', text: '' };
      return { kind: 'unknown', resultType, raw: results };
    default:
      return { kind: 'unknown', resultType, raw: results };
  }
}

/** A command that ended as `Error` or `Cancelled` failed, whatever its results are; some servers put the reason into `data`. */
function parseFailure(status: 'Error' | 'Cancelled', results: JsonObject): CommandResult {
  const cause = text(results['cause']) || text(results['data']);
  const summary = text(results['summary']) || (cause === '' ? `The server ended the command as ${status} and gave no reason` : '');
  return { kind: 'error', summary, cause };
}

function parseTable(results: JsonObject): CommandResult {
  const columns = list(results['schema']).map((field): Column => {
    const described = object(field);
    return { name: text(described['name']), type: parseType(described['type']) };
  });
  const rows = list(results['data']).map((row): readonly JsonValue[] => (Array.isArray(row) ? row : [row]));
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), columns.length);
  while (columns.length < width) columns.push({ name: '', type: '' });
  return { kind: 'table', columns, rows, truncated: flag(results['truncated']) };
}

function parseFileNames(results: JsonObject): string[] {
  const names = Array.isArray(results['fileNames']) ? results['fileNames'] : [results['fileName']];
  return names.filter((name): name is string => typeof name === 'string' && name !== '');
}

/** The id in the answer of `commands/execute`. Throws `BridgeError` `api` where there is none. */
export function parseCommandId(answer: JsonValue): CommandId {
  return parseId(answer) as CommandId;
}
