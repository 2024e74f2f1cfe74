import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandLine } from '../support/command-line.ts';
import { deferred } from '../support/deferred.ts';
import { eventually } from '../support/eventually.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

/* `libraries upload` of a file that takes long, to an embedded workspace behind a network that halts in the middle of it. */

let program = '';
beforeAll(async () => {
  program = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(program), { recursive: true, force: true }));

/** Bytes of a file that does not fit into all the buffers between here and there. */
const large = 50_000_000;

interface HaltingNetwork extends AsyncDisposable {
  /** Where the server is to be found behind it. */
  readonly url: URL;
  /** Lets through what waits, and all that comes. */
  goOn(): void;
}

/** Lets the first megabyte of each connection through to the server. */
async function startHaltingNetwork(target: URL): Promise<HaltingNetwork> {
  const goingOn = deferred();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const onward = connect(Number(target.port), target.hostname);
    let passed = 0;
    const gate = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        passed += chunk.length;
        if (passed < 1_000_000) done(null, chunk);
        else void goingOn.promise.then(() => done(null, chunk));
      },
    });
    client.on('error', () => onward.destroy()).pipe(gate).pipe(onward);
    onward.on('error', () => client.destroy()).pipe(client);
    for (const socket of [client, onward]) sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    goOn: () => goingOn.resolve(),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A command line that knows the workspace by way of the network, and has `large.jar`. */
async function commandLine({ url }: HaltingNetwork, token: string): Promise<CommandLine> {
  const cli = await CommandLine.create({ DATABRICKS_HOST: url.origin, DATABRICKS_TOKEN: token });
  await writeFile(join(cli.home, 'large.jar'), '');
  await truncate(join(cli.home, 'large.jar'), large);
  return cli;
}

const upload = ['libraries', 'upload', 'large.jar'];
const part = /^Uploading large\.jar to \S+: (\d+) %$/m;

test('an upload that takes long tells on stderr how much is sent, and prints the id when all is', async () => {
  await using home = new WorkspaceHome(program);
  const state = await home.start();
  await using network = await startHaltingNetwork(new URL(state.url));
  await using cli = await commandLine(network, state.token);
  const command = cli.start(upload);
  await command.until('stderr', part);
  network.goOn();
  const { code, stdout, stderr } = await command.ended;
  expect(code, stderr).toBe(0);
  expect(Number(part.exec(stderr)?.[1])).toBeLessThan(100);
  expect((await home.call(state, '/api/1.2/libraries/list')).body).toEqual([{ id: stdout.trim(), name: 'large.jar', folder: '/' }]);
});

test('Ctrl-C breaks an upload off, says so, and nothing of it stays on the server', async () => {
  await using home = new WorkspaceHome(program);
  const state = await home.start();
  await using network = await startHaltingNetwork(new URL(state.url));
  await using cli = await commandLine(network, state.token);
  const halfThere = (): Promise<readonly string[]> => readdir(join(home.files.scratch, 'uploads')).catch(() => []);
  const command = cli.start(upload);
  await command.until('stderr', part);
  await eventually(async () => (await halfThere()).length === 1);
  command.signal('SIGINT');
  const { code, stdout, stderr } = await command.ended;
  expect([code, stdout]).toEqual([130, '']);
  expect(stderr.split('\n').at(-2)).toBe('The sending was given up, and the server keeps nothing of it.');
  // What was still on its way arrives, too.
  network.goOn();
  await eventually(async () => (await halfThere()).length === 0);
  expect((await home.call(state, '/api/1.2/libraries/list')).body).toEqual([]);
  expect(await readdir(join(home.files.dbfs, 'FileStore', 'jars')).catch(() => [])).toEqual([]);
});
