import { createHmac } from 'node:crypto';
import { existsSync, watch } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { curveKeyPair, Dealer, Router } from 'zeromq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshConnection, signedFrames, writeConnectionFile, type ConnectionFile } from '../support/client-wire.ts';
import { buildEchoKernel } from '../support/echo-kernel.ts';
import { eventually } from '../support/eventually.ts';
import { connectFrontEnd } from '../support/front-end.ts';
import { eventsOf } from '../support/kernel-socket.ts';
import { listening } from '../support/listening.ts';
import { heartbeat, RawClient, requestFrames, subscribe, type RawMessage } from '../support/raw-client.ts';
import { temporaryDirectory } from '../support/scripted-api.ts';
import { spawnKernel, startKernel, type KernelProgram } from '../support/start-kernel.ts';

let echo: Awaited<ReturnType<typeof buildEchoKernel>>;
beforeAll(async () => void (echo = await buildEchoKernel()));
afterAll(() => echo[Symbol.asyncDispose]());

/** Fails with what the kernel printed, instead of waiting for what a kernel that has ended will never do. */
async function endedEarly({ exited, stderr }: KernelProgram): Promise<never> {
  const { code } = await exited;
  throw new Error(`the kernel ended with ${code}: ${stderr()}`);
}

const stream = (text: string) => expect.objectContaining({ content: { name: 'stdout', text } });

test('a cell runs and a shutdown ends the process well', async () => {
  await using kernel = await startKernel(echo.command);
  const { reply, outputs } = await kernel.execute('echo:hello');
  expect(reply).toEqual({ status: 'ok', execution_count: 1, payload: [], user_expressions: {} });
  expect(outputs).toEqual([stream('hello')]);
  expect(await kernel.shutdown()).toEqual({ code: 0, signal: null });
  expect([kernel.stdout(), kernel.stderr()]).toEqual(['', '']);
});

test('what is no message of somebody who knows the key is dropped, and the kernel goes on', async () => {
  await using kernel = await startKernel(echo.command);
  const file = kernel.connectionFile;
  const good = requestFrames(file, 'kernel_info_request', {});
  const bad: Uint8Array[][] = [
    [Buffer.alloc(0)],
    [Buffer.from('garbage')],
    [Buffer.alloc(100_000, 0xff)],
    ...good.map((_, length) => good.slice(0, length + 1)).slice(0, -1),
    ...good.map((_, first) => good.slice(first)).slice(1),
    signedFrames('another key', good.slice(2)),
    good.map((frame, index) => (index === 1 ? Buffer.alloc(0) : frame)),
    good.map((frame, index) => (index === 5 ? Buffer.from('{"changed": 1}') : frame)),
    signedFrames(file.key, ['[]', '{}', '{}', '{}']),
    signedFrames(file.key, ['{}', '{}', '{}', '{}']),
    signedFrames(file.key, [Buffer.from([0xff, 0xfe]), '{}', '{}', '{}']),
  ];
  for (const channel of ['shell', 'control', 'stdin'] as const) {
    using client = new RawClient(file, channel);
    for (const frames of bad) await client.send(frames);
    // The answer to the next request comes first: none of those before it got one.
    if (channel !== 'stdin') expect(await client.ask('kernel_info_request')).toMatchObject({ content: { status: 'ok' } });
  }
  expect((await kernel.execute('echo:alive')).text).toBe('alive');
  expect(kernel.stderr().match(/frames dropped/g)?.length).toBeGreaterThanOrEqual(2 * bad.length);
});

test('50 000 outputs of one cell arrive, in order', async () => {
  await using kernel = await startKernel(echo.command);
  const { outputs, reply } = await kernel.execute('many:50000');
  expect(reply.status).toBe('ok');
  expect(outputs.map(({ content }) => (content as { data: { 'text/plain': string } }).data['text/plain'])).toEqual(
    Array.from({ length: 50_000 }, (_, number) => String(number)),
  );
});

