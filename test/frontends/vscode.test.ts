import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { packageFile } from '../../src/lib/package-file.ts';
import { commandIn } from '../support/bad-place.ts';
import { cellSignal } from '../support/cell-signal.ts';
import { contextNotFound, contextsSince, contextStatus, kept, living, openContexts, type ContextAddress } from '../support/databricks-kernel.ts';
import { deferred } from '../support/deferred.ts';
import { jupyterPlace, type JupyterPlace } from '../support/jupyter.ts';
import { startScriptedApi, temporaryDirectory } from '../support/scripted-api.ts';
import type { Answer } from '../support/scripted-server.ts';
import { inBackground, variableDescriptions, variableTypes } from '../support/vscode-snippets.ts';
import { kernelId, readKernelSpec, VsCodeKernel, type KernelSpec, type Window } from '../support/vscode-kernel.ts';

/* VS Code without a Jupyter server, as its Jupyter extension does it: test/support/vscode-kernel.ts tells where. */

let place: JupyterPlace;
let window: Window;
const specs = {} as Record<KernelLanguage, KernelSpec>;
const languages = ['python', 'scala', 'sql'] as const;

beforeAll(async () => {
  place = await jupyterPlace();
  window = { env: place.env, directory: place.notebooks };
  for (const language of languages) specs[language] = await readKernelSpec(join(place.prefix, 'share', 'jupyter', 'kernels', `databricks-${language}`));
});
afterAll(() => place?.[Symbol.asyncDispose]());

const start = (language: KernelLanguage) => VsCodeKernel.start(specs[language], window);
const terminated = { code: 143, signal: null };

const statesOf = (contexts: readonly ContextAddress[]) => Promise.all(contexts.map(contextStatus));

describe('the list of kernels', () => {
  test('shows each of ours, by its name and in its language', () => {
    expect(languages.map((language) => specs[language].display_name)).toEqual(['Databricks Python', 'Databricks Scala', 'Databricks SQL']);
    expect(languages.map((language) => specs[language].language)).toEqual(languages);
  });

  test('shows several of one language, which differ in what they connect to', async () => {
    const install = [packageFile('dist', 'main.js'), 'install', '--prefix', place.prefix, '--name', 'dev', '--display-name', 'Dev', '--profile', 'DEV', 'python'];
    await promisify(execFile)(process.execPath, install, { env: place.env });
    const dev = await readKernelSpec(join(place.prefix, 'share', 'jupyter', 'kernels', 'dev'));
    expect(new Set([...Object.values(specs), dev].map(kernelId)).size).toBe(4);
    await using kernel = await VsCodeKernel.start(dev, window);
    expect((await kernel.connection.info).language_info.name).toBe('python');
  });
});

