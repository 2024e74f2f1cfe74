import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { secretPassword, startPlace, type Place, type PlaceOptions } from '../support/bad-place.ts';
import { kept } from '../support/databricks-kernel.ts';
import { refused, secretToken } from '../support/scripted-api.ts';
import { deadPort } from '../support/free-ports.ts';
import type { Answer } from '../support/scripted-server.ts';

/* What a person sees when something is wrong: the real kernel process, a real client, a real HTTP server with scripted answers. */

async function firstCell({ kernel }: Place, code = '1') {
  const { reply, outputs } = await kernel.execute(code);
  if (reply.status !== 'error') throw new Error(`The cell should have failed, but ended as ${JSON.stringify(reply)}`);
  // One error and nothing else is left of the cell, and the reply says the same.
  expect(kept(outputs)).toEqual([`error: ${reply.ename}: ${reply.evalue}`]);
  return reply;
}

/** A kernel that cannot reach its cluster still does all that it can do alone. */
async function expectAlive({ kernel }: Place): Promise<void> {
  expect((await kernel.request('shell', 'kernel_info_request', {})).content).toMatchObject({ status: 'ok' });
  expect((await kernel.execute('%lsmagic')).text).toContain('%config');
  expect(kept((await kernel.execute('%md *still* here')).outputs)).toEqual(['display_data: *still* here']);
  expect((await kernel.request('shell', 'complete_request', { code: 'impo', cursor_pos: 4 })).content).toMatchObject({ matches: ['import'] });
}

async function expectWorks({ kernel }: Place): Promise<void> {
  const { reply, text } = await kernel.execute('1');
  expect(reply.status === 'error' ? reply.evalue : reply.status).toBe('ok');
  expect(text).toContain('done');
}

