import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandIn } from '../support/bad-place.ts';
import { buildEchoKernel } from '../support/echo-kernel.ts';
import { RawClient, requestFrames, subscribe, type RawMessage } from '../support/raw-client.ts';
import { startScriptedApi, temporaryDirectory } from '../support/scripted-api.ts';
import { startKernel, type RunningKernel } from '../support/start-kernel.ts';

let echo: Awaited<ReturnType<typeof buildEchoKernel>>;
beforeAll(async () => void (echo = await buildEchoKernel()));
afterAll(() => echo[Symbol.asyncDispose]());

/** All that is published for a request, in order: its topic without the kernel's session, and the state of a status. */
async function published(messages: AsyncGenerator<RawMessage & { readonly topic: string }>, request: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { topic, header, parent, content } of messages) {
    if (parent.msg_id !== request) continue;
    const state = content['execution_state'];
    lines.push([topic.replace(`kernel.${header.session}.`, ''), ...(state === undefined ? [] : [state])].join(' '));
    if (state === 'idle') break;
  }
  return lines;
}

test('what is published has a topic of the kernel and the message type, and can be subscribed to by it', async () => {
  await using kernel = await startKernel(echo.command);
  using client = new RawClient(kernel.connectionFile, 'shell');
  const all = subscribe(kernel.connectionFile);
  const welcome = await all.next();
  const statuses = subscribe(kernel.connectionFile, `kernel.${welcome.value?.header.session}.status`);
  await statuses.next();
  await client.send(requestFrames(kernel.connectionFile, 'execute_request', { code: 'value:1' }, 'cell'));
  expect(await published(all, 'cell')).toEqual(['status busy', 'execute_input', 'execute_result', 'status idle']);
  expect(await published(statuses, 'cell')).toEqual(['status busy', 'status idle']);
});

test.for<[channel: 'shell' | 'control', type: string, content: object, between: readonly string[]]>([
  ['shell', 'comm_open', { comm_id: 'c', target_name: 'jupyter.widget', data: {} }, ['comm_close']],
  ['shell', 'comm_msg', { comm_id: 'c', data: {} }, []],
  ['shell', 'comm_close', { comm_id: 'c', data: {} }, []],
  ['control', 'debug_request', { type: 'request', seq: 1, command: 'debugInfo' }, []],
  ['control', 'create_subshell_request', {}, []],
  ['control', 'usage_request', {}, []],
  ['shell', 'no_such_request', {}, []],
])('on %s, %s is busy and idle, and has no reply', async ([channel, type, content, between]) => {
  await using kernel = await startKernel(echo.command);
  const all = subscribe(kernel.connectionFile);
  await all.next();
  using client = new RawClient(kernel.connectionFile, channel);
  await client.send(requestFrames(kernel.connectionFile, type, content, 'asked'));
  expect(await published(all, 'asked')).toEqual(['status busy', ...between, 'status idle']);
  // Whose reply comes next: fails if there was another one before it.
  expect(await client.ask('kernel_info_request')).toMatchObject({ content: { status: 'ok', supported_features: [], debugger: false } });
});

test('inputs outlive their kernel in a file for its owner only, and sessions keep their numbers beside another kernel', async () => {
  await using directory = await temporaryDirectory();
  await using server = await startScriptedApi();
  const command = commandIn(directory.path, 'sql', { DATABRICKS_HOST: server.url.origin });
  const inputs = async (kernel: RunningKernel, query: object = { hist_access_type: 'tail', n: 10 }) =>
    ((await kernel.request('shell', 'history_request', { output: false, raw: true, ...query })).content as { history?: unknown }).history;

  await using first = await startKernel(command);
  await first.execute('%md one');
  await first.shutdown();
  expect((await stat(join(directory.path, 'home', 'history-sql.jsonl'))).mode & 0o777).toBe(0o600);

  await using second = await startKernel(command);
  await using third = await startKernel(command);
  for (const kernel of [second, third]) expect(await inputs(kernel)).toEqual([[1, 1, '%md one']]);
  await second.execute('%md two');
  expect(await inputs(second)).toEqual([[1, 1, '%md one'], [2, 1, '%md two']]);
  await second.shutdown();
  await third.execute('%md three');
  expect(await inputs(third, { hist_access_type: 'range', session: 0, start: 0, stop: null })).toEqual([[2, 1, '%md three']]);
  expect(await inputs(third, { hist_access_type: 'range', session: 2, start: 1, stop: 2 })).toEqual([[2, 1, '%md three']]);
  await third.shutdown();

  await using fourth = await startKernel(command);
  const all = [[1, 1, '%md one'], [2, 1, '%md two'], [3, 1, '%md three']];
  expect(await inputs(fourth)).toEqual(all);
  expect(await inputs(fourth, { hist_access_type: 'search', pattern: '%md t[a-z]*', n: 5, unique: true })).toEqual(all.slice(1));
});

test('an answer that comes when its prompt has been interrupted is not taken for the next one', async () => {
  await using kernel = await startKernel(echo.command);
  const { connection } = kernel;
  const late = (header: unknown) => connection.sendInputReply({ status: 'ok', value: 'late' }, header as never);
  let interrupted: unknown;
  const first = connection.requestExecute({ code: 'input:one?' });
  first.onStdin = ({ header }) => {
    interrupted = header;
    void kernel.interrupt();
  };
  expect((await first.done).content).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
  late(interrupted);
  const second = connection.requestExecute({ code: 'input:two?' });
  const printed: unknown[] = [];
  second.onIOPub = ({ header, content }) => void (header.msg_type === 'stream' && printed.push(content));
  second.onStdin = ({ header }) => {
    late(interrupted);
    connection.sendInputReply({ status: 'ok', value: 'in time' }, header as never);
  };
  await second.done;
  expect(printed).toEqual([{ name: 'stdout', text: 'in time' }]);
});
