import { connectHost } from '../../src/cli/connect.ts';
import type { Client } from '../../src/databricks/client.ts';
import { readSettings } from '../../src/databricks/config/settings.ts';
import type { ClusterId } from '../../src/databricks/types.ts';
import { instantClock } from './clock.ts';
import type { FakeMachine } from './fake-programs.ts';
import { fakeMachine } from './fake-programs.ts';
import { startScriptedApi } from './scripted-api.ts';
import type { Answer, ScriptedServer, SeenRequest } from './scripted-server.ts';

/** A workspace, a machine whose settings mean it, and the client that comes of both. */
export interface LoginPlace extends AsyncDisposable {
  readonly server: ScriptedServer;
  readonly machine: FakeMachine;
  /** Lets time pass, for tokens. */
  pass(ms: number): void;
  /** The `Authorization` of the requests to the API, in order. */
  readonly logins: () => readonly (string | undefined)[];
  /** Connects as the settings say now. */
  connect(): Promise<Client>;
  /** One request of the client, which must be there. */
  ask(): Promise<unknown>;
}

/** @param env settings beside the host; `HOST` in a value is replaced by the server's address */
export async function startLogins(env: Readonly<Record<string, string>> = {}): Promise<LoginPlace> {
  const server = await startScriptedApi();
  const settings = Object.entries({ DATABRICKS_HOST: 'HOST', ...env }).map(([name, value]) => [name, value.replace('HOST', server.url.origin)]);
  const machine = await fakeMachine(Object.fromEntries(settings));
  const clients: Client[] = [];
  let passed = 0;
  const connect = async (): Promise<Client> => {
    const wait = { onStage: () => undefined, signal: new AbortController().signal };
    const place = { machine, home: machine.home, now: () => Date.now() + passed, clock: instantClock(), version: '1.2.3', launch: { command: '/bin/false', args: [], env: {} } };
    const { client } = await connectHost(() => readSettings(machine), wait, place);
    clients.push(client);
    return client;
  };
  return {
    server,
    machine,
    connect,
    pass: (ms) => {
      passed += ms;
    },
    logins: () => server.seen.filter(({ path }) => path.startsWith('/api/')).map(({ headers }) => headers.authorization),
    ask: async () => (clients[0] ?? (await connect())).clusters.get('c1' as ClusterId),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.destroy()));
      await server[Symbol.asyncDispose]();
      await machine[Symbol.asyncDispose]();
    },
  };
}

/** An OAuth server as `server` has one: `answers` go to the token endpoint, `/oidc/v1/token`. */
export function offerTokens(server: ScriptedServer, ...answers: readonly Answer[]): void {
  server.on('GET /oidc/.well-known/oauth-authorization-server', { json: { token_endpoint: new URL('/oidc/v1/token', server.url).href } });
  server.on('POST /oidc/v1/token', ...answers);
}

/** For `guard`: the API takes no other token. */
export function takesOnly(accepted: string): (request: SeenRequest) => Answer | undefined {
  const isFine = ({ path, headers }: SeenRequest): boolean => !path.startsWith('/api/') || headers.authorization === `Bearer ${accepted}`;
  return (request) => (isFine(request) ? undefined : { status: 401, json: { error: 'Invalid access token' } });
}
