import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identify } from '../../src/lib/process-identity.ts';
import type { CommandLinePlace } from '../support/command-line-place.ts';
import { commandLinePlace } from '../support/command-line-place.ts';
import { cancelled, withoutWaits } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { runProgram } from '../support/run-program.ts';
import { failedWith, finished, refused, running, secretToken, startScriptedApi } from '../support/scripted-api.ts';
import type { Answer, ScriptedServer } from '../support/scripted-server.ts';
import { startInTerminal } from '../support/terminal.ts';

/** A server, and the command line with settings for it. */
const place = async (settings: Readonly<Record<string, string>> = {}): Promise<CommandLinePlace> => commandLinePlace(await startScriptedApi(), settings);

const ended = (results: object): Answer => ({ json: { id: 'k', status: 'Finished', results } });
const fieldsOf = (server: ScriptedServer, route: string) => server.seen.filter((request) => request.route === route).map(({ fields }) => fields);

/** Every context that was made is destroyed. */
function expectNothingLeft(server: ScriptedServer, contexts = 1): void {
  expect(server.count('POST contexts/create')).toBe(contexts);
  expect(fieldsOf(server, 'POST contexts/destroy').map(({ contextId }) => contextId)).toEqual(Array.from({ length: contexts }, (_, i) => `x${i + 1}`));
}

test('exec runs the code in a context of its own, prints the text and leaves nothing behind', async () => {
  await using at = await place();
  expect(await at.cli.run(['exec', '--language', 'python', 'print(1)'])).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  expect(fieldsOf(at.server, 'POST commands/execute')).toEqual([{ language: 'python', clusterId: 'c1', contextId: 'x1', command: 'print(1)' }]);
  expectNothingLeft(at.server);
  expect(await readdir(join(at.cli.home, 'kernel home', 'contexts'))).toEqual([]);
});

describe('the code', () => {
  test.for<[what: string, args: readonly string[], input: string | undefined, language: string]>([
    ['an argument', ['-l', 'sql', 'select "ü"\n'], undefined, 'sql'],
    ['standard input', ['-l', 'scala', '-'], 'select "ü"\n', 'scala'],
    ['a pipe where none is given', ['-l', 'r'], 'select "ü"\n', 'r'],
    ['a file', ['-l', 'sql', '-f', 'code.txt'], undefined, 'sql'],
    ['an argument that begins like an option, after --', ['-l', 'sql', '--', '--x\nselect "ü"\n'], undefined, 'sql'],
    ['a .py file', ['-f', 'code.py'], undefined, 'python'],
    ['a .scala file', ['-f', 'code.scala'], undefined, 'scala'],
    ['a .sc file', ['-f', 'code.sc'], undefined, 'scala'],
    ['a .SQL file', ['-f', 'code.SQL'], undefined, 'sql'],
    ['a file whose name tells another language', ['-l', 'sql', '--file', 'code.py'], undefined, 'sql'],
    ['a file named -', ['-l', 'sql', '-f', '-'], 'select "ü"\n', 'sql'],
  ])('is %s', async ([, args, input, language]) => {
    await using at = await place();
    for (const name of ['txt', 'py', 'scala', 'sc', 'SQL']) await writeFile(join(at.cli.home, `code.${name}`), 'select "ü"\n');
    expect(await at.cli.run(['exec', ...args], input)).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' });
    expect(fieldsOf(at.server, 'POST commands/execute')).toMatchObject([{ language, command: expect.stringMatching(/^(?:--x\n)?select "ü"\n$/) }]);
  });

  test.for<[what: string, args: readonly string[], input: string | Uint8Array, message: string]>([
    ['without a language', ['1'], '', '--language is missing: give one of scala, python, sql, r.'],
    ['of a file that tells no language', ['-f', 'code.txt'], '', 'The name of code.txt does not tell its language: give --language with one of scala, python, sql, r.'],
    ['in a language that is none', ['-l', 'rust', '1'], '', `Option '-l, --language <language>' argument 'rust' is invalid. Allowed choices are scala, python, sql, r; see "databricks-kernel exec --help"`],
    ['that nobody gave', ['-l', 'sql'], '', 'There is no code: give it as an argument, with -f FILE, or on standard input.'],
    ['given twice', ['-l', 'sql', '-f', 'code.sql', '1'], '', 'The code is given twice, as an argument and with --file: give one of them.'],
    ['in a file that is not there', ['-f', 'nowhere.sql'], '', 'nowhere.sql cannot be read (ENOENT): check its name.'],
    ['that is not UTF-8', ['-l', 'sql'], new Uint8Array([0xff, 0xfe]), 'Standard input is not UTF-8, which code must be: convert it first.'],
  ])('%s is refused in one line with exit code 2, and nothing is asked of the server', async ([, args, input, message]) => {
    await using at = await place();
    expect(await at.cli.run(['exec', ...args], input)).toEqual({ code: 2, stdout: '', stderr: `${message}\n` });
    expect(at.server.seen).toEqual([]);
  });

  test('that is no text is refused before a cluster is started for it', async () => {
    await using at = await place();
    expect(await at.cli.run(['exec', '-l', 'sql'], 'x'.repeat(6 * 1024 * 1024 + 1))).toMatchObject({ code: 1, stderr: expect.stringContaining('more than the 6 MB') });
    expect(at.server.seen).toEqual([]);
  });
});

