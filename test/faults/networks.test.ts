import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/time.ts';
import { secretPassword, startPlace, type Place } from '../support/bad-place.ts';
import { kept } from '../support/databricks-kernel.ts';
import { deferred } from '../support/deferred.ts';
import { takesOnly } from '../support/login-place.ts';
import { heartbeat } from '../support/raw-client.ts';
import { cell, finished, running, secretToken } from '../support/scripted-api.ts';
import type { ScriptedServer } from '../support/scripted-server.ts';
import { startSession } from '../support/session-place.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/* A laptop that sleeps, changes network or loses it while a cell runs: a real network between kernel and server that goes and comes back. */

interface Wired extends AsyncDisposable {
  readonly place: Place;
  readonly network: TcpProxy;
}

/** A kernel that reaches its server by a network of the test's. */
async function startWired(): Promise<Wired> {
  const env: NodeJS.ProcessEnv = {};
  let network: TcpProxy | undefined;
  const place = await startPlace({
    env,
    before: async (server) => {
      network = await startTcpProxy(server.url);
      env['DATABRICKS_HOST'] = network.url.origin;
    },
  });
  if (network === undefined) throw new Error('There is no network.');
  const between = network;
  return {
    place,
    network: between,
    async [Symbol.asyncDispose]() {
      await place[Symbol.asyncDispose]();
      await between[Symbol.asyncDispose]();
    },
  };
}

/** A cell that runs, seen from its front end. `said` is what it says of the loss; a slow machine's cell may have said before what it waits for. */
async function runningCell({ kernel, server }: Place) {
  server.on('GET commands/status', running);
  const said = deferred<string>();
  const ended = kernel.execute('1', {
    onOutput: ({ content }) => {
      const text = String((content as { data?: Record<string, unknown> }).data?.['text/plain']);
      if (text.includes('It has been so since')) said.resolve(text);
    },
  });
  await server.arrived('GET commands/status', server.count('GET commands/status') + 1);
  return { ended, said: said.promise };
}

const losses: readonly [what: string, lose: (network: TcpProxy) => unknown, words: RegExp][] = [
  ['is refused', (network) => network.refuse(), /^Nothing answers at http:\S+ \(connection refused\)/],
  ['breaks every time', (network) => network.reset(), /^The connection to http:\S+ broke|^http:\S+ cannot be reached/],
];

describe('a network that goes while a cell runs', () => {
  test.for(losses)('and %s: the cell says so, the kernel answers, and the result arrives when it is back', async ([, lose, words]) => {
    await using wired = await startWired();
    const { place, network } = wired;
    const { kernel, server } = place;
    const one = await runningCell(place);
    await lose(network);
    const text = await one.said;
    expect(text).toMatch(words);
    expect(text).toMatch(/It has been so since \d\d:\d\d\. Unless its cluster has ended the code goes on there, and its result is fetched when that is mended; an interrupt gives it up\.$/);
    expect(await heartbeat(kernel.connectionFile, 'beat')).toBe('beat');
    expect((await kernel.request('control', 'kernel_info_request', {})).content).toMatchObject({ status: 'ok' });
    server.on('GET commands/status', finished('after all'));
    await network.heal();
    const { reply, outputs } = await one.ended;
    expect(reply.status).toBe('ok');
    expect(kept(outputs)).toEqual(['stdout: after all\n']);
    expect(server.count('POST commands/execute')).toBe(1);
    expect(server.count('POST contexts/create')).toBe(1);
  });

  test('and an interrupt before it is back: the cell ends in words, its context is kept, and the next cell runs when the old code is cancelled', async () => {
    await using wired = await startWired();
    const { place, network } = wired;
    const { kernel, server } = place;
    const one = await runningCell(place);
    await network.refuse();
    await one.said;
    await kernel.interrupt();
    const { reply, outputs } = await one.ended;
    expect(reply).toMatchObject({ ename: 'KeyboardInterrupt', evalue: expect.stringMatching(/connection refused.*may go on there\. Its result is given up; its variables are kept\.$/) });
    expect(kept(outputs)).toHaveLength(1);
    server.on('GET commands/status', finished('next'));
    await network.heal();
    expect((await kernel.execute('2')).text).toBe('next\n');
    const routes = server.seen.map(({ route }) => route);
    expect(routes.indexOf('POST commands/cancel')).toBeGreaterThan(0);
    expect(routes.indexOf('POST commands/cancel')).toBeLessThan(routes.lastIndexOf('POST commands/execute'));
    expect(server.count('POST contexts/create')).toBe(1);
    expect(server.count('POST contexts/destroy')).toBe(0);
  });

  test('because the machine sleeps: the result arrives when it is awake, and no code runs twice', async () => {
    await using wired = await startWired();
    const { place, network } = wired;
    const { kernel, server } = place;
    const one = await runningCell(place);
    kernel.process.kill('SIGSTOP');
    // Its connections have not survived.
    network.reset();
    server.on('GET commands/status', finished('slept well'));
    await network.heal();
    kernel.process.kill('SIGCONT');
    expect(kept((await one.ended).outputs)).toEqual(['stdout: slept well\n']);
    expect((await kernel.execute('2')).text).toBe('slept well\n');
    expect(server.count('POST commands/execute')).toBe(2);
    expect(server.count('POST contexts/create')).toBe(1);
  });
});

