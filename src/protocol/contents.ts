import type { JsonObject } from '../lib/json.ts';
import type { MimeBundle, Output } from './output.ts';

/** How a reply says that the request failed; for `execute_reply` also the content of the `error` message. */
export interface Failure {
  readonly status: 'error';
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

type Ok = { readonly status: 'ok' };
type OutputContent<T extends Output['type']> = Extract<Output, { type: T }>['content'];

/** `language_info` of `kernel_info_reply`. */
export interface LanguageInfo {
  readonly name: string;
  readonly version: string;
  readonly mimetype: string;
  readonly file_extension: string;
  readonly pygments_lexer?: string;
  readonly codemirror_mode?: string | { readonly name: string; readonly version?: number };
  readonly nbconvert_exporter?: string;
}

/** One entry of a history reply; the third is the input, or the input with its output where outputs were asked for. */
export type HistoryEntry = readonly [session: number, line: number, input: string | readonly [input: string, output: string | null]];

export type HistoryQuery =
  | { readonly hist_access_type: 'tail'; readonly output: boolean; readonly n: number | undefined }
  | { readonly hist_access_type: 'search'; readonly output: boolean; readonly n: number | undefined; readonly pattern: string; readonly unique: boolean }
  | { readonly hist_access_type: 'range'; readonly output: boolean; readonly session: number; readonly start: number; readonly stop: number | undefined };

/**
 * The content of every message this kernel reads or writes, by message type: the one table that all message types derive from.
 * Contents of requests are as `parse.ts` hands them on, with every optional field filled in.
 *
 * Source: "Messaging in Jupyter", protocol 5.5 (https://jupyter-client.readthedocs.io/en/stable/messaging.html).
 */
export interface Contents {
  // shell
  execute_request: {
    readonly code: string;
    readonly silent: boolean;
    readonly store_history: boolean;
    readonly user_expressions: Readonly<Record<string, string>>;
    readonly allow_stdin: boolean;
    readonly stop_on_error: boolean;
  };
  execute_reply:
    | (Ok & { readonly execution_count: number; readonly payload: readonly JsonObject[]; readonly user_expressions: Readonly<Record<string, unknown>> })
    | (Failure & { readonly execution_count: number });
  inspect_request: { readonly code: string; readonly cursor_pos: number; readonly detail_level: 0 | 1 };
  inspect_reply: (Ok & { readonly found: boolean; readonly data: MimeBundle; readonly metadata: JsonObject }) | Failure;
  complete_request: { readonly code: string; readonly cursor_pos: number };
  complete_reply:
    | (Ok & { readonly matches: readonly string[]; readonly cursor_start: number; readonly cursor_end: number; readonly metadata: JsonObject })
    | Failure;
  history_request: HistoryQuery;
  history_reply: (Ok & { readonly history: readonly HistoryEntry[] }) | Failure;
  is_complete_request: { readonly code: string };
  is_complete_reply:
    | { readonly status: 'complete' | 'invalid' | 'unknown' }
    | { readonly status: 'incomplete'; readonly indent: string }
    | Failure;
  comm_info_request: { readonly target_name: string | undefined };
  comm_info_reply: (Ok & { readonly comms: Readonly<Record<string, { readonly target_name: string }>> }) | Failure;
  // shell and control
  kernel_info_request: JsonObject;
  kernel_info_reply:
    | (Ok & {
        readonly protocol_version: string;
        readonly implementation: string;
        readonly implementation_version: string;
        readonly language_info: LanguageInfo;
        readonly banner: string;
        readonly help_links: readonly { readonly text: string; readonly url: string }[];
        readonly supported_features: readonly string[];
        readonly debugger: false;
      })
    | Failure;
  // control
  interrupt_request: JsonObject;
  interrupt_reply: Ok | Failure;
  shutdown_request: { readonly restart: boolean };
  shutdown_reply: (Ok & { readonly restart: boolean }) | Failure;
  // both ways
  comm_open: { readonly comm_id: string; readonly target_name: string; readonly data: JsonObject };
  comm_msg: { readonly comm_id: string; readonly data: JsonObject };
  comm_close: { readonly comm_id: string; readonly data: JsonObject };
  // iopub
  stream: OutputContent<'stream'>;
  display_data: OutputContent<'display_data'>;
  update_display_data: OutputContent<'update_display_data'>;
  execute_result: OutputContent<'execute_result'>;
  clear_output: OutputContent<'clear_output'>;
  execute_input: { readonly code: string; readonly execution_count: number };
  error: Omit<Failure, 'status'>;
  status: { readonly execution_state: 'starting' | 'busy' | 'idle' };
  iopub_welcome: { readonly subscription: string };
  // stdin
  input_request: { readonly prompt: string; readonly password: boolean };
  input_reply: { readonly value: string };
}

export type MessageType = keyof Contents;

/** Requests that a front end sends and that have a reply. */
export type RequestType = Exclude<Extract<MessageType, `${string}_request`>, 'input_request'>;
/** What a front end sends without waiting for a reply. */
export type CommType = Extract<MessageType, `comm_${'open' | 'msg' | 'close'}`>;
export type ReplyTo<T extends RequestType> = T extends `${infer Name}_request` ? Extract<MessageType, `${Name}_reply`> : never;
export type ReplyType = ReplyTo<RequestType>;
/** What the kernel may publish; `shutdown_reply` is the one reply that is published too. */
export type IopubType = Exclude<MessageType, `${string}_request` | `${string}_reply`> | 'shutdown_reply';
