import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';
import { ScriptedDriver } from '../support/scripted-driver.ts';

describe('logins', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  test.for([
    ['classic', basic('token:the-token'), 200],
    ['classic', 'Bearer the-token', 401],
    ['modern', basic('token:the-token'), 200],
    ['modern', 'Bearer the-token', 200],
    ['modern', 'bearer the-token', 200],
    ['modern', 'Bearer the-tokem', 401],
    ['modern', 'Bearer ', 401],
    ['modern', basic('token:other'), 401],
    ['modern', basic('admin:the-token'), 401],
    ['modern', 'Digest the-token', 401],
    ['modern', '', 401],
  ] as const)('%s answers "%s" with %i', async ([dialect, authorization, status]) => {
    await using workspace = new ScriptedWorkspace(dialect);
    const answer = await workspace.inject({ url: '/api/1.2/clusters/list', headers: { authorization } });
    expect(answer.status).toBe(status);
    if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
  });

  test.for([
    ['host', 'evil.example:8080', 403],
    ['host', '127.0.0.1.evil.example', 403],
    ['host', '127.0.0.1:4040', 200],
    ['host', 'localhost', 200],
    ['origin', 'http://127.0.0.1:4040', 403],
    ['origin', 'null', 403],
    ['host', 'LOCALHOST:4040', 200],
    ['host', '[::1]:4040', 200],
    ['host', '192.168.0.1:4040', 403],
    ['sec-fetch-site', 'cross-site', 403],
    ['sec-fetch-site', 'same-site', 403],
    ['sec-fetch-site', 'same-origin', 403],
    ['sec-fetch-site', 'none', 200],
  ] as const)('a request with %s "%s" gets %i', async ([header, value, status]) => {
    await using workspace = new ScriptedWorkspace('modern');
    expect((await workspace.inject({ url: '/api/1.2/clusters/list', headers: { [header]: value } })).status).toBe(status);
  });

  test.for(['/no/such', '/%zz', '/api/1.2/clusters/list', '/.well-known/other', '/'])('nobody learns without a login which endpoints exist: %s', async (url) => {
    await using workspace = new ScriptedWorkspace('modern');
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE', 'PUT'] as const) {
      const answer = await workspace.inject({ method, url, headers: { authorization: '' } });
      expect([method, answer.status, answer.text]).toEqual([method, 401, expect.stringMatching(method === 'HEAD' ? /^$/ : /^\{"error":"Unauthorized: wrong or missing credentials; [^"]*"\}$/)]);
      expect((await workspace.inject({ method, url, headers: { host: 'evil.example' } })).status).toBe(403);
    }
  });

  test('what today’s clients look for before they log in is empty, and open to programs but not to pages', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const url = '/.well-known/databricks-config';
    expect(await workspace.inject({ url, headers: { authorization: '' } })).toMatchObject({ status: 200, body: {} });
    expect((await workspace.inject({ url, headers: { origin: 'https://example.com' } })).status).toBe(403);
    expect((await workspace.inject({ url, headers: { host: 'evil.example' } })).status).toBe(403);
    await using classic = new ScriptedWorkspace('classic');
    expect((await classic.inject({ url, headers: { authorization: '' } })).status).toBe(401);
  });

  test.for([
    ['0.0.0.0', '192.168.0.1:4040', 200],
    ['0.0.0.0', '[fe80::1]:4040', 200],
    ['0.0.0.0', 'localhost', 200],
    ['0.0.0.0', hostname(), 200],
    ['0.0.0.0', 'evil.example', 403],
    ['0.0.0.0', 'evil.example.192.168.0.1', 403],
    ['box.example', 'box.example:4040', 200],
    ['127.0.0.2', '127.0.0.2:4040', 200],
    ['127.0.0.2', '192.168.0.1', 403],
    ['127.0.0.2', hostname(), 403],
  ] as const)('told to listen at %s it answers a request to %s with %i, never without the token', async ([bind, host, status]) => {
    await using workspace = new ScriptedWorkspace('modern', undefined, undefined, bind);
    expect((await workspace.inject({ url: '/api/1.2/clusters/list', headers: { host } })).status).toBe(status);
    expect((await workspace.inject({ url: '/api/1.2/clusters/list', headers: { host, authorization: '' } })).status).toBe(status === 200 ? 401 : 403);
    expect((await workspace.inject({ url: '/api/1.2/clusters/list', headers: { host, origin: `http://${host}` } })).status).toBe(403);
  });
});

