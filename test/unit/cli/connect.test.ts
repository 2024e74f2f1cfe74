import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect, connectHost } from '../../../src/cli/connect.ts';
import { readSettings } from '../../../src/databricks/config/settings.ts';
import type { ContextId } from '../../../src/databricks/types.ts';
import { BridgeError } from '../../../src/lib/errors.ts';
import { configureTrace } from '../../../src/lib/trace.ts';
import { createSession } from '../../../src/session/session.ts';
import type { Stage } from '../../../src/session/stage.ts';
import type { DialectName } from '../../../src/workspace/dialect.ts';
import { dialects } from '../../../src/workspace/dialect.ts';
import { newClusterId, newId } from '../../../src/workspace/ids.ts';
import { buildServer } from '../../../src/workspace/server.ts';
import { writeState } from '../../../src/workspace/state-file.ts';
import { Workspace } from '../../../src/workspace/workspace.ts';
import { cell, failureOf, startScriptedApi, temporaryDirectory } from '../../support/scripted-api.ts';
import { ScriptedDriver } from '../../support/scripted-driver.ts';
import { plainCluster } from '../../support/scripted-workspace.ts';

const nowhere = { machine: { platform: process.platform, env: {}, home: '/nowhere' }, home: '/nowhere', version: '1', launch: { command: '/bin/false', args: [], env: {} } };
const wait = (stages: Stage[] = []) => ({ onStage: (stage: Stage) => void stages.push(stage), signal: new AbortController().signal });
const settingsOf = (env: Record<string, string>) => () => readSettings({ env, home: '/nowhere' });

test('a real workspace without a cluster is an error that says where to find one', async () => {
  const settings = settingsOf({ DATABRICKS_HOST: 'https://w.test', DATABRICKS_TOKEN: 'dapi-1' });
  const error = await failureOf(connect(settings, wait(), nowhere));
  expect(error).toBeInstanceOf(BridgeError);
  expect(error).toMatchObject({ code: 'config', details: { setting: 'DATABRICKS_CLUSTER_ID' } });
  expect(String(error)).toContain('No cluster is chosen on w.test: set DATABRICKS_CLUSTER_ID');
});

test('a connection to a real workspace needs no cluster, and tells which one the settings choose', async () => {
  const env = { DATABRICKS_HOST: 'https://w.test', DATABRICKS_TOKEN: 'dapi-1' };
  const without = await connectHost(settingsOf(env), wait(), nowhere);
  expect(without).toMatchObject({ describe: { host: 'w.test' }, defaultCluster: undefined, embedded: false });
  const chosen = await connectHost(settingsOf({ ...env, DATABRICKS_CLUSTER_ID: 'c1' }), wait(), nowhere);
  expect(chosen.defaultCluster).toEqual({ value: 'c1', origin: 'DATABRICKS_CLUSTER_ID' });
});

test('a host that is not this machine and is asked without TLS is warned of, once', async () => {
  await using home = await temporaryDirectory();
  const path = join(home.path, 'log');
  configureTrace(path);
  try {
    for (const host of ['http://plain.test', 'https://w.test', 'http://localhost:1', 'http://plain.test']) {
      const { client } = await connectHost(settingsOf({ DATABRICKS_HOST: host, DATABRICKS_TOKEN: 'dapi-1' }), wait(), nowhere);
      await client.close();
    }
  } finally {
    configureTrace(undefined);
  }
  expect((await readFile(path, 'utf8')).replace(/^\S+Z /gm, '')).toBe(
    'warn connect: http://plain.test is asked without encryption: whoever is on the way reads the login and the data. Write https:// in DATABRICKS_HOST, if the workspace answers there.\n',
  );
});

test('a real workspace is asked with the login, the workspace id and who we are', async () => {
  await using server = await startScriptedApi();
  const env = { DATABRICKS_HOST: `${server.url.origin}/?o=42`, DATABRICKS_TOKEN: 'dapi-1', DATABRICKS_CLUSTER_ID: 'c1' };
  const connection = await connect(settingsOf(env), wait(), { ...nowhere, version: '1.2.3' });
  expect(server.seen).toEqual([]);
  await connection.client.contexts.status({ clusterId: connection.clusterId, contextId: 'x' as ContextId });
  await connection.client.close();
  expect(server.seen[0]?.headers).toMatchObject({
    authorization: 'Bearer dapi-1',
    'x-databricks-workspace-id': '42',
    'user-agent': `databricks-kernel/1.2.3 node/${process.versions.node} os/${process.platform} auth/pat`,
  });
  expect(connection).toMatchObject({ embedded: false, clusterOrigin: 'DATABRICKS_CLUSTER_ID', describe: { host: server.url.host, cluster: 'c1' } });
});

