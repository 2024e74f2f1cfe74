import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageVersion } from '../../src/lib/package-file.ts';
import { commandLinePlace } from '../support/command-line-place.ts';
import { CommandLine, cancelled } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { secretToken, startScriptedApi } from '../support/scripted-api.ts';
import { WorkspaceHome, buildWorkspaceProgram } from '../support/workspace-program.ts';

let program = '';
beforeAll(async () => {
  program = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(program), { recursive: true, force: true }));

describe.for(['classic', 'modern'])('on a %s workspace', (dialect) => {
  let home: WorkspaceHome;
  let cli: CommandLine;
  beforeAll(async () => {
    home = new WorkspaceHome(program);
    await home.start(['--dialect', dialect], { TEST_VERSION: packageVersion });
    cli = await CommandLine.create({ DATABRICKS_HOST: 'embedded', DATABRICKS_KERNEL_HOME: home.path });
  });
  afterAll(async () => {
    await cli[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  const openContexts = async (): Promise<unknown> => JSON.parse((await cli.run(['workspace', 'status', '--json'])).stdout).contexts;
  /** What a command prints that must succeed, without its line end. */
  async function printed(...args: readonly string[]): Promise<string> {
    const run = await cli.run(args);
    // Whoever asks to wait is told of the wait.
    expect(run).toMatchObject({ code: 0, stderr: args.includes('--wait') ? expect.stringMatching(/^Pending — context \d+ on cluster embedded\n/) : '' });
    return run.stdout.replace(/\n$/, '');
  }

  test('a context is made, asked for and destroyed, and commands in it are executed, read once and cancelled', async () => {
    const context = await printed('contexts', 'create', '-l', 'python');
    expect(context).toMatch(/^\d+$/);
    await eventually(async () => (await printed('contexts', 'status', context)) === 'Running');

    const echo = await printed('commands', 'execute', '-l', 'python', '--context-id', context, 'echo hello');
    await eventually(async () => (await printed('commands', 'status', '--context-id', context, echo)) === 'hello');
    expect(await cli.run(['commands', 'status', '--context-id', context, echo])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`NoSuchElementException: key not found: ${echo}`),
    });

    const hang = await printed('commands', 'execute', '-l', 'python', '--context-id', context, 'hang');
    await eventually(async () => (await printed('commands', 'status', '--context-id', context, hang)) === 'Running');
    expect(await printed('commands', 'cancel', '--context-id', context, hang)).toBe(`The command ${hang} is asked to end; "commands status" tells when it has.`);
    let ended = await cli.run(['commands', 'status', '--context-id', context, hang]);
    while (ended.code === 0) ended = await cli.run(['commands', 'status', '--context-id', context, hang]);
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Cancelled') });

    expect(await printed('contexts', 'destroy', context)).toBe(`The context ${context} is destroyed.`);
    expect(await cli.run(['contexts', 'status', context])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('ContextNotFound') });
    expect(await openContexts()).toBe(0);
  });

  test('--json prints what the documents show, longs exact', async () => {
    const made = JSON.parse(await printed('contexts', 'create', '-l', 'sql', '--wait', '--json'));
    expect(made).toEqual({ id: expect.stringMatching(/^\d+$/), status: 'Running' });
    const context: string = made.id;
    expect(JSON.parse(await printed('contexts', 'status', '--json', context))).toEqual({ id: context, status: 'Running' });
    const { id, ...rest } = JSON.parse(await printed('commands', 'execute', '-l', 'sql', '--context-id', context, '--json', 'select 9223372036854775807'));
    expect([id, rest]).toEqual([expect.stringMatching(/^\w+$/), {}]);
    let status = await printed('commands', 'status', '--context-id', context, '--json', id);
    while (JSON.parse(status).status !== 'Finished') status = await printed('commands', 'status', '--context-id', context, '--json', id);
    expect(status).toContain(`{"id":"${id}","status":"Finished","results":{`);
    expect(status).toContain('"data":[[9223372036854775807]]');
    const hang = JSON.parse(await printed('commands', 'execute', '-l', 'sql', '--context-id', context, '--json', 'hang')).id;
    expect(JSON.parse(await printed('commands', 'cancel', '--context-id', context, '--json', hang))).toEqual({ id: hang });
    expect(JSON.parse(await printed('contexts', 'destroy', '--json', context))).toEqual({ id: context });
    expect(await openContexts()).toBe(0);
  });

  test('a command file and standard input are executed', async () => {
    const context = await printed('contexts', 'create', '-l', 'python', '--wait');
    await writeFile(join(cli.home, 'job.py'), 'echo from a file');
    const fromFile = await printed('commands', 'execute', '--context-id', context, '-f', 'job.py');
    const fromPipe = (await cli.run(['commands', 'execute', '-l', 'python', '--context-id', context], 'echo from a pipe')).stdout.trim();
    await eventually(async () => (await printed('commands', 'status', '--context-id', context, fromFile)) === 'from a file');
    await eventually(async () => (await printed('commands', 'status', '--context-id', context, fromPipe)) === 'from a pipe');
    await printed('contexts', 'destroy', context);
  });

  test('exec runs there in a context of its own and in an existing one, and Ctrl-C leaves none that was not there before', async () => {
    expect(await printed('exec', '-l', 'python', 'echo hello')).toBe('hello');
    expect(await cli.run(['exec', '-l', 'python', 'throw'])).toEqual({ code: 1, stdout: '', stderr: 'Exception: <juhu> & more\n' });
    expect(await openContexts()).toBe(0);
    const context = await printed('contexts', 'create', '-l', 'python', '--wait');
    expect(await printed('exec', '-l', 'python', '--context-id', context, 'echo again')).toBe('again');
    const hanging = cli.start(['exec', '-l', 'python', 'hang']);
    await eventually(async () => (await openContexts()) === 2);
    hanging.signal('SIGINT');
    expect(await hanging.ended).toEqual({ code: 130, stdout: '', stderr: cancelled });
    expect(await openContexts()).toBe(1);
    await printed('contexts', 'destroy', context);
  });
});