describe('parameters', () => {
  const parameters: readonly (readonly [method: 'GET' | 'POST', path: string, names: readonly string[]])[] = [
    ['GET', 'clusters/status', ['clusterId']],
    ['POST', 'contexts/create', ['language', 'clusterId']],
    ['GET', 'contexts/status', ['clusterId', 'contextId']],
    ['POST', 'contexts/destroy', ['clusterId', 'contextId']],
    ['POST', 'commands/execute', ['language', 'clusterId', 'contextId', 'command']],
    ['GET', 'commands/status', ['clusterId', 'contextId', 'commandId']],
    ['POST', 'commands/cancel', ['clusterId', 'contextId', 'commandId']],
  ];
  const cases = parameters.flatMap(([method, path, names]) => names.map((name) => [method, path, name, names] as const));

  test.for(cases)('%s %s names the missing %s', async ([method, path, missing, names]) => {
    await using workspace = new ScriptedWorkspace('modern');
    const context = await workspace.createContext();
    const command = await workspace.execute(context, 'hang');
    const all: Record<string, string> = { language: 'sql', clusterId: 'peaceJam', contextId: context, commandId: command, command: 'x' };
    const data = Object.fromEntries(names.filter((name) => name !== missing).map((name) => [name, all[name] ?? '']));
    const url = `/api/1.2/${path}`;
    const answer = method === 'GET' ? await workspace.get(url, data) : await workspace.post(url, data, 'json');
    expect([answer.status, answer.body]).toEqual([500, { error: `NoSuchElementException: key not found: ${missing}` }]);
  });

  test('a classic server sees nothing in a JSON body and answers 500', async () => {
    await using workspace = new ScriptedWorkspace('classic');
    const answer = await workspace.post('/api/1.2/contexts/create', { language: 'scala', clusterId: 'peaceJam' }, 'json');
    expect([answer.status, answer.body]).toEqual([500, { error: 'NoSuchElementException: key not found: language' }]);
  });

  test.for(['form', 'multipart', 'json'] as const)('unknown and nested parameters do no harm (%s)', async (kind) => {
    await using workspace = new ScriptedWorkspace('modern');
    const data = { language: 'scala', clusterId: 'peaceJam', conf: { 'spark.speculation': true }, numbers: [1], __proto__x: '1' };
    expect((await workspace.post('/api/1.2/contexts/create', data, kind)).status).toBe(200);
  });

  describe('of multipart whose parts are JSON', () => {
    /** A body whose parts are the values' JSON texts. */
    const parts = (texts: Readonly<Record<string, string>>) => ({
      headers: { 'content-type': 'multipart/form-data; boundary=XX' },
      payload: `${Object.entries(texts)
        .map(([name, text]) => `--XX\r\ncontent-disposition: form-data; name="${name}"\r\ncontent-type: application/json\r\n\r\n${text}\r\n`)
        .join('')}--XX--\r\n`,
    });

    test.for(['classic', 'modern'] as const)('objects, texts and ids beyond 2^53 come as they were sent (%s)', async (dialect) => {
      await using workspace = new ScriptedWorkspace(dialect);
      const create = { name: '"parts"', numWorkerContainers: '2', sparkConf: '{"spark.speculation": true}' };
      const { body } = await workspace.inject({ method: 'POST', url: '/api/1.2/clusters/create', ...parts(create) });
      const { id } = body as { id: string };
      expect(workspace.workspace.clusters.find((cluster) => cluster.id === id)?.definition).toMatchObject({ name: 'parts', numWorkers: 2, sparkConf: { 'spark.speculation': 'true' } });
      const contextId = await workspace.createContext();
      expect(Number(contextId)).toBeGreaterThan(2 ** 53);
      const execute = { language: '"scala"', clusterId: '"peaceJam"', contextId, command: JSON.stringify('echo "é"\n{}') };
      const answer = await workspace.inject({ method: 'POST', url: '/api/1.2/commands/execute', ...parts(execute) });
      expect(answer.status, answer.text).toBe(200);
      const end = await workspace.ended(contextId, (answer.body as { id: string }).id);
      expect(end.body).toMatchObject({ results: { data: '"é"\n{}' } });
    });

    test.for<[what: string, text: string, error: string | RegExp]>([
      ['broken JSON', '{"spark.x": ', /^JsonParseException: /],
      ['a list', '[1]', 'IllegalArgumentException: sparkConf is not a JSON object'],
    ])('%s is refused in words', async ([, text, error]) => {
      await using workspace = new ScriptedWorkspace('modern');
      const answer = await workspace.inject({ method: 'POST', url: '/api/1.2/clusters/create', ...parts({ name: '"x"', numWorkerContainers: '2', sparkConf: text }) });
      expect([answer.status, answer.body]).toEqual([500, { error: typeof error === 'string' ? error : expect.stringMatching(error) }]);
    });

    test('a library is uploaded', async () => {
      await using workspace = new ScriptedWorkspace('modern');
      const upload = { libType: '"python-pypi"', name: '"six"', folder: '"/"', attachToAllClusters: 'true', uri: '"six"' };
      const answer = await workspace.inject({ method: 'POST', url: '/api/1.2/libraries/upload', ...parts(upload) });
      expect(answer.status, answer.text).toBe(200);
      expect(workspace.workspace.libraries.uploaded).toMatchObject([{ name: 'six', folder: '/', library: { kind: 'pypi', package: 'six' } }]);
      const long = await workspace.inject({ method: 'POST', url: '/api/1.2/libraries/upload', ...parts({ ...upload, name: `"${'x'.repeat(100_000)}"` }) });
      expect([long.status, long.body]).toEqual([500, { error: 'IllegalArgumentException: name is too long' }]);
    });
  });

  test('a missing body, an empty one and one of an unknown type have no parameters', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const error = { error: 'NoSuchElementException: key not found: language' };
    const url = '/api/1.2/contexts/create';
    expect((await workspace.inject({ method: 'POST', url })).body).toEqual(error);
    expect((await workspace.inject({ method: 'POST', url, headers: { 'content-type': 'text/plain' }, payload: 'language=sql' })).body).toEqual(error);
  });

  test.for([
    ['{"language": ', /^JsonParseException: /],
    ['[1]', /^IllegalArgumentException: The body is not a JSON object$/],
    [Buffer.from([0x7b, 0xff, 0x7d]), /^MalformedInputException: the body is not valid UTF-8$/],
  ] as const)('a broken JSON body gets a 500 that says what is wrong: %s', async ([payload, error]) => {
    await using workspace = new ScriptedWorkspace('modern');
    const headers = { 'content-type': 'application/json' };
    const answer = await workspace.inject({ method: 'POST', url: '/api/1.2/contexts/create', headers, payload });
    expect(answer.status).toBe(500);
    expect((answer.body as { error: string }).error).toMatch(error);
  });

  test('a command file that is not UTF-8 is refused', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const data = { language: 'sql', clusterId: 'peaceJam', contextId: await workspace.createContext() };
    const files = { command: { name: 'x.sql', text: new Uint8Array([0x73, 0xff]) } };
    const answer = await workspace.post('/api/1.2/commands/execute', data, 'multipart', files);
    expect([answer.status, answer.body]).toEqual([500, { error: 'MalformedInputException: the body is not valid UTF-8' }]);
  });

  test.for(['form', 'multipart', 'json'] as const)('a command of 6 MB runs and one of a byte more is refused (%s)', async (kind) => {
    await using workspace = new ScriptedWorkspace('modern');
    const context = await workspace.createContext();
    const data = { language: 'sql', clusterId: 'peaceJam', contextId: context };
    const command = `echo ${'é'.repeat(3 * 1024 * 1024 - 3)}x`;
    const answer = await workspace.post('/api/1.2/commands/execute', { ...data, command }, kind);
    expect(answer.status).toBe(200);
    const end = await workspace.ended(context, (answer.body as { id: string }).id);
    expect((end.body as { results: { data: string } }).results.data).toBe(command.slice(5));
    const refused = await workspace.post('/api/1.2/commands/execute', { ...data, command: `${command}y` }, kind);
    expect([refused.status, refused.body]).toEqual([
      500,
      { error: 'IllegalArgumentException: The command has 6291457 bytes; at most 6291456 are allowed' },
    ]);
  });

  test('a body far over the limit is refused as JSON too', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const answer = await workspace.post('/api/1.2/contexts/create', { language: 'x'.repeat(20_000_000) });
    expect(answer.status).toBe(413);
    expect(answer.body).toHaveProperty('error');
  });

  test.for(['fields', 'files'] as const)('a multipart body far over the limit is refused though none of its %s is', async (kind) => {
    await using workspace = new ScriptedWorkspace('modern');
    const names = Array.from({ length: 20 }, (_, n) => `p${n}`);
    const text = 'x'.repeat(1_000_000);
    const fields = Object.fromEntries(names.map((name) => [name, text]));
    const files = Object.fromEntries(names.map((name) => [name, { name, text }]));
    const answer = await workspace.post('/api/1.2/contexts/create', kind === 'fields' ? fields : {}, 'multipart', kind === 'files' ? files : {});
    expect([answer.status, answer.body]).toEqual([413, { error: 'IllegalArgumentException: Request body is too large' }]);
    expect(await workspace.createContext()).toMatch(/^\d+$/);
  });
});

