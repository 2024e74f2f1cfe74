import type { KernelMessage } from '@jupyterlab/services';
import { describe, expect, test } from 'vitest';
import { commandIn, startPlace, type Place } from '../support/bad-place.ts';
import { kept, shown } from '../support/databricks-kernel.ts';
import { deferred } from '../support/deferred.ts';
import type { Executed } from '../support/front-end.ts';
import { finished, running } from '../support/scripted-api.ts';
import type { Answer, ScriptedServer } from '../support/scripted-server.ts';
import { startKernel } from '../support/start-kernel.ts';
import { startUpCode, widgetsProbe } from '../support/vscode-snippets.ts';

/* What a kernel does to a cluster that costs money: which contexts it opens, gives back, and what it never starts. */

const clusterIn = (state: string): Answer => ({ json: { cluster_id: 'c1', cluster_name: 'big', state } });
const contextIn = (status: string): Answer => ({ json: { id: 'x1', status } });

function destroyed({ server }: Place): (string | undefined)[] {
  return server.seen.filter(({ route }) => route === 'POST contexts/destroy').map(({ fields }) => fields['contextId']);
}

/** Sends a cell, and waits until the kernel has begun it: what is sent on the control channel may overtake one that is still on its way. */
async function begin({ kernel }: Place, code = '1'): Promise<{ readonly ended: Promise<Executed> }> {
  const begun = deferred();
  const ended = kernel.execute(code, { onOutput: ({ header }) => void (header.msg_type === 'execute_input' && begun.resolve()) });
  await begun.promise;
  return { ended };
}

/** Holds the answer to a route back until the test gives it. */
function held(server: ScriptedServer, route: string): (answer: Answer) => void {
  const { promise, resolve } = deferred<Answer>();
  server.on(route, () => promise);
  return resolve;
}

