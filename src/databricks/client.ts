import type { Clock } from '../lib/time.ts';
import { systemClock } from '../lib/time.ts';
import type { Clusters } from './api/clusters.ts';
import { createClusters } from './api/clusters.ts';
import type { Commands } from './api/commands.ts';
import { createCommands } from './api/commands.ts';
import type { Contexts } from './api/contexts.ts';
import { createContexts } from './api/contexts.ts';
import type { Libraries } from './api/libraries.ts';
import { createLibraries } from './api/libraries.ts';
import type { UploadedLibraries } from './api/uploaded-libraries.ts';
import { createUploadedLibraries } from './api/uploaded-libraries.ts';
import type { Dialect } from './dialect.ts';
import { unknownDialect } from './dialect.ts';
import type { HttpOptions } from './http.ts';
import { createHttp } from './http.ts';
import type { Chance, OnRetry, Patience } from './retry.ts';
import { remotePatience } from './retry.ts';

/** One server, asked with one login. Keeps connections and what it learnt of the server's dialect, and nothing of contexts or commands. */
export interface Client {
  /** The address, as sentences name it. */
  readonly host: string;
  readonly clusters: Clusters;
  readonly contexts: Contexts;
  readonly commands: Commands;
  /** Libraries API 2.0. */
  readonly libraries: Libraries;
  /** "Library Management" of API 1.2. */
  readonly uploadedLibraries: UploadedLibraries;
  readonly dialect: Readonly<Dialect>;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly patience: Patience;
  /** Waits for what is under way, then closes the connections. */
  close(): Promise<void>;
  /** Closes the connections with what is under way on them. */
  destroy(): Promise<void>;
}

export interface ClientOptions extends HttpOptions {
  readonly clock?: Clock;
  readonly chance?: Chance;
  readonly patience?: Patience;
  /** Nobody is told unless it is given. */
  readonly onRetry?: OnRetry | undefined;
}

/** A client that has asked its server nothing yet; connections are opened by its first call. */
export function createClient(options: ClientOptions): Client {
  const { clock = systemClock, chance = Math.random, patience = remotePatience, onRetry } = options;
  const http = createHttp(options);
  const api = { http, dialect: unknownDialect(), clock, chance, patienceMs: patience.request, onRetry };
  return {
    host: http.host,
    clusters: createClusters(api),
    contexts: createContexts(api),
    commands: createCommands(api),
    libraries: createLibraries(api),
    uploadedLibraries: createUploadedLibraries(api),
    dialect: api.dialect,
    clock,
    chance,
    patience,
    close: () => http.close(),
    destroy: () => http.destroy(),
  };
}