describe('endpoints', () => {
  test.for([
    ['GET', '/api/1.2/commands/execute'],
    ['POST', '/api/1.2/commands/status'],
    ['GET', '/api/9.9/none'],
  ] as const)('%s %s is unknown: 404', async ([method, url]) => {
    await using workspace = new ScriptedWorkspace('modern');
    const answer = await workspace.inject({ method, url });
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({ error: `No such endpoint: ${method} ${url}` });
  });
});

test('a HEAD request does not read a result', async () => {
  await using workspace = new ScriptedWorkspace('modern');
  const context = await workspace.createContext();
  const first = await workspace.execute(context, 'echo kept');
  await workspace.ended(context, await workspace.execute(context, 'echo later'));
  const query = new URLSearchParams({ clusterId: 'peaceJam', contextId: context, commandId: first });
  expect((await workspace.inject({ method: 'HEAD', url: `/api/1.2/commands/status?${query}` })).status).toBe(404);
  expect((await workspace.status(context, first)).body).toMatchObject({ results: { data: 'kept' } });
});

describe('unknown things', () => {
  test.for(['classic', 'modern'] as const)('are refused in the document’s words (%s)', async (dialect) => {
    await using workspace = new ScriptedWorkspace(dialect);
    const context = await workspace.createContext();
    const data = { clusterId: 'peaceJam', contextId: '123', commandId: '456', language: 'sql', command: 'x' };
    const ask = [
      workspace.get('/api/1.2/contexts/status', data),
      workspace.get('/api/1.2/commands/status', data),
      workspace.post('/api/1.2/commands/execute', data),
      workspace.post('/api/1.2/commands/cancel', data),
    ];
    for (const answer of await Promise.all(ask)) expect([answer.status, answer.body]).toEqual([500, { error: 'ContextNotFound' }]);
    for (const answer of [await workspace.status(context, '456'), await workspace.cancel(context, '456')]) {
      expect([answer.status, answer.body]).toEqual([500, { error: 'NoSuchElementException: key not found: 456' }]);
    }
    const other = await workspace.post('/api/1.2/contexts/create', { language: 'sql', clusterId: '1' });
    expect([other.status, other.body]).toEqual([500, { error: 'RuntimeException: Unknown cluster id 1' }]);
  });
});

