import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { connect, type Socket as TcpSocket } from 'node:net';
import fc from 'fast-check';
import { Dealer, Subscriber, XSubscriber } from 'zeromq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPlace } from '../support/bad-place.ts';
import { endpoint, readFrames, signedFrames, type ClientChannel } from '../support/client-wire.ts';
import { buildEchoKernel } from '../support/echo-kernel.ts';
import { heartbeat, RawClient, requestFrames, subscribe } from '../support/raw-client.ts';
import { requestVariants } from '../support/request-variants.ts';
import { startKernel, type RunningKernel } from '../support/start-kernel.ts';

let echo: Awaited<ReturnType<typeof buildEchoKernel>>;
beforeAll(async () => void (echo = await buildEchoKernel()));
afterAll(() => echo[Symbol.asyncDispose]());

const channels = ['shell', 'control', 'stdin', 'iopub', 'hb'] as const satisfies readonly ClientChannel[];

/** Every channel still does what it is for, and the log holds refusals only. */
async function expectWell(kernel: RunningKernel): Promise<void> {
  for (const channel of ['shell', 'control'] as const) {
    using client = new RawClient(kernel.connectionFile, channel);
    expect(await client.ask('kernel_info_request')).toMatchObject({ content: { status: 'ok' } });
  }
  expect(await heartbeat(kernel.connectionFile, 'beat')).toBe('beat');
  expect((await kernel.execute('%lsmagic')).reply).toMatchObject({ status: 'ok' });
  for await (const { header } of subscribe(kernel.connectionFile)) {
    expect(header.msg_type).toBe('iopub_welcome');
    break;
  }
  expect(kernel.stderr().split('\n').filter((line) => line !== '' && !/ warn (wire|kernel|cell): /.test(line))).toEqual([]);
  expect(kernel.stdout()).toBe('');
}

/** What the kernel said of each request, in the order in which it said it: the states on iopub, the replies on the channel. */
async function collect(kernel: RunningKernel, channel: 'shell' | 'control', send: (client: RawClient) => Promise<readonly string[]>) {
  const published = subscribe(kernel.connectionFile);
  await published.next();
  using client = new RawClient(kernel.connectionFile, channel);
  const last = requestFrames(kernel.connectionFile, 'kernel_info_request', {}, 'the last');
  const states = new Map<string, string[]>();
  const replies = new Map<string, string[]>();
  const add = (to: typeof states, id = '', what: string) => to.set(id, [...(to.get(id) ?? []), what]);
  const ids = await send(client);
  const unanswered = new Set(ids);
  for await (const { header, parent, content } of published) {
    if (header.msg_type !== 'status') continue;
    add(states, parent.msg_id, String(content['execution_state']));
    if (content['execution_state'] === 'idle') unanswered.delete(parent.msg_id ?? '');
    if (unanswered.size === 0) break;
  }
  await client.send(last);
  for (;;) {
    const { header, parent, content } = await client.receive();
    if (parent.msg_id === 'the last') break;
    add(replies, parent.msg_id, `${header.msg_type}${header.msg_type === 'execute_reply' && !('execution_count' in content) ? ' without a count' : ''}`);
  }
  return { states, replies };
}

async function expectEachAnswered(kernel: RunningKernel, channel: 'shell' | 'control'): Promise<void> {
  const variants = requestVariants();
  const { states, replies } = await collect(kernel, channel, async (client) => {
    for (const [index, { type, content }] of variants.entries()) {
      const header = JSON.stringify({ msg_id: `${channel} ${index}`, msg_type: type });
      await client.send(signedFrames(kernel.connectionFile.key, [header, '{}', '{}', content]));
    }
    return variants.map((_, index) => `${channel} ${index}`);
  });
  for (const [index, { name, replyType }] of variants.entries()) {
    expect(states.get(`${channel} ${index}`), name).toEqual(['busy', 'idle']);
    expect(replies.get(`${channel} ${index}`), name).toEqual(replyType === undefined ? undefined : [replyType]);
  }
}

test('any field of any request may be missing or odd, on any channel: each request is answered once', async () => {
  await using kernel = await startKernel(echo.command);
  for (const channel of ['shell', 'control'] as const) await expectEachAnswered(kernel, channel);
  using stdin = new RawClient(kernel.connectionFile, 'stdin');
  for (const { type, content } of requestVariants()) {
    await stdin.send(signedFrames(kernel.connectionFile.key, [JSON.stringify({ msg_id: type, msg_type: type }), '{}', '{}', content]));
  }
  await expectWell(kernel);
});