describe('a kernel that ends gives back every context that it opened', () => {
  interface Stage {
    readonly name: string;
    readonly before?: (server: ScriptedServer) => (() => void) | void;
    /** Brings the kernel there: without a cell, with one that has begun, or after one that has ended. */
    readonly cell?: 'running' | 'ended';
    readonly reach?: (place: Place) => Promise<unknown>;
    readonly contexts: readonly string[];
  }
  const answersLate = (route: string, answer: Answer) => (server: ScriptedServer) => {
    const give = held(server, route);
    return () => give(answer);
  };
  const arrived = (route: string, times = 1) => ({ server }: Place) => server.arrived(route, times);
  const stages: readonly Stage[] = [
    { name: 'asking for the cluster', before: answersLate('GET clusters/get', clusterIn('RUNNING')), reach: arrived('GET clusters/get'), contexts: [] },
    { name: 'asking for the cluster, with a cell that waits', before: answersLate('GET clusters/get', clusterIn('TERMINATED')), cell: 'running', reach: arrived('GET clusters/get'), contexts: [] },
    { name: 'creating the context', before: answersLate('POST contexts/create', { json: { id: 'x1' } }), reach: arrived('POST contexts/create'), contexts: ['x1'] },
    { name: 'creating the context, with a cell that waits', before: answersLate('POST contexts/create', { json: { id: 'x1' } }), cell: 'running', reach: arrived('POST contexts/create'), contexts: ['x1'] },
    { name: 'waiting for a context that stays pending', before: (server) => server.on('GET contexts/status', contextIn('Pending')), cell: 'running', reach: arrived('GET contexts/status', 2), contexts: ['x1'] },
    { name: 'idle', cell: 'ended', contexts: ['x1'] },
    { name: 'sending a command whose answer never comes', before: (server) => server.on('POST commands/execute', 'silence'), cell: 'running', reach: arrived('POST commands/execute'), contexts: ['x1'] },
    { name: 'after a command whose answer was lost', before: (server) => server.on('POST commands/execute', 'reset'), cell: 'ended', contexts: ['x1'] },
    { name: 'in the middle of a cell', before: (server) => server.on('GET commands/status', running), cell: 'running', reach: arrived('GET commands/status', 2), contexts: ['x1'] },
    { name: 'cancelling', before: (server) => server.on('GET commands/status', running), cell: 'running', reach: async ({ kernel, server }) => { await server.arrived('GET commands/status'); await kernel.interrupt(); await server.arrived('POST commands/cancel'); }, contexts: ['x1'] },
    { name: 'after a context that failed to start', before: (server) => server.on('GET contexts/status', contextIn('Error'), contextIn('Running')), cell: 'ended', reach: ({ kernel }) => kernel.execute('2'), contexts: ['x1', 'x2'] },
  ];
  const ends = ['shutdown', 'restart', 'SIGTERM'] as const;
  test.for(stages.flatMap((stage) => ends.map((end) => ({ end, ...stage }))))('$end while $name', async ({ end, before, cell, reach, contexts }) => {
    const late: { answer?: (() => void) | void } = {};
    await using place = await startPlace({ before: (server) => void (late.answer = before?.(server)) });
    const sent = cell === undefined ? undefined : await begin(place);
    if (cell === 'ended') await sent?.ended;
    await reach?.(place);
    const { kernel } = place;
    const begun = deferred();
    kernel.connection.anyMessage.connect((_, { msg }) => void ((msg.parent_header as { msg_type?: string }).msg_type === 'shutdown_request' && begun.resolve()));
    if (end === 'SIGTERM') kernel.process.kill('SIGTERM');
    const replied = end === 'SIGTERM' ? undefined : kernel.request('control', 'shutdown_request', { restart: end === 'restart' });
    // That it is busy with the request, or the end of the cell, tells that the end of the kernel has begun, which waits two seconds for an answer.
    if (replied) await begun.promise;
    await sent?.ended;
    late.answer?.();
    await replied;
    expect(await place.kernel.exited).toEqual({ code: end === 'SIGTERM' ? 143 : 0, signal: null });
    const made = Array.from({ length: place.server.count('POST contexts/create') }, (_, index) => `x${index + 1}`);
    expect(destroyed(place).sort()).toEqual(made);
    // A signal is not answered, so without a cell nobody can tell whether it or the late answer came first.
    if (end !== 'SIGTERM') expect(made).toEqual(contexts);
    expect(place.server.count('POST clusters/start')).toBe(0);
  });

  test('and one that is killed leaves its own to the next kernel, which destroys it and nothing of kernels that live', async () => {
    await using living = await startPlace();
    const { server, directory, configFile } = living;
    await living.kernel.execute('1');
    const command = () => commandIn(directory, 'python', { DATABRICKS_HOST: server.url.origin, DATABRICKS_CONFIG_FILE: configFile });
    await using killed = await startKernel(command());
    await killed.execute('1');
    killed.process.kill('SIGKILL');
    await killed.exited;
    expect(destroyed(living)).toEqual([]);
    await using next = await startKernel(command());
    expect((await next.execute('2')).text).toBe('done\n');
    await server.arrived('POST contexts/destroy');
    expect(await next.shutdown()).toEqual({ code: 0, signal: null });
    expect(destroyed(living)).toEqual(['x2', 'x3']);
    expect((await living.kernel.execute('3')).text).toBe('done\n');
  });

  test('has done so when it answers shutdown_request, because nteract kills a kernel that has answered', async () => {
    await using place = await startPlace();
    await place.kernel.execute('1');
    await place.kernel.request('control', 'shutdown_request', { restart: false });
    expect(destroyed(place)).toEqual(['x1']);
  });
});