describe('three notebooks that are opened at once', () => {
  let kernels: Record<KernelLanguage, VsCodeKernel>;
  let before: readonly ContextAddress[];
  beforeAll(async () => {
    before = await openContexts();
    const [python, scala, sql] = await Promise.all(languages.map(start));
    if (python && scala && sql) kernels = { python, scala, sql };
  });
  afterAll(() => Promise.all(Object.values(kernels ?? {}).map((kernel) => kernel[Symbol.asyncDispose]())));

  test('have kernels on ports from 9000 that are idle, and have said nothing outside of the protocol', () => {
    const ports = languages.flatMap((language) => Object.entries(kernels[language].connectionFile).flatMap(([key, port]) => (key.endsWith('_port') ? [Number(port)] : [])));
    expect(new Set(ports).size).toBe(15);
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(9000);
    for (const language of languages) expect([kernels[language].connection.status, kernels[language].printed]).toEqual(['idle', { stdout: '', stderr: '' }]);
  });

  const cells: Record<KernelLanguage, readonly [code: string, shows: readonly unknown[]][]> = {
    python: [
      ['x = 20', []],
      ['1 / 0', ['error: ZeroDivisionError: division by zero']],
      ['x += 1\nx', ['execute_result: 21']],
      ['print("é😀")', ['stdout: é😀\n']],
    ],
    scala: [
      ['val x = 20', ['stdout: val x: Int = 20\n']],
      ['1 / 0', [expect.stringMatching(/^error: (?:java\.lang\.)?ArithmeticException: .*by zero/)]],
      ['x + 1', ['execute_result: val res1: Int = 21']],
      ['println("é😀")', ['stdout: é😀\n']],
    ],
    sql: [
      ['create or replace temp view v as select 20 as x', ['stdout: OK\n']],
      ['select * from nowhere', [expect.stringMatching(/^error: .*TABLE_OR_VIEW_NOT_FOUND/)]],
      ['select x + 1 as y from v', [expect.stringMatching(/^display_data: .*y.*21/s)]],
      ["select 'é😀' as z", [expect.stringMatching(/é😀/)]],
    ],
  };

  test.for(languages)('%s: cells are numbered from 1, one that fails does not hold up those behind it', async (language) => {
    const kernel = kernels[language];
    // All are sent before the first has ended.
    const ran = await Promise.all(cells[language].map(([code]) => kernel.runCell(code)));
    expect(ran.map(({ outputs }) => kept(outputs))).toEqual(cells[language].map(([, shows]) => shows));
    expect(ran.map(({ reply }) => [reply.status, reply.execution_count])).toEqual([['ok', 1], ['error', 2], ['ok', 3], ['ok', 4]]);
    await kernel.idle();
  });

  test.for(languages)('%s: completion and help while it is idle are of what cells have defined, in VS Code’s own offsets', async (language) => {
    const kernel = kernels[language];
    const [define, before, word] = { python: ['abacus = 1', 'x = "a\\n"; ', 'abac'], scala: ['val abacus = 1', 'val y = "a\\n"; ', 'abac'], sql: ['create or replace temp view abacus as select 1', "select 'a' from ", 'abac'] }[language] as [string, string, string];
    await kernel.runCell(define);
    const code = `${before}${word}`;
    expect(await kernel.complete(code, code.length)).toMatchObject({ status: 'ok', matches: ['abacus'], cursor_start: before.length, cursor_end: code.length });
    expect(await kernel.inspect(`${before}abacus`, before.length + 6)).toMatchObject({ status: 'ok', found: true, data: { 'text/plain': expect.stringContaining('abacus') } });
  });

  test('python: completion behind an emoji is at its place, although VS Code counts it twice', async () => {
    const before = 'x = "😀😀"; ';
    expect(await kernels.python.complete(`${before}abac`, before.length + 4)).toMatchObject({ matches: ['abacus'], cursor_start: before.length, cursor_end: before.length + 4 });
  });

  test('python: the variables views hear that there is nothing to show', async () => {
    expect(kept((await kernels.python.executeSilently(variableTypes)).outputs)).toEqual(['stdout: []\n']);
    const { outputs } = await kernels.python.executeSilently(inBackground(100, variableDescriptions));
    expect(outputs.map(({ header }) => header.msg_type)).toEqual(['display_data', 'update_display_data']);
  });

  test.for(languages)('%s: there are no widgets, and a comm for one is closed', async (language) => {
    const { connection } = kernels[language];
    expect((await connection.requestCommInfo({ target_name: 'jupyter.widget' })).content).toEqual({ status: 'ok', comms: {} });
    const comm = connection.createComm('jupyter.widget');
    const closed = new Promise((resolve) => (comm.onClose = resolve));
    await comm.open({}).done;
    await closed;
  });

  test.for([
    ['python', 'x', '21'],
    ['scala', 'x', '20'],
  ] as const)('%s: the stop button ends the cell well before VS Code offers a restart, and keeps the variables', async ([language, code, value]) => {
    const kernel = kernels[language];
    await using signal = await cellSignal();
    const long = { python: `${signal.python}\nimport time; time.sleep(600)`, scala: `${signal.scala}; Thread.sleep(600000)` };
    const cell = kernel.runCell(long[language]);
    const next = kernel.runCell(code);
    await signal.arrived();
    await kernel.interrupt();
    expect((await cell).reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
    // The cell behind it is VS Code's to drop, not the kernel's.
    expect(kept((await next).outputs)).toEqual([expect.stringMatching(new RegExp(`^execute_result: .*\\b${value}$`))]);
  });

  test('the stop button of an idle kernel does nothing', async () => {
    await kernels.sql.interrupt();
    expect(kept((await kernels.sql.runCell('select x from v')).outputs)).toEqual([expect.stringContaining('20')]);
  });

  test('a kill of each process tree ends the processes and gives their contexts back, and nobody else’s', async () => {
    const held = await contextsSince(before);
    expect(await statesOf(held)).toEqual(languages.map(() => expect.objectContaining({ status: 'Running' })));
    await kernels.scala.kill();
    expect(await kernels.scala.exited).toEqual(terminated);
    expect(await living(await contextsSince(before))).toHaveLength(2);
    expect(kept((await kernels.python.runCell('x')).outputs)).toEqual(['execute_result: 21']);
    await Promise.all([kernels.python.kill(), kernels.sql.kill()]);
    expect(await Promise.all([kernels.python.exited, kernels.sql.exited])).toEqual([terminated, terminated]);
    expect(await statesOf(held)).toEqual(languages.map(() => contextNotFound));
    expect(await living(await contextsSince(before))).toEqual([]);
    for (const language of languages) expect(kernels[language].printed).toEqual({ stdout: '', stderr: '' });
  });
});

describe('restart', () => {
  test('in the middle of a cell brings a kernel on other ports without the old variables, and the old context is gone', async () => {
    const before = await openContexts();
    await using signal = await cellSignal();
    await using kernel = await start('python');
    await kernel.runCell('x = 1');
    const old = await contextsSince(before);
    const { exited, connectionFile: { key } } = kernel;
    const cell = kernel.runCell(`${signal.python}\nwhile True: pass`);
    const given = expect(cell).rejects.toThrow(/Canceled future/);
    await signal.arrived();
    await kernel.restart();
    await given;
    expect(kernel.connectionFile.key).not.toBe(key);
    expect(kept((await kernel.runCell('x')).outputs)).toEqual(["error: NameError: name 'x' is not defined"]);
    expect(await exited).toEqual(terminated);
    expect(await statesOf(old)).toEqual([contextNotFound]);
  });

  test('of a kernel whose process was killed works as well', async () => {
    await using kernel = await start('python');
    await kernel.runCell('x = 1');
    process.kill(kernel.pid, 'SIGKILL');
    expect(await kernel.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await kernel.restart();
    expect(kept((await kernel.runCell('x')).outputs)).toEqual(["error: NameError: name 'x' is not defined"]);
  });
});

test('a kernel that is killed as soon as it is there leaves no context', async () => {
  const before = await openContexts();
  await using kernel = await start('sql');
  await kernel.kill();
  expect(await kernel.exited).toEqual(terminated);
  expect(await living(await contextsSince(before))).toEqual([]);
  await expect(access(kernel.connectionPath)).rejects.toThrow(/ENOENT/);
});

test.for<[language: KernelLanguage, word: string, match: string]>([
  ['python', 'impor', 'import'],
  ['scala', 'overrid', 'override'],
  ['sql', 'SELEC', 'SELECT'],
])('%s: start-up code, completion and help cost no command, and do not wait for the context', async ([language, word, match]) => {
  await using home = await temporaryDirectory();
  await using server = await startScriptedApi();
  const created = deferred<Answer>();
  server.on('POST contexts/create', () => created.promise);
  const env = { ...commandIn(home.path, language, { DATABRICKS_HOST: server.url.origin }).env, JUPYTER_RUNTIME_DIR: home.path };
  await using kernel = await VsCodeKernel.start(specs[language], { env, directory: home.path });
  await server.arrived('POST contexts/create');
  expect(await kernel.complete(word, word.length)).toMatchObject({ status: 'ok', matches: expect.arrayContaining([match]) });
  expect(await kernel.inspect('%config', 4)).toMatchObject({ status: 'ok', found: true });
  expect(await kernel.inspect(match, 1)).toMatchObject({ status: 'ok', found: false });
  created.resolve({ json: { id: 'x1' } });
  expect((await kernel.runCell('1')).text).toMatch(/^done/);
  expect(server.count('POST commands/execute')).toBe(1);
  await kernel.kill();
  expect(await kernel.exited).toEqual(terminated);
  expect(server.count('POST contexts/destroy')).toBe(1);
});
