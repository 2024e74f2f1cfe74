import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { readFile, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkspaceState } from '../../src/workspace/state-file.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';
import type { Answer } from '../support/scripted-workspace.ts';
import { eventually } from '../support/eventually.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

/* Requests that are broken as requests: their logins, bodies, and what is on the line. Bad parameters: bad-input.test.ts. */

const post = '/api/1.2/contexts/create';
const uploading = '/api/1.2/libraries/upload';
/** One endpoint of each way of reading a body. */
const readers = [post, uploading, '/api/2.0/libraries/install', '/api/2.1/clusters/create'] as const;

/** A refusal in words, as the version of the API that was asked says it; no failure of the server's own. */
function expectRefusal({ status, body, headers, text }: Answer, url = post): void {
  expect([400, 401, 403, 404, 413, 415, 431, 500], text).toContain(status);
  expect(text).not.toMatch(/"(?:\w*Error:|INTERNAL_ERROR)/);
  expect(headers['content-type']).toMatch(/^application\/json/);
  const words = url.startsWith('/api/2.') ? { error_code: expect.stringMatching(/^[A-Z_]+$/), message: expect.stringMatching(/\w/) } : { error: expect.stringMatching(/\w/) };
  expect(body).toEqual(words);
}

async function expectUntouched(workspace: ScriptedWorkspace): Promise<void> {
  expect(workspace.workspace.openContexts).toBe(0);
  expect(workspace.workspace.clusters).toHaveLength(1);
  expect(workspace.workspace.libraries.uploaded).toEqual([]);
  const entries = await readdir(workspace.directory, { recursive: true, withFileTypes: true });
  expect(entries.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
}

describe('a wrong login', () => {
  const { token } = ScriptedWorkspace;
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const wrong = [
    basic('token:wrong'), basic('nobody:wrong'), basic(`nobody:${token}`), basic(`:${token}`), basic('token:'), basic(':'), basic('token'), basic(''),
    basic(`token:${token} `), basic(`token:${token}\u0000`), basic(`token:${token.slice(0, -1)}`), basic(`Token:${token}`), basic(`token:${'x'.repeat(8000)}`),
    'Basic %%%', 'Basic', `Bearer ${token}x`, 'Bearer undefined', token, '',
  ];

  test.for(['classic', 'modern'] as const)('learns nothing from the answer: an unknown user and a wrong password get the same (%s)', async (dialect) => {
    await using workspace = new ScriptedWorkspace(dialect);
    const answers = await Promise.all(wrong.map((authorization) => workspace.inject({ url: '/api/1.2/clusters/list', headers: { authorization } })));
    const [first] = answers.map(({ status, text, headers: { date: _, ...headers } }) => ({ status, text, headers }));
    for (const { status, text, headers: { date: _, ...headers } } of answers) expect({ status, text, headers }).toEqual(first);
    expect(first?.status).toBe(401);
  });

  test('is refused before anything of the body is read', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const headers = { authorization: basic('token:wrong'), 'content-type': 'application/json' };
    const answer = await workspace.inject({ method: 'POST', url: post, headers, payload: '{' });
    expect(answer.status).toBe(401);
  });
});

describe('a broken body', () => {
  const part = (name: string, value: string) => `--XX\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const parts = part('language', 'sql') + part('clusterId', 'peaceJam');
  const multipart = 'multipart/form-data; boundary=XX';
  const json = 'application/json';
  const form = 'application/x-www-form-urlencoded';

  test.for<[what: string, type: string, payload: string | Buffer]>([
    ['multipart without its last boundary', multipart, parts],
    ['multipart cut within a value', multipart, parts.slice(0, -6)],
    ['multipart cut within a head', multipart, `${parts}--XX\r\ncontent-dis`],
    ['multipart with another boundary', 'multipart/form-data; boundary=YY', `${parts}--XX--\r\n`],
    ['multipart that names no boundary', 'multipart/form-data', `${parts}--XX--\r\n`],
    ['multipart without parts', multipart, '--XX--\r\n'],
    ['empty multipart', multipart, ''],
    ['multipart with a part without a name', multipart, '--XX\r\ncontent-disposition: form-data\r\n\r\nx\r\n--XX--\r\n'],
    ['multipart with a part without a head', multipart, '--XX\r\n\r\nx\r\n--XX--\r\n'],
    ['multipart with __proto__', multipart, `${part('__proto__', 'x')}${parts}--XX--\r\n`],
    ['multipart with a thousand parts', multipart, `${Array.from({ length: 1000 }, (_, n) => part(`p${n}`, 'x')).join('')}--XX--\r\n`],
    ['multipart with a part of 20 MB', multipart, `${part('libType', 'x'.repeat(20_000_000))}${parts}--XX--\r\n`],
    ['multipart that is zeros', multipart, Buffer.alloc(100_000)],
    ['no JSON', json, 'language=sql&clusterId=peaceJam'],
    ['empty JSON', json, ''],
    ['half JSON', json, '{"language": "sql", "clusterId": "pea'],
    ['JSON with a comma too many, as the documents have', json, '{"language": "sql", "clusterId": "peaceJam",}'],
    ['a JSON list', json, '[{"language": "sql", "clusterId": "peaceJam"}]'],
    ['JSON null', json, 'null'],
    ['a JSON text', json, '"sql"'],
    ['JSON with null values', json, '{"language": null, "clusterId": null}'],
    ['JSON with __proto__', json, '{"__proto__": {"language": "sql", "clusterId": "peaceJam"}}'],
    ['JSON with constructor', json, '{"constructor": {"prototype": {"language": "sql", "clusterId": "peaceJam"}}}'],
    ['JSON a hundred thousand lists deep', json, `{"language": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['JSON a hundred thousand objects deep', json, `{"language": ${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`],
    ['JSON in UTF-16', json, Buffer.from('{"language": "sql", "clusterId": "peaceJam"}', 'utf16le')],
    ['JSON that is zeros', json, Buffer.alloc(1000)],
    ['a form of nothing', form, '&&&==&='],
    ['a form that is zeros', form, Buffer.alloc(1000)],
    ['a form with bytes that are no text', form, Buffer.from([0x6c, 0x3d, 0xff, 0xfe])],
    ['a form with broken escapes', form, 'language=%zz&clusterId=%'],
    ['a type that is none', ';;;', 'language=sql'],
    ['XML', 'application/xml', '<language>sql</language>'],
  ])('%s is refused in words, and changes nothing', async ([, type, payload]) => {
    await using workspace = new ScriptedWorkspace('modern');
    const headers = { 'content-type': type };
    for (const url of readers) expectRefusal(await workspace.inject({ method: 'POST', url, headers, payload }), url);
    await expectUntouched(workspace);
    expect(await workspace.createContext()).toMatch(/^\d+$/);
    expect({}).not.toHaveProperty('language');
  });

  const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  const objects = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
  test.for<[what: string, dialect: 'classic' | 'modern', url: string, body: (nested: string) => { type: string; payload: string }]>([
    ['JSON of API 1.2', 'modern', '/api/1.2/clusters/create', (nested) => ({ type: json, payload: `{"name": "x", "numWorkerContainers": 1, "sparkConf": ${nested}}` })],
    ['a form of API 1.2', 'classic', '/api/1.2/clusters/create', (nested) => ({ type: form, payload: `${new URLSearchParams({ name: 'x', numWorkerContainers: '1', sparkConf: nested })}` })],
    ['JSON of Libraries API 2.0', 'classic', '/api/2.0/libraries/install', (nested) => ({ type: form, payload: `{"cluster_id": "peaceJam", "libraries": ${nested}}` })],
    ['a form of Libraries API 2.0', 'modern', '/api/2.0/libraries/install', (nested) => ({ type: form, payload: `${new URLSearchParams({ cluster_id: 'peaceJam', libraries: nested })}` })],
    ['JSON of Clusters API 2.x', 'modern', '/api/2.1/clusters/create', (nested) => ({ type: json, payload: `{"spark_version": "x", "num_workers": 1, "aws_attributes": ${nested}}` })],
    ['JSON that is answered with itself', 'modern', '/api/2.1/clusters/events', (nested) => ({ type: json, payload: `{"cluster_id": "peaceJam", "limit": 1, "more": ${nested}}` })],
  ])('%s that nests too deep is refused in words, however deep (%s)', async ([, dialect, url, body]) => {
    await using workspace = new ScriptedWorkspace(dialect);
    for (const nested of [lists, objects].flatMap((make) => [1001, 5000, 100_000].map(make))) {
      const { type, payload } = body(nested);
      const answer = await workspace.inject({ method: 'POST', url, headers: { 'content-type': type }, payload });
      expectRefusal(answer, url);
      expect(answer.status).toBe(url.startsWith('/api/2.') ? 400 : 500);
    }
    await expectUntouched(workspace);
  });

  test('of any bytes and any type gets an answer in JSON', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const type = fc.oneof(fc.constantFrom(multipart, json, form, 'text/plain', ''), fc.string());
    const structure = fc.constantFrom('--XX\r\n', '--XX--', '\r\n\r\n', 'content-disposition: form-data; name="language"', '; filename="x"', '{"language":', '[', '"', '}', '=', '&', '%00', '\u0000');
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
      fc.array(fc.oneof(structure, fc.string())).map((pieces) => Buffer.from(pieces.join(''))),
      fc.json().map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...readers), type, payload, async (url, contentType, bytes) => {
        const headers = { 'content-type': contentType.replaceAll(/[^\x20-\x7e]/g, '') };
        expectRefusal(await workspace.inject({ method: 'POST', url, headers, payload: bytes }), url);
      }),
      { numRuns: 400 },
    );
    await expectUntouched(workspace);
  });
});