describe('a stopped cluster', () => {
  const stopped = (server: ScriptedServer) => server.on('GET clusters/get', clusterIn('TERMINATED'));

  test('is started by the first cell, and by nothing that front ends do on their own', async () => {
    await using place = await startPlace({ before: stopped });
    const { kernel, server } = place;
    await server.arrived('GET clusters/get');
    const own = { silent: true, store_history: false };
    for (const code of ['', ' \n']) expect((await kernel.execute(code)).outputs).toEqual([]);
    // VS Code's own code is not silent, but has no number.
    for (const code of [widgetsProbe, startUpCode('/home/jo/a.ipynb')]) {
      for (const silent of [false, true]) expect(await kernel.execute(code, { silent, store_history: false })).toMatchObject({ reply: { status: 'ok' }, outputs: [] });
    }
    const asked = await kernel.execute('import os', own);
    expect(asked.outputs).toEqual([]);
    expect(asked.reply).toMatchObject({ status: 'error', ename: 'ContextError', evalue: 'The cluster is stopped, and what a front end asks by itself does not start it: run a cell.' });
    const snippet = await kernel.execute('%load_ext autoreload', { silent: false, store_history: false });
    expect(snippet.reply).toMatchObject({ status: 'error', ename: 'ContextError' });
    const expression = await kernel.execute('', { ...own, user_expressions: { cwd: 'os.getcwd()' } });
    expect(expression.reply).toMatchObject({ user_expressions: { cwd: { status: 'error', ename: 'ContextError' } } });
    for (const code of ['%lsmagic', '%md text', '%config table.json=on', '%nope']) await kernel.execute(code);
    for (const type of ['complete_request', 'inspect_request', 'is_complete_request']) await kernel.request('shell', type, { code: 'os.', cursor_pos: 3, detail_level: 0 });
    // Looks at the cluster and its libraries change nothing.
    expect(server.seen.map(({ route }) => route).filter((route) => !['GET clusters/get', 'GET libraries/cluster-status'].includes(route))).toEqual([]);

    server.on('POST clusters/start', () => {
      server.on('GET clusters/get', clusterIn('PENDING'), clusterIn('RUNNING'));
      return {};
    });
    expect((await kernel.execute('1')).text).toBe('done\n');
    expect(server.count('POST clusters/start')).toBe(1);
    expect((await kernel.execute('2', own)).reply.status).toBe('ok');
  });

  test('is not started for a cell that was interrupted before', async () => {
    await using place = await startPlace();
    const { kernel, server } = place;
    await kernel.execute('1');
    server.on('GET contexts/status', { status: 500, json: { error: 'ContextNotFound' } });
    server.on('POST commands/execute', { status: 500, json: { error: 'ContextNotFound' } });
    await kernel.execute('2');
    const answer = held(server, 'GET clusters/get');
    const asked = server.count('GET clusters/get');
    const cell = kernel.execute('3');
    await server.arrived('GET clusters/get', asked + 1);
    await kernel.interrupt();
    expect((await cell).reply).toMatchObject({ ename: 'KeyboardInterrupt' });
    answer(clusterIn('TERMINATED'));
    stopped(server);
    // This one asks again and is told: nothing was started meanwhile.
    expect((await kernel.execute('4', { silent: true })).reply).toMatchObject({ ename: 'ContextError' });
    expect(server.count('POST clusters/start')).toBe(0);
  });
});

describe('what a cell waits for', () => {
  const types = (outputs: readonly KernelMessage.IIOPubMessage[]) => outputs.map(({ header }) => header.msg_type);

  test.for<[string, Answer, readonly string[]]>([
    ['before its first output', finished('done'), ['stdout: done\n']],
    ['at its end without one', finished(''), []],
  ])('is said after a while, and taken back %s', async ([, result, outputsOfTheCell]) => {
    await using place = await startPlace({ before: (server) => { server.on('GET clusters/get', clusterIn('PENDING')); server.on('GET commands/status', result); } });
    const onOutput = ({ header }: KernelMessage.IIOPubMessage) => void (header.msg_type === 'display_data' && place.server.on('GET clusters/get', clusterIn('RUNNING')));
    const { outputs, reply } = await place.kernel.execute('1', { onOutput });
    expect(reply.status).toBe('ok');
    expect(outputs[0]?.content).toMatchObject({ data: { 'text/plain': expect.stringMatching(/^Waiting for cluster big \(c1\) at 127\.0\.0\.1:\d+ \(pending\)$/) }, transient: { display_id: expect.any(String) } });
    const cleared = outputs.findIndex(({ header }) => header.msg_type === 'clear_output');
    expect(types(outputs.slice(1, cleared)).every((type) => type === 'update_display_data')).toBe(true);
    expect(shown(outputs.slice(cleared + 1))).toEqual(outputsOfTheCell);
  });

  test('is taken back when the wait fails or is given up', async () => {
    await using place = await startPlace({ before: (server) => server.on('GET contexts/status', contextIn('Pending')) });
    const full = { json: { status: 'Error', cause: 'Too many execution contexts' } };
    const said = deferred();
    const cell = place.kernel.execute('1', { onOutput: ({ header }) => void (header.msg_type === 'display_data' && said.resolve()) });
    await said.promise;
    await place.kernel.interrupt();
    expect(kept((await cell).outputs)).toEqual(['error: KeyboardInterrupt: ']);
    expect(types((await cell).outputs)).toContain('clear_output');
    const failed = await place.kernel.execute('1', { onOutput: ({ header }) => void (header.msg_type === 'display_data' && place.server.on('GET contexts/status', full)) });
    expect(kept(failed.outputs)).toMatchObject([expect.stringMatching(/^error: ContextError: Cluster c1 at 127\.0\.0\.1:\d+ has no room for another execution context/)]);
    expect(types(failed.outputs)).toContain('clear_output');
  });

  test('is not said of a wait that is short, nor to silent requests', async () => {
    let begun = Infinity;
    // Longer than a cell waits before it speaks.
    await using place = await startPlace({ before: (server) => server.on('GET contexts/status', () => contextIn(performance.now() - begun < 2500 ? 'Pending' : 'Running')) });
    // Its `status: busy` is the first.
    const onOutput = () => void (begun = Math.min(begun, performance.now()));
    const silent = await place.kernel.execute('1', { silent: true, store_history: false, onOutput });
    expect([silent.reply.status, silent.outputs]).toEqual(['ok', []]);
    expect(types((await place.kernel.execute('1')).outputs)).toEqual(['stream']);
  });
});

