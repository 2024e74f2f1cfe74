import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedCredentials } from '../../src/databricks/auth/credentials.ts';
import type { Client, ClientOptions } from '../../src/databricks/client.ts';
import { createClient } from '../../src/databricks/client.ts';
import type { ClusterId, RemoteLanguage } from '../../src/databricks/types.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { RunOptions } from '../../src/session/api.ts';
import type { Connection } from '../../src/session/connection.ts';
import type { Stage } from '../../src/session/stage.ts';
import { instantClock } from './clock.ts';
import type { ScriptedServer } from './scripted-server.ts';
import { startScriptedServer } from './scripted-server.ts';

export const secretToken = 'dapi-very-secret';

export function clientFor(url: URL, options: Partial<ClientOptions> = {}): Client {
  const credentials = fixedCredentials({ type: 'pat', origin: 'DATABRICKS_TOKEN', token: new Secret(secretToken) });
  return createClient({ url, hostOrigin: 'DATABRICKS_HOST', credentials, userAgent: 'databricks-kernel/0.0.0', clock: instantClock(), chance: () => 0, ...options });
}

export function connectionTo(client: Client, more: Partial<Connection> = {}): Connection {
  const clusterId = 'c1' as ClusterId;
  return { client, clusterId, clusterOrigin: 'DATABRICKS_CLUSTER_ID', describe: { host: 'example.test', cluster: 'c1' }, embedded: false, ...more };
}

/** A scripted server that begins well: a running cluster, contexts `x1`, `x2`, …, commands `k1`, `k2`, … that end with the text `done`. */
export async function startScriptedApi(): Promise<ScriptedServer> {
  const server = await startScriptedServer();
  let contexts = 0;
  let commands = 0;
  server.on('GET clusters/get', { json: { cluster_id: 'c1', cluster_name: 'my cluster', state: 'RUNNING' } });
  server.on('POST contexts/create', () => ({ json: { id: `x${(contexts += 1)}` } }));
  server.on('GET contexts/status', ({ fields }) => ({ json: { id: fields['contextId'], status: 'Running' } }));
  server.on('POST contexts/destroy', ({ fields }) => ({ json: { id: fields['contextId'] } }));
  server.on('POST commands/execute', () => ({ json: { id: `k${(commands += 1)}` } }));
  server.on('GET commands/status', finished('done'));
  server.on('POST commands/cancel', ({ fields }) => ({ json: { id: fields['commandId'] } }));
  return server;
}

export function finished(text: string): { json: unknown } {
  return { json: { id: 'k', status: 'Finished', results: { resultType: 'text', data: text } } };
}

export const running = { json: { id: 'k', status: 'Running', results: null } };

export function failedWith(cause: string, status = 'Finished'): { json: unknown } {
  return { json: { id: 'k', status, results: { resultType: 'error', summary: '', cause } } };
}

export function refused(error: string, status = 500): { status: number; json: unknown } {
  return { status, json: { error } };
}

/** What a proxy says in the server's place when its own login has run out. */
export const loginPages = {
  page: { text: '<!DOCTYPE html><title>Sign in</title>', headers: { 'content-type': 'text/html' } },
  redirect: { status: 302, text: '', headers: { location: 'https://login.test/?t=1' } },
} as const;

/** The signals and callbacks of one run, recorded. */
export interface Cell extends RunOptions {
  readonly stages: (Stage | undefined)[];
  readonly notices: string[];
  /** The languages whose variables went with a context that was replaced. */
  readonly replaced: RemoteLanguage[];
  interrupt(): void;
  kill(): void;
}

export function cell(): Cell {
  const interrupted = new AbortController();
  const killed = new AbortController();
  const stages: (Stage | undefined)[] = [];
  const notices: string[] = [];
  const replaced: RemoteLanguage[] = [];
  return {
    interrupted: interrupted.signal,
    killed: killed.signal,
    stages,
    notices,
    replaced,
    onStage: (stage) => void stages.push(stage),
    onNotice: ({ text, replaced: languages }) => {
      notices.push(text);
      replaced.push(...languages);
    },
    interrupt: () => interrupted.abort(),
    kill: () => {
      interrupted.abort();
      killed.abort();
    },
  };
}

export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'databricks-kernel-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** What a promise was rejected with; a fulfilled one fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`It should have failed, but came to ${JSON.stringify(value)}`);
}
