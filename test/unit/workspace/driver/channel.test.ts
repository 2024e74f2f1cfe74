import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Reception, type Channel } from '../../../../src/workspace/driver/channel.ts';
import { startChild, type Child } from '../../../../src/workspace/driver/child.ts';
import { transcript } from '../../../fixtures/drivers/transcript.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/drivers/${name}`, import.meta.url));

async function openReception(): Promise<Reception> {
  const reception = await Reception.open();
  onTestFinished(() => reception[Symbol.asyncDispose]());
  return reception;
}

async function startPlayer(reception: Reception, behaviour: string): Promise<Child & { logFile: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'channel-test-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const logFile = join(directory, 'log');
  const child = await startChild({
    command: process.execPath, arguments: [fixture('player.mjs'), fixture('transcript.jsonl'), behaviour], directory, logFile, reception,
    settings: {}, name: 'fixture',
  });
  onTestFinished(async () => {
    child.kill();
    await child.exited;
  });
  return { ...child, logFile };
}

/** Both ends of a connection whose far end is the test itself. */
async function connected(): Promise<{ channel: Channel; far: Socket }> {
  const reception = await openReception();
  const { invitation, connected } = reception.expect();
  const far = connect(invitation.port, '127.0.0.1').setEncoding('utf8');
  far.write(`${JSON.stringify({ secret: invitation.secret })}\n`);
  return { channel: await connected, far };
}

test('the golden transcript holds against a driver that plays it', async () => {
  const player = await startPlayer(await openReception(), 'play');
  for (const { send: { method, ...parameters }, answer } of transcript()) {
    const given = player.channel.request(method, parameters).then((result) => ({ result }), (error: Error) => ({ error: error.message }));
    expect(await given).toEqual(answer);
  }
  expect(readFileSync(player.logFile, 'utf8')).toBe('');
});

test('a child that ends before it connects is an error that says how, and where its log is', async () => {
  const start = startPlayer(await openReception(), 'exit');
  await expect(start).rejects.toThrow(/^The fixture did not start: exit code 3\. Its log is .*log$/);
});

test('a program that is not there is an error too', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'channel-test-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const start = startChild({
    command: '/nowhere/java', arguments: [], directory, logFile: join(directory, 'log'), reception: await openReception(), settings: {}, name: 'Spark driver',
  });
  await expect(start).rejects.toThrow('The Spark driver did not start: spawn /nowhere/java ENOENT');
});

test.for(['greet-wrongly', 'greet-endlessly'])('a stranger (%s) is shown the door', async (behaviour) => {
  await expect(startPlayer(await openReception(), behaviour)).rejects.toThrow('did not start: exit code 0');
});

test('a secret opens the door once', async () => {
  const reception = await openReception();
  const { invitation, connected } = reception.expect();
  const greet = (): Socket => {
    const socket = connect(invitation.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`${JSON.stringify({ secret: invitation.secret })}\n`);
    return socket;
  };
  greet();
  await connected;
  await once(greet(), 'close');
});

test.for(['not json', '{"secret": 5}', '[]', '{"secret": ""}'])('the greeting %s is refused', async (greeting) => {
  const { invitation } = (await openReception()).expect();
  const socket = connect(invitation.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`${greeting}\n`);
  await once(socket, 'close');
});

test('what was asked and not answered is rejected when the connection closes, and so is what is asked later', async () => {
  const player = await startPlayer(await openReception(), 'hang-up-after-greeting');
  await expect(player.channel.request('execute', {})).rejects.toThrow('The connection to the driver was closed.');
  await player.channel.closed;
  await expect(player.channel.request('execute', {})).rejects.toThrow('The connection to the driver was closed.');
});

test('answers may come in any order, in pieces, and hold any character', async () => {
  const { channel, far } = await connected();
  const [one, two] = [channel.request('a', {}), channel.request('b', {})];
  const bytes = Buffer.from('{"id":2,"result":{"text":"\u2028é😀\\n"}}\n{"id":1,"error":"no"}\n');
  for (const byte of bytes) far.write(Buffer.of(byte));
  expect(await two).toEqual({ text: '\u2028é😀\n' });
  await expect(one).rejects.toThrow('no');
});

test('an answer of 20 MB arrives whole', async () => {
  const { channel, far } = await connected();
  const answer = channel.request('a', {});
  far.write(`{"id":1,"result":{"text":"${'x'.repeat(20_000_000)}"}}\n`);
  expect((await answer)['text']).toHaveLength(20_000_000);
});

test('an answer beyond all limits closes the connection', async () => {
  const { channel, far } = await connected();
  far.on('error', () => undefined);
  const answer = channel.request('a', {});
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  for (let sent = 0; sent <= 256; sent++) far.write(megabyte);
  await expect(answer).rejects.toThrow('The connection to the driver was closed.');
});

test('an answer that is no JSON closes the connection', async () => {
  const { channel, far } = await connected();
  const answer = channel.request('a', {});
  far.write('Exception in thread "main"\n');
  await expect(answer).rejects.toThrow('The connection to the driver was closed.');
});
