import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client, ClientOptions } from '../../src/databricks/client.ts';
import type { ContextId } from '../../src/databricks/types.ts';
import type { Connection } from '../../src/session/connection.ts';
import type { Session } from '../../src/session/api.ts';
import { createSession } from '../../src/session/session.ts';
import { identity } from './identities.ts';
import { cell, clientFor, connectionTo, startScriptedApi, temporaryDirectory } from './scripted-api.ts';
import type { ScriptedServer } from './scripted-server.ts';

/** What a run comes to on a scripted server that begins well. */
export const ok = { end: 'result', result: { kind: 'text', text: 'done' } };

export interface SessionPlaceOptions extends Partial<ClientOptions> {
  /** A context that is taken up first. */
  readonly contextId?: string;
  /** Where the server is reached; at its own address, unless it is given. */
  readonly to?: (server: ScriptedServer) => URL | Promise<URL>;
}

/** A session on a scripted server, with a journal of its own. */
export async function startSession(language: 'scala' | 'python' | 'sql' = 'python', more: Partial<Connection> = {}, { contextId, to, ...options }: SessionPlaceOptions = {}) {
  const server = await startScriptedApi();
  const home = await temporaryDirectory();
  const url = (await to?.(server)) ?? server.url;
  const clients: Client[] = [];
  const connect = async () => {
    const client = clientFor(url, options);
    clients.push(client);
    return connectionTo(client, more);
  };
  const session = createSession({ language, connect, home: home.path, identity, contextId: contextId as ContextId | undefined });
  return {
    server,
    session,
    home: home.path,
    clients,
    journal: async () => readdir(join(home.path, 'contexts')).catch(() => []),
    async [Symbol.asyncDispose]() {
      await session.close(5000);
      await server[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** A run that is killed when the server has been asked that so many times: what it came to. */
export async function killedRun({ server, session }: { readonly server: ScriptedServer; readonly session: Session }, route = 'GET commands/status', times = 1) {
  const killed = cell();
  const run = session.run('1', 'python', killed);
  await server.arrived(route, times);
  killed.kill();
  return run;
}

/** One more session on such a server, with a journal in the same home; whose process is `owner`. */
export function anotherSession({ url, home, owner = identity, embedded = false }: { url: URL; home: string; owner?: string; embedded?: boolean }): Session {
  return createSession({ language: 'python', connect: async () => connectionTo(clientFor(url), { embedded }), home, identity: owner });
}

/** Writes what another process's journal says; gives its path. */
export async function writeJournal(home: string, owner: string, entries: readonly { readonly host: string; readonly contextId: string }[]): Promise<string> {
  await mkdir(join(home, 'contexts'), { recursive: true });
  const file = join(home, 'contexts', 'other.json');
  await writeFile(file, JSON.stringify({ identity: owner, entries: entries.map((entry) => ({ clusterId: 'c1', ...entry })) }));
  return file;
}

/** The contexts that requests of one route named, in their order; but for the id that none has, by which a client learns how the server reads. */
export function contextsOf(server: ScriptedServer, route: 'POST contexts/destroy' | 'POST commands/execute'): readonly string[] {
  return server.seen.filter((request) => request.route === route).map(({ fields }) => fields['contextId'] ?? '').filter((id) => id !== '0');
}
