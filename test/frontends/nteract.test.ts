import { access, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { executeRequest, kernelInfoRequest, shutdownRequest, type JupyterMessage } from '@nteract/messaging';
import { createMainChannel } from 'enchannel-zmq-backend';
import { find, findAll } from 'kernelspecs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { cellSignal, longCells } from '../support/cell-signal.ts';
import { contextNotFound, contextStatus, kept, watchContexts, type ContextAddress } from '../support/databricks-kernel.ts';
import { jupyterPlace, type JupyterPlace } from '../support/jupyter.ts';
import { launchInNteract, type NteractKernel } from '../support/nteract.ts';

/* nteract's own packages: `kernelspecs` finds, `spawnteract` launches, `enchannel-zmq-backend` connects, `@nteract/messaging` writes the requests. */

let place: JupyterPlace;

beforeAll(async () => {
  place = await jupyterPlace();
  for (const [name, value] of Object.entries(place.env)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await place[Symbol.asyncDispose]();
});

interface Cell {
  readonly reply: Record<string, unknown>;
  /** The types of what came on iopub, in order. */
  readonly order: readonly string[];
  readonly shows: readonly string[];
  /** The last output's representations. */
  readonly data: Readonly<Record<string, string>>;
}

async function run(kernel: NteractKernel, code: string): Promise<Cell> {
  const answer = await kernel.ask(executeRequest(code));
  const iopub = answer.filter(({ channel }) => channel === 'iopub');
  const outputs = iopub.filter(({ header }) => header.msg_type !== 'status' && header.msg_type !== 'execute_input') as never[];
  return {
    reply: answer.find(({ channel }) => channel === 'shell')?.content,
    order: iopub.map(({ header, content }: JupyterMessage) => content.execution_state ?? header.msg_type),
    shows: kept(outputs),
    data: (outputs.at(-1) as JupyterMessage | undefined)?.content.data ?? {},
  };
}

/** Of all kernels that were launched. */
const contexts: ContextAddress[] = [];

/** Starts a kernel, and runs a first cell so that it has a context. */
async function launch(name: string): Promise<NteractKernel> {
  const opened = await watchContexts();
  const kernel = await launchInNteract(name, place.notebooks);
  await kernel.ask(executeRequest('%sql select 1'));
  const context = await opened();
  expect(await contextStatus(context)).toMatchObject({ status: 'Running' });
  contexts.push(context);
  return kernel;
}

test('kernelspecs finds the three kernels with their logos', async () => {
  const found = await findAll();
  for (const [name, shown] of [['databricks-scala', 'Databricks Scala'], ['databricks-python', 'Databricks Python'], ['databricks-sql', 'Databricks SQL']] as const) {
    expect(found[name]).toEqual(await find(name));
    expect(found[name]).toMatchObject({ name, spec: { display_name: shown, interrupt_mode: 'message' } });
    expect(found[name]?.files.map((file) => basename(file))).toEqual(expect.arrayContaining(['logo-32x32.png', 'logo-64x64.png', 'logo-svg.svg']));
  }
});

interface Notebook {
  readonly language: KernelLanguage;
  readonly value: [code: string, shows: readonly (string | RegExp)[]];
  readonly table: string;
  readonly error: [code: string, ename: string | RegExp];
}

const notebooks: readonly Notebook[] = [
  {
    language: 'python',
    value: ['print("hello")\n40 + 2', ['stdout: hello\n', 'execute_result: 42']],
    table: 'display(spark.range(2))',
    error: ['1 / 0', 'ZeroDivisionError'],
  },
  {
    language: 'scala',
    value: ['println("hello"); 40 + 2', ['stdout: hello\n', /^execute_result: val res\d+: Int = 42$/]],
    table: 'display(spark.range(2))',
    error: ['sys.error("no luck")', 'java.lang.RuntimeException'],
  },
  {
    language: 'sql',
    value: ['select 42 as n', ['display_data:  n\n--\n42']],
    table: 'select id from range(2)',
    error: ['selec', /ParseException/],
  },
];

test.for(notebooks)('the $language kernel is launched, runs cells, is interrupted and shut down', async ({ language, value, table, error }) => {
  await using kernel = await launch(`databricks-${language}`);
  expect(JSON.parse(await readFile(kernel.connectionFile, 'utf8'))).toEqual(kernel.config);
  const [info] = (await kernel.ask(kernelInfoRequest())).filter(({ channel }) => channel === 'shell');
  expect(info?.content).toMatchObject({ status: 'ok', language_info: { name: language } });

  // nteract checks the signatures of all that it reads, or it would understand this, too.
  const others = await createMainChannel({ ...kernel.config, key: 'of another kernel' });
  expect(await new Promise((resolve) => others.subscribe(resolve))).toMatchObject({ channel: 'iopub', frames: expect.any(Array) });
  others.complete();

  const first = await run(kernel, value[0]);
  expect(first.reply).toMatchObject({ status: 'ok', execution_count: 2 });
  expect(first.shows).toEqual(value[1].map((each) => (typeof each === 'string' ? each : expect.stringMatching(each))));
  expect(first.order.slice(0, 2)).toEqual(['busy', 'execute_input']);
  expect(first.order.at(-1)).toBe('idle');

  const rich = await run(kernel, table);
  expect(rich.shows).toEqual(['display_data: id\n--\n 0\n 1']);
  expect(rich.data['text/html']).toMatch(/<table[^]*<td[^>]*>1<\/td>/);

  const failed = await run(kernel, error[0]);
  expect(failed.reply).toMatchObject({ status: 'error', ename: expect.stringMatching(error[1]), traceback: expect.any(Array) });
  expect(failed.order).toEqual(['busy', 'execute_input', 'error', 'idle']);

  await using signal = await cellSignal();
  const { code, finds } = longCells[language];
  const running = run(kernel, code(signal));
  await signal.arrived();
  kernel.stop();
  expect((await running).reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
  expect((await run(kernel, finds[0])).shows).toEqual([expect.stringMatching(finds[1])]);

  await kernel.close(shutdownRequest({ restart: false }));
  await kernel.exited;
  await expect(access(kernel.connectionFile)).rejects.toThrow('ENOENT');
});

test('kernels that nteract has killed, the last one with its window in the middle of a cell, leave no file and no context behind', async () => {
  await using kernel = await launch('databricks-python');
  await using signal = await cellSignal();
  void kernel.ask(executeRequest(`${signal.python}\nwhile True: pass`));
  await signal.arrived();
  kernel.kill();
  expect(await kernel.exited).toBe('SIGKILL');
  await expect(access(kernel.connectionFile)).rejects.toThrow('ENOENT');
  expect(contexts).toHaveLength(notebooks.length + 1);
  // The workspace looks every few seconds whose kernels live.
  for (const context of contexts) await expect.poll(() => contextStatus(context), { timeout: 60_000 }).toEqual(contextNotFound);
});