test('so it is with the kernel of a language', async () => {
  await using place = await startPlace({ env: { DATABRICKS_KERNEL_LOG: '' } });
  for (const channel of ['shell', 'control'] as const) await expectEachAnswered(place.kernel, channel);
  await expectWell(place.kernel);
});

test('random frames on every socket change nothing, and are not answered', async () => {
  await using kernel = await startKernel(echo.command);
  const file = kernel.connectionFile;
  const sockets = { shell: new Dealer({ linger: 0 }), control: new Dealer({ linger: 0 }), stdin: new Dealer({ linger: 0 }), hb: new Dealer({ linger: 0 }), iopub: new XSubscriber({ linger: 0 }) };
  for (const channel of channels) sockets[channel].connect(endpoint(file, channel));
  using client = new RawClient(file, 'shell');
  const good = fc.constantFrom(...requestFrames(file, 'execute_request', { code: 'fail:fuzz' }).map((frame) => Buffer.from(frame)));
  const frames = fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), good), { minLength: 1, maxLength: 9 });
  try {
    await fc.assert(fc.asyncProperty(fc.constantFrom(...channels), frames, async (channel, message) => {
      await sockets[channel].send(message);
      if (channel === 'hb') expect((await sockets.hb.receive()).map(String)).toEqual(message.map(String));
      expect(await client.ask('kernel_info_request')).toMatchObject({ content: { status: 'ok' } });
    }), { numRuns: 500 });
    // The first that comes back on a socket is the answer to the first that was right.
    for (const channel of ['shell', 'control'] as const) {
      await sockets[channel].send(requestFrames(file, 'kernel_info_request', {}, `after garbage on ${channel}`) as Buffer[]);
      expect(readFrames(file.key, await sockets[channel].receive()).parts[1]).toContain(`after garbage on ${channel}`);
    }
    await expectWell(kernel);
  } finally {
    for (const socket of Object.values(sockets)) socket.close();
  }
});

test('a subscriber may subscribe to any bytes, and is welcomed with them', async () => {
  await using kernel = await startKernel(echo.command);
  const topics = [Buffer.from([0xff, 0xfe]), Buffer.from('kernel.\ud83d'), Buffer.alloc(200, 1), Buffer.from('ü')];
  for (const topic of topics) {
    const socket = new Subscriber({ linger: 0 });
    try {
      socket.connect(endpoint(kernel.connectionFile, 'iopub'));
      socket.subscribe(topic);
      const [first, ...frames] = await socket.receive();
      expect(first).toEqual(topic);
      expect(JSON.parse(readFrames(kernel.connectionFile.key, frames).parts[0])).toMatchObject({ msg_type: 'iopub_welcome' });
    } finally {
      socket.close();
    }
  }
});

/** The start of a ZMTP 3 connection without security, up to where frames begin. */
function greeting(socketType: string): Buffer {
  const signature = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f];
  const mechanism = Buffer.concat([Buffer.from('NULL'), Buffer.alloc(16)]);
  const property = (name: string, value: string) => Buffer.from([name.length, ...Buffer.from(name), 0, 0, 0, value.length, ...Buffer.from(value)]);
  const ready = Buffer.concat([Buffer.from([5]), Buffer.from('READY'), property('Socket-Type', socketType), property('Identity', '')]);
  return Buffer.concat([Buffer.from([...signature, 3, 0]), mechanism, Buffer.alloc(32), Buffer.from([4, ready.length]), ready]);
}

const peerTypes: Readonly<Record<ClientChannel, string>> = { shell: 'DEALER', control: 'DEALER', stdin: 'DEALER', hb: 'REQ', iopub: 'SUB' };

async function open(kernel: RunningKernel, channel: ClientChannel): Promise<TcpSocket> {
  const socket = connect(kernel.connectionFile[`${channel}_port`], kernel.connectionFile.ip);
  // The kernel may end the connection in the middle of what is written.
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.resume();
  return socket;
}