test('heartbeats are answered while the kernel is lost in a computation', async () => {
  await using place = await writeConnectionFile({});
  const end = join(place.directory, 'end');
  await using kernel = await startKernel(echo.command);
  let over = false;
  const cell = kernel.execute(`block:${end}`);
  void cell.then(() => (over = true));
  // No message could say so: none leaves any more.
  await eventually(async () => existsSync(`${end}.begun`));
  for (const beat of ['one', 'two', 'three']) expect(await heartbeat(kernel.connectionFile, beat)).toBe(beat);
  expect(over).toBe(false);
  await writeFile(end, '');
  await cell;
});

test('each subscriber is welcomed first, with the subscription it made, in the one session that the kernel has', async () => {
  await using kernel = await startKernel(echo.command);
  const headers: RawMessage['header'][] = [];
  for (const topic of ['', '', 'kernel.']) {
    for await (const first of subscribe(kernel.connectionFile, topic)) {
      expect(first).toMatchObject({ header: { msg_type: 'iopub_welcome' }, parent: {}, content: { subscription: topic }, topic });
      headers.push(first.header);
      break;
    }
  }
  using client = new RawClient(kernel.connectionFile, 'control');
  headers.push((await client.ask('kernel_info_request')).header);
  expect(new Set(headers.map(({ session }) => session)).size).toBe(1);
  expect(new Set(headers.map(({ msg_id }) => msg_id)).size).toBe(4);
});

test('the first subscriber is welcomed and then told what state the kernel is in: starting', async () => {
  await using place = await writeConnectionFile({});
  const connection = await freshConnection({ transport: 'ipc', ip: join(place.directory, 'k') });
  await using file = await writeConnectionFile(connection);
  // On the list before there is a kernel: its subscription comes as early as one can.
  const heard = subscribe(connection)[Symbol.asyncIterator]();
  const first = heard.next();
  const kernel = spawnKernel(echo.command, file.path);
  try {
    expect((await first).value).toMatchObject({ header: { msg_type: 'iopub_welcome' } });
    expect((await heard.next()).value).toMatchObject({ header: { msg_type: 'status' }, parent: {}, content: { execution_state: 'starting' } });
  } finally {
    await heard.return?.(undefined);
    kernel.process.kill('SIGKILL');
    await kernel.exited;
  }
});

test('the first subscriber is welcomed and then told what state the kernel is in: idle, when it has answered before', async () => {
  await using place = await writeConnectionFile({});
  const connection = await freshConnection({ transport: 'ipc', ip: join(place.directory, 'k') });
  await using file = await writeConnectionFile(connection);
  const kernel = spawnKernel(echo.command, file.path);
  try {
    using client = new RawClient(connection, 'control');
    const { parent } = await client.ask('kernel_info_request');
    const states: unknown[] = [];
    for await (const { header, parent: of, content } of subscribe(connection)) {
      states.push(content['execution_state'] ?? header.msg_type);
      if (content['execution_state'] !== 'idle') continue;
      expect(of).toEqual(parent);
      break;
    }
    expect(states[0]).toBe('iopub_welcome');
  } finally {
    kernel.process.kill('SIGKILL');
    await kernel.exited;
  }
});

test('two front ends share a kernel: each gets its own replies, both see all outputs', async () => {
  await using kernel = await startKernel(echo.command);
  const other = kernel.connect();
  await other.connection.info;
  const seen: string[] = [];
  other.connection.anyMessage.connect((_, { msg }) => void (msg.header.msg_type === 'stream' && seen.push((msg.content as { text: string }).text)));
  const [first, second] = await Promise.all([kernel.execute('echo:one'), other.execute('echo:two')]);
  expect([first.text, second.text]).toEqual(['one', 'two']);
  // Its own cell may be over before it has heard of the other.
  await eventually(async () => seen.length >= 2);
  expect(seen.toSorted()).toEqual(['one', 'two']);
});

test('a prompt goes to the front end that sent the cell', async () => {
  await using kernel = await startKernel(echo.command);
  const other = kernel.connect();
  await other.connection.info;
  const [, asked] = await Promise.all([kernel.execute('echo:x'), other.execute('input:name?', { answers: ['Ann'] })]);
  expect(asked.prompts).toEqual([{ prompt: 'name?', password: false }]);
  expect(asked.text).toBe('Ann');
});