describe('languages', () => {
  const languages = ['scala', 'python', 'sql', 'r', 'cobol'];
  const allowed: Readonly<Record<string, readonly string[]>> = { scala: ['scala', 'sql'], python: ['python', 'sql'], sql: ['sql'] };
  const cases = (['classic', 'modern'] as const).flatMap((dialect) => {
    return Object.entries(allowed).flatMap(([context, classic]) => {
      const runs = dialect === 'classic' ? classic : ['scala', 'python', 'sql'];
      return languages.map((language) => [dialect, context, language, runs.includes(language) ? 200 : 500] as const);
    });
  });

  test.for(cases)('%s: a %s context answers a %s command with %i', async ([dialect, context, language, status]) => {
    await using workspace = new ScriptedWorkspace(dialect);
    const contextId = await workspace.createContext(context);
    const data = { language, clusterId: 'peaceJam', contextId, command: 'echo x' };
    const answer = await workspace.post('/api/1.2/commands/execute', data);
    expect(answer.status).toBe(status);
    if (status === 500) expect(answer.body).toEqual({ error: expect.stringMatching(/^IllegalArgumentException: .*\w/) });
  });

  test.for(['r', 'SCALA', ''])('no context of language "%s" is made', async (language) => {
    await using workspace = new ScriptedWorkspace('modern');
    const answer = await workspace.post('/api/1.2/contexts/create', { language, clusterId: 'peaceJam' });
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({ error: expect.stringMatching(/^IllegalArgumentException: /) });
    expect(workspace.workspace.openContexts).toBe(0);
  });
});