describe('a result', () => {
  const schema = [{ type: '"long"', name: 'id' }, { type: '"string"', name: 'title' }];
  const long = 'long '.repeat(20).trim();
  test.for<[what: string, results: object, stdout: string, stderr: string]>([
    ['text as it is', { resultType: 'text', data: 'a\u001b[2J\u001b[31mb\tc\nd' }, 'a\u001b[2J\u001b[31mb\tc\nd\n', ''],
    ['text with its line end', { resultType: 'text', data: 'one\n' }, 'one\n', ''],
    ['no text at all', { resultType: 'text', data: '' }, '', ''],
    ['HTML as it is', { resultType: 'text', data: '<b>bold</b>' }, '<b>bold</b>\n', ''],
    [
      'a table, aligned and whole',
      { resultType: 'table', schema, data: [[1, '漢字'], [9223372036854775000, long], [3, null]], truncated: false },
      `                 id  title\n-------------------  ${'-'.repeat(99)}\n                  1  漢字\n9223372036854775000  ${long}\n                  3  null\n`,
      '',
    ],
    ['a table with more rows than were sent', { resultType: 'table', schema, data: [[1, 'a']], truncated: true }, 'id  title\n--  -----\n 1  a\n(first 1 rows; more exist)\n', ''],
    ['an empty table', { resultType: 'table', schema, data: [], truncated: false }, 'id  title\n--  -----\n(0 rows)\n', ''],
    [
      'a picture in words',
      { resultType: 'image', fileName: 'data:image/png;base64,AAAA' },
      '',
      'The result is a picture, <image/png>: write it into a file with --output FILE.\n',
    ],
    ['a picture that is too large', { resultType: 'image', fileName: '/plots/1.png' }, '', 'The picture is too large for the API to send; it is a file on the workspace: /plots/1.png\n'],
    ['a type that nobody knows', { resultType: 'video', data: 'x' }, '{"resultType":"video","data":"x"}\n', 'The server sent a result of the unknown type "video":\n'],
  ])('is %s', async ([, results, stdout, stderr]) => {
    await using at = await place();
    // JavaScript writes no number of this size as it is.
    at.server.on('GET commands/status', { text: JSON.stringify({ status: 'Finished', results }).replace('9223372036854776000', '9223372036854775000') });
    expect(await at.cli.run(['exec', '-l', 'sql', '1'])).toEqual({ code: 0, stdout, stderr });
  });

  test('as JSON is the object that the server sent, longs exact', async () => {
    await using at = await place();
    const results = '{"resultType":"table","schema":[{"type":"\\"long\\"","name":"n"}],"data":[[9223372036854775807],[-9007199254740993]],"truncated":false,"isJsonSchema":true}';
    at.server.on('GET commands/status', { text: `{"id":"k","status":"Finished","results":${results}}` });
    expect(await at.cli.run(['exec', '-l', 'sql', '--json', 'select n'])).toEqual({ code: 0, stdout: `${results}\n`, stderr: '' });
  });

  test('that is a failure goes to stderr with its traceback, without colours in a pipe, and the exit code is 1', async () => {
    await using at = await place();
    at.server.on('GET commands/status', ended({ resultType: 'error', summary: '<span>ValueError</span>: bad', cause: 'Traceback\n\u001b[31mValueError\u001b[0m: bad\u001b]0;owned\u0007' }));
    expect(await at.cli.run(['exec', '-l', 'python', '1'])).toEqual({ code: 1, stdout: '', stderr: 'Traceback\nValueError: bad\n' });
    expectNothingLeft(at.server);
  });

  test('that is a failure is JSON on stdout where JSON is wanted, and the exit code is 1', async () => {
    await using at = await place();
    at.server.on('GET commands/status', failedWith('InnerExecutionException'));
    const run = await at.cli.run(['exec', '-l', 'python', '--json', '1']);
    expect({ ...run, stdout: JSON.parse(run.stdout) }).toEqual({ code: 1, stdout: { resultType: 'error', summary: '', cause: 'InnerExecutionException' }, stderr: '' });
  });

  test.for<[what: string, args: readonly string[], results: object, files: Readonly<Record<string, string>>]>([
    ['text', [], { resultType: 'text', data: 'no end of line' }, { 'out.x': 'no end of line' }],
    ['HTML', [], { resultType: 'text', data: '<b>bold</b>' }, { 'out.x': '<b>bold</b>' }],
    ['a table', [], { resultType: 'table', schema, data: [[1, long]] }, { 'out.x': `id  title\n--  ${'-'.repeat(99)}\n 1  ${long}\n` }],
    ['a picture', [], { resultType: 'image', fileName: 'data:image/png;base64,aGk=' }, { 'out.x': 'hi' }],
    ['SVG', [], { resultType: 'image', fileName: 'data:image/svg+xml,<svg/>' }, { 'out.x': '<svg/>' }],
    ['several pictures', [], { resultType: 'images', fileNames: ['data:image/png;base64,aGk=', 'data:image/png;base64,aG8='] }, { 'out.x': 'hi', 'out-2.x': 'ho' }],
    ['JSON', ['--json'], { resultType: 'text', data: '1' }, { 'out.x': '{"resultType":"text","data":"1"}\n' }],
  ])('of %s goes into the file that is asked for', async ([, args, results, files]) => {
    await using at = await place();
    at.server.on('GET commands/status', ended(results));
    const sizes = Object.entries(files).map(([name, content]) => `Wrote ${name}, ${content.length} bytes\n`);
    expect(await at.cli.run(['exec', '-l', 'sql', '--output', 'out.x', ...args, '1'])).toEqual({ code: 0, stdout: '', stderr: sizes.join('') });
    for (const [name, content] of Object.entries(files)) expect(await readFile(join(at.cli.home, name), 'utf8')).toBe(content);
  });

  test.for([['no/where', 'ENOENT'], ['.', 'EISDIR']] as const)('that cannot be written to %s is told before the code runs', async ([file, cause]) => {
    await using at = await place();
    const message = `The result cannot be written to ${file} (${cause}): choose another place with --output.\n`;
    expect(await at.cli.run(['exec', '-l', 'sql', '--output', file, '1'])).toEqual({ code: 2, stdout: '', stderr: message });
    expect(await at.cli.run(['commands', 'status', '--context-id', 'x1', '--output', file, 'k1'])).toEqual({ code: 2, stdout: '', stderr: message });
    expect(at.server.seen).toEqual([]);
  });

  test('that is a failure leaves no file', async () => {
    await using at = await place();
    at.server.on('GET commands/status', failedWith('no'));
    expect(await at.cli.run(['exec', '-l', 'sql', '--output', 'out', '1'])).toMatchObject({ code: 1, stdout: '' });
    expect(await readdir(at.cli.home)).toEqual(['kernel home']);
  });

  test('of 50 MB arrives whole', async () => {
    await using at = await place();
    const text = `${'0123456789abcdef'.repeat(64)}\n`.repeat(50 * 1024);
    at.server.on('GET commands/status', finished(text));
    const { code, stdout, stderr } = await at.cli.run(['exec', '-l', 'sql', '1']);
    expect([code, stdout.length, stdout === text, stderr]).toEqual([0, text.length, true, '']);
  });
});

