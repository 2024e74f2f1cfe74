import { writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../src/cli/connect.ts';
import { readSettings } from '../../src/databricks/config/settings.ts';
import { createSession } from '../../src/session/session.ts';
import type { Session } from '../../src/session/api.ts';
import { instantClock } from '../support/clock.ts';
import { databricksCli, fakeMachine, printToken, type FakeMachine } from '../support/fake-programs.ts';
import { cell } from '../support/scripted-api.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';

/* What a kernel does, with every kind of login: on the real server of the workspace, which takes its own token and no other. */

const { token } = ScriptedWorkspace;
const later = '2999-01-01T00:00:00Z';

/** The workspace as a host that also gives its token to service principals, and by a metadata service. */
async function startHost(): Promise<{ url: string; workspace: ScriptedWorkspace } & AsyncDisposable> {
  const workspace = new ScriptedWorkspace('modern');
  const { port } = await workspace.listen();
  const given: Record<string, () => object> = {
    '/oidc/.well-known/oauth-authorization-server': () => ({ token_endpoint: `${host.url}/oidc/v1/token` }),
    '/oidc/v1/token': () => ({ access_token: token, expires_in: 3600 }),
    '/metadata': () => ({ access_token: token, expires_on: 32472144000 }),
  };
  const server = createServer((arrived, response) => {
    const answer = given[arrived.url ?? ''];
    if (answer !== undefined) return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer()));
    const { method, headers, url: path } = arrived;
    const onward = request({ port, method, path, headers: { ...headers, host: `127.0.0.1:${port}` } }, (answered) => {
      response.writeHead(answered.statusCode ?? 500, answered.headers);
      answered.pipe(response);
    });
    arrived.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    workspace,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await workspace[Symbol.asyncDispose]();
    },
  };
  return host;
}

/** A kernel's session with these settings. */
function openSession(machine: FakeMachine, now: () => number = Date.now): Session & AsyncDisposable {
  const place = { machine, now, clock: instantClock(), home: machine.home, version: '1', launch: { command: '/bin/false', args: [], env: {} } };
  const session = createSession({ language: 'scala', connect: (wait) => connect(() => readSettings(machine), wait, place), home: machine.home, identity: '' });
  return Object.assign(session, { [Symbol.asyncDispose]: async () => void (await session.close(5000)) });
}

const hello = { end: 'result', result: { kind: 'text', text: 'hello' } };

test.for<[type: string, env: Record<string, string>]>([
  ['pat', { DATABRICKS_TOKEN: token }],
  ['basic', { DATABRICKS_USERNAME: 'token', DATABRICKS_PASSWORD: token }],
  ['oauth-m2m', { DATABRICKS_CLIENT_ID: 'id', DATABRICKS_CLIENT_SECRET: 'secret' }],
  ['databricks-cli', { DATABRICKS_AUTH_TYPE: 'databricks-cli' }],
  ['azure-cli', { DATABRICKS_AUTH_TYPE: 'azure-cli', DATABRICKS_AZURE_RESOURCE_ID: '/s' }],
  ['metadata-service', { DATABRICKS_METADATA_SERVICE_URL: 'HOST/metadata' }],
  ['netrc', { DATABRICKS_AUTH_TYPE: 'netrc' }],
])('%s: a cell runs', async ([, env]) => {
  await using host = await startHost();
  const settings = Object.entries(env).map(([name, value]) => [name, value.replace('HOST', host.url)]);
  await using machine = await fakeMachine({ DATABRICKS_HOST: host.url, DATABRICKS_CLUSTER_ID: host.workspace.clusterId, ...Object.fromEntries(settings) });
  await machine.install('databricks', databricksCli('0.250.0', printToken(token, later)));
  await machine.install('az', `echo '{"accessToken": "${token}", "expires_on": 32472144000}'`);
  await writeFile(join(machine.home, '.netrc'), `machine 127.0.0.1 login token password ${token}`);
  await using session = openSession(machine);
  expect(await session.run('echo hello', 'scala', cell())).toEqual(hello);
});

test('a token that ends during a session is renewed, and the context goes on', async () => {
  await using host = await startHost();
  let passed = 0;
  await using machine = await fakeMachine({ DATABRICKS_HOST: host.url, DATABRICKS_CLUSTER_ID: host.workspace.clusterId, DATABRICKS_AUTH_TYPE: 'databricks-cli' });
  await machine.install('databricks', databricksCli('0.296.0', printToken(token, new Date(Date.now() + 3_600_000).toISOString())));
  await using session = openSession(machine, () => Date.now() + passed);
  expect(await session.run('echo hello', 'scala', cell())).toEqual(hello);
  passed = 3_600_000;
  await machine.install('databricks', databricksCli('0.296.0', printToken(token, later)));
  expect(await session.run('echo hello', 'scala', cell())).toEqual(hello);
  expect(await session.run('echo hello', 'scala', cell())).toEqual(hello);
  const login = `auth token --host ${host.url}`;
  expect(await machine.calls('databricks')).toEqual([login, 'version --output json', `${login} --force-refresh`]);
  expect(host.workspace.drivers[0]?.opened).toHaveLength(1);
});

test('a login that cannot be renewed is said in the cell that meets it; the context is not taken for lost, and goes on when there is a login again', async () => {
  await using host = await startHost();
  let passed = 0;
  await using machine = await fakeMachine({ DATABRICKS_HOST: host.url, DATABRICKS_CLUSTER_ID: host.workspace.clusterId, DATABRICKS_AUTH_TYPE: 'databricks-cli' });
  await machine.install('databricks', databricksCli('0.250.0', printToken(token, new Date(Date.now() + 3_600_000).toISOString())));
  await using session = openSession(machine, () => Date.now() + passed);
  expect(await session.run('echo hello', 'scala', cell())).toEqual(hello);
  passed = 3_600_000;
  await machine.install('databricks', databricksCli('0.250.0', 'echo "Error: refresh token is invalid" >&2; exit 1'));
  await expect(session.run('echo hello', 'scala', cell())).rejects.toThrow(/gives no token: refresh token is invalid\. Log in with "databricks auth login --host/);
  await machine.install('databricks', databricksCli('0.250.0', printToken(token, later)));
  expect(await session.run('echo hello', 'scala', cell())).toEqual(hello);
  expect(host.workspace.drivers[0]?.opened).toHaveLength(1);
});
