import { describe, expect, test } from 'vitest';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fixedCredentials } from '../../src/databricks/auth/credentials.ts';
import type { ClusterId, ContextId } from '../../src/databricks/types.ts';
import { identify } from '../../src/lib/process-identity.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createSession } from '../../src/session/session.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import { dialects } from '../../src/workspace/dialect.ts';
import { newClusterId, newId } from '../../src/workspace/ids.ts';
import { buildServer } from '../../src/workspace/server.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { cell, clientFor, connectionTo, failureOf, temporaryDirectory } from '../support/scripted-api.ts';
import { ScriptedDriver } from '../support/scripted-driver.ts';
import { plainCluster } from '../support/scripted-workspace.ts';

const token = 'the-token';
const clusterId = 'local' as ClusterId;
const identity = (await identify(process.pid)) ?? '';

/** A session on the real workspace server, on a socket, in front of scripted drivers. */
async function start(dialect: DialectName, language: 'scala' | 'python' | 'sql', onExecute?: () => void) {
  const drivers: ScriptedDriver[] = [];
  const log = (): void => undefined;
  const startDriver = async () => {
    const driver = new ScriptedDriver(onExecute);
    drivers.push(driver);
    return driver;
  };
  const home = await temporaryDirectory();
  const files = { dbfsRoot: join(home.path, 'dbfs'), uploadDirectory: join(home.path, 'uploads') };
  const workspace = new Workspace({ defaultCluster: plainCluster(clusterId, 'local'), save: async () => undefined, newId, newClusterId, now: () => 0, log, startDriver, ...files });
  const server = await buildServer({ workspace, dialect: dialects[dialect], token, version: '1', pid: 1, stop: log, log });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const credentials = fixedCredentials({ type: 'basic', origin: 'test', username: 'token', password: new Secret(token) });
  const connect = async () => connectionTo(clientFor(new URL(`http://127.0.0.1:${port}`), { credentials }), { clusterId, embedded: true });
  const openSession = (contextId?: ContextId) => createSession({ language, connect, home: home.path, identity, contextId });
  const session = openSession();
  return {
    session,
    openSession,
    drivers,
    workspace,
    async [Symbol.asyncDispose]() {
      await session.close(5000);
      await server.close();
      await workspace[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

const result = (text: string) => ({ end: 'result', result: { kind: 'text', text } });

describe.for<DialectName>(['classic', 'modern'])('a session on a %s workspace', (dialect) => {
  test('runs commands, tables with exact longs and failures in one context', async () => {
    await using place = await start(dialect, 'scala');
    const { session } = place;
    expect(await session.run('echo hello', 'scala', cell())).toEqual(result('hello'));
    expect(await session.run('select 9223372036854775807', 'sql', cell())).toMatchObject({
      result: { kind: 'table', rows: [[9223372036854775807n]], truncated: true },
    });
    expect(await session.run('throw', 'scala', cell())).toMatchObject({ result: { kind: 'error', cause: '\u001b[31mException\u001b[0m: <juhu> & more' } });
    expect(await session.run('plots', 'scala', cell())).toMatchObject({ result: { kind: 'image', fileNames: { length: 2 } } });
    expect(place.drivers[0]?.opened).toHaveLength(1);
  });

  test('interrupts a command and keeps the context', async () => {
    const first = cell();
    await using place = await start(dialect, 'python', first.interrupt);
    const run = place.session.run('hang', 'python', first);
    expect(await run).toEqual({ end: 'interrupted' });
    expect(place.drivers[0]?.executed).toEqual(['hang']);
    expect(await place.session.run('echo on', 'python', cell())).toEqual(result('on'));
    expect(place.drivers[0]?.opened).toHaveLength(1);
  });

  test('a command that does not stop costs the context; the next run gets a new one and is told', async () => {
    const first = cell();
    await using place = await start(dialect, 'scala', first.interrupt);
    const run = place.session.run('stubborn', 'scala', first);
    expect(await run).toMatchObject({ end: 'result', result: { kind: 'error' } });
    const next = cell();
    expect(await place.session.run('echo on', 'scala', next)).toEqual(result('on'));
    expect(next.notices).toHaveLength(1);
  });

  test('a driver that dies in the middle of a cell costs the context, and the next run works again', async () => {
    await using place = await start(dialect, 'scala');
    const cause = 'The Spark driver of cluster local has ended, and its variables are gone. Out of memory.';
    expect(await place.session.run('die', 'scala', cell())).toMatchObject({ end: 'result', result: { kind: 'error', cause } });
    const next = cell();
    expect(await place.session.run('echo on', 'scala', next)).toEqual(result('on'));
    expect(next.notices).toHaveLength(1);
    expect(place.drivers.map(({ opened }) => opened.length)).toEqual([1, 1]);
  });

  test('runs another language in one context or a second, as the dialect does', async () => {
    await using place = await start(dialect, 'scala');
    await place.session.run('echo 1', 'scala', cell());
    const other = cell();
    expect(await place.session.run('echo 2', 'python', other)).toEqual(result('2'));
    expect(place.drivers[0]?.opened).toHaveLength(dialect === 'classic' ? 2 : 1);
    expect(other.notices).toHaveLength(dialect === 'classic' ? 1 : 0);
  });

  test('says in the words of the server that it does not run R', async () => {
    await using place = await start(dialect, 'scala');
    expect(await failureOf(place.session.run('1', 'r', cell()))).toMatchObject({ code: 'api', details: { serverMessage: expect.stringContaining('IllegalArgumentException') } });
    expect(await place.session.run('echo on', 'scala', cell())).toEqual(result('on'));
  });

  test('a second session takes up the context of the first, which goes on after its end', async () => {
    await using place = await start(dialect, 'scala');
    const { session, openSession } = place;
    expect(await session.run('echo 1', 'scala', cell())).toEqual(result('1'));
    const { id } = (await session.context())!;
    const second = openSession(id);
    expect(await second.run('echo 2', 'scala', cell())).toEqual(result('2'));
    expect(await second.context()).toMatchObject({ id, owned: false });
    expect(await second.close(5000)).toBe(true);
    expect(await session.run('echo 3', 'scala', cell())).toEqual(result('3'));
    expect(place.drivers[0]?.opened).toHaveLength(1);
    expect(String(await failureOf(openSession('nowhere' as ContextId).attach('nowhere' as ContextId, cell())))).toContain('There is no execution context nowhere on cluster');
  });

  test('close destroys every context on the server', async () => {
    await using place = await start(dialect, 'scala');
    await place.session.run('echo 1', 'scala', cell());
    await place.session.run('echo 2', 'python', cell());
    await place.session.close(5000);
    expect(place.workspace.clusters.flatMap((cluster) => cluster.contexts)).toEqual([]);
  });
});
