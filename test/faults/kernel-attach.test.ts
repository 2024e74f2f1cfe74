import { describe, expect, test } from 'vitest';
import { commandIn, startPlace } from '../support/bad-place.ts';
import { kept } from '../support/databricks-kernel.ts';
import { refused } from '../support/scripted-api.ts';
import { contextsOf } from '../support/session-place.ts';
import { startKernel } from '../support/start-kernel.ts';

/* The real kernel process, and execution contexts that it has not made. */

const theirs = ['--context-id', 'x-theirs'];
const inTheirs = (end: string): RegExp => new RegExp(`^Cells run in execution context x-theirs on cluster c1 at 127\\.0\\.0\\.1:\\d+ \\(Running\\)\\. ${end}\\n$`);
const notMade = 'It was not made by this kernel, which leaves it as it is at its end\\.';

describe('a kernel that is started with --context-id', () => {
  test('runs its cells there, makes no context, and leaves that one alone at its end', async () => {
    await using place = await startPlace({ args: theirs });
    const { kernel, server } = place;
    expect((await kernel.execute('1')).text).toBe('done\n');
    expect((await kernel.execute('%context')).text).toMatch(inTheirs(notMade));
    expect(await kernel.shutdown()).toEqual({ code: 0, signal: null });
    expect(contextsOf(server, 'POST commands/execute')).toEqual(['x-theirs']);
    expect(contextsOf(server, 'POST contexts/destroy')).toEqual([]);
    expect(server.count('POST contexts/create')).toBe(0);
  });

  test('that there is none of says so in its first cell, answers its front end, and can take up another one', async () => {
    await using place = await startPlace({ args: ['--context-id', 'x-gone'], before: (server) => server.on('GET contexts/status', ({ fields }) => (fields['contextId'] === 'x-gone' ? refused('ContextNotFound') : { json: { status: 'Running' } })) });
    const { kernel, server } = place;
    const { reply } = await kernel.execute('1');
    expect(reply).toMatchObject({ ename: 'ContextError', evalue: expect.stringMatching(/^There is no execution context x-gone on cluster c1 at 127\.0\.0\.1:\d+ \(ContextNotFound\)/) });
    expect((await kernel.execute('%context attach x-theirs')).text).toMatch(inTheirs(notMade));
    expect((await kernel.execute('2')).text).toBe('done\n');
    expect(contextsOf(server, 'POST commands/execute')).toEqual(['x-theirs']);
    expect(server.count('POST contexts/create')).toBe(0);
  });

  test('picks up what a kernel left behind that was killed, and ends it with itself', async () => {
    await using place = await startPlace();
    const { server, directory } = place;
    await place.kernel.execute('1');
    place.kernel.process.kill('SIGKILL');
    await place.kernel.exited;
    const command = commandIn(directory, 'python', { DATABRICKS_HOST: server.url.origin, DATABRICKS_CONFIG_FILE: place.configFile }, ['--context-id', 'x1']);
    await using next = await startKernel(command);
    expect((await next.execute('2')).text).toBe('done\n');
    expect((await next.execute('%context status')).text).toMatch(/execution context x1 .* \(Running\)\. It is destroyed when this kernel ends\.\n$/);
    expect(contextsOf(server, 'POST contexts/destroy')).toEqual([]);
    expect(await next.shutdown()).toEqual({ code: 0, signal: null });
    expect(contextsOf(server, 'POST commands/execute')).toEqual(['x1', 'x1']);
    expect(contextsOf(server, 'POST contexts/destroy')).toEqual(['x1']);
  });
});

describe('%context', () => {
  test('tells the context of the cells, and takes up another one: the one before is destroyed, and its names are forgotten', async () => {
    await using place = await startPlace();
    const { kernel, server } = place;
    await kernel.execute('mine_alone = 1');
    expect((await kernel.execute('%context status')).text).toMatch(/execution context x1 .* It is destroyed when this kernel ends\.\n$/);
    const complete = async () => (await kernel.request('shell', 'complete_request', { code: 'mine_al', cursor_pos: 7 })).content;
    expect(await complete()).toMatchObject({ matches: ['mine_alone'] });
    expect((await kernel.execute('%context attach x-theirs')).text).toMatch(inTheirs(notMade));
    expect(await complete()).toMatchObject({ matches: [] });
    expect((await kernel.execute('2')).text).toBe('done\n');
    await server.arrived('POST contexts/destroy');
    expect(await kernel.shutdown()).toEqual({ code: 0, signal: null });
    expect(contextsOf(server, 'POST commands/execute')).toEqual(['x1', 'x-theirs']);
    expect(contextsOf(server, 'POST contexts/destroy')).toEqual(['x1']);
  });

  test.for<[string, string]>([
    ['%context attach', 'error: UsageError: Write %context status or %context attach ID.'],
    ['%context leave', 'error: UsageError: Write %context status or %context attach ID.'],
  ])('%s says how it is written', async ([code, shows]) => {
    await using place = await startPlace();
    expect(kept((await place.kernel.execute(code)).outputs)).toEqual([shows]);
  });
});