test('a reader that has seen enough ends the command without a word, and its context', async () => {
  await using at = await place();
  const text = `${'line '.repeat(20)}\n`.repeat(20_000);
  at.server.on('GET commands/status', finished(text));
  const [program = '', ...args] = at.cli.words(['exec', '-l', 'sql', '1']);
  const script = '"$@" | head -1; echo "${PIPESTATUS[0]}"';
  const run = await runProgram('bash', ['-c', script, 'bash', program, ...args], { env: at.cli.env });
  expect(withoutWaits(run)).toEqual({ code: 0, stdout: `${'line '.repeat(20)}\n141\n`, stderr: '' });
  expectNothingLeft(at.server);
});

test('a full disk behind standard output is told in one line with exit code 1, and the context ends', async () => {
  await using at = await place();
  at.server.on('GET commands/status', finished(`${'line '.repeat(20)}\n`.repeat(20_000)));
  const [program = '', ...args] = at.cli.words(['exec', '-l', 'sql', '1']);
  const run = await runProgram('bash', ['-c', '"$@" > /dev/full', 'bash', program, ...args], { env: at.cli.env });
  expect(withoutWaits(run)).toEqual({ code: 1, stdout: '', stderr: 'The output cannot be written (ENOSPC): send it to another place.\n' });
  expectNothingLeft(at.server);
});