describe('results', () => {
  test('can be read once', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const context = await workspace.createContext();
    const command = await workspace.execute(context, 'echo hi');
    expect((await workspace.ended(context, command)).body).toMatchObject({ status: 'Finished', results: { resultType: 'text', data: 'hi' } });
    const error = { error: `NoSuchElementException: key not found: ${command}` };
    expect((await workspace.status(context, command)).body).toEqual(error);
    expect((await workspace.cancel(context, command)).body).toEqual(error);
  });

  test.for([
    ['classic', '"truncated":"True"', '{"type":"bigint","name":"n"}'],
    ['modern', '"truncated":true,"isJsonSchema":true', '{"name":"n","type":"\\"long\\"","metadata":"{}"}'],
  ] as const)('integers beyond 2^53 pass through untouched (%s)', async ([dialect, truncated, schema]) => {
    await using workspace = new ScriptedWorkspace(dialect);
    const context = await workspace.createContext();
    const { text } = await workspace.ended(context, await workspace.execute(context, 'select 9223372036854775807', 'sql'));
    expect(text).toContain('[[9223372036854775807]]');
    expect(text).toContain(truncated);
    expect(text).toContain(`"schema":[${schema}]`);
  });

  test.for([
    ['modern', 'plot', { resultType: 'image', fileName: 'data:image/png;base64,AAAA' }],
    ['modern', 'plots', { resultType: 'images', fileNames: ['data:image/png;base64,AAAA', 'data:image/png;base64,BBBB'] }],
    [
      'modern',
      'throw',
      {
        resultType: 'error',
        summary: "<span class='ansi-red-fg'>Exception</span>: &lt;juhu&gt; &amp; more",
        cause: '\u001b[31mException\u001b[0m: <juhu> & more',
      },
    ],
    ['classic', 'throw', { resultType: 'error', cause: '\u001b[31mException\u001b[0m: <juhu> & more' }],
  ] as const)('%s: %s', async ([dialect, code, results]) => {
    await using workspace = new ScriptedWorkspace(dialect);
    const context = await workspace.createContext('python');
    const command = await workspace.execute(context, code, 'python');
    expect((await workspace.ended(context, command)).body).toEqual({ status: 'Finished', id: command, results });
  });

  test('text beyond 10 MB is cut, and says so', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const context = await workspace.createContext();
    const driver = await workspace.workspace.defaultCluster.driver();
    driver.execute = async () => ({ kind: 'text', text: 'x'.repeat(10_000_001) });
    const { body } = await workspace.ended(context, await workspace.execute(context, 'much'));
    const { data } = (body as { results: { data: string } }).results;
    expect(data.slice(9_999_999)).toBe('x\n*** WARNING: max output size exceeded, skipping output. ***');
    driver.execute = async () => ({ kind: 'error', summary: 'Exception', cause: 'x'.repeat(10_000_001) });
    const failed = (await workspace.ended(context, await workspace.execute(context, 'much'))).body as { results: { cause: string } };
    expect(failed.results.cause.slice(9_999_999)).toBe('x\n*** WARNING: max output size exceeded, skipping output. ***');
  });
});