describe('contexts create --wait', () => {
  async function place() {
    const server = await startScriptedApi();
    const cli = await CommandLine.create({ DATABRICKS_HOST: server.url.origin, DATABRICKS_TOKEN: secretToken });
    server.on('GET contexts/status', { json: { id: 'x1', status: 'Pending' } });
    const command = cli.start(['contexts', 'create', '--cluster-id', 'c1', '-l', 'scala', '--wait']);
    await server.arrived('GET contexts/status', 2);
    return { server, command, [Symbol.asyncDispose]: async () => void (await server[Symbol.asyncDispose](), await cli[Symbol.asyncDispose]()) };
  }

  test('shows how it goes from Pending to Running, and prints the id', async () => {
    await using at = await place();
    at.server.on('GET contexts/status', { json: { id: 'x1', status: 'Running' } });
    expect(await at.command.ended).toEqual({ code: 0, stdout: 'x1\n', stderr: 'Pending — context x1 on cluster c1\nRunning — context x1 on cluster c1\n' });
    expect(at.server.count('POST contexts/destroy')).toBe(0);
  });

  test('tells why it failed, and leaves nothing behind', async () => {
    await using at = await place();
    at.server.on('GET contexts/status', { json: { id: 'x1', status: 'Error', cause: 'no memory' } });
    const { code, stdout, stderr } = await at.command.ended;
    expect([code, stdout, stderr.split('\n').slice(1)]).toEqual([1, '', ['The execution context failed to start on cluster c1: no memory.', '']]);
    expect(at.server.count('POST contexts/destroy')).toBe(1);
  });

  test.for([['SIGINT', 130], ['SIGTERM', 143]] as const)('ends by %s with %i, and destroys the context', async ([signal, code]) => {
    await using at = await place();
    at.command.signal(signal);
    expect(await at.command.ended).toMatchObject({ code, stdout: '' });
    expect(at.server.seen.at(-1)).toMatchObject({ route: 'POST contexts/destroy', fields: { contextId: 'x1' } });
  });

  test('ends at once by the second signal, whatever the server does', async () => {
    await using at = await place();
    at.server.on('POST contexts/destroy', 'silence');
    at.command.signal('SIGINT');
    await at.server.arrived('POST contexts/destroy');
    at.command.signal('SIGINT');
    expect(await at.command.ended).toMatchObject({ code: 130, stdout: '' });
  });
});