describe('a named pipe for the result', () => {
  test('gets it whole, and its reader nothing before', async () => {
    await using at = await place();
    const text = 'x'.repeat(300_000);
    at.server.on('GET commands/status', finished(text));
    const script = 'mkfifo pipe; wc -c < pipe & "$@" --output pipe; code=$?; wait; exit $code';
    const [program = '', ...args] = at.cli.words(['exec', '-l', 'sql', '1']);
    const run = await runProgram('bash', ['-c', script, 'bash', program, ...args], { cwd: at.cli.home, env: at.cli.env });
    expect({ ...withoutWaits(run), stdout: run.stdout.trim() }).toEqual({ code: 0, stdout: '300000', stderr: 'Wrote pipe, 300000 bytes\n' });
    expectNothingLeft(at.server);
  });

  test('that nobody reads is told, and the context ends', async () => {
    await using at = await place();
    await runProgram('mkfifo', [join(at.cli.home, 'pipe')]);
    const run = await at.cli.run(['exec', '-l', 'sql', '--output', 'pipe', '1']);
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be written to pipe (ENXIO)') });
    expectNothingLeft(at.server);
  });
});

describe('what the server refuses', () => {
  test.for<[what: string, route: string, answer: Answer, code: number, stderr: RegExp]>([
    ['the login', 'GET clusters/get', refused('bad token', 401), 1, /does not accept the login .* Check DATABRICKS_TOKEN\.\n$/],
    ['the cluster', 'GET clusters/get', { status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'Cluster c1 does not exist' } }, 2, /^There is no cluster c1 on 127\.0\.0\.1:\d+: check DATABRICKS_CLUSTER_ID\.\n$/],
    ['the command', 'POST commands/execute', refused('no room', 400), 1, /refused commands\/execute \(HTTP 400\): no room\.\n$/],
  ])('is told in one line: %s', async ([, route, answer, code, stderr]) => {
    await using at = await place();
    at.server.on(route, answer);
    const run = await at.cli.run(['exec', '-l', 'sql', '1']);
    expect(run).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(stderr) });
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(run.stderr).not.toContain(secretToken);
    const made = at.server.count('POST contexts/create');
    expectNothingLeft(at.server, made);
  });
});

test('a stopped cluster is started, and a wait of more than a second says what for, each thing once', async () => {
  await using at = await place();
  const state = (word: string): Answer => ({ json: { cluster_id: 'c1', cluster_name: 'my cluster', state: word } });
  at.server.on('GET clusters/get', state('TERMINATED'));
  at.server.on('POST clusters/start', () => {
    at.server.on('GET clusters/get', state('PENDING'));
    return { json: {} };
  });
  const command = at.cli.start(['exec', '-l', 'sql', '1']);
  command.input('');
  await command.until('stderr', /\(pending\)\n/);
  at.server.on('GET clusters/get', state('RUNNING'));
  const host = at.server.url.host;
  const waiting = (word: string) => `Waiting for cluster my cluster \\(c1\\) at ${host} \\(${word}\\)\\n`;
  // On a busy machine the second is over before the cluster has begun to start.
  const stderr = new RegExp(`^(?:Looking for cluster c1 at ${host}\\n)?(?:${waiting('terminated')})?${waiting('pending')}Opening a sql context on cluster c1 at ${host}\\n$`);
  expect(await command.endedWithWaits).toEqual({ code: 0, stdout: 'done\n', stderr: expect.stringMatching(stderr) });
  expectNothingLeft(at.server);
});

