import type { JsonValue } from '../lib/json.ts';

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };
export type ClusterId = Id<'ClusterId'>;
export type ContextId = Id<'ContextId'>;
export type CommandId = Id<'CommandId'>;

/** The languages that `contexts/create` and `commands/execute` of API 1.2 take. */
export type RemoteLanguage = 'scala' | 'python' | 'sql' | 'r';

export const remoteLanguages: readonly RemoteLanguage[] = ['scala', 'python', 'sql', 'r'];

/** Which commands a context of a language runs on a server as the 1.2 document describes it ("Command Execution"); today's run all. */
export const classicContexts: Readonly<Record<RemoteLanguage, readonly RemoteLanguage[]>> = {
  scala: ['scala', 'sql'],
  python: ['python', 'sql'],
  sql: ['sql'],
  r: ['r', 'sql'],
};

/** A column as the server describes it; `type` is parsed: a name such as `long`, or the object of a nested type. */
export interface Column {
  readonly name: string;
  readonly type: SparkType;
}
/** Spark's JSON schema types; what cannot be read as one stays the server's text. */
export type SparkType =
  | string
  | { readonly type: 'array'; readonly elementType: SparkType }
  | { readonly type: 'map'; readonly keyType: SparkType; readonly valueType: SparkType }
  | { readonly type: 'struct'; readonly fields: readonly Column[] };

/** What a command came to. A failure of the user's code is one of them. */
export type CommandResult =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'table'; readonly columns: readonly Column[]; readonly rows: readonly (readonly JsonValue[])[]; readonly truncated: boolean }
  /** Each a data URL, or the path of a file on the server (`/plots/….png`). */
  | { readonly kind: 'image'; readonly fileNames: readonly string[] }
  | { readonly kind: 'error'; readonly summary: string; readonly cause: string }
  /** A result type that no document names, kept as the server sent it so that it can be shown. */
  | { readonly kind: 'unknown'; readonly resultType: string; readonly raw: JsonValue };

/** An answer of `commands/status`. A terminal one can be read once only (API 1.2). */
export type CommandState =
  | { readonly status: 'Queued' | 'Running' | 'Cancelling' }
  | { readonly status: 'Finished' | 'Error' | 'Cancelled'; readonly result: CommandResult };
