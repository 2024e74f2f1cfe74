import type { JsonObject, JsonValue } from '../lib/json.ts';

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };
export type ClusterId = Id<'ClusterId'>;
export type ContextId = Id<'ContextId'>;
export type CommandId = Id<'CommandId'>;
/** Of a library that was uploaded by API 1.2. */
export type LibraryId = Id<'LibraryId'>;

/** The languages that `contexts/create` and `commands/execute` of API 1.2 take. */
export type RemoteLanguage = 'scala' | 'python' | 'sql' | 'r';

export const remoteLanguages: readonly RemoteLanguage[] = ['scala', 'python', 'sql', 'r'];

/** A command that every cluster runs and that asks for nothing, and the text that it prints. */
export const trial: { readonly language: RemoteLanguage; readonly code: string; readonly prints: string } = { language: 'python', code: 'print(6 * 7)', prints: '42' };

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
  /** `raw` is the server's `results` as it came, for programs. */
  | { readonly status: 'Finished' | 'Error' | 'Cancelled'; readonly result: CommandResult; readonly raw: JsonObject };

/** Where a context is; `Error` means that it could not be made, and `cause` why, where the server says so. */
export interface ContextState {
  readonly status: 'Pending' | 'Running' | 'Error';
  readonly cause: string;
}

/** Where a cluster is in its life, in the words of API 1.2; those of 2.x (`RESTARTING`, `RESIZING`) are taken for the nearest of them. */
export type ClusterStatus = 'Pending' | 'Running' | 'Reconfiguring' | 'Terminating' | 'Terminated' | 'Error' | 'Unknown';

/** A cluster as both versions of the API describe it; what a server does not tell is '' or `undefined`. */
export interface Cluster {
  readonly id: ClusterId;
  readonly name: string;
  readonly status: ClusterStatus;
  /** Why it is in that state, in the server's words; empty where the API has none. */
  readonly message: string;
  readonly workers: number | undefined;
  readonly sparkVersion: string;
  readonly nodeType: string;
  readonly driverIp: string;
  readonly jdbcPort: string;
  /** Whether it asked for cheaper machines that the cloud may take back. */
  readonly useSpot: boolean | undefined;
  /** Its availability zone. */
  readonly zoneId: string;
  /** What was set of Spark; empty where nothing was. */
  readonly sparkConf: Readonly<Record<string, string>>;
  /** How long it may be idle before it is ended; 0: for ever. `undefined` where the API does not tell (1.2). */
  readonly autoterminationMinutes: number | undefined;
  /** Another one after each start of its driver; '' where the API does not tell (1.2). */
  readonly incarnation: string;
}

/** What happened to a cluster (API 2.x). */
export interface ClusterEvent {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** The server's name for it, e.g. `STARTING`. */
  readonly type: string;
  readonly details: JsonObject;
}

/** A Databricks Runtime that clusters can be made with (API 2.x). */
export interface SparkVersion {
  readonly key: string;
  readonly name: string;
}

/** A kind of machine that clusters can be made of (API 2.x). */
export interface NodeType {
  readonly id: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly gpus: number;
  /** Neither deprecated nor of another processor than most libraries are built for. */
  readonly usable: boolean;
}

/** What is installed on a cluster by Libraries API 2.0. `repo` is '' for the default one. */
export type Library =
  | { readonly kind: 'jar' | 'egg' | 'whl' | 'requirements'; readonly uri: string }
  | { readonly kind: 'pypi' | 'cran'; readonly package: string; readonly repo: string }
  | { readonly kind: 'maven'; readonly coordinates: string; readonly repo: string; readonly exclusions: readonly string[] }
  /** A kind that no document names, kept as the server sent it so that it can be shown. */
  | { readonly kind: 'unknown'; readonly raw: JsonValue };

/** `LibraryInstallStatus` of the document; `ERROR`, which its example shows; `RESTORED` of today's servers. */
export const libraryStatuses = [
  'PENDING', 'RESOLVING', 'INSTALLING', 'INSTALLED', 'RESTORED', 'SKIPPED', 'FAILED', 'ERROR', 'UNINSTALL_ON_RESTART',
] as const;
export type LibraryStatus = (typeof libraryStatuses)[number] | 'UNKNOWN';

/** One library of a cluster, and how far its installation is. */
export interface LibraryInstall {
  readonly library: Library;
  readonly status: LibraryStatus;
  readonly messages: readonly string[];
  readonly forAllClusters: boolean;
}

/** The libraries of one cluster. */
export interface ClusterLibraries {
  readonly clusterId: ClusterId;
  readonly libraries: readonly LibraryInstall[];
}

/** What can be uploaded by API 1.2 ("Library Management"). */
export const uploadTypes = ['java-jar', 'python-egg', 'python-pypi'] as const;
export type UploadType = (typeof uploadTypes)[number];

/** A library that was uploaded by API 1.2. */
export interface UploadedLibrary {
  readonly id: LibraryId;
  readonly name: string;
  readonly folder: string;
}

/** An uploaded library with its files and where it is attached. */
export interface UploadedLibraryState extends UploadedLibrary {
  readonly files: readonly string[];
  /** One of `uploadTypes` by the document. */
  readonly type: string;
  readonly attachAllClusters: boolean;
  readonly attachments: readonly Attachment[];
}

export const attachmentStatuses = ['Attaching', 'Attached', 'Error', 'Detaching', 'Detached'] as const;

/** How an uploaded library does on one cluster. */
export interface Attachment {
  readonly clusterId: ClusterId;
  readonly status: (typeof attachmentStatuses)[number] | 'Unknown';
  readonly message: string;
}