test('a context that cannot be destroyed is told of, and the next exec destroys it', async () => {
  await using at = await place();
  at.server.on('POST contexts/destroy', refused('no'));
  expect(await at.cli.run(['exec', '-l', 'sql', '1'])).toEqual({ code: 0, stdout: 'done\n', stderr: expect.stringMatching(/refused contexts\/destroy \(HTTP 500\): no\.\nThe execution context could not be destroyed now; .* on this machine does it\.\n$/) });
  at.server.on('POST contexts/destroy', { json: { id: 'x' } });
  expect(await at.cli.run(['exec', '-l', 'sql', '1'])).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  expect(fieldsOf(at.server, 'POST contexts/destroy').map(({ contextId }) => contextId)).toEqual(expect.arrayContaining(['x1', 'x2']));
  expect(await readdir(join(at.cli.home, 'kernel home', 'contexts'))).toEqual([]);
});

describe('with --context-id', () => {
  test('the code runs in that context, which stays', async () => {
    await using at = await place();
    await writeFile(join(at.cli.home, 'job.py'), 'x = 1');
    expect(await at.cli.run(['exec', '-f', 'job.py', '--context-id', 'mine'])).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
    expect(at.server.seen.map(({ route }) => route)).toEqual(['POST commands/execute', 'GET commands/status']);
    expect(at.server.seen[1]?.fields).toMatchObject({ clusterId: 'c1', contextId: 'mine' });
    expect(at.server.seen[0]?.body).toContain('filename="job.py"');
  });

  test('code that waits for a command of somebody else says so', async () => {
    await using at = await place();
    at.server.on('GET commands/status', { json: { id: 'k1', status: 'Queued' } });
    const command = at.cli.start(['exec', '-l', 'sql', '--context-id', 'mine', '1']);
    command.input('');
    await command.until('stderr', /Waiting for the end of another command in the execution context on cluster c1 at .*\n/);
    at.server.on('GET commands/status', finished('done'));
    expect(await command.ended).toMatchObject({ code: 0, stdout: 'done\n' });
  });

  test('a signal cancels the command and leaves the context', async () => {
    await using at = await place();
    at.server.on('GET commands/status', running);
    at.server.on('POST commands/cancel', () => {
      at.server.on('GET commands/status', failedWith('CommandCancelledException'));
      return { json: { id: 'k1' } };
    });
    const command = at.cli.start(['exec', '-l', 'sql', '--context-id', 'mine', '1']);
    await at.server.arrived('GET commands/status');
    command.signal('SIGTERM');
    expect(await command.ended).toEqual({ code: 143, stdout: '', stderr: cancelled });
    expect(at.server.count('POST contexts/destroy')).toBe(0);
  });
});