describe('cancel', () => {
  test.for([
    ['classic', 'Cancelled'],
    ['modern', 'Finished'],
  ] as const)('%s: a running command ends as %s, with a CommandCancelledException', async ([dialect, status]) => {
    await using workspace = new ScriptedWorkspace(dialect);
    const context = await workspace.createContext();
    const command = await workspace.execute(context, 'hang');
    await workspace.until(() => workspace.status(context, command), (body) => body.status === 'Running');
    expect(await workspace.cancel(context, command)).toMatchObject({ status: 200, body: { id: command } });
    expect((await workspace.ended(context, command)).body).toMatchObject({
      status,
      results: { resultType: 'error', cause: expect.stringContaining('CommandCancelledException') },
    });
    expect((await workspace.ended(context, await workspace.execute(context, 'echo on'))).body).toMatchObject({ results: { data: 'on' } });
  });

  test('a queued command ends without having run', async () => {
    await using workspace = new ScriptedWorkspace('classic');
    const context = await workspace.createContext();
    const running = await workspace.execute(context, 'hang');
    const queued = await workspace.execute(context, 'echo never');
    expect((await workspace.status(context, queued)).body).toEqual({ status: 'Queued', id: queued });
    await workspace.cancel(context, queued);
    expect((await workspace.status(context, queued)).body).toMatchObject({ status: 'Cancelled' });
    await workspace.cancel(context, running);
    await workspace.ended(context, running);
    await workspace.ended(context, await workspace.execute(context, 'echo last'));
    expect(workspace.drivers[0]?.executed).toEqual(['hang', 'echo last']);
  });

  test('of a finished command changes nothing', async () => {
    await using workspace = new ScriptedWorkspace('classic');
    const context = await workspace.createContext();
    const command = await workspace.execute(context, 'echo done');
    const next = await workspace.execute(context, 'echo next');
    await workspace.ended(context, next);
    expect((await workspace.cancel(context, command)).body).toEqual({ id: command });
    expect((await workspace.status(context, command)).body).toMatchObject({ status: 'Finished', results: { data: 'done' } });
  });

  test('of code that cannot be stopped costs the context, which says so', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const context = await workspace.createContext();
    const command = await workspace.execute(context, 'stubborn');
    const queued = await workspace.execute(context, 'echo never');
    await workspace.until(() => workspace.status(context, command), (body) => body.status === 'Running');
    await workspace.cancel(context, command);
    const lost = expect.stringContaining('the context is lost');
    expect((await workspace.ended(context, command)).body).toMatchObject({ status: 'Error', results: { cause: lost } });
    expect((await workspace.ended(context, queued)).body).toMatchObject({ status: 'Error', results: { cause: lost } });
    expect((await workspace.contextStatus(context)).body).toEqual({ status: 'Error', id: context, cause: lost });
    const data = { language: 'scala', clusterId: 'peaceJam', contextId: context, command: 'echo x' };
    const refused = await workspace.post('/api/1.2/commands/execute', data);
    expect([refused.status, refused.body]).toEqual([500, { error: expect.stringMatching(/^IllegalStateException: .*the context is lost/) }]);
  });
});

