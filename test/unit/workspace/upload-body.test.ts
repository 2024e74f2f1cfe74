import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { acceptBodies } from '../../../src/workspace/bodies.ts';
import { dialects } from '../../../src/workspace/dialect.ts';
import { uploadBodyOf } from '../../../src/workspace/upload-body.ts';
import type { UploadPlace } from '../../../src/workspace/upload-body.ts';

const head = (name: string, more = '') => `--XX\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`;
const file = (name: string) => head(name, '; filename="x.jar"');
const text = (name: string, length: number) => `${head(name)}${'x'.repeat(length)}\r\n`;

const nowhere: UploadPlace = { maxUploadBytes: 100_000_000, receive: (content) => pipeline(content, new Writable({ write: (_chunk, _encoding, done) => done() })).then(() => 'nowhere') };

/** A server that does nothing but read uploads, and tells what it found. */
async function uploadServer(place: UploadPlace): Promise<{ readonly port: number }> {
  const server = fastify({ forceCloseConnections: true });
  onTestFinished(() => server.close());
  await acceptBodies(server, dialects.modern);
  server.post('/', async (request) => (await uploadBodyOf(request, place)).file);
  await server.listen({ host: '127.0.0.1', port: 0 });
  return server.server.address() as AddressInfo;
}

/**
 * What a client gets that reads when all is sent, as Python’s `requests` does: `beginning`, many megabytes, and the end of the body. One
 * that keeps its connection asks for a page then.
 */
async function answerTo(port: number, beginning: string, connection: 'keep-alive' | 'close'): Promise<string> {
  const block = Buffer.alloc(1_000_000, 'x');
  // More than the buffers of both ends hold.
  const blocks = 30;
  const end = '\r\n--XX--\r\n';
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  onTestFinished(() => void socket.destroy());
  const length = beginning.length + blocks * block.length + end.length;
  const request = `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=XX\r\ncontent-length: ${length}\r\nconnection: ${connection}\r\n\r\n`;
  const next = connection === 'close' ? '' : 'GET /next HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
  await pipeline(Readable.from([`${request}${beginning}`, ...Array.from({ length: blocks }, () => block), end, next]), socket, { end: false });
  let answer = '';
  socket.on('data', (data: string) => (answer += data));
  await once(socket, 'close');
  return answer;
}

test.for<[what: string, beginning: string, place: UploadPlace, answer: RegExp]>([
  ['that is taken', file('uri'), nowhere, /^HTTP\/1\.1 200 [^]*nowhere/],
  ['under another name', file('file'), nowhere, /^HTTP\/1\.1 500 [^]*file cannot be a file/],
  ['after another', `${file('uri')}x\r\n${file('uri')}`, nowhere, /^HTTP\/1\.1 500 [^]*uri can be one file only/],
  ['after a parameter that is too long', `${text('name', 100_000)}${file('uri')}`, nowhere, /^HTTP\/1\.1 500 [^]*name is too long/],
  ['after too many parameters', `${text('name', 1).repeat(101)}${file('uri')}`, nowhere, /^HTTP\/1\.1 413 [^]*reach fields limit/],
  ['that is too large', file('uri'), { ...nowhere, maxUploadBytes: 20_000_000 }, /^HTTP\/1\.1 413 [^]*larger than 20 MB/],
  ['for which no place can be made', file('uri'), { ...nowhere, receive: async () => Promise.reject(new Error('no place')) }, /^HTTP\/1\.1 500 [^]*no place/],
  ['for which the disk has no room', file('uri'), { ...nowhere, receive: (content) => pipeline(content, createWriteStream('/dev/full')).then(() => '') }, /^HTTP\/1\.1 500 [^]*ENOSPC/],
])('whoever reads only after sending gets the answer to a file %s', async ([, beginning, place, answer]) => {
  const { port } = await uploadServer(place);
  expect(await answerTo(port, beginning, 'close')).toMatch(answer);
  const answers = await answerTo(port, beginning, 'keep-alive');
  expect(answers).toMatch(answer);
  expect(answers).toMatch(/HTTP\/1\.1 404 [^]*\/next/);
});

test('a part that is a file by its content type alone has no name', async () => {
  const server = fastify();
  onTestFinished(() => server.close());
  await acceptBodies(server, dialects.modern);
  server.post('/', async (request) => (await uploadBodyOf(request, nowhere)).file);
  const payload = `--XX\r\ncontent-disposition: form-data; name="uri"\r\ncontent-type: application/octet-stream\r\n\r\nabc\r\n--XX--\r\n`;
  const answer = await server.inject({ method: 'POST', url: '/', headers: { 'content-type': 'multipart/form-data; boundary=XX' }, payload });
  expect(answer.json()).toEqual({ path: 'nowhere', name: '' });
});