describe('Ctrl-C', () => {
  const pending: Answer = { json: { cluster_id: 'c1', cluster_name: 'c1', state: 'PENDING' } };
  test.for<[when: string, route: string, answer: Answer, contexts: number]>([
    ['while the cluster starts', 'GET clusters/get', pending, 0],
    ['while the context starts', 'GET contexts/status', { json: { id: 'x1', status: 'Pending' } }, 1],
  ])('%s ends the command with 130 and leaves no context', async ([, route, answer, contexts]) => {
    await using at = await place();
    at.server.on(route, answer);
    const command = at.cli.start(['exec', '-l', 'sql', '1']);
    await at.server.arrived(route, 2);
    command.signal('SIGINT');
    expect(await command.ended).toEqual({ code: 130, stdout: '', stderr: cancelled });
    expect(at.server.count('POST commands/execute')).toBe(0);
    expectNothingLeft(at.server, contexts);
  });

  test.for([['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const)('or %s while the code runs cancels it, waits for its end and destroys the context', async ([signal, code]) => {
    await using at = await place();
    at.server.on('GET commands/status', running);
    at.server.on('POST commands/cancel', () => {
      at.server.on('GET commands/status', running, failedWith('CommandCancelledException'));
      return { json: { id: 'k1' } };
    });
    const command = at.cli.start(['exec', '-l', 'sql', '1']);
    await at.server.arrived('GET commands/status');
    command.signal(signal);
    expect(await command.ended).toEqual({ code, stdout: '', stderr: cancelled });
    const routes = at.server.seen.map(({ route }) => route);
    expect(routes.filter((route) => route === 'POST commands/cancel')).toHaveLength(1);
    expect(routes.at(-1)).toBe('POST contexts/destroy');
    expectNothingLeft(at.server);
  });

  test.for([[[]], [['--context-id', 'mine']]] as const)('that comes just as the code ends does not cost its result, which is given only once (%j)', async ([more]) => {
    await using at = await place();
    const results = { resultType: 'text', data: 'in time' };
    at.server.on('GET commands/status', running);
    at.server.on('POST commands/cancel', () => {
      at.server.on('GET commands/status', ended(results));
      return { json: { id: 'k1' } };
    });
    const command = at.cli.start(['exec', '-l', 'sql', '--json', ...more, '1']);
    await at.server.arrived('GET commands/status');
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 130, stdout: `${JSON.stringify(results)}\n` });
  });

  test('a second time gives up code that does not stop, and its context', async () => {
    await using at = await place();
    at.server.on('GET commands/status', running);
    const command = at.cli.start(['exec', '-l', 'sql', '1']);
    await at.server.arrived('GET commands/status');
    command.signal('SIGINT');
    await command.until('stderr', /press Ctrl-C again/);
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 130, stdout: '', stderr: 'Cancelling; press Ctrl-C again to give the code up with its context\nGiven up; the context and its variables are gone.\n' });
    expectNothingLeft(at.server);
  });

  test('is the only signal that needs a second one: code that a single SIGHUP does not stop is given up after a while', async () => {
    await using at = await place();
    at.server.on('GET commands/status', running);
    const command = at.cli.start(['exec', '-l', 'sql', '1']);
    await at.server.arrived('GET commands/status');
    command.signal('SIGHUP');
    expect(await command.ended).toMatchObject({ code: 129, stdout: '' });
    expectNothingLeft(at.server);
  });

  test('a third time ends it at once, whatever the server does', async () => {
    await using at = await place();
    at.server.on('GET commands/status', running);
    at.server.on('POST contexts/destroy', 'silence');
    const command = at.cli.start(['exec', '-l', 'sql', '1']);
    await at.server.arrived('GET commands/status');
    command.signal('SIGINT');
    await at.server.arrived('POST commands/cancel');
    command.signal('SIGINT');
    await at.server.arrived('POST contexts/destroy');
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 130, stdout: '' });
  });

  test('is heard while a request is on its way that is never answered: the code is cancelled all the same', async () => {
    await using at = await place();
    at.server.on('GET commands/status', running, 'silence');
    at.server.on('POST commands/cancel', 'silence');
    const command = at.cli.start(['exec', '-l', 'sql', '1']);
    await at.server.arrived('GET commands/status', 2);
    command.signal('SIGINT');
    await at.server.arrived('POST commands/cancel');
    await command.until('stderr', /^Cancelling; press Ctrl-C again/m);
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 130 });
    expectNothingLeft(at.server);
  });

  test('while a program gives the login ends that program, too', { timeout: 20_000 }, async () => {
    await using at = await place({ DATABRICKS_TOKEN: '', DATABRICKS_AUTH_TYPE: 'databricks-cli' });
    const program = join(at.cli.home, 'databricks');
    await writeFile(program, `#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 600\n`, { mode: 0o755 });
    const command = at.cli.start(['exec', '-l', 'sql', '1'], { DATABRICKS_CLI_PATH: program });
    let pid = 0;
    await eventually(async () => (pid = Number(await readFile(`${program}.pid`, 'utf8').catch(() => ''))) > 0);
    command.signal('SIGINT');
    expect(await command.ended).toEqual({ code: 130, stdout: '', stderr: cancelled });
    // Nobody may reap it.
    await eventually(async () => (await identify(pid)) === undefined);
    expect(at.server.seen).toEqual([]);
  });

  test('while a server cannot be seen gives the code up in words', async () => {
    await using at = await place();
    at.server.on('GET commands/status', running, { status: 401, json: { error: 'token expired' } });
    at.server.on('POST commands/cancel', { status: 401, json: { error: 'token expired' } });
    const command = at.cli.start(['exec', '-l', 'sql', '1']);
    await command.until('stderr', /does not accept the login .* It has been so since \d\d:\d\d\. Unless its cluster has ended the code goes on there/);
    command.signal('SIGINT');
    const { code, stderr } = await command.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/token expired\. Check DATABRICKS_TOKEN\. So the code could not be stopped for certain, and may go on there\. Its result is given up; its variables are kept\.\n$/);
  });

  test('while the code is read from a terminal or pipe ends it with 130', async () => {
    await using at = await place();
    const command = at.cli.start(['exec', '-l', 'sql', '-']);
    await command.feed('-- more than a pipe holds\n'.repeat(100_000));
    command.signal('SIGINT');
    expect(await command.ended).toEqual({ code: 130, stdout: '', stderr: '' });
    expect(at.server.seen).toEqual([]);
  });
});