test.for<DialectName>(['classic', 'modern'])('the embedded workspace that runs in the %s dialect is found and its cluster used', async (dialect) => {
  await using home = await temporaryDirectory();
  const log = (): void => undefined;
  await using workspace = new Workspace({
    defaultCluster: plainCluster('local', 'local'),
    save: async () => undefined,
    newId,
    newClusterId,
    now: () => 0,
    log,
    dbfsRoot: join(home.path, 'dbfs'),
    uploadDirectory: join(home.path, 'uploads'),
    startDriver: async () => new ScriptedDriver(),
  });
  const token = 'the-token';
  const server = await buildServer({ workspace, dialect: dialects[dialect], token, version: '1', pid: process.pid, stop: log, log });
  try {
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    await writeState(home.path, { url, token, pid: process.pid, version: '1', dialect, clusterId: 'local', started: '2026-01-01T00:00:00Z' });
    const connection = await connect(settingsOf({ DATABRICKS_HOST: 'embedded' }), wait(), { ...nowhere, home: home.path });
    expect(connection).toMatchObject({ embedded: true, clusterId: 'local', describe: { host: `the embedded workspace (127.0.0.1:${port})` } });
    expect(await connection.client.contexts.create(connection.clusterId, 'scala')).toMatch(/^\d+$/);
    await connection.client.close();
  } finally {
    await server.close();
  }
});

/** A server that takes one token, which a test changes, and the profile that holds the user's. */
async function startGuarded() {
  const server = await startScriptedApi();
  const home = await temporaryDirectory();
  const place = {
    server,
    accepted: 'first',
    writeProfile: (token: string, host = server.url.origin) => writeFile(join(home.path, '.databrickscfg'), `[dev]\nhost = ${host}\ntoken = ${token}\ncluster_id = c1\n`),
    session: createSession({
      language: 'python',
      connect: (waiting) => connect(() => readSettings({ env: { DATABRICKS_CONFIG_PROFILE: 'dev' }, home: home.path }), waiting, { ...nowhere, home: home.path }),
      home: home.path,
      identity: '',
    }),
    async [Symbol.asyncDispose]() {
      await place.session.close(5000);
      await server[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
  server.guard(({ headers }) => (headers.authorization === `Bearer ${place.accepted}` ? undefined : { status: 401, json: { error: 'Invalid access token' } }));
  await place.writeProfile('first');
  return place;
}

const done = { end: 'result', result: { kind: 'text', text: 'done' } };

test('a token that was renewed in ~/.databrickscfg goes on with the same context, and every request is sent with it from then on', async () => {
  await using place = await startGuarded();
  expect(await place.session.run('1', 'python', cell())).toEqual(done);
  place.accepted = 'second';
  await place.writeProfile('second');
  const before = place.server.seen.length;
  expect(await place.session.run('2', 'python', cell())).toEqual(done);
  expect(place.server.seen.slice(before).map(({ route, headers }) => `${route} ${headers.authorization}`)).toEqual([
    'POST commands/execute Bearer first',
    'POST commands/execute Bearer second',
    'GET commands/status Bearer second',
  ]);
  expect(place.server.count('POST contexts/create')).toBe(1);
});

test('a token that is refused and was not renewed is not tried again', async () => {
  await using place = await startGuarded();
  expect(await place.session.run('1', 'python', cell())).toEqual(done);
  place.accepted = 'second';
  const before = place.server.seen.length;
  expect(String(await failureOf(place.session.run('2', 'python', cell())))).toContain('Check token of profile dev in ~/.databrickscfg');
  expect(place.server.seen.slice(before).map(({ route }) => route)).toEqual(['POST commands/execute']);
  await place.writeProfile('third');
  expect(await failureOf(place.session.run('3', 'python', cell()))).toMatchObject({ code: 'api', details: { status: 401 } });
  expect(place.server.seen.slice(before).map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer first', 'Bearer third']);
  await place.writeProfile('second');
  expect(await place.session.run('4', 'python', cell())).toEqual(done);
  expect(place.server.count('POST contexts/create')).toBe(1);
});

test('a token for another workspace is not shown to this one', async () => {
  await using place = await startGuarded();
  expect(await place.session.run('1', 'python', cell())).toEqual(done);
  place.accepted = 'second';
  await place.writeProfile('second', 'https://another.test');
  expect(await failureOf(place.session.run('2', 'python', cell()))).toMatchObject({ code: 'api', details: { status: 401 } });
  expect(place.server.seen.map(({ headers }) => headers.authorization)).not.toContain('Bearer second');
  place.accepted = 'first';
});