test('a context that was made while Ctrl-C was pressed is destroyed: nobody has seen its id', async () => {
  await using server = await startScriptedApi();
  await using cli = await CommandLine.create({ DATABRICKS_HOST: server.url.origin, DATABRICKS_TOKEN: secretToken });
  let answer = (): void => undefined;
  server.on('POST contexts/create', async () => {
    await new Promise<void>((resolve) => (answer = resolve));
    return { json: { id: 'x1' } };
  });
  const command = cli.start(['contexts', 'create', '--cluster-id', 'c1', '-l', 'scala']);
  await server.arrived('POST contexts/create');
  command.signal('SIGINT');
  await command.until('stderr', /press Ctrl-C again/);
  answer();
  expect(await command.ended).toMatchObject({ code: 130, stdout: '' });
  expect(server.seen.at(-1)).toMatchObject({ route: 'POST contexts/destroy', fields: { contextId: 'x1' } });
});

describe.for<[args: readonly string[]]>([
  [['contexts', 'create', '-l', 'sql']],
  [['contexts', 'create', '-l', 'sql', '--wait']],
  [['contexts', 'status', 'x1']],
  [['contexts', 'destroy', 'x1']],
  [['commands', 'execute', '-l', 'sql', '--context-id', 'x1', '1']],
  [['commands', 'status', '--context-id', 'x1', 'k1']],
  [['commands', 'cancel', '--context-id', 'x1', 'k1']],
  [['exec', '-l', 'sql', '--context-id', 'x1', '1']],
])('%j', ([args]) => {
  test.for([
    ['by API 1.2', { status: 500, json: { error: 'RuntimeException: Unknown cluster id c1' } }],
    ['by today\'s', { status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'Cluster c1 does not exist' } }],
  ] as const)('on a cluster that is unknown %s names the list', async ([, answer]) => {
    await using at = await commandLinePlace(await startScriptedApi());
    at.server.guard(() => answer);
    expect(await at.cli.run(args)).toEqual({
      code: 2, stdout: '', stderr: expect.stringMatching(/^There is no cluster c1 on 127\.0\.0\.1:\d+: "databricks-kernel clusters list" shows those it has\.\n$/),
    });
  });

  test.for(['ClusterNotReadyException: c1', 'INVALID_STATE: Cluster c1 is in unexpected state Terminated'])('on a stopped cluster ("%s") says how to start it', async (error) => {
    await using at = await commandLinePlace(await startScriptedApi());
    at.server.guard(({ path }) => (path.startsWith('/api/1.2/') ? { status: 400, json: { error } } : undefined));
    at.server.on('GET clusters/get', { json: { cluster_id: 'c1', state: 'TERMINATED' } });
    expect(await at.cli.run(args)).toEqual({
      code: 1, stdout: '', stderr: `Cluster c1 on ${at.server.url.host} is Terminated and cannot do this now: "databricks-kernel clusters start c1" starts it.\n`,
    });
  });
});

test('a command id that is no number is told as that', async () => {
  await using at = await commandLinePlace(await startScriptedApi());
  at.server.on('GET commands/status', { status: 500, json: { error: 'NumberFormatException: For input string: "abc"' } });
  const status = ['commands', 'status', '--context-id', '1'];
  expect((await at.cli.run([...status, 'abc'])).stderr).toMatch(/^Unknown command abc: check the id that "commands execute" printed \(NumberFormat/);
  expect((await at.cli.run([...status, '2'])).stderr).toMatch(/^Unknown context: /);
});

test.for<[args: readonly string[], message: RegExp]>([
  [['contexts', 'create'], /^Required option '-l, --language <language>' not specified; see "databricks-kernel contexts create --help"\n$/],
  [['contexts', 'create', '-l', 'python'], /^No cluster is chosen on .*: set DATABRICKS_CLUSTER_ID/],
  [['contexts', 'status'], /^Missing required argument 'context-id'; see "databricks-kernel contexts status --help"\n$/],
  [['contexts', 'destroy'], /^Missing required argument 'context-id'; see/],
  [['commands', 'execute', '-l', 'sql', '1'], /^Required option '--context-id <id>' not specified; see/],
  [['commands', 'execute', '--context-id', 'x1', '1'], /^--language is missing/],
  [['commands', 'status', '--context-id', 'x1'], /^Missing required argument 'command-id'; see/],
  [['commands', 'cancel', 'k1'], /^Required option '--context-id <id>' not specified; see/],
])('"databricks-kernel %s" is one line on stderr and exit code 2, and nothing is made', async ([args, message]) => {
  await using server = await startScriptedApi();
  await using cli = await CommandLine.create({ DATABRICKS_HOST: server.url.origin, DATABRICKS_TOKEN: secretToken });
  const run = await cli.run(args);
  expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(server.seen).toEqual([]);
});