describe('settings that are wrong or half given: the first cell and the log name the one to look at', () => {
  interface Case extends PlaceOptions {
    readonly name: string;
    readonly ename?: string;
    /** All that is said, `FILE` for the configuration file's path. */
    readonly says: string | RegExp;
  }
  const userOnly = { DATABRICKS_TOKEN: undefined, DATABRICKS_USERNAME: 'jo' };
  const unknownProfile: PlaceOptions = {
    env: { DATABRICKS_HOST: undefined, DATABRICKS_TOKEN: undefined, DATABRICKS_CLUSTER_ID: undefined, DATABRICKS_CONFIG_PROFILE: 'prod' },
    before: (_, directory) => writeFile(join(directory, 'databrickscfg'), `[dev]\nhost = https://x.test\ntoken = ${secretToken}\n`),
  };
  const cases: readonly Case[] = [
    { name: 'a token without a host', env: { DATABRICKS_HOST: undefined }, says: 'DATABRICKS_TOKEN is set, but no host: set DATABRICKS_HOST to the address of your workspace (or to "embedded" for the one on this machine).' },
    { name: 'a cluster without a host', env: { DATABRICKS_HOST: undefined, DATABRICKS_TOKEN: undefined }, says: /^DATABRICKS_CLUSTER_ID is set, but no host: set DATABRICKS_HOST/ },
    { name: 'a host without a login', env: { DATABRICKS_TOKEN: undefined }, says: /^There is no login for http:\/\/127\.0\.0\.1:\d+: set DATABRICKS_TOKEN, or run .*\. Tried: databricks-cli: .*; azure-cli: .*; netrc: .*\.$/ },
    { name: 'a user without a password', env: userOnly, says: 'DATABRICKS_USERNAME is set, but not its other half: set DATABRICKS_PASSWORD too.' },
    { name: 'a password without a user', env: { DATABRICKS_TOKEN: undefined, DATABRICKS_PASSWORD: secretPassword }, says: 'DATABRICKS_PASSWORD is set, but not its other half: set DATABRICKS_USERNAME too.' },
    { name: 'two logins', env: { DATABRICKS_USERNAME: 'jo', DATABRICKS_PASSWORD: secretPassword }, says: /^There is more than one login, .*DATABRICKS_AUTH_TYPE/ },
    { name: 'a login that is not supported', env: { DATABRICKS_AUTH_TYPE: 'google-id' }, says: /^DATABRICKS_AUTH_TYPE is google-id, which is not supported: use one of pat, basic, .*netrc\.$/ },
    { name: 'a login that the host cannot have', env: { DATABRICKS_AUTH_TYPE: 'azure-cli' }, says: /^DATABRICKS_AUTH_TYPE asks for azure-cli, which cannot be: 127\.0\.0\.1:\d+ is no Azure workspace\.$/ },
    { name: 'a token with a line break inside', env: { DATABRICKS_TOKEN: `${secretToken}\n${secretToken}` }, says: /^DATABRICKS_TOKEN holds characters that no token has/ },
    { name: 'a profile that the file does not have', ...unknownProfile, says: 'DATABRICKS_CONFIG_PROFILE names the profile prod, which FILE does not have (it has dev).' },
    { name: 'a profile without a file', env: { ...unknownProfile.env }, says: 'The configuration file FILE does not exist: check DATABRICKS_CONFIG_FILE.' },
    {
      name: 'a file that cannot be read',
      env: { ...unknownProfile.env },
      before: async (_, directory) => void (await mkdir(join(directory, 'databrickscfg'))),
      says: 'The configuration file FILE cannot be read (EISDIR): check DATABRICKS_CONFIG_FILE.',
    },
    { name: 'no cluster', env: { DATABRICKS_CLUSTER_ID: undefined }, says: /^No cluster is chosen on 127\.0\.0\.1:\d+: set DATABRICKS_CLUSTER_ID, or cluster_id in the profile/ },
    { name: 'a host that is no address', env: { DATABRICKS_HOST: 'https://' }, says: /^DATABRICKS_HOST is no web address: it must look like https:/ },
    { name: 'a host of another kind', env: { DATABRICKS_HOST: 'ftp://x.test' }, says: /^DATABRICKS_HOST is no http or https address: it must look like https:/ },
    { name: 'a host with a password', env: { DATABRICKS_HOST: `https://jo:${secretPassword}@x.test` }, says: /^DATABRICKS_HOST must not hold a user or password/ },
    { name: 'a workspace id that cannot be sent', env: { DATABRICKS_WORKSPACE_ID: '12 ☃' }, says: /DATABRICKS_WORKSPACE_ID/ },
    { name: 'an option of the kernelspec that is none', env: { DATABRICKS_KERNEL_CONFIG: 'table.rows=none' }, says: '%config table.rows cannot be "none": it takes all, or a whole number from 1.' },
    { name: 'a home that cannot be made', env: { DATABRICKS_HOST: 'embedded', DATABRICKS_CLUSTER_ID: undefined, DATABRICKS_KERNEL_HOME: '/dev/null/home' }, says: /DATABRICKS_KERNEL_HOME/ },
  ];
  test.for(cases)('$name', async ({ says, ename = 'ConfigurationError', ...options }) => {
    await using place = await startPlace(options);
    const reply = await firstCell(place);
    const message = reply.evalue.replace(place.configFile, 'FILE');
    expect(reply.ename).toBe(ename);
    if (typeof says === 'string') expect(message).toBe(says);
    else expect(message).toMatch(says);
    expect(message).not.toContain('\n');
    expect(await place.log()).toContain(reply.evalue);
    // What depends on the kernelspec's options cannot be done without them.
    if (!('DATABRICKS_KERNEL_CONFIG' in (options.env ?? {}))) await expectAlive(place);
    else expect((await firstCell(place)).evalue).toBe(reply.evalue);
    expect(place.server.seen).toEqual([]);
    expect(await place.kernel.shutdown()).toEqual({ code: 0, signal: null });
  });

  test('a profile that is corrected serves the next cell, without a restart', async () => {
    await using place = await startPlace(unknownProfile);
    await firstCell(place);
    await writeFile(place.configFile, `[prod]\nhost = ${place.server.url.origin}\ntoken = ${secretToken}\ncluster_id = c1\n`);
    await expectWorks(place);
  });
});

