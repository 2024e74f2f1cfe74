import { readFile } from 'node:fs/promises';
import { Dealer, Subscriber } from 'zeromq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endpoint, signedFrames } from '../support/client-wire.ts';
import { buildEchoKernel } from '../support/echo-kernel.ts';
import { RawClient, requestFrames } from '../support/raw-client.ts';
import { startKernel, type RunningKernel } from '../support/start-kernel.ts';

let echo: Awaited<ReturnType<typeof buildEchoKernel>>;
beforeAll(async () => void (echo = await buildEchoKernel()));
afterAll(() => echo[Symbol.asyncDispose]());

const MB = 1024 * 1024;

/** In bytes, as Linux counts them: what the process uses now, and the most that it has ever used. */
async function memory({ process: { pid } }: RunningKernel): Promise<{ readonly now: number; readonly most: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  return { now: field('VmRSS'), most: field('VmHWM') };
}

/** A subscriber that takes in as little as it can beside what it is asked for. */
async function subscriber(kernel: RunningKernel): Promise<Subscriber> {
  const socket = new Subscriber({ linger: 0, receiveHighWaterMark: 10 });
  socket.connect(endpoint(kernel.connectionFile, 'iopub'));
  socket.subscribe('');
  // Its welcome: from now on all that is published is meant for it too.
  await socket.receive();
  return socket;
}

/** Reads until as many cells are idle, and says how many displays came before. */
async function displaysUntilIdle(socket: Subscriber, cells: number): Promise<number> {
  let displays = 0;
  let idle = 0;
  while (idle < cells) {
    const [topic, , , , , , content] = await socket.receive();
    if (String(topic).endsWith('.display_data')) displays++;
    if (String(topic).endsWith('.status') && String(content).includes('idle')) idle++;
  }
  return displays;
}

describe.runIf(process.platform === 'linux')('memory stays bounded', () => {
  test('while a subscriber has stopped reading: another gets hundreds of megabytes of output, and control is served', async () => {
    await using kernel = await startKernel(echo.command);
    const cells = 400;
    const [stopped, reading] = [await subscriber(kernel), await subscriber(kernel)];
    using shell = new RawClient(kernel.connectionFile, 'shell');
    using control = new RawClient(kernel.connectionFile, 'control');
    try {
      const before = await memory(kernel);
      // The interrupt has an idle too.
      const read = displaysUntilIdle(reading, cells + 1);
      // 9 bytes a column: 1.1 MB each.
      for (let cell = 0; cell < cells; cell++) await shell.send(requestFrames(kernel.connectionFile, 'execute_request', { code: 'table:125x1000' }));
      for (let replies = 0; replies < cells; replies++) {
        expect(await shell.receive()).toMatchObject({ content: { status: 'ok' } });
        if (replies === 100) expect(await control.ask('interrupt_request')).toMatchObject({ content: { status: 'ok' } });
      }
      expect(await read).toBe(cells);
      expect((await memory(kernel)).most - before.now).toBeLessThan(320 * MB);
    } finally {
      stopped.close();
      reading.close();
    }
  });

  test('while a client queues a gigabyte of requests: it has to wait, and the running cell can be interrupted', async () => {
    await using kernel = await startKernel(echo.command);
    const requests = 100;
    // Not cells, because the interpreter of these tests remembers them all.
    const content = Buffer.from(JSON.stringify({ code: '1'.repeat(10 * MB), cursor_pos: 1 }));
    const client = new Dealer({ linger: 0 });
    using control = new RawClient(kernel.connectionFile, 'control');
    try {
      const before = await memory(kernel);
      client.connect(endpoint(kernel.connectionFile, 'shell'));
      await client.send(requestFrames(kernel.connectionFile, 'execute_request', { code: 'hang', stop_on_error: false }) as Buffer[]);
      for (let request = 0; request < requests; request++) {
        const header = JSON.stringify({ msg_id: `request ${request}`, msg_type: 'inspect_request' });
        await client.send(signedFrames(kernel.connectionFile.key, [header, '{}', '{}', content]) as Buffer[]);
      }
      expect(await control.ask('interrupt_request')).toMatchObject({ content: { status: 'ok' } });
      expect(String((await client.receive()).at(-1))).toContain('KeyboardInterrupt');
      for (let request = 0; request < requests; request++) expect(String((await client.receive())[3])).toContain(`request ${request}"`);
      expect((await memory(kernel)).most - before.now).toBeLessThan(700 * MB);
    } finally {
      client.close();
    }
  });

  test.for(['shell', 'control'] as const)('while a client of %s does not read its replies: others get theirs', async (channel) => {
    await using kernel = await startKernel(echo.command);
    const requests = 450;
    using reading = new RawClient(kernel.connectionFile, channel);
    await kernel.execute(`echo:${'x'.repeat(100_000)}`);
    await kernel.execute('value:x');
    const stopped = new Dealer({ linger: 0, receiveHighWaterMark: 1 });
    try {
      const before = await memory(kernel);
      stopped.connect(endpoint(kernel.connectionFile, channel));
      // Each reply holds the long cell many times over: 1 MB.
      const wanted = { hist_access_type: 'search', pattern: '*', n: 1000 };
      for (let copies = 0; copies < 9; copies++) await kernel.execute(`echo:${'x'.repeat(100_000)}`);
      for (let request = 0; request < requests; request++) await stopped.send(requestFrames(kernel.connectionFile, 'history_request', wanted) as Buffer[]);
      for (let request = 0; request < requests; request++) expect(await reading.ask('kernel_info_request')).toMatchObject({ content: { status: 'ok' } });
      expect((await memory(kernel)).most - before.now).toBeLessThan(300 * MB);
    } finally {
      stopped.close();
    }
  });
});

test('a subscriber that reads in bursts gets 50 000 outputs, in order', async () => {
  await using kernel = await startKernel(echo.command);
  const slow = await subscriber(kernel);
  using shell = new RawClient(kernel.connectionFile, 'shell');
  using control = new RawClient(kernel.connectionFile, 'control');
  try {
    await shell.send(requestFrames(kernel.connectionFile, 'execute_request', { code: 'many:50000' }));
    for (let expected = 0; expected < 50_000; ) {
      const [topic, , , , , , content] = await slow.receive();
      if (!String(topic).endsWith('.display_data')) continue;
      expect(JSON.parse(String(content))).toMatchObject({ data: { 'text/plain': String(expected) } });
      // It has something else to do for a while.
      if (++expected % 2500 === 0) for (let asked = 0; asked < 20; asked++) await control.ask('kernel_info_request');
    }
    expect(await shell.receive()).toMatchObject({ content: { status: 'ok' } });
  } finally {
    slow.close();
  }
});