test.for(channels)('what is no ZeroMQ, an old or a broken one, does no harm to %s', async (channel) => {
  await using kernel = await startKernel(echo.command);
  await heartbeat(kernel.connectionFile, 'its thread is there');
  const good = greeting(peerTypes[channel]);
  const broken: readonly (readonly [bytes: Uint8Array, ended: boolean])[] = [
    [Buffer.alloc(0), false],
    [Buffer.from([0xff]), false],
    [good.subarray(0, 30), false],
    [good.subarray(0, good.length - 3), false],
    // ZMTP 1: a frame with an identity of no length, then one that is not finished.
    [Buffer.from([1, 0, 200, 0]), false],
    [Buffer.concat([good.subarray(0, 10), Buffer.from([1, 0])]), false],
    // A frame that says to be 2^62 bytes long, one of 1 GB, a command that nobody knows, the greeting of somebody with keys.
    [Buffer.concat([good, Buffer.from([2, 0x40, 0, 0, 0, 0, 0, 0, 0])]), true],
    [Buffer.concat([good, Buffer.from([2, 0, 0, 0, 0, 0x40, 0, 0, 0])]), true],
    [Buffer.concat([good.subarray(0, 12), Buffer.from('CURVE'), Buffer.alloc(47)]), true],
  ];
  const sockets: TcpSocket[] = [];
  try {
    for (const [bytes, ended] of broken) {
      const socket = await open(kernel, channel);
      sockets.push(socket);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write(bytes);
      if (ended) await closed;
    }
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: good.length }), async (bytes, length) => {
      const socket = await open(kernel, channel);
      sockets.push(socket);
      socket.write(Buffer.concat([good.subarray(0, length), bytes]));
    }), { numRuns: 100 });
    // Those that are half open stay so.
    await expectWell(kernel);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test('two thousand connections that come and go leave nothing behind', async () => {
  await using kernel = await startKernel(echo.command);
  await heartbeat(kernel.connectionFile, 'its thread is there');
  const directory = `/proc/${kernel.process.pid}/fd`;
  const descriptors = async () => (existsSync(directory) ? (await readdir(directory)).length : 0);
  using client = new RawClient(kernel.connectionFile, 'shell');
  await client.ask('kernel_info_request');
  const before = await descriptors();
  for (let round = 0; round < 400; round++) {
    for (const channel of channels) {
      const socket = await open(kernel, channel);
      if (round % 2) socket.write(greeting(peerTypes[channel]));
      socket.destroy();
    }
  }
  // One connection of each kind is the library's to keep open for a moment.
  while ((await descriptors()) > before + 5) await client.ask('kernel_info_request');
  await expectWell(kernel);
});

const cells = 10_000;

test('ten thousand queued cells run in their order', async () => {
  await using kernel = await startKernel(echo.command);
  using client = new RawClient(kernel.connectionFile, 'shell');
  for (let index = 0; index < cells; index++) await client.send(requestFrames(kernel.connectionFile, 'execute_request', { code: `echo:${index}` }, String(index)));
  for (let index = 0; index < cells; index++) {
    expect(await client.receive()).toMatchObject({ parent: { msg_id: String(index) }, content: { status: 'ok', execution_count: index + 1 } });
  }
});

test('an interrupt ends the running cell, and the ten thousand queued behind it are refused, each in its turn', async () => {
  await using kernel = await startKernel(echo.command);
  using client = new RawClient(kernel.connectionFile, 'shell');
  await client.send(requestFrames(kernel.connectionFile, 'execute_request', { code: 'hang' }, 'hang'));
  for (let index = 0; index < cells; index++) await client.send(requestFrames(kernel.connectionFile, 'execute_request', { code: `echo:${index}` }, String(index)));
  // On shell, as old clients do, because there it comes after them.
  await client.send(requestFrames(kernel.connectionFile, 'interrupt_request', {}));
  expect(await client.receive()).toMatchObject({ header: { msg_type: 'interrupt_reply' } });
  expect(await client.receive()).toMatchObject({ parent: { msg_id: 'hang' }, content: { ename: 'KeyboardInterrupt' } });
  for (let index = 0; index < cells; index++) {
    expect(await client.receive()).toMatchObject({ parent: { msg_id: String(index) }, content: { status: 'error', ename: 'ExecutionAborted', execution_count: 0 } });
  }
  expect(await client.ask('execute_request', { code: 'echo:later' })).toMatchObject({ content: { status: 'ok', execution_count: 2 } });
});