describe('a server that refuses: the first cell and the log say so, and the next one works when the cause is gone', () => {
  const cases: readonly { readonly name: string; readonly route: string; readonly answer: Answer; readonly ename: string; readonly says: RegExp }[] = [
    { name: 'wrong credentials', route: 'GET clusters/get', answer: { status: 401, json: { error: 'Invalid access token' } }, ename: 'AccessDenied', says: /does not accept the login for clusters\/get: Invalid access token\. Check DATABRICKS_TOKEN\.$/ },
    { name: 'credentials that it repeats', route: 'GET clusters/get', answer: { status: 403, json: { error: `Invalid access token ${secretToken}` } }, ename: 'AccessDenied', says: /Invalid access token \*\*\*\. Check/ },
    { name: 'missing permissions', route: 'POST contexts/create', answer: { status: 403, json: { error_code: 'PERMISSION_DENIED', message: 'no Attach To' } }, ename: 'AccessDenied', says: /does not allow contexts\/create: PERMISSION_DENIED: no Attach To\. Check the permissions of the user behind DATABRICKS_TOKEN\.$/ },
    { name: 'an unknown cluster', route: 'GET clusters/get', answer: { status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'Cluster c1 does not exist' } }, ename: 'ConfigurationError', says: /^There is no cluster c1 on 127\.0\.0\.1:\d+: check DATABRICKS_CLUSTER_ID\.$/ },
    { name: 'a cluster in trouble', route: 'GET clusters/get', answer: { json: { cluster_id: 'c1', cluster_name: 'big', state: 'ERROR', state_message: 'No capacity.' } }, ename: 'ContextError', says: /^The cluster big \(c1\) at 127\.0\.0\.1:\d+ is in state Error: No capacity\. Start or repair it there, then run the code again\.$/ },
    { name: 'a context that cannot be created', route: 'POST contexts/create', answer: refused('RuntimeException: no'), ename: 'WorkspaceError', says: /refused contexts\/create \(HTTP 500\): RuntimeException: no\.$/ },
    { name: 'a cluster that is full', route: 'POST contexts/create', answer: refused('Too many execution contexts are open right now'), ename: 'ContextError', says: /^Cluster c1 at 127\.0\.0\.1:\d+ has no room for another execution context \(Too many execution contexts are open right now\): shut down notebooks/ },
    { name: 'an answer that is none', route: 'GET contexts/status', answer: { text: '[1, 2' }, ename: 'WorkspaceError', says: /answered contexts\/status with something that is not the API's: check DATABRICKS_HOST/ },
    { name: 'a command that it does not take', route: 'POST commands/execute', answer: refused('RuntimeException: no'), ename: 'WorkspaceError', says: /refused commands\/execute \(HTTP 500\): RuntimeException: no\.$/ },
    { name: 'a status that is none', route: 'GET commands/status', answer: { json: { status: 'Sleeping' } }, ename: 'CommandError', says: /^The server answered with a command status that is none: \{"status":"Sleeping"\}\.$/ },
  ];
  test.for(cases)('$name', async ({ route, answer, ename, says }) => {
    await using place = await startPlace({ before: (server) => server.on(route, answer) });
    const reply = await firstCell(place);
    expect(reply.ename).toBe(ename);
    expect(reply.evalue).toMatch(says);
    expect(await place.log()).toContain(reply.evalue);
    await expectAlive(place);
    place.server.on('GET clusters/get', { json: { cluster_id: 'c1', state: 'RUNNING' } });
    place.server.on('POST contexts/create', { json: { id: 'x9' } });
    place.server.on('GET contexts/status', { json: { id: 'x9', status: 'Running' } });
    place.server.on('POST commands/execute', { json: { id: 'k9' } });
    place.server.on('GET commands/status', { json: { id: 'k9', status: 'Finished', results: { resultType: 'text', data: 'done' } } });
    await expectWorks(place);
  });

  test('a host where nothing listens', async () => {
    const origin = `http://127.0.0.1:${await deadPort()}`;
    await using place = await startPlace({ env: { DATABRICKS_HOST: origin } });
    const reply = await firstCell(place);
    expect([reply.ename, reply.evalue]).toEqual(['WorkspaceUnreachable', `Nothing answers at ${origin} (connection refused): check DATABRICKS_HOST.`]);
    expect(await place.log()).toContain(reply.evalue);
    await expectAlive(place);
  });

  test('a driver that dies in the middle of a cell costs the variables, and the next cell says that it has a new context', async () => {
    await using place = await startPlace();
    await expectWorks(place);
    place.server.on('GET commands/status', { json: { id: 'k2', status: 'Running', results: null } }, refused('ContextNotFound: x1'));
    place.server.on('GET contexts/status', refused('ContextNotFound: x1'), { json: { id: 'x2', status: 'Running' } });
    const reply = await firstCell(place);
    expect(reply.ename).toBe('ContextLost');
    expect(reply.evalue).toMatch(/^The execution context on cluster c1 at 127\.0\.0\.1:\d+ is gone, and the variables of earlier cells with it: it was lost while this cell ran, whose result is unknown\. The next cell gets a new context\.$/);
    expect(await place.log()).toContain(reply.evalue);
    place.server.on('GET commands/status', { json: { id: 'k3', status: 'Finished', results: { resultType: 'text', data: 'done' } } });
    const next = await place.kernel.execute('2');
    expect(next.reply.status).toBe('ok');
    expect(next.text).toMatch(/^The earlier execution context is gone: .*\ndone\n$/);
    expect(place.server.count('POST commands/execute')).toBe(3);
  });

  test('cells queued behind a failing one are answered and not run; later ones run', async () => {
    await using place = await startPlace({ before: (server) => server.on('POST commands/execute', refused('no'), { json: { id: 'k1' } }) });
    const replies = await Promise.all(['1', '2', '3'].map((code) => place.kernel.execute(code, { stop_on_error: true })));
    expect(replies.map(({ reply }) => (reply.status === 'error' ? reply.ename : reply.status))).toEqual(['WorkspaceError', 'ExecutionAborted', 'ExecutionAborted']);
    await expectWorks(place);
    expect(place.server.count('POST commands/execute')).toBe(2);
  });
});