test('an interrupt on control ends the running cell, and the variables of the kernel live on', async () => {
  await using kernel = await startKernel(echo.command);
  const cell = kernel.execute('hang', { onOutput: ({ header }) => header.msg_type === 'execute_input' && void kernel.interrupt() });
  expect((await cell).reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt', execution_count: 1 });
  expect((await kernel.execute('echo:next')).reply).toMatchObject({ status: 'ok', execution_count: 2 });
});

test('cells sent together with one that fails at once are all refused', async () => {
  await using kernel = await startKernel(echo.command);
  await using directory = await temporaryDirectory();
  const end = join(directory.path, 'end');
  const before = kernel.execute(`block:${end}`);
  await eventually(async () => existsSync(`${end}.begun`));
  // No more than the kernel takes in while its thread is busy: all are there when the first one fails.
  const codes = ['fail:no', ...Array.from({ length: 20 }, (_, index) => `echo:${index}`)];
  const cells = codes.map((code) => kernel.execute(code, { stop_on_error: true }));
  await writeFile(end, '');
  await before;
  const replies = (await Promise.all(cells)).map(({ reply }) => reply);
  expect(replies[0]).toMatchObject({ ename: 'Failure', execution_count: 2 });
  for (const reply of replies.slice(1)) expect(reply).toMatchObject({ status: 'error', ename: 'ExecutionAborted', execution_count: 0 });
  expect((await kernel.execute('echo:later')).text).toBe('later');
});

test('a front end that goes away in the middle of its cell is not missed', async () => {
  await using kernel = await startKernel(echo.command);
  const leaver = connectFrontEnd(kernel.connectionFile);
  await leaver.connection.info;
  let running = (_: unknown) => {};
  const started = new Promise((resolve) => (running = resolve));
  const cell = leaver.execute('hang', { onOutput: ({ header }) => header.msg_type === 'execute_input' && running(undefined) });
  await started;
  leaver[Symbol.dispose]();
  await expect(cell).rejects.toThrow();
  await kernel.interrupt();
  expect((await kernel.execute('echo:still here')).text).toBe('still here');
});

test('SIGINT ends the running cell as interrupt_request does, and between cells it changes nothing', async () => {
  await using kernel = await startKernel(echo.command);
  kernel.process.kill('SIGINT');
  expect((await kernel.execute('echo:unharmed')).text).toBe('unharmed');
  const { reply } = await kernel.execute('hang', { onOutput: ({ header }) => header.msg_type === 'execute_input' && kernel.process.kill('SIGINT') });
  expect(reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
  expect((await kernel.execute('echo:unharmed')).text).toBe('unharmed');
});

test('shutdown in the middle of a cell that does not stop ends the process well', async () => {
  await using kernel = await startKernel(echo.command);
  const cell = kernel.execute('stuck', { onOutput: ({ header }) => header.msg_type === 'execute_input' && void kernel.shutdown() });
  expect((await cell).reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
  expect(await kernel.exited).toEqual({ code: 0, signal: null });
});

test('integers beyond 2^53 keep their digits on the wire', async () => {
  await using kernel = await startKernel(echo.command);
  const messages = subscribe(kernel.connectionFile);
  await messages.next();
  await kernel.execute('long');
  for await (const { header, contentText } of messages) {
    if (header.msg_type !== 'display_data') continue;
    expect(contentText).toContain('"long":9223372036854775807}');
    break;
  }
});

test('with Curve keys in the connection file the kernel speaks to those who have them, and to nobody else', async () => {
  const { publicKey, secretKey } = curveKeyPair();
  await using kernel = await startKernel(echo.command, { connection: { curve_publickey: publicKey, curve_secretkey: secretKey } });
  expect((await kernel.execute('input:?', { answers: ['secret'] })).text).toBe('secret');
  expect(await heartbeat(kernel.connectionFile, 'beat')).toBe('beat');
  const { curve_publickey: _, curve_secretkey: __, ...plain } = kernel.connectionFile;
  const stranger = new Dealer({ linger: 0 });
  try {
    const events = await eventsOf(stranger);
    stranger.connect(`tcp://${plain.ip}:${plain.shell_port}`);
    for await (const { type } of events) if (type === 'disconnect') break;
  } finally {
    stranger.close();
  }
});

test('ipc works as tcp does', async () => {
  await using directory = await writeConnectionFile({});
  await using kernel = await startKernel(echo.command, { connection: { transport: 'ipc', ip: join(directory.directory, 'k') } });
  expect((await kernel.execute('input:?', { answers: ['by path'] })).text).toBe('by path');
  expect(await heartbeat(kernel.connectionFile, 'beat')).toBe('beat');
});

test.for<[what: string, connection: Partial<ConnectionFile>, addresses: readonly string[]]>([
  ['the address of this machine', {}, Array(5).fill('127.0.0.1')],
  ['another of its addresses', { ip: '127.0.0.2' }, Array(5).fill('127.0.0.2')],
  ['all addresses, where it is told so', { ip: '0.0.0.0' }, Array(5).fill('0.0.0.0')],
  ['paths and no address', { transport: 'ipc' }, []],
])('a kernel listens where the connection file says and nowhere else: %s', async ([, connection, addresses]) => {
  await using place = await writeConnectionFile({});
  await using kernel = await startKernel(echo.command, { connection: { ...connection, ...(connection.transport === 'ipc' && { ip: join(place.directory, 'k') }) } });
  // The heartbeat's thread comes last.
  expect(await heartbeat(kernel.connectionFile, 'beat')).toBe('beat');
  expect(listening(kernel.process.pid ?? 0)).toEqual(addresses);
});

test('an empty key: nothing is signed, nothing is verified, and the log warns', async () => {
  await using kernel = await startKernel(echo.command, { connection: { key: '' } });
  expect((await kernel.execute('echo:open')).text).toBe('open');
  expect(kernel.stderr()).toContain('the connection file holds no key: whoever reaches the sockets can run code\n');
});

test('a registration file: the kernel tells its ports, signed, and serves when it is acknowledged', async () => {
  const registrar = new Router({ linger: 0 });
  try {
    await registrar.bind('tcp://127.0.0.1:*');
    const key = 'registration key';
    await using written = await writeConnectionFile({
      kernel_id: 'the id', transport: 'tcp', ip: '127.0.0.1', registration_ip: '127.0.0.1',
      registration_port: Number(registrar.lastEndpoint?.split(':').at(-1)), signature_scheme: 'hmac-sha256', key,
    });
    const program = spawnKernel(echo.command, written.path);
    const [identity, delimiter, signature, content] = await Promise.race([registrar.receive(), endedEarly(program)]);
    expect(String(delimiter)).toBe('<IDS|MSG>');
    expect(String(signature)).toBe(createHmac('sha256', key).update(String(content)).digest('hex'));
    const told = JSON.parse(String(content)) as Record<string, string>;
    expect(told).toMatchObject({ kernel_id: 'the id' });
    const acknowledgement = '{"status":"ok"}';
    await registrar.send([identity ?? '', '<IDS|MSG>', createHmac('sha256', key).update(acknowledgement).digest('hex'), acknowledgement]);
    const ports = Object.fromEntries(['shell', 'control', 'stdin', 'iopub', 'hb'].map((name) => [`${name}_port`, Number(told[`${name}_port`])]));
    using control = new RawClient({ ...(await freshConnection({ key })), ...ports } as ConnectionFile, 'control');
    expect(await control.ask('shutdown_request', { restart: false })).toMatchObject({ content: { status: 'ok' } });
    expect(await program.exited).toEqual({ code: 0, signal: null });
  } finally {
    registrar.close();
  }
});

test.for<[what: string, sign: (content: string) => string]>([
  ['with another key', (content) => createHmac('sha256', 'another key').update(content).digest('hex')],
  ['not at all', () => ''],
  ['with the signature of something else', () => createHmac('sha256', 'registration key').update('{}').digest('hex')],
])('a registration that is acknowledged by a stranger, signed %s, ends the kernel: nobody else is served', async ([, sign]) => {
  const registrar = new Router({ linger: 0 });
  try {
    await registrar.bind('tcp://127.0.0.1:*');
    await using written = await writeConnectionFile({
      kernel_id: 'the id', transport: 'tcp', ip: '127.0.0.1', registration_ip: '127.0.0.1',
      registration_port: Number(registrar.lastEndpoint?.split(':').at(-1)), signature_scheme: 'hmac-sha256', key: 'registration key',
    });
    const program = spawnKernel(echo.command, written.path);
    const [identity] = await Promise.race([registrar.receive(), endedEarly(program)]);
    const acknowledgement = '{"status":"ok"}';
    await registrar.send([identity ?? '', '<IDS|MSG>', sign(acknowledgement), acknowledgement]);
    expect((await program.exited).code).not.toBe(0);
    expect(program.stderr()).toContain('the acknowledgement is not signed with the key of the connection file');
  } finally {
    registrar.close();
  }
});

test('port 0 is any free port, and the connection file then says which', async () => {
  const zero = { shell_port: 0, control_port: 0, stdin_port: 0, iopub_port: 0, hb_port: 0 };
  await using written = await writeConnectionFile({ ...(await freshConnection()), ...zero, kernel_name: 'kept' });
  const replaced = new Promise<void>((resolve) => {
    const watcher = watch(written.directory, (event, name) => {
      if (event !== 'rename' || name !== basename(written.path)) return;
      watcher.close();
      resolve();
    });
  });
  const program = spawnKernel(echo.command, written.path);
  await Promise.race([replaced, endedEarly(program)]);
  const file = JSON.parse(await readFile(written.path, 'utf8')) as ConnectionFile;
  expect((await stat(written.path)).mode & 0o777).toBe(0o600);
  expect(file).toMatchObject({ kernel_name: 'kept' });
  expect(await heartbeat(file, 'beat')).toBe('beat');
  using control = new RawClient(file, 'control');
  await control.ask('shutdown_request');
  expect(await program.exited).toEqual({ code: 0, signal: null });
});

test.for(['shell', 'control', 'stdin', 'iopub', 'hb'] as const)('a %s port in use ends the kernel with one line and a failure', async (name) => {
  const connection = await freshConnection();
  await using written = await writeConnectionFile(connection);
  const squatter = new Router({ linger: 0 });
  try {
    await squatter.bind(`tcp://127.0.0.1:${connection[`${name}_port`]}`);
    const program = spawnKernel(echo.command, written.path);
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(program.stderr()).toBe(`The ${name} socket cannot be bound to tcp://127.0.0.1:${connection[`${name}_port`]}: the address is in use.\n`);
    expect(program.stdout()).toBe('');
  } finally {
    squatter.close();
  }
});

test.for([
  ['missing', undefined, 'does not exist.'],
  ['empty', '', 'is not a JSON object.'],
  ['without ports', '{}', 'must hold a port number as shell_port, not undefined.'],
] as const)('a connection file that is %s ends the kernel with one line and a failure', async ([, content, problem]) => {
  await using written = await writeConnectionFile(content ?? '');
  const path = content === undefined ? join(written.directory, 'none.json') : written.path;
  const program = spawnKernel(echo.command, path);
  expect(await program.exited).toEqual({ code: 1, signal: null });
  expect(program.stderr()).toBe(`The connection file ${path} ${problem}\n`);
});

test('a request that is sent twice is answered once', async () => {
  await using kernel = await startKernel(echo.command);
  using client = new RawClient(kernel.connectionFile, 'shell');
  const frames = requestFrames(kernel.connectionFile, 'execute_request', { code: 'echo:once' });
  await client.send(frames);
  await client.send(frames);
  expect(await client.receive()).toMatchObject({ content: { status: 'ok', execution_count: 1 } });
  expect(await client.ask('execute_request', { code: 'echo:next' })).toMatchObject({ content: { execution_count: 2 } });
});

test('a cell of 10 MB runs', async () => {
  await using kernel = await startKernel(echo.command);
  const long = 'x'.repeat(10 * 1024 * 1024);
  expect((await kernel.execute(`echo:${long}`)).text).toBe(long);
});
