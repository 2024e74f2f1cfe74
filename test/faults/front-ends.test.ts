import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandIn, startPlace, type Place } from '../support/bad-place.ts';
import { freshConnection, signedFrames, writeConnectionFile } from '../support/client-wire.ts';
import { kept, shown } from '../support/databricks-kernel.ts';
import { RawClient, requestFrames } from '../support/raw-client.ts';
import { failedWith, finished, running, startScriptedApi, temporaryDirectory } from '../support/scripted-api.ts';
import type { SeenRequest } from '../support/scripted-server.ts';
import { spawnKernel } from '../support/start-kernel.ts';

/* What front ends and their users do to a kernel, on purpose and by accident. */

const commands = (seen: readonly SeenRequest[]) => seen.filter(({ route }) => route === 'POST commands/execute').map(({ fields }) => [fields['language'], fields['command']]);

describe('a kernel that cannot start says why in one line and ends with a failure', () => {
  test.for<[string, readonly string[], RegExp]>([
    ['an unknown language', ['--language', 'ruby', '-f', '{connection_file}'], /^Unknown language "ruby": give one of scala, python, sql\.\n$/],
    ['no language', ['-f', '{connection_file}'], /^--language is missing: give one of scala, python, sql\.\n$/],
    ['no connection file', ['--language', 'sql'], /^The connection file is missing: a front end gives it as -f FILE\.\n$/],
    ['an option that nobody knows', ['--language', 'sql', '--colour', '-f', '{connection_file}'], /^[^\n]*--colour[^\n]*\n$/],
    ['a connection file that is not there', ['--language', 'sql', '-f', '/none.json'], /^The connection file \/none\.json does not exist\.\n$/],
    ['a directory for a connection file', ['--language', 'sql', '-f', '/'], /^The connection file \/ cannot be read \(EISDIR\)\.\n$/],
  ])('%s', async ([, args, line]) => {
    await using home = await temporaryDirectory();
    await using file = await writeConnectionFile(await freshConnection());
    const command = commandIn(home.path, 'sql', {});
    const program = spawnKernel({ ...command, argv: [...command.argv.slice(0, 3), ...args] }, file.path);
    expect(await program.exited).toEqual({ code: 2, signal: null });
    expect(program.stderr()).toMatch(line);
    expect(program.stdout()).toBe('');
  });

  test.for<[string, unknown, RegExp]>([
    ['no JSON', '{"shell_port": ', /is not a JSON object\.\n$/],
    ['a port that is none', { shell_port: 70_000 }, /must hold a port number as shell_port, not 70000\.\n$/],
    ['an address that is not this machine', { ip: '203.0.113.7' }, /^The \w+ socket cannot be bound to tcp:\/\/203\.0\.113\.7:\d+: [^\n]*\.\n$/],
    ['a signature scheme that nobody knows', { signature_scheme: 'hmac-rot13' }, /asks for the unknown signature_scheme "hmac-rot13"\.\n$/],
  ])('a connection file with %s', async ([, changes, line]) => {
    await using home = await temporaryDirectory();
    await using file = await writeConnectionFile(typeof changes === 'string' ? changes : { ...(await freshConnection()), ...(changes as object) });
    const program = spawnKernel(commandIn(home.path, 'sql', {}), file.path);
    expect(await program.exited).toEqual({ code: 2, signal: null });
    expect(program.stderr()).toMatch(line);
    expect(program.stderr().split('\n')).toHaveLength(2);
  });

  test('a port that another kernel has; that one goes on', async () => {
    await using place = await startPlace();
    await using home = await temporaryDirectory();
    const second = spawnKernel(commandIn(home.path, 'sql', {}), place.kernel.connectionPath);
    expect(await second.exited).toEqual({ code: 2, signal: null });
    expect(second.stderr()).toMatch(/^The \w+ socket cannot be bound to tcp:\/\/127\.0\.0\.1:\d+: the address is in use\.\n$/);
    expect((await place.kernel.execute('1')).text).toBe('done\n');
  });
});

