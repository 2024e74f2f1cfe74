import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Upload } from '../../../src/databricks/api/uploaded-libraries.ts';
import type { FormPart } from '../../../src/databricks/multipart.ts';
import { encodeMultipart, localFile } from '../../../src/databricks/multipart.ts';
import { eventually } from '../../support/eventually.ts';
import { clientFor, failureOf } from '../../support/scripted-api.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uploads of tests '));
});
afterAll(() => rm(folder, { recursive: true }));

const egg = (path: string, more: Partial<Upload> = {}): Upload => ({ source: { type: 'python-egg', path }, name: 'a.egg', folder: '/', attachToAllClusters: false, ...more });

async function read(parts: readonly FormPart[]) {
  const { contentType, length, open: start } = encodeMultipart(parts);
  const bytes = await buffer(start());
  expect(bytes.length).toBe(length);
  return new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } }).formData();
}

test('fields and files arrive as they were, whatever signs they hold', async () => {
  const odd = 'ä "quoted"\r\nContent-Type: x\r\n\r\n--💥';
  const form = await read([{ name: 'text', text: odd }, { name: 'empty', text: '' }, { name: 'file', fileName: 'a "b".py', text: odd }]);
  expect(form.get('text')).toBe(odd);
  expect(form.get('empty')).toBe('');
  const file = form.get('file') as File;
  expect([file.name, await file.text()]).toEqual(['a "b".py', odd]);
});

test('no name can end its part or begin another', () => {
  const { open: start } = encodeMultipart([{ name: 'a"\r\nX-Y: z', fileName: 'b"\n', text: '' }]);
  return expect(buffer(start()).then(String)).resolves.toContain('form-data; name="a%22%0D%0AX-Y: z"; filename="b%22%0A"\r\n');
});

test.for([0, 1, 256 * 1024, 256 * 1024 + 1])('a file of %i bytes arrives whole', async (size) => {
  const path = join(folder, `size ${size}`);
  const content = Buffer.from(Array.from({ length: size }, (_, n) => n % 251));
  await writeFile(path, content);
  const form = await read([{ name: 'uri', fileName: 'a', file: await localFile(path) }]);
  expect(Buffer.from(await (form.get('uri') as File).arrayBuffer()).equals(content)).toBe(true);
});

test('what is no file is told before anything is sent', async () => {
  const path = join(folder, 'nothing here');
  await using server = await startScriptedServer();
  const client = clientFor(server.url);
  expect(await failureOf(client.uploadedLibraries.upload(egg(path)))).toMatchObject({ code: 'config', message: `The file ${path} does not exist.` });
  expect(await failureOf(client.uploadedLibraries.upload(egg(folder)))).toMatchObject({ code: 'config', message: `${folder} is no file: name the file that is to be sent.` });
  expect(server.seen).toEqual([]);
  await client.close();
});

test('progress tells the bytes that went out, up to the last one', async () => {
  const path = join(folder, 'progress');
  await writeFile(path, Buffer.alloc(1_000_000));
  await using server = await startScriptedServer();
  server.on('POST libraries/upload', { json: { id: '7' } });
  const client = clientFor(server.url);
  const seen: [number, number][] = [];
  expect(await client.uploadedLibraries.upload(egg(path, { onSent: (sent, total) => seen.push([sent, total]) }))).toBe('7');
  const total = Number(server.seen[0]?.headers['content-length']);
  expect(total).toBeGreaterThan(1_000_000);
  expect(seen.at(-1)).toEqual([total, total]);
  expect(seen.map(([sent]) => sent)).toEqual(seen.map(([sent]) => sent).toSorted((a, b) => a - b));
  expect(seen.length).toBeGreaterThan(4);
  await client.close();
});

