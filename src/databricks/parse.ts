import { BridgeError } from '../lib/errors.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { formatJson, isObject } from './json.ts';
import { parseType } from './schema.ts';
import type { ClusterId, Column, CommandId, CommandResult, CommandState, ContextId } from './types.ts';

/*
 * Wire → types, the only place where an answer of the API becomes one. Servers of ten years spell the same facts differently
 * (booleans as text, absent or null results, status names in upper case or with a prefix): all of it is read here and nowhere else.
 */

const running = ['Queued', 'Running', 'Cancelling'] as const;
const terminal = ['Finished', 'Error', 'Cancelled'] as const;

/** Reads the answer of `commands/status`. Throws `BridgeError` `command` for what is none. */
export function parseCommandState(answer: JsonValue): CommandState {
  const body = isObject(answer) ? answer : {};
  const status = word(body['status']).replace(/^command_/, '');
  const going = running.find((name) => name.toLowerCase() === status);
  if (going !== undefined) return { status: going };
  const ended = terminal.find((name) => name.toLowerCase() === status);
  if (ended === undefined) {
    throw new BridgeError('command', `The server answered with a command status that is none: ${formatJson(answer).slice(0, 200)}.`, {});
  }
  const results = isObject(body['results']) ? body['results'] : {};
  return { status: ended, result: ended === 'Finished' ? parseResult(results) : parseFailure(ended, results) };
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
  const schema: readonly JsonValue[] = Array.isArray(results['schema']) ? results['schema'] : [];
  const data: readonly JsonValue[] = Array.isArray(results['data']) ? results['data'] : [];
  const columns = schema.map((field): Column => {
    const described = isObject(field) ? field : {};
    return { name: text(described['name']), type: parseType(described['type']) };
  });
  const rows = data.map((row): readonly JsonValue[] => (Array.isArray(row) ? row : [row]));
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), columns.length);
  while (columns.length < width) columns.push({ name: '', type: '' });
  return { kind: 'table', columns, rows, truncated: flag(results['truncated']) };
}

function parseFileNames(results: JsonObject): string[] {
  const names = Array.isArray(results['fileNames']) ? results['fileNames'] : [results['fileName']];
  return names.filter((name): name is string => typeof name === 'string' && name !== '');
}

/** Where a context is; `Error` means that it could not be made, and `cause` why, where the server says so. */
export interface ContextState {
  readonly status: 'Pending' | 'Running' | 'Error';
  readonly cause: string;
}

/** Reads the answer of `contexts/status`. Throws `BridgeError` `context` for what is none. */
export function parseContextState(answer: JsonValue): ContextState {
  const body = isObject(answer) ? answer : {};
  const name = word(body['status']).replace(/^context_/, '');
  const status = (['Pending', 'Running', 'Error'] as const).find((known) => known.toLowerCase() === name);
  if (status !== undefined) return { status, cause: text(body['cause']) };
  const shown = formatJson(answer).slice(0, 200);
  throw new BridgeError('context', `The server answered with a context status that is none: ${shown}.`, { lost: false });
}

/** Where a cluster is in its life, in the words of API 1.2; those of 2.x (`RESTARTING`, `RESIZING`) are taken for the nearest of them. */
export type ClusterStatus = 'Pending' | 'Running' | 'Reconfiguring' | 'Terminating' | 'Terminated' | 'Error' | 'Unknown';

/** A cluster as both versions of the API describe it. */
export interface Cluster {
  readonly id: ClusterId;
  readonly name: string;
  readonly status: ClusterStatus;
  /** Why it is in that state, in the server's words; empty where the API has none. */
  readonly message: string;
}

/** One cluster of API 1.2; `undefined` for an entry without the status, as in the document's example of `clusters/status`. */
export function parseCluster(entry: JsonValue): Cluster | undefined {
  if (!isObject(entry) || entry['status'] === undefined) return undefined;
  return { id: text(entry['id']) as ClusterId, name: text(entry['name']), status: clusterStatus(entry['status']), message: '' };
}

/** One cluster of API 2.x (`clusters/get`). */
export function parseCluster2(answer: JsonValue): Cluster {
  const body = isObject(answer) ? answer : {};
  return {
    id: text(body['cluster_id']) as ClusterId,
    name: text(body['cluster_name']),
    status: clusterStatus(body['state']),
    message: text(body['state_message']),
  };
}

const clusterWords: Readonly<Record<string, ClusterStatus>> = {
  pending: 'Pending',
  restarting: 'Pending',
  running: 'Running',
  resizing: 'Reconfiguring',
  reconfiguring: 'Reconfiguring',
  terminating: 'Terminating',
  terminated: 'Terminated',
  error: 'Error',
};

function clusterStatus(value: JsonValue | undefined): ClusterStatus {
  return clusterWords[word(value)] ?? 'Unknown';
}

/** The id in the answer of `contexts/create`. Throws `BridgeError` `api` where there is none. */
export function parseContextId(answer: JsonValue): ContextId {
  return parseId(answer) as ContextId;
}

/** The id in the answer of `commands/execute`. Throws as `parseContextId`. */
export function parseCommandId(answer: JsonValue): CommandId {
  return parseId(answer) as CommandId;
}

function parseId(answer: JsonValue): string {
  const id = isObject(answer) ? text(answer['id']) : '';
  if (id === '') throw new BridgeError('api', `The server's answer holds no id: ${formatJson(answer).slice(0, 200)}.`, { status: 200, serverMessage: '' });
  return id;
}

function text(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : formatJson(value);
}

function word(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value.trim().toLowerCase() : '';
}

function flag(value: JsonValue | undefined): boolean {
  return value === true || word(value) === 'true';
}
