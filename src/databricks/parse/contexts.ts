import { BridgeError } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/json.ts';
import type { ContextId, ContextState } from '../types.ts';
import { object, parseId, shown, text, word } from './values.ts';

/** Reads the answer of `contexts/status`. Throws `BridgeError` `context` for what is none. */
export function parseContextState(answer: JsonValue): ContextState {
  const body = object(answer);
  const name = word(body['status']).replace(/^context_/, '');
  const status = (['Pending', 'Running', 'Error'] as const).find((known) => known.toLowerCase() === name);
  if (status !== undefined) return { status, cause: text(body['cause']) };
  throw new BridgeError('context', `The server answered with a context status that is none: ${shown(answer)}.`, { lost: false });
}

/** The id in the answer of `contexts/create`. Throws `BridgeError` `api` where there is none. */
export function parseContextId(answer: JsonValue): ContextId {
  return parseId(answer) as ContextId;
}