/** One kernel for a table of tests: each leaves it as it found it, and that is half of what they show. */
function sharedPlace(): () => Place {
  let place: Place | undefined;
  beforeAll(async () => void (place = await startPlace()));
  afterAll(() => place?.[Symbol.asyncDispose]());
  return () => {
    if (place === undefined) throw new Error('The kernel did not start.');
    return place;
  };
}

describe('a cell', () => {
  const shared = sharedPlace();
  test.for<[code: string, sent: readonly (readonly [string, string])[], shows: readonly unknown[]]>([
    ['', [], []],
    [' \n\t\n', [], []],
    ['%sql', [], []],
    ['%python\n\n', [], []],
    ['%md', [], []],
    ['%', [['python', '%']], ['stdout: done\n']],
    ['%%', [['python', '%%']], ['stdout: done\n']],
    ['# nothing but a comment', [['python', '# nothing but a comment']], ['stdout: done\n']],
    ['%%sql\nselect 1', [['sql', 'select 1']], ['stdout: done\n']],
    ['%sql select 1', [['sql', 'select 1']], ['stdout: done\n']],
    ['%sql\r\nselect 1\r\n', [['sql', 'select 1\r\n']], ['stdout: done\n']],
    ['\r\n%sql\r\nselect 1', [['sql', 'select 1']], ['stdout: done\n']],
    ['%md\r\n# Title', [], ['display_data: # Title']],
    ['a = 1\r\nb = 2', [['python', 'a = 1\r\nb = 2']], ['stdout: done\n']],
    ['%nope 1', [], [expect.stringMatching(/^error: UsageError: There is no magic %nope\. .*%lsmagic lists what there is\.$/)]],
    ['%config table.rows=0', [], ['error: ConfigurationError: %config table.rows cannot be "0": it takes all, or a whole number from 1.']],
    ['%config table.rows=1e9', [], ['error: ConfigurationError: %config table.rows cannot be "1e9": it takes all, or a whole number from 1.']],
    ['%config nothing', [], ['error: ConfigurationError: %config does not know "nothing": write KEY=VALUE with one of table.json, table.rows.']],
    ['%config __proto__=1', [], [expect.stringMatching(/^error: ConfigurationError: %config does not know "__proto__"/)]],
    ['%config table.json=on\ntable.rows=-1', [], [expect.stringMatching(/^error: ConfigurationError: %config table\.rows cannot be "-1"/)]],
    ['%fs ls', [], [expect.stringMatching(/^error: UsageError: %fs is not supported yet\./)]],
  ])('%j', async ([code, sent, shows]) => {
    const place = shared();
    place.server.on('GET commands/status', finished('done'));
    const before = place.server.seen.length;
    const { outputs } = await place.kernel.execute(code);
    expect(kept(outputs)).toEqual(shows);
    expect(commands(place.server.seen.slice(before))).toEqual(sent);
    expect((await place.kernel.execute('%config')).text).toMatch(/table\.json=off .*\ntable\.rows=all /);
  });

  test('that prints 20 MB, and one with a hundred thousand short lines, arrive whole', async () => {
    const place = shared();
    const long = 'é'.repeat(10 * 1024 * 1024);
    const lines = Array.from({ length: 100_000 }, (_, number) => `line ${number}\n`).join('');
    for (const text of [`${long}\n`, lines]) {
      place.server.on('GET commands/status', finished(text));
      expect((await place.kernel.execute('1')).text === text).toBe(true);
    }
  });

  test.for<[string, unknown, RegExp]>([
    ['an error without words', failedWith('').json, /^error: /],
    ['a table without a schema', { status: 'Finished', results: { resultType: 'table', data: [[1, null], 5] } }, /^display_data: /],
    ['an image that is none', { status: 'Finished', results: { resultType: 'image', fileName: 'data:image/png;base64,%%%' } }, /./],
    ['a result of a kind from the future', { status: 'Finished', results: { resultType: 'hologram', data: { x: 1 } } }, /hologram/],
    ['a text with terminal codes and NUL', { status: 'Finished', results: { resultType: 'text', data: '\u0000\u001b[2J\u001b]0;x\u0007' } }, /./],
    ['a text with half a character', { status: 'Finished', results: { resultType: 'text', data: '\ud800' } }, /./],
  ])('whose result is %s shows something, and the kernel goes on', async ([, json, shows]) => {
    const place = shared();
    place.server.on('GET commands/status', { json }, finished('done'));
    expect(shown((await place.kernel.execute('1')).outputs).join('\n')).toMatch(shows);
    expect((await place.kernel.execute('2')).text).toBe('done\n');
  });
});