test('a login that is revoked while a cell runs: the cell names the setting, and its result comes when the profile has a new token', async () => {
  const write = (directory: string, token: string) => writeFile(join(directory, 'databrickscfg'), `[work]\ntoken = ${token}\n`);
  await using place = await startPlace({
    env: { DATABRICKS_TOKEN: undefined, DATABRICKS_CONFIG_PROFILE: 'work' },
    before: (_, directory) => write(directory, secretToken),
  });
  const { kernel, server, directory } = place;
  const one = await runningCell(place);
  server.guard(takesOnly(secretPassword));
  expect(await one.said).toMatch(/does not accept the login for commands\/status: Invalid access token\. Check token of profile work in \S+\. It has been so since \d\d:\d\d\./);
  server.on('GET commands/status', finished('collected'));
  await write(directory, secretPassword);
  expect(kept((await one.ended).outputs)).toEqual(['stdout: collected\n']);
  expect((await kernel.execute('2')).text).toBe('collected\n');
  expect(server.count('POST contexts/create')).toBe(1);
  expect(server.count('POST commands/execute')).toBe(2);
});

describe('connections that nobody answers any more', () => {
  /** A session whose requests do not wait long for their answers. */
  async function startShort() {
    let network: TcpProxy | undefined;
    const to = async ({ url }: ScriptedServer): Promise<URL> => (network = await startTcpProxy(url)).url;
    const place = await startSession('python', {}, { to, deadlineMs: 2000, clock: systemClock });
    if (network === undefined) throw new Error('There is no network.');
    const between: TcpProxy = network;
    return {
      ...place,
      network: between,
      async [Symbol.asyncDispose]() {
        await place[Symbol.asyncDispose]();
        await between[Symbol.asyncDispose]();
      },
    };
  }

  test('are given up after a while, and the result arrives by a new one', async () => {
    await using place = await startShort();
    const { server, network, session } = place;
    server.on('GET commands/status', running);
    const said = deferred();
    const run = session.run('1', 'python', { ...cell(), onStage: (stage) => void (stage?.waitsFor === 'connection' && said.resolve()) });
    await server.arrived('GET commands/status');
    network.swallow();
    await said.promise;
    server.on('GET commands/status', finished('done'));
    await network.heal();
    expect(await run).toMatchObject({ end: 'result', result: { text: 'done' } });
    expect(server.count('POST commands/execute')).toBe(1);
  });

  test('do not keep an interrupt from ending the cell, whose context is kept', async () => {
    await using place = await startShort();
    const { server, network, session } = place;
    server.on('GET commands/status', running);
    const first = cell();
    const said = deferred();
    const run = session.run('1', 'python', { ...first, onStage: (stage) => void (stage?.waitsFor === 'connection' && said.resolve()) });
    await server.arrived('GET commands/status');
    network.swallow();
    await said.promise;
    first.interrupt();
    expect(await run).toMatchObject({ end: 'left' });
    await network.heal();
    server.on('GET commands/status', finished('done'));
    expect(await session.run('2', 'python', cell())).toMatchObject({ end: 'result' });
    expect(server.count('POST contexts/create')).toBe(1);
  });
});
