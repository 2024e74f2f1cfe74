import type { JsonObject, JsonValue } from '../lib/json.ts';
import type { CommType, Contents, HistoryQuery, RequestType } from './contents.ts';
import type { Header, RawMessage } from './message.ts';

/** A message from a front end whose content has been checked and completed. */
export interface RequestOf<T extends RequestType | CommType> {
  readonly type: T;
  readonly header: Header;
  readonly content: Contents[T];
}

export type Request =
  | { [T in RequestType | CommType]: RequestOf<T> }[RequestType | CommType]
  /** A type that we know with a content that makes no sense: to be answered with an error, so that nobody waits for ever. */
  | { readonly type: 'malformed'; readonly header: Header; readonly problem: string }
  /** A type that we do not know: `busy`, `idle` and no reply. */
  | { readonly type: 'unknown'; readonly header: Header };

/** Tolerates what front ends leave out or set to `null`; a required field that is missing or of another type makes it `malformed`. */
export function parseRequest({ header, content }: RawMessage): Request {
  const type = header.msg_type;
  if (!isKnown(type)) return { type: 'unknown', header };
  try {
    return { type, header, content: parsers[type](content) } as Request;
  } catch (error) {
    if (error instanceof Problem) return { type: 'malformed', header, problem: error.message };
    throw error;
  }
}

/** The value of an `input_reply`; some front ends send none when the user just pressed Enter. */
export function parseInputReply(content: JsonObject): string {
  const value = content['value'];
  return typeof value === 'string' ? value : '';
}

class Problem extends Error {}

const parsers: { readonly [T in RequestType | CommType]: (content: JsonObject) => Contents[T] } = {
  execute_request: (content) => {
    const silent = flag(content, 'silent', false);
    return {
      code: text(content, 'code'),
      silent,
      // The specification: silent forces store_history to be false.
      store_history: !silent && flag(content, 'store_history', true),
      user_expressions: expressions(content['user_expressions']),
      allow_stdin: flag(content, 'allow_stdin', true),
      stop_on_error: flag(content, 'stop_on_error', true),
    };
  },
  inspect_request: (content) => ({
    ...codeAndCursor(content),
    detail_level: content['detail_level'] === 1 ? 1 : 0,
  }),
  complete_request: codeAndCursor,
  history_request: history,
  is_complete_request: (content) => ({ code: text(content, 'code') }),
  comm_info_request: (content) => ({ target_name: optionalText(content, 'target_name') }),
  kernel_info_request: (content) => content,
  interrupt_request: (content) => content,
  shutdown_request: (content) => ({ restart: flag(content, 'restart', false) }),
  comm_open: (content) => ({ ...comm(content), target_name: text(content, 'target_name') }),
  comm_msg: comm,
  comm_close: comm,
};

function isKnown(type: string): type is RequestType | CommType {
  return Object.hasOwn(parsers, type);
}

function history(content: JsonObject): HistoryQuery {
  const output = flag(content, 'output', false);
  switch (content['hist_access_type']) {
    case 'range':
      return {
        hist_access_type: 'range',
        output,
        session: integer(content, 'session') ?? 0,
        start: integer(content, 'start') ?? 1,
        stop: integer(content, 'stop'),
      };
    case 'search':
      return {
        hist_access_type: 'search',
        output,
        n: integer(content, 'n'),
        pattern: optionalText(content, 'pattern') ?? '*',
        unique: flag(content, 'unique', false),
      };
    case 'tail':
    case null:
    case undefined:
      return { hist_access_type: 'tail', output, n: integer(content, 'n') };
    default:
      throw new Problem("hist_access_type must be 'range', 'tail' or 'search'");
  }
}

/** A cursor that is missing stands at the end, where a console without cursor support would have it. */
function codeAndCursor(content: JsonObject): { readonly code: string; readonly cursor_pos: number } {
  return { code: text(content, 'code'), cursor_pos: integer(content, 'cursor_pos') ?? Number.MAX_SAFE_INTEGER };
}

function comm(content: JsonObject): { readonly comm_id: string; readonly data: JsonObject } {
  return { comm_id: text(content, 'comm_id'), data: isObject(content['data']) ? content['data'] : {} };
}

/** Values that are no strings are left out; a front end that asks for nothing sends `{}` or `null`. */
function expressions(value: JsonValue | undefined): Readonly<Record<string, string>> {
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw new Problem('user_expressions must be an object');
  for (const [name, expression] of Object.entries(value)) {
    if (typeof expression !== 'string') throw new Problem(`user_expressions: ${name} must be a string`);
  }
  return value as Readonly<Record<string, string>>;
}

function text(content: JsonObject, field: string): string {
  const value = content[field];
  if (typeof value !== 'string') throw new Problem(`${field} must be a string`);
  return value;
}

function optionalText(content: JsonObject, field: string): string | undefined {
  return content[field] === null || content[field] === undefined ? undefined : text(content, field);
}

function flag(content: JsonObject, field: string, otherwise: boolean): boolean {
  const value = content[field] ?? otherwise;
  if (typeof value !== 'boolean') throw new Problem(`${field} must be true or false`);
  return value;
}

function integer(content: JsonObject, field: string): number | undefined {
  const value = content[field];
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Problem(`${field} must be an integer`);
  return value;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