describe('on a terminal', () => {
  test('a wait is one line that is gone when the result is there, colours stay, and nothing else of the server steers the terminal', async () => {
    await using at = await place();
    at.server.on('GET contexts/status', { json: { id: 'x1', status: 'Pending' } });
    at.server.on('GET commands/status', finished('\u001b[31mred\u001b[0m\u001b[2J\u001b]0;owned\u0007'));
    await using terminal = startInTerminal(at.cli.words(['exec', '-l', 'sql', '1']), { cwd: at.cli.home, env: at.cli.env });
    await terminal.until(/Opening a sql context on cluster c1/);
    at.server.on('GET contexts/status', { json: { id: 'x1', status: 'Running' } });
    await terminal.until(/red/);
    expect(await terminal.ended).toBe(0);
    const written = terminal.written();
    expect(written).toContain('\u001b[31mred\u001b[0m');
    expect(written).not.toMatch(/\u001b\[2J|owned/);
    // The cursor is given back.
    expect(written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(written.lastIndexOf('\u001b[?25l'));
  });

  test('Ctrl-C during a wait takes the line away, ends with 130 and leaves no context', async () => {
    await using at = await place();
    at.server.on('GET contexts/status', { json: { id: 'x1', status: 'Pending' } });
    await using terminal = startInTerminal(at.cli.words(['exec', '-l', 'sql', '1']), { cwd: at.cli.home, env: at.cli.env });
    await terminal.until(/Opening a sql context/);
    terminal.press('\u0003');
    expect(await terminal.ended).toBe(130);
    expectNothingLeft(at.server);
    const written = terminal.written();
    expect(written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(written.lastIndexOf('\u001b[?25l'));
  });

  test('HTML is said in words, and long cells are cut', async () => {
    await using at = await place();
    at.server.on('GET commands/status', finished('<b>bold</b>'), ended({ resultType: 'table', schema: [{ type: 'string', name: 's' }], data: [['x'.repeat(99)]] }));
    await using html = startInTerminal(at.cli.words(['exec', '-l', 'sql', '1']), { cwd: at.cli.home, env: at.cli.env });
    await html.until(/The result is HTML, 11 characters: write it into a file with --output FILE\./);
    await html.ended;
    await using table = startInTerminal(at.cli.words(['exec', '-l', 'sql', '1']), { cwd: at.cli.home, env: at.cli.env });
    await table.until(/x{39}…\n\(cells cut at 40 columns\)/);
  });

  test('no code at all is told, and not waited for', async () => {
    await using at = await place();
    await using terminal = startInTerminal(at.cli.words(['exec', '-l', 'sql']), { cwd: at.cli.home, env: at.cli.env });
    await terminal.until(/There is no code: give it as an argument, with -f FILE, or on standard input\./);
    expect(await terminal.ended).toBe(2);
  });
});