test('a file of 100 MB is sent without being in memory', async () => {
  const path = join(folder, 'large');
  await (await open(path, 'w')).close();
  const size = 100 * 1024 * 1024;
  await truncate(path, size);
  let received = 0;
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    request.on('end', () => response.end('{"id": "7"}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = clientFor(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const onSent = (): void => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  await client.uploadedLibraries.upload(egg(path, { onSent }));
  expect(received).toBeGreaterThan(size);
  // The garbage of this process, which is the server's too, lies around until it is collected.
  expect(most).toBeLessThan(size / 2);
  await client.close();
  await new Promise((resolve) => server.close(resolve));
});

test('a file that becomes shorter while it is sent is told as that, and not as a broken connection', async () => {
  const path = join(folder, 'shrinks');
  await writeFile(path, Buffer.alloc(3_000_000));
  await using server = await startScriptedServer();
  const client = clientFor(server.url);
  let cut: Promise<void> | undefined;
  const onSent = (): void => {
    cut ??= truncate(path, 10);
  };
  expect(await failureOf(client.uploadedLibraries.upload(egg(path, { onSent })))).toMatchObject({ code: 'config', message: expect.stringContaining('became shorter while it was sent') });
  await cut;
  await client.close();
});

test('an upload that is given up is broken off', async () => {
  const path = join(folder, 'given up');
  await writeFile(path, Buffer.alloc(10_000_000));
  await using server = await startScriptedServer();
  const client = clientFor(server.url);
  const gone = new AbortController();
  expect(await failureOf(client.uploadedLibraries.upload(egg(path, { giveUp: gone.signal, onSent: () => gone.abort() })))).toMatchObject({
    code: 'command', message: 'The sending was given up, and the server keeps nothing of it.',
  });
  // Nothing of it has arrived as a whole.
  expect(server.seen).toEqual([]);
  await client.close();
});

test('an upload that a server no longer reads can be given up, too', async () => {
  const path = join(folder, 'stuck');
  await writeFile(path, Buffer.alloc(50_000_000));
  const deaf = createNetServer({ pauseOnConnect: true });
  const sockets: Socket[] = [];
  deaf.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
  const client = clientFor(new URL(`http://127.0.0.1:${(deaf.address() as AddressInfo).port}`));
  const gone = new AbortController();
  let sent = 0;
  const failed = failureOf(client.uploadedLibraries.upload(egg(path, { giveUp: gone.signal, onSent: (bytes) => (sent = bytes) })));
  // Until all is full that lies between here and there, and nothing moves.
  let before = -1;
  await eventually(async () => {
    const stuck = sent > 0 && sent === before;
    before = sent;
    if (!stuck) await delay(100);
    return stuck;
  });
  gone.abort();
  expect(await failed).toMatchObject({ code: 'command', message: 'The sending was given up, and the server keeps nothing of it.' });
  expect(sent).toBeLessThan(50_000_000);
  await client.destroy();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => deaf.close(resolve));
});

test('a server that refuses before it has read the file is heard', async () => {
  const path = join(folder, 'refused');
  await writeFile(path, Buffer.alloc(200_000));
  const server = createServer((request, response) => {
    response.writeHead(403, { 'content-type': 'application/json' }).end('{"error": "SecurityException: no uploads"}');
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = clientFor(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  expect(await failureOf(client.uploadedLibraries.upload(egg(path)))).toMatchObject({ code: 'api', details: { status: 403, serverMessage: 'SecurityException: no uploads' } });
  await client.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('an upload that is sent again is sent whole', async () => {
  const path = join(folder, 'again');
  await writeFile(path, 'content');
  await using server = await startScriptedServer();
  server.on('POST libraries/upload', { status: 429, json: { error: 'x' } }, { json: { id: '7' } });
  const client = clientFor(server.url);
  await client.uploadedLibraries.upload(egg(path));
  expect(server.seen.map(({ body }) => body.includes('\r\n\r\ncontent\r\n'))).toEqual([true, true]);
  await client.close();
});

test('a server without API 1.2 is told from one without the library', async () => {
  await using server = await startScriptedServer();
  const client = clientFor(server.url);
  const host = server.url.origin;
  const instead = 'put the file where the cluster can read it and install it from there by Libraries API 2.0';
  expect(await failureOf(client.uploadedLibraries.list())).toMatchObject({ code: 'api', message: `${host} has no library upload (API 1.2): ${instead}.` });
  expect(await failureOf(client.libraries.allClusterStatuses())).toMatchObject({ code: 'api', message: `${host} has no Libraries API 2.0: upload and attach libraries by API 1.2.` });
  await client.close();
});