describe('contexts', () => {
  test('run their commands one at a time in the order they came, and do not wait for each other', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const [busy, free] = [await workspace.createContext(), await workspace.createContext()];
    const first = await workspace.execute(busy, 'hang');
    const second = await workspace.execute(busy, 'echo second');
    const third = await workspace.execute(busy, 'echo third');
    await workspace.ended(free, await workspace.execute(free, 'echo free'));
    expect((await workspace.status(busy, second)).body).toMatchObject({ status: 'Queued', results: null });
    await workspace.cancel(busy, first);
    await workspace.ended(busy, third);
    expect((await workspace.status(busy, second)).body).toMatchObject({ status: 'Finished' });
    expect(workspace.drivers[0]?.executed).toEqual(['hang', 'echo free', 'echo second', 'echo third']);
  });

  test('are closed in the driver when they are destroyed, and unknown from then on', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const context = await workspace.createContext();
    await workspace.ended(context, await workspace.execute(context, 'echo x'));
    await workspace.execute(context, 'hang');
    const destroyed = await workspace.post('/api/1.2/contexts/destroy', { clusterId: 'peaceJam', contextId: context });
    expect(destroyed.body).toEqual({ id: context });
    expect((await workspace.contextStatus(context)).body).toEqual({ error: 'ContextNotFound' });
    expect(workspace.drivers[0]?.closed).toEqual([context]);
  });

  test('are Pending while the driver starts, and take commands meanwhile', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const driver = new ScriptedDriver();
    let started: (driver: ScriptedDriver) => void = () => {};
    workspace.startDriver = () => new Promise((resolve) => (started = resolve));
    const context = await workspace.createContext();
    expect((await workspace.contextStatus(context)).body).toEqual({ status: 'Pending', id: context });
    expect((await workspace.get('/api/1.2/clusters/list')).body).toMatchObject([{ status: 'Pending' }]);
    const command = await workspace.execute(context, 'echo early');
    expect((await workspace.status(context, command)).body).toMatchObject({ status: 'Queued' });
    started(driver);
    expect((await workspace.ended(context, command)).body).toMatchObject({ status: 'Finished', results: { data: 'early' } });
  });

  test('destroyed while they open leave nothing open in the driver', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const driver = await workspace.workspace.defaultCluster.driver();
    let opened: () => void = () => {};
    driver.open = () => new Promise((resolve) => (opened = resolve));
    const context = await workspace.createContext();
    await workspace.contextStatus(context);
    await workspace.post('/api/1.2/contexts/destroy', { clusterId: 'peaceJam', contextId: context });
    opened();
    await workspace.get('/api/1.2/clusters/list');
    expect(workspace.drivers[0]?.closed).toEqual([context]);
  });

  test('whose REPL does not start are in Error, with the reason', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const driver = await workspace.workspace.defaultCluster.driver();
    driver.open = async () => {
      throw new Error('Python has no IPython');
    };
    const context = await workspace.createContext('python');
    const answer = await workspace.until(() => workspace.contextStatus(context), ({ status }) => status !== 'Pending');
    expect(answer.body).toEqual({ status: 'Error', id: context, cause: 'Python has no IPython' });
  });
});

describe('a driver that dies', () => {
  test('ends its commands and contexts with its last words, and the next context starts another', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    const context = await workspace.createContext();
    const other = await workspace.createContext('sql');
    await workspace.ended(other, await workspace.execute(other, 'echo x', 'sql'));
    const command = await workspace.execute(context, 'die');
    const cause = expect.stringMatching(/has ended, and its variables are gone\. Out of memory\.$/);
    expect((await workspace.ended(context, command)).body).toMatchObject({ status: 'Error', results: { resultType: 'error', cause } });
    for (const id of [context, other]) expect((await workspace.contextStatus(id)).body).toEqual({ status: 'Error', id, cause });
    expect((await workspace.get('/api/1.2/clusters/list')).body).toMatchObject([{ status: 'Error' }]);
    const next = await workspace.createContext();
    expect((await workspace.ended(next, await workspace.execute(next, 'echo back'))).body).toMatchObject({ results: { data: 'back' } });
    expect((await workspace.get('/api/1.2/clusters/list')).body).toMatchObject([{ status: 'Running' }]);
    expect(workspace.drivers).toHaveLength(2);
    const destroyed = await workspace.post('/api/1.2/contexts/destroy', { clusterId: 'peaceJam', contextId: context });
    expect([destroyed.status, destroyed.body]).toEqual([200, { id: context }]);
  });

  test('before it has started leaves the reason in cluster and context, and the next context tries again', async () => {
    await using workspace = new ScriptedWorkspace('modern');
    workspace.startDriver = async () => {
      throw new Error('There is no Java; set DATABRICKS_KERNEL_JAVA');
    };
    const context = await workspace.createContext();
    const answer = await workspace.until(() => workspace.contextStatus(context), ({ status }) => status !== 'Pending');
    expect(answer.body).toEqual({ status: 'Error', id: context, cause: 'There is no Java; set DATABRICKS_KERNEL_JAVA' });
    expect((await workspace.get('/api/1.2/clusters/list')).body).toMatchObject([{ status: 'Error' }]);
    workspace.startDriver = async () => new ScriptedDriver();
    const next = await workspace.createContext();
    expect((await workspace.ended(next, await workspace.execute(next, 'echo back'))).body).toMatchObject({ results: { data: 'back' } });
  });
});