describe('an interrupt', () => {
  test.for<[string, (server: ScriptedServer) => unknown, string]>([
    ['of a wait for the cluster', (server) => server.on('GET clusters/get', clusterIn('PENDING')), 'GET clusters/get'],
    ['of a wait for the answer to create', (server) => held(server, 'POST contexts/create'), 'POST contexts/create'],
    ['of a wait for a context that stays pending', (server) => server.on('GET contexts/status', contextIn('Pending')), 'GET contexts/status'],
  ])('%s gives it up at once; nothing is sent for that cell', async ([, before, route]) => {
    await using place = await startPlace({ before: (server) => void before(server) });
    const { kernel, server } = place;
    const cell = await begin(place);
    await server.arrived(route);
    await kernel.interrupt();
    const { reply, outputs } = await cell.ended;
    expect(reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
    expect(kept(outputs)).toEqual(['error: KeyboardInterrupt: ']);
    expect((await kernel.execute('%lsmagic')).reply.status).toBe('ok');
    expect(server.count('POST commands/execute')).toBe(0);
  });

  test('of a wait leaves the context on its way, for the next cell', async () => {
    await using place = await startPlace({ before: (server) => server.on('GET contexts/status', contextIn('Pending')) });
    const cell = await begin(place);
    await place.server.arrived('GET contexts/status');
    await place.kernel.interrupt();
    await cell.ended;
    place.server.on('GET contexts/status', contextIn('Running'));
    expect((await place.kernel.execute('2')).text).toBe('done\n');
    expect(place.server.count('POST contexts/create')).toBe(1);
  });

  test('two hundred times is one cancel; what is queued with stop_on_error is not run, the rest is', async () => {
    await using place = await startPlace();
    const { kernel, server } = place;
    server.on('GET commands/status', running);
    server.on('POST commands/cancel', () => {
      server.on('GET commands/status', { json: { id: 'k1', status: 'Cancelled', results: null } }, finished('done'));
      return {};
    });
    const first = kernel.execute('while True: pass', { stop_on_error: true });
    const queued = Array.from({ length: 100 }, () => kernel.execute('2', { stop_on_error: true }));
    await server.arrived('GET commands/status');
    const replies = await Promise.all(Array.from({ length: 200 }, () => kernel.interrupt()));
    expect(replies.every(({ status }) => status === 'ok')).toBe(true);
    expect((await first).reply).toMatchObject({ ename: 'KeyboardInterrupt' });
    for (const { reply } of await Promise.all(queued)) expect(reply).toMatchObject({ status: 'error', ename: 'ExecutionAborted' });
    expect(server.count('POST commands/cancel')).toBe(1);
    expect(server.count('POST commands/execute')).toBe(1);
    for (let times = 0; times < 20; times++) await kernel.interrupt();
    expect((await kernel.execute('3')).text).toBe('done\n');
  });

  test('of a server that answers nothing any more ends in giving the context up, and the next cell gets another', async () => {
    await using place = await startPlace();
    const { kernel, server } = place;
    server.on('GET commands/status', 'silence');
    const told = deferred();
    const cell = kernel.execute('1', { onOutput: (message) => void (shown([message]).join().includes('interrupt again') && told.resolve()) });
    await server.arrived('GET commands/status');
    // As an impatient user: one interrupt, until the kernel says what another costs.
    for (let times = 0; times < 100; times++) await kernel.interrupt();
    await told.promise;
    await kernel.interrupt();
    const { reply } = await cell;
    expect(reply).toMatchObject({ ename: 'KeyboardInterrupt', evalue: expect.stringContaining('its context was given up: variables and temporary views are gone') });
    expect((await server.arrived('POST contexts/destroy')).fields['contextId']).toBe('x1');
    server.on('GET commands/status', finished('done'));
    expect((await kernel.execute('2')).text).toMatch(/done\n$/);
    expect(server.count('POST contexts/create')).toBe(2);
  });
});
