import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kernelLanguages, type KernelLanguage } from '../../src/languages/info.ts';
import { cellSignal, longCells } from '../support/cell-signal.ts';
import { contextNotFound, contextStatus, kept, watchContexts, type ContextAddress } from '../support/databricks-kernel.ts';
import { eventually } from '../support/eventually.ts';
import { execute } from '../support/front-end.ts';
import { jupyterPlace, startJupyter, type JupyterPlace, type JupyterServer } from '../support/jupyter.ts';
import { temporaryDirectory } from '../support/scripted-api.ts';
import { connectToServer, type ServerClient } from '../support/server-client.ts';

/* A Jupyter server, and JupyterLab's own client for it over WebSockets. */

const directory = 'Übungen und mehr';
let place: JupyterPlace;
let server: JupyterServer;
let client: ServerClient;

beforeAll(async () => {
  place = await jupyterPlace();
  await mkdir(join(place.notebooks, directory));
  // How often it looks whether kernels live: every 3 s otherwise.
  server = await startJupyter(place, 'jupyter_server', ['--KernelRestarter.time_to_dead=0.2']);
  client = connectToServer(server);
  await client.specs.ready;
});
afterAll(async () => {
  client[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** The processes of a kernel: its connection file is named after its id. */
async function processesOf(kernelId: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-e', '-o', 'pid=,args=']);
  const lines = stdout.split('\n').filter((text) => text.includes(` run --language `) && text.includes(`kernel-${kernelId}.json`));
  return lines.map((line) => Number.parseInt(line, 10));
}

async function destroyed(context: ContextAddress): Promise<boolean> {
  return JSON.stringify(await contextStatus(context)) === JSON.stringify(contextNotFound);
}

/** A connection to a kernel of its own, which has run a cell, and its context. */
async function startKernel(language: KernelLanguage, at: ServerClient = client): Promise<{ readonly kernel: Kernel.IKernelConnection; readonly context: ContextAddress }> {
  const opened = await watchContexts();
  const kernel = await at.kernels.startNew({ name: `databricks-${language}` });
  await execute(kernel, '%sql select 1');
  return { kernel, context: await opened() };
}

describe('the list of kernels', () => {
  test('names the three, with the language of each', () => {
    for (const { kernelName, displayName, languageInfo } of Object.values(kernelLanguages)) {
      expect(client.specs.specs?.kernelspecs[kernelName]).toMatchObject({ name: kernelName, display_name: displayName, language: languageInfo.name });
    }
  });

  test('has logos that load', async () => {
    for (const { kernelName } of Object.values(kernelLanguages)) {
      const resources = client.specs.specs?.kernelspecs[kernelName]?.resources ?? {};
      expect(Object.keys(resources)).toEqual(expect.arrayContaining(['logo-svg', 'logo-32x32', 'logo-64x64']));
      for (const [name, path] of Object.entries(resources)) {
        const answer = await fetch(new URL(path, server.url), { headers: { authorization: `token ${server.token}` } });
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, name === 'logo-svg' ? 'image/svg+xml' : 'image/png']);
      }
    }
  });
});

interface Notebook {
  readonly language: KernelLanguage;
  readonly error: [code: string, shows: RegExp];
  /** What the code that finds what a long cell has defined shows after a restart. */
  readonly gone: RegExp;
}

const notebooks: readonly Notebook[] = [
  {
    language: 'python',
    error: ['1 / 0', /^error: ZeroDivisionError: /],
    gone: /^error: NameError: /,
  },
  {
    language: 'scala',
    error: ['sys.error("no luck")', /^error: java\.lang\.RuntimeException: no luck$/],
    gone: /^error: .*not found: value kept/s,
  },
  {
    language: 'sql',
    error: ['selec', /^error: \w*ParseException: /],
    gone: /^error: AnalysisException: .*kept/s,
  },
];

test.for(notebooks)('a session with the $language kernel: cells, interrupt, restart, shutdown', async ({ language, error, gone }) => {
  const opened = await watchContexts();
  const { kernelName } = kernelLanguages[language];
  const session = await client.sessions.startNew({ path: `${directory}/mein Heft – ${language}.ipynb`, name: 'Heft', type: 'notebook', kernel: { name: kernelName } });
  const { kernel } = session;
  if (kernel === null) throw new Error('a session without a kernel');
  expect(await kernel.info).toMatchObject({ language_info: { name: language } });
  const table = await execute(kernel, '%sql select 1 as one');
  expect(kept(table.outputs)).toEqual(['display_data: one\n---\n  1']);
  const first = await opened();
  expect(kept((await execute(kernel, error[0])).outputs)).toEqual([expect.stringMatching(error[1])]);

  await using signal = await cellSignal();
  const { code, finds: [find, shows] } = longCells[language];
  const running = execute(kernel, code(signal));
  await signal.arrived();
  await kernel.interrupt();
  expect((await running).reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
  expect(kept((await execute(kernel, find)).outputs)).toEqual([expect.stringMatching(shows)]);

  const [process, ...others] = await processesOf(kernel.id);
  expect([process, others]).toEqual([expect.any(Number), []]);
  const states: string[] = [];
  kernel.statusChanged.connect((_, status) => states.push(status));
  await kernel.restart();
  // By now the server has waited for the end of the old process.
  expect(await contextStatus(first)).toEqual(contextNotFound);
  expect(kept((await execute(kernel, find)).outputs)).toEqual([expect.stringMatching(gone)]);
  expect(states[0]).toBe('restarting');
  expect(states).not.toContain('dead');
  const [successor] = await processesOf(kernel.id);
  expect(successor).not.toBe(process);
  const second = await opened();

  await client.sessions.shutdown(session.id);
  expect(await contextStatus(second)).toEqual(contextNotFound);
  expect(await processesOf(kernel.id)).toEqual([]);
});

test('the older WebSocket protocol serves as well', async () => {
  using old = connectToServer(server, '');
  const { kernel } = await startKernel('python', old);
  const { outputs, reply } = await execute(kernel, 'print("hello")\ndisplay(spark.range(2))\n');
  expect(reply.status).toBe('ok');
  expect(kept(outputs).at(-1)).toBe('display_data: id\n--\n 0\n 1');
  await kernel.shutdown();
});

/** All that a connection receives on iopub for one client, its own or another. */
function heard(kernel: Kernel.IKernelConnection, of: { readonly clientId: string }): KernelMessage.IIOPubMessage[] {
  const messages: KernelMessage.IIOPubMessage[] = [];
  kernel.anyMessage.connect((_, { msg, direction }) => {
    if (direction === 'recv' && msg.channel === 'iopub' && (msg.parent_header as { session?: string }).session === of.clientId) messages.push(msg as KernelMessage.IIOPubMessage);
  });
  return messages;
}

const typesOf = (messages: readonly KernelMessage.IIOPubMessage[]) => messages.map(({ header, content }) => ('execution_state' in content ? content.execution_state : header.msg_type));
const cell = 'busy,execute_input,execute_result,idle';

test('two clients share a kernel: each sees what the other runs, may interrupt it, and may leave', async () => {
  const { kernel: mine } = await startKernel('python');
  using other = connectToServer(server);
  const theirs = other.kernels.connectTo({ model: mine.model });
  await theirs.info;
  const seen = heard(theirs, mine);
  const mineSeen = heard(mine, theirs);
  await execute(mine, 'x = 20; x');
  await eventually(async () => typesOf(seen).join() === cell);
  const { reply, outputs } = await execute(theirs, 'x + 1');
  expect(kept(outputs)).toEqual(['execute_result: 21']);
  expect(reply.execution_count).toBe(3);
  // Before it may stand the end of what the other client has asked when it came.
  await eventually(async () => typesOf(mineSeen).join().endsWith(cell));

  await using signal = await cellSignal();
  const running = execute(mine, `${signal.python}\nwhile True: pass`);
  await signal.arrived();
  // Comes in the middle of the cell.
  using late = connectToServer(server);
  const latest = late.kernels.connectTo({ model: await client.get<Kernel.IModel>(`kernels/${mine.id}`) });
  await eventually(async () => (await client.get<Kernel.IModel>(`kernels/${mine.id}`)).execution_state === 'busy');
  await theirs.interrupt();
  expect((await running).reply).toMatchObject({ ename: 'KeyboardInterrupt' });
  await latest.info;
  expect(kept((await execute(latest, 'x')).outputs)).toEqual(['execute_result: 20']);
  theirs.dispose();
  mine.dispose();
  expect(kept((await execute(latest, 'x')).outputs)).toEqual(['execute_result: 20']);
  await latest.shutdown();
});

test('who loses the connection in the middle of a cell and comes back gets the rest of it', async () => {
  const { kernel } = await startKernel('python');
  await using begun = await cellSignal();
  await using goOn = await temporaryDirectory();
  let request = '';
  const shown = new Promise<void>((resolve) => {
    kernel.anyMessage.connect((_, { msg, direction }) => {
      if (direction === 'send' && msg.header.msg_type === 'execute_request') request = msg.header.msg_id;
      if (msg.header.msg_type === 'execute_input') resolve();
    });
  });
  execute(kernel, `${begun.python}\nimport os\nwhile not os.listdir(${JSON.stringify(goOn.path)}): pass\nprint("the rest")\n6 * 7`).catch(() => undefined);
  await begun.arrived();
  // The cell may run before the server has passed on that it does.
  await shown;
  const { model, clientId, username } = kernel;
  kernel.dispose();
  const state = async () => client.get<Kernel.IModel & { connections: number }>(`kernels/${model.id}`);
  await eventually(async () => (await state()).connections === 0);
  await writeFile(join(goOn.path, 'now'), '');
  await eventually(async () => (await state()).execution_state === 'idle');
  const back = client.kernels.connectTo({ model, clientId, username });
  const got: KernelMessage.IMessage[] = [];
  await new Promise<void>((resolve) => {
    back.anyMessage.connect((_, { msg }) => {
      if ((msg.parent_header as { msg_id?: string }).msg_id !== request) return;
      got.push(msg);
      // The server reads the two channels in any order.
      if (got.some(({ channel }) => channel === 'shell') && got.some(({ content }) => 'execution_state' in content && content.execution_state === 'idle')) resolve();
    });
  });
  expect(kept(got.filter(({ channel, header }) => channel === 'iopub' && header.msg_type !== 'status') as KernelMessage.IIOPubMessage[])).toEqual(['stdout: the rest\n', 'execute_result: 42']);
  expect(got.find(({ channel }) => channel === 'shell')).toMatchObject({ content: { status: 'ok' } });
  await back.shutdown();
});

test('a kernel that is killed comes back by itself, and its context goes', async () => {
  const { kernel, context } = await startKernel('python');
  await execute(kernel, 'x = 1');
  const states: string[] = [];
  kernel.statusChanged.connect((_, status) => states.push(status));
  for (const pid of await processesOf(kernel.id)) process.kill(pid, 'SIGKILL');
  await eventually(async () => states.includes('autorestarting') && kernel.status === 'idle');
  expect(kept((await execute(kernel, 'x')).outputs)).toEqual(["error: NameError: name 'x' is not defined"]);
  expect(states).not.toContain('dead');
  await eventually(() => destroyed(context));
  await kernel.shutdown();
});

const lines = (count: number) => Array.from({ length: count }, (_, i) => `${String(i).padStart(6, '0')} ${'x'.repeat(18)}\n`).join('');
const printLines = (count: number) => `for i in range(${count}): print(f"{i:06d}", "x" * 18)`;

test('2.5 MB of printed lines arrive; of more than the server lets through in three seconds, their beginning and its note', async () => {
  const { kernel } = await startKernel('python');
  const { text } = await execute(kernel, printLines(96_000));
  expect(text).toBe(lines(96_000));
  // The server counts anew for each connection, so that the time between the two cells does not matter.
  await kernel.reconnect();
  const tooMuch = await execute(kernel, printLines(250_000));
  const [arrived, note] = tooMuch.text.split('IOPub data rate exceeded.');
  expect(note).toContain('--ServerApp.iopub_data_rate_limit');
  expect(lines(250_000).startsWith(arrived ?? '')).toBe(true);
  expect(arrived?.length).toBeGreaterThan(2_000_000);
  expect(tooMuch.reply.status).toBe('ok');
  await kernel.shutdown();
});

test('kernels without work are culled, with their contexts, and busy ones are not; both are talked to in cipher', async () => {
  const options = ['cull_idle_timeout=20', 'cull_interval=1', 'cull_connected=True', 'transport_encryption=required'];
  // One that starts counts as idle: the time must do for that, too.
  await using culling = await startJupyter(place, 'jupyter_server', options.map((option) => `--MappingKernelManager.${option}`));
  using other = connectToServer(culling);
  await using signal = await cellSignal();
  const { kernel: busy } = await startKernel('python', other);
  const running = execute(busy, `kept = 7\n${signal.python}\nimport time; time.sleep(600)`);
  await signal.arrived();
  const { kernel: idle, context } = await startKernel('sql', other);
  await eventually(async () => (await other.get<Kernel.IModel[]>('kernels')).every(({ id }) => id !== idle.id));
  await eventually(() => destroyed(context));
  expect(await processesOf(idle.id)).toEqual([]);
  await busy.interrupt();
  await running;
  expect(kept((await execute(busy, 'kept')).outputs)).toEqual(['execute_result: 7']);
  await busy.shutdown();
});

test('the server has nothing to complain about but the kernel that was killed', () => {
  expect(server.log()).not.toContain('Traceback');
  const complaints = server.log().split('\n').filter((line) => /^\[[WEC] .*(?:kernel|channel|message)/i.test(line));
  // That a kernel has not started after five seconds, that printed text took longer than three, or that a client left while a message was on
  // its way to it, says nothing but that the machine is busy.
  const harmless = /kernel \S+ restarted$|Nudge: attempt \d+ on kernel|iopub messages resumed$|zmq message arrived on closed channel$/;
  expect(complaints.filter((line) => !harmless.test(line))).toEqual([]);
});