describe('a front end', () => {
  const shared = sharedPlace();
  test.for<[string, object]>([
    ['code that is a number', { code: 5 }],
    ['no code', {}],
    ['code that is null', { code: null }],
    ['silent as a word', { code: '1', silent: 'yes' }],
    ['store_history as a number', { code: '1', store_history: 1 }],
    ['user_expressions as a list', { code: '1', user_expressions: ['a'] }],
    ['a user expression that is a number', { code: '1', user_expressions: { a: 1 } }],
    ['stop_on_error as text', { code: '1', stop_on_error: 'false' }],
  ])('that sends %s gets an error, runs nothing, and goes on', async ([, content]) => {
    const place = shared();
    const before = place.server.seen.length;
    using client = new RawClient(place.kernel.connectionFile, 'shell');
    expect((await client.ask('execute_request', content)).content).toMatchObject({ status: 'error', ename: 'ProtocolError', evalue: expect.stringMatching(/must be/) });
    expect(commands(place.server.seen.slice(before))).toEqual([]);
    expect((await client.ask('execute_request', { code: '1', silent: null, user_expressions: null, stop_on_error: null })).content).toMatchObject({ status: 'ok', execution_count: expect.any(Number) });
  });

  test.for(['constructor', '__proto__', 'toString', 'execute_reply', '_request', 'complete_request\n'])('that sends the message type %j gets no answer, and goes on', async (type) => {
    const place = shared();
    using client = new RawClient(place.kernel.connectionFile, 'shell');
    await client.send(requestFrames(place.kernel.connectionFile, type, {}));
    expect((await client.ask('kernel_info_request')).content).toMatchObject({ status: 'ok' });
  });

  test('that sends what is no UTF-8, or nests without end, is not heard, and goes on', async () => {
    await using place = await startPlace();
    const file = place.kernel.connectionFile;
    using client = new RawClient(file, 'shell');
    const header = { msg_id: 'm', msg_type: 'kernel_info_request', session: 's', username: 'u', version: '5.3', date: '' };
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const frames = [
      signedFrames(file.key, [JSON.stringify(header), '{}', '{}', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])]),
      signedFrames(file.key, [JSON.stringify(header).replace('"u"', deep), '{}', '{}', '{}']),
      signedFrames(file.key, [JSON.stringify({ ...header, msg_type: 'comm_open' }), '{}', deep, `{"comm_id": ${deep}}`]),
    ];
    for (const message of frames) await client.send(message);
    // The content is not repeated, so it may nest as deep as it likes.
    await client.send(signedFrames(file.key, [JSON.stringify({ ...header, msg_id: 'deep' }), '{}', '{}', `{"x": ${deep}}`]));
    expect((await client.receive()).parent.msg_id).toBe('deep');
    expect((await place.kernel.execute('1')).text).toBe('done\n');
  });

  test('that counts emoji as one sign, as the protocol does, gets completions at the right place', async () => {
    await using place = await startPlace();
    await place.kernel.execute('täglich = 1');
    const complete = async (code: string, cursor_pos: number) => (await place.kernel.request('shell', 'complete_request', { code, cursor_pos })).content;
    expect(await complete('x = "😀😀"; täg + 1', 13)).toMatchObject({ matches: ['täglich'], cursor_start: 10, cursor_end: 13 });
    for (const cursor of [-1, 0, 1, 3, 99]) expect(await complete('😀', cursor)).toMatchObject({ status: 'ok', matches: [] });
    expect((await place.kernel.request('shell', 'inspect_request', { code: '"😀"; täglich', cursor_pos: 6, detail_level: 0 })).content).toMatchObject({ found: true });
  });

  test('that asks for a thousand user expressions gets each, and an interrupt ends them', async () => {
    await using place = await startPlace();
    const names = Array.from({ length: 1000 }, (_, number) => `e${number}`);
    const user_expressions = Object.fromEntries(names.map((name) => [name, name]));
    const all = await place.kernel.execute('1', { user_expressions });
    expect(Object.keys((all.reply as unknown as { user_expressions: object }).user_expressions)).toEqual(names);
    place.server.on('GET commands/status', finished('done'), running);
    place.server.on('POST commands/cancel', () => (place.server.on('GET commands/status', { json: { status: 'Cancelled', results: null } }), {}));
    const sent = place.server.count('POST commands/execute');
    const cell = place.kernel.execute('2', { user_expressions });
    await place.server.arrived('POST commands/execute', sent + 2);
    await place.kernel.interrupt();
    const { reply } = await cell;
    expect(Object.values((reply as unknown as { user_expressions: object }).user_expressions)).toHaveLength(1000);
    expect(place.server.count('POST commands/execute')).toBe(sent + 2);
  });

  test('beside another one sees its cells; one that goes away in the middle of its cell leaves the kernel to the other', async () => {
    await using place = await startPlace();
    const { kernel, server } = place;
    const second = kernel.connect();
    await second.connection.info;
    const seen: string[] = [];
    second.connection.anyMessage.connect((_, { msg }) => void seen.push(msg.header.msg_type));
    const [first, other] = await Promise.all([kernel.execute('1'), second.execute('2')]);
    expect([first.text, other.text]).toEqual(['done\n', 'done\n']);
    expect([first.reply, other.reply].map((reply) => (reply as { execution_count: number }).execution_count).sort()).toEqual([1, 2]);
    expect(seen.filter((type) => type === 'execute_input').length).toBeGreaterThanOrEqual(1);
    server.on('GET commands/status', running);
    const asked = server.count('GET commands/status');
    second.execute('3').catch(() => undefined);
    await server.arrived('GET commands/status', asked + 1);
    second[Symbol.dispose]();
    const waits = kernel.execute('4');
    server.on('GET commands/status', finished('done'));
    expect((await waits).text).toBe('done\n');
  });

  test('that is killed takes its kernel along, which gives its context back', async () => {
    await using home = await temporaryDirectory();
    await using server = await startScriptedApi();
    await using file = await writeConnectionFile(await freshConnection());
    await mkdir(join(home.path, 'home'));
    const { argv, env } = commandIn(home.path, 'python', { DATABRICKS_HOST: server.url.origin });
    const code = `require('node:child_process').spawn(process.argv[1], process.argv.slice(2), { stdio: ['ignore', 'inherit', 'ignore'] }); setInterval(() => {}, 1000);`;
    const frontEnd = spawn(process.execPath, ['-e', code, ...argv.map((argument) => argument.replace('{connection_file}', file.path))], { env: env ?? {}, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(frontEnd.stdout, 'end');
    frontEnd.stdout.resume();
    const asked = await server.arrived('GET contexts/status');
    frontEnd.kill('SIGKILL');
    // The kernel holds the other end of the pipe.
    await ended;
    expect(server.seen.filter(({ route }) => route === 'POST contexts/destroy').map(({ fields }) => fields['contextId'])).toEqual([asked.fields['contextId']]);
  });
});