describe('code that cannot be sent', () => {
  test('a cell of more than 6 MB of UTF-8 is refused with the number, and nothing is sent', async () => {
    await using place = await startPlace({ env: { DATABRICKS_CLUSTER_ID: 'c1' }, before: (server) => server.on('GET clusters/get', { json: { cluster_id: 'c1', state: 'TERMINATED' } }) });
    const reply = await firstCell(place, 'é'.repeat(3 * 1024 * 1024 + 1));
    expect(reply.evalue).toBe('The code is 6.0 MB of UTF-8, more than the 6 MB (6291456 bytes) that a command may have: put the data into a file and read it from there.');
    expect(place.server.count('POST clusters/start')).toBe(0);
    await expectAlive(place);
  });

  test('a cell of exactly 6 MB is sent whole', async () => {
    await using place = await startPlace();
    const code = 'é'.repeat(3 * 1024 * 1024);
    expect((await place.kernel.execute(code)).reply.status).toBe('ok');
    expect((await place.server.arrived('POST commands/execute')).fields['command'] === code).toBe(true);
  });

  test.for(['\ud800', 'print("\udc00 half a character")'])('half a character, %j, is no code: it is refused with its place, not changed', async (code) => {
    await using place = await startPlace();
    const reply = await firstCell(place, `x = 1\n${code}`);
    expect(reply.evalue).toMatch(/^Line 2 of the code holds half a character \(U\+D[8C]00\), which no language takes: delete it or type it again\.$/);
    expect(place.server.count('POST commands/execute')).toBe(0);
    await expectWorks(place);
  });

  test('emoji and other planes arrive as they are', async () => {
    await using place = await startPlace();
    const code = 'print("😀 𝔘 é 漢")';
    await place.kernel.execute(code);
    expect((await place.server.arrived('POST commands/execute')).fields['command']).toBe(code);
  });
});

test.for([
  ['/dev/null/log', 'names a file that cannot be written (ENOTDIR): /dev/null/log. Give a writable file, or one of error, warn, info, debug.'],
  ['/', 'names a file that cannot be written (EISDIR): /. Give a writable file, or one of error, warn, info, debug.'],
  ['trace', 'is "trace", which is no level: give one of error, warn, info, debug, or write ./trace for a file of that name.'],
])('a log that cannot be written (%s) is one line on stderr, and the cells run', async ([path = '', words]) => {
  await using place = await startPlace({ env: { DATABRICKS_KERNEL_LOG: path } });
  await expectWorks(place);
  expect(place.kernel.stderr()).toBe(`DATABRICKS_KERNEL_LOG ${words}\n`);
  expect(place.kernel.stdout()).toBe('');
});

test('a home that cannot be written costs history and tidying up, not the cell', async () => {
  await using place = await startPlace({ env: { DATABRICKS_KERNEL_HOME: '/dev/null/home' } });
  await expectWorks(place);
  expect(await place.log()).toContain('/dev/null/home');
  await place.kernel.shutdown();
  expect(place.server.seen.filter(({ route }) => route === 'POST contexts/destroy').map(({ fields }) => fields['contextId'])).toEqual(['x1']);
});