describe('a server on a socket', () => {
  let program = '';
  beforeAll(async () => {
    program = await buildWorkspaceProgram();
  });
  afterAll(() => rm(dirname(program), { recursive: true, force: true }));

  const login = ({ token }: WorkspaceState) => `authorization: Bearer ${token}\r\n`;
  const head = (state: WorkspaceState, more: string) => `POST ${uploading} HTTP/1.1\r\nhost: 127.0.0.1\r\n${login(state)}${more}\r\n`;
  const broken = `content-type: multipart/form-data; boundary=XX\r\ncontent-length: 1000000\r\n`;
  const began = '--XX\r\ncontent-disposition: form-data; name="uri"; filename="x.jar"\r\n\r\nPK';

  const files = async (home: WorkspaceHome) => {
    const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).toSorted();
  };

  /** Sends the text, and gives all that comes back until the server ends the connection; `hangUp`: the client does, when the text has left. */
  function talk({ url }: WorkspaceState, text: string, hangUp = false): Promise<string> {
    return new Promise((resolve) => {
      let answer = '';
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text, () => hangUp && socket.resetAndDestroy()));
      socket.on('data', (data) => (answer += data.toString('latin1')));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(answer));
    });
  }

  test('refuses what is no HTTP in JSON, and hangs up', async () => {
    await using home = new WorkspaceHome(program);
    const state = await home.start();
    const answers = [
      await talk(state, 'hello\r\n\r\n'),
      await talk(state, `GET /${'x'.repeat(1_000_000)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`),
      await talk(state, `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`),
      await talk(state, head(state, 'content-type: application/json\r\ncontent-length: none\r\n')),
      await talk(state, head(state, 'content-type: application/json\r\ntransfer-encoding: chunked\r\n') + 'zz\r\n'),
    ];
    // Still sending when it is refused, it sees the answer all the same.
    expect(await talk(state, `GET /${'x'.repeat(10_000_000)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`)).toBe(answers[1]);
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 4\d\d [^]*content-type: application\/json[^]*\r\n\r\n\{"error":"IllegalArgumentException: [^"]+"\}$/i);
    // Whoever is not let in gets the same words, or learns that he is not.
    const stranger = 'authorization: Bearer x\r\n';
    expect(await talk(state, `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n${stranger}x: ${'x'.repeat(100_000)}\r\n\r\n`)).toBe(answers[2]);
    expect(await talk(state, `GET / HTTP/1.1\r\nconnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403 [^]*\{"error":"Forbidden: /);
    expect(await talk(state, `GET /%zz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n${stranger}\r\n`)).toMatch(/^HTTP\/1\.1 401 [^]*\{"error":"Unauthorized: /);
    expect(await talk(state, `GET /%zz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n${login(state)}\r\n`)).toMatch(/^HTTP\/1\.1 400 [^]*\{"error":"IllegalArgumentException: /);
    expect(await talk(state, `GET /api/2.1/%zz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n${login(state)}\r\n`)).toMatch(/^HTTP\/1\.1 400 [^]*\{"error_code":"BAD_REQUEST","message":"/);
    expect((await home.call(state, '/api/1.2/clusters/list')).status).toBe(200);
  });

  test('lives on when clients hang up in the middle of a body, and keeps nothing of it', async () => {
    await using home = new WorkspaceHome(program);
    const state = await home.start([], { TMPDIR: home.path });
    const before = await files(home);
    await Promise.all(Array.from({ length: 20 }, () => talk(state, head(state, broken) + began, true)));
    expect((await home.call(state, '/api/1.2/clusters/list')).status).toBe(200);
    await eventually(async () => JSON.stringify(await files(home)) === JSON.stringify(before));
    expect(await home.log()).not.toMatch(/unhandled|uncaught/i);
  });

  test('stops while a client is in the middle of a body', async () => {
    await using home = new WorkspaceHome(program);
    const state = await home.start();
    const talking = talk(state, head(state, broken) + began);
    await home.call(state, '/api/1.2/clusters/list');
    expect((await home.run(['stop'])).code).toBe(0);
    await talking;
    expect(await home.serving()).toBe(false);
  });

  test('takes a library of 100 MB, as it is', async () => {
    await using home = new WorkspaceHome(program);
    const state = await home.start();
    const library = randomBytes(1_000_000);
    const form = new FormData();
    for (const [name, value] of Object.entries({ libType: 'java-jar', name: 'large', folder: '/', attachToAllClusters: 'false' })) form.append(name, value);
    form.append('uri', new Blob(Array.from({ length: 100 }, () => library)), 'large.jar');
    const headers = { authorization: `Bearer ${state.token}` };
    const answer = await fetch(new URL(uploading, state.url), { method: 'POST', headers, body: form });
    const { id } = (await answer.json()) as { id: string };
    const { body } = await home.call(state, `/api/1.2/libraries/status?libraryId=${id}`);
    const [name = ''] = (body as { files: string[] }).files;
    const kept = await readFile(join(home.files.dbfs, 'FileStore/jars', name));
    expect(kept.length).toBe(100_000_000);
    for (let at = 0; at < kept.length; at += library.length) expect(kept.compare(library, 0, library.length, at, at + library.length)).toBe(0);
  });

  test('refuses a command of 100 MB, and is there for the next', async () => {
    await using home = new WorkspaceHome(program);
    const state = await home.start();
    const contextId = await home.createContext(state);
    const form = new FormData();
    for (const [name, value] of Object.entries({ language: 'sql', clusterId: state.clusterId, contextId })) form.append(name, value);
    form.append('command', new Blob([Buffer.alloc(100_000_000, 'x')]), 'long.sql');
    const headers = { authorization: `Bearer ${state.token}` };
    const answer = await fetch(new URL('/api/1.2/commands/execute', state.url), { method: 'POST', headers, body: form });
    expect([answer.status, await answer.json()]).toEqual([413, { error: expect.stringMatching(/\w/) }]);
    expect((await home.call(state, '/api/1.2/clusters/list')).status).toBe(200);
  });
});
