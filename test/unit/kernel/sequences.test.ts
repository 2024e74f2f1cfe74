import { expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lib/json.ts';
import type { Sent } from '../../support/memory-channels.ts';
import { memoryKernel } from '../../support/memory-kernel.ts';

/** One line a message: channel, type and what tells messages of a type apart. */
function line({ channel, type, content }: Sent): string {
  const detail = content['execution_state'] ?? content['status'];
  return [channel, type, ...(detail === undefined ? [] : [detail])].join(' ');
}

function content(sent: readonly Sent[], type: string): JsonObject {
  const found = sent.filter((message) => message.type === type);
  expect(found).toHaveLength(1);
  return found[0]?.content ?? {};
}

const busy = 'iopub status busy';
const idle = 'iopub status idle';

interface Case {
  readonly channel?: 'shell' | 'control';
  readonly type: string;
  readonly content: JsonObject;
  /** What comes between `busy` and `idle`. */
  readonly between: readonly string[];
  readonly reply?: JsonObject;
}

const cell = { type: 'execute_request', between: [] } as const;

const cases: { readonly [name: string]: Case } = {
  'a cell that prints': {
    ...cell,
    content: { code: 'echo:hi' },
    between: ['iopub execute_input', 'iopub stream', 'shell execute_reply ok'],
    reply: { status: 'ok', execution_count: 1, payload: [], user_expressions: {} },
  },
  'a cell with a value': {
    ...cell,
    content: { code: 'value:42' },
    between: ['iopub execute_input', 'iopub execute_result', 'shell execute_reply ok'],
  },
  'a cell with a table': {
    ...cell,
    content: { code: 'table:3x2' },
    between: ['iopub execute_input', 'iopub display_data', 'shell execute_reply ok'],
  },
  'a cell that fails': {
    ...cell,
    content: { code: 'fail:no' },
    between: ['iopub execute_input', 'iopub error', 'shell execute_reply error'],
    reply: { status: 'error', ename: 'Failure', evalue: 'no', traceback: ['Failure: no'], execution_count: 1 },
  },
  'a cell whose interpreter has a defect': {
    ...cell,
    content: { code: 'throw:oh' },
    between: ['iopub execute_input', 'iopub error', 'shell execute_reply error'],
  },
  'a silent cell: nothing but the reply, whatever it prints': {
    ...cell,
    content: { code: 'echo:hi', silent: true },
    between: ['shell execute_reply ok'],
    reply: { status: 'ok', execution_count: 0, payload: [], user_expressions: {} },
  },
  'a silent cell that fails': {
    ...cell,
    content: { code: 'fail:no', silent: true },
    between: ['shell execute_reply error'],
    reply: { status: 'error', ename: 'Failure', evalue: 'no', traceback: ['Failure: no'], execution_count: 0 },
  },
  'a cell that is not stored keeps the count': {
    ...cell,
    content: { code: 'echo:hi', store_history: false },
    between: ['iopub execute_input', 'iopub stream', 'shell execute_reply ok'],
    reply: { status: 'ok', execution_count: 0, payload: [], user_expressions: {} },
  },
  'user expressions after a cell, each with its own end': {
    ...cell,
    content: { code: '', user_expressions: { good: '1', bad: 'fail:x' } },
    between: ['iopub execute_input', 'shell execute_reply ok'],
    reply: {
      status: 'ok',
      execution_count: 1,
      payload: [],
      user_expressions: {
        good: { status: 'ok', data: { 'text/plain': '1' }, metadata: {} },
        bad: { status: 'error', ename: 'Failure', evalue: 'x', traceback: [] },
      },
    },
  },
  'no user expressions after a cell that failed': {
    ...cell,
    content: { code: 'fail:no', user_expressions: { good: '1' } },
    between: ['iopub execute_input', 'iopub error', 'shell execute_reply error'],
    reply: { status: 'error', ename: 'Failure', evalue: 'no', traceback: ['Failure: no'], execution_count: 1 },
  },
  'a page': {
    ...cell,
    content: { code: 'page:help' },
    between: ['iopub execute_input', 'shell execute_reply ok'],
    reply: {
      status: 'ok',
      execution_count: 1,
      payload: [{ source: 'page', data: { 'text/plain': 'help' }, start: 0 }],
      user_expressions: {},
    },
  },
  'a cell that leaves the console': {
    ...cell,
    content: { code: 'bye' },
    between: ['iopub execute_input', 'shell execute_reply ok'],
    reply: { status: 'ok', execution_count: 1, payload: [{ source: 'ask_exit', keepkernel: false }], user_expressions: {} },
  },
  'user expressions after a silent cell': {
    ...cell,
    content: { code: 'echo:hi', silent: true, user_expressions: { good: '1' } },
    between: ['shell execute_reply ok'],
    reply: {
      status: 'ok',
      execution_count: 0,
      payload: [],
      user_expressions: { good: { status: 'ok', data: { 'text/plain': '1' }, metadata: {} } },
    },
  },
  'a silent cell that asks to be stored is not': {
    ...cell,
    content: { code: 'echo:hi', silent: true, store_history: true },
    between: ['shell execute_reply ok'],
    reply: { status: 'ok', execution_count: 0, payload: [], user_expressions: {} },
  },
  'a cell with all optional fields null': {
    ...cell,
    content: { code: 'echo:hi', silent: null, store_history: null, user_expressions: null, allow_stdin: null, stop_on_error: null },
    between: ['iopub execute_input', 'iopub stream', 'shell execute_reply ok'],
  },
  'a cell without code is answered, not run': {
    ...cell,
    content: {},
    between: ['shell execute_reply error'],
    reply: { status: 'error', ename: 'ProtocolError', evalue: 'code must be a string', traceback: [], execution_count: 0 },
  },
  'a prompt where none is allowed': {
    ...cell,
    content: { code: 'input:name?', allow_stdin: false },
    between: ['iopub execute_input', 'iopub error', 'shell execute_reply error'],
  },
  'kernel_info on shell': { type: 'kernel_info_request', content: {}, between: ['shell kernel_info_reply ok'] },
  'kernel_info on control': {
    channel: 'control',
    type: 'kernel_info_request',
    content: {},
    between: ['control kernel_info_reply ok'],
    reply: {
      status: 'ok',
      protocol_version: '5.5',
      implementation: 'echo',
      implementation_version: '1.2.3',
      language_info: { name: 'echo', version: '1', mimetype: 'text/plain', file_extension: '.txt' },
      banner: 'Echo 1.2.3',
      help_links: [{ text: 'Help', url: 'https://example.org' }],
      supported_features: [],
      debugger: false,
    },
  },
  'completion in code points': {
    type: 'complete_request',
    content: { code: '😀 wor', cursor_pos: 5 },
    between: ['shell complete_reply ok'],
    reply: {
      status: 'ok',
      matches: ['worOne', 'worTwo'],
      cursor_start: 2,
      cursor_end: 5,
      metadata: {
        _jupyter_types_experimental: [
          { start: 2, end: 5, text: 'worOne', type: 'function' },
          { start: 2, end: 5, text: 'worTwo', type: '' },
        ],
      },
    },
  },
  'completion with nothing to offer still has its metadata': {
    type: 'complete_request',
    content: { code: '' },
    between: ['shell complete_reply ok'],
    reply: { status: 'ok', matches: [], cursor_start: 0, cursor_end: 0, metadata: {} },
  },
  'completion whose interpreter fails offers nothing': {
    type: 'complete_request',
    content: { code: 'throw', cursor_pos: 99 },
    between: ['shell complete_reply ok'],
    reply: { status: 'ok', matches: [], cursor_start: 5, cursor_end: 5, metadata: {} },
  },
  'inspection': {
    type: 'inspect_request',
    content: { code: '😀known', cursor_pos: 3, detail_level: 1 },
    between: ['shell inspect_reply ok'],
    reply: { status: 'ok', found: true, data: { 'text/plain': 'known at 4, detail 1' }, metadata: {} },
  },
  'completion at a place before the text is at its start': {
    type: 'complete_request',
    content: { code: 'wor', cursor_pos: -7 },
    between: ['shell complete_reply ok'],
    reply: { status: 'ok', matches: [], cursor_start: 0, cursor_end: 0, metadata: {} },
  },
  'completion in the middle of a word': {
    type: 'complete_request',
    content: { code: '😀 word', cursor_pos: 3 },
    between: ['shell complete_reply ok'],
    reply: expect.objectContaining({ matches: ['wOne', 'wTwo'], cursor_start: 2, cursor_end: 3 }),
  },
  'inspection of nothing': {
    type: 'inspect_request',
    content: { code: 'x', cursor_pos: null, detail_level: null },
    between: ['shell inspect_reply ok'],
    reply: { status: 'ok', found: false, data: {}, metadata: {} },
  },
  'is_complete': {
    type: 'is_complete_request',
    content: { code: 'f(' },
    between: ['shell is_complete_reply incomplete'],
    reply: { status: 'incomplete', indent: '  ' },
  },
  'history': {
    type: 'history_request',
    content: { hist_access_type: 'tail', n: 5 },
    between: ['shell history_reply ok'],
    reply: { status: 'ok', history: [] },
  },
  'comm_info': {
    type: 'comm_info_request',
    content: {},
    between: ['shell comm_info_reply ok'],
    reply: { status: 'ok', comms: {} },
  },
  'comm_info about one target': {
    type: 'comm_info_request',
    content: { target_name: 'jupyter.widget' },
    between: ['shell comm_info_reply ok'],
    reply: { status: 'ok', comms: {} },
  },
  'a comm for a target that nobody knows is closed': {
    type: 'comm_open',
    content: { comm_id: 'c', target_name: 't', data: {} },
    between: ['iopub comm_close'],
  },
  'a message to no comm': { type: 'comm_msg', content: { comm_id: 'c', data: {} }, between: [] },
  'the end of no comm': { type: 'comm_close', content: { comm_id: 'c', data: {} }, between: [] },
  'an interrupt of nothing': {
    channel: 'control',
    type: 'interrupt_request',
    content: {},
    between: ['control interrupt_reply ok'],
    reply: { status: 'ok' },
  },
  'an unknown type has no reply': { type: 'no_such_request', content: {}, between: [] },
  ...Object.fromEntries(
    ['debug_request', 'create_subshell_request', 'delete_subshell_request', 'list_subshell_request', 'usage_request'].map((type) => [
      `${type}: a feature that is not declared has no reply`,
      { channel: 'control', type, content: {}, between: [] } as const,
    ]),
  ),
  'connect_request, which is deprecated': { type: 'connect_request', content: {}, between: [] },
  'a type that is the name of a method': { type: 'toString', content: {}, between: [] },
  'shutdown': {
    channel: 'control',
    type: 'shutdown_request',
    content: { restart: true },
    between: ['iopub shutdown_reply ok', 'control shutdown_reply ok'],
  },
  'shutdown where old clients send it': {
    type: 'shutdown_request',
    content: { restart: false },
    between: ['iopub shutdown_reply ok', 'shell shutdown_reply ok'],
  },
};

test.for(Object.entries(cases))('%s: busy, what belongs between, idle', async ([, { channel = 'shell', type, content: asked, between, reply }]) => {
  await using kernel = memoryKernel();
  const sent = await kernel.channels.ask(channel, type, asked);
  expect(sent.map(line)).toEqual([busy, ...between, idle]);
  if (reply) expect(content(sent, type.replace('_request', '_reply'))).toEqual(reply);
});

test('a defect of the interpreter is shown with its stack', async () => {
  await using kernel = memoryKernel();
  const error = content(await kernel.channels.ask('shell', 'execute_request', { code: 'throw:oh' }), 'error');
  expect(error).toMatchObject({ ename: 'InternalError', evalue: 'oh' });
  expect(error['traceback']).toEqual(expect.arrayContaining([expect.stringContaining('fake-interpreter.ts')]));
});

test('starting is said once, before all else, and belongs to no request', async () => {
  await using kernel = memoryKernel();
  await kernel.channels.ask('shell', 'kernel_info_request', {});
  const first = kernel.channels.sent.filter(({ content: status }) => status['execution_state'] === 'starting');
  expect(first).toEqual([kernel.channels.sent[0]]);
  expect(first[0]?.message.parent).toEqual({});
});

test('all messages have one session, ids of their own, and the exact header of their request', async () => {
  await using kernel = memoryKernel();
  await kernel.channels.ask('shell', 'execute_request', { code: 'many:20' });
  const headers = kernel.channels.sent.map(({ message }) => message.header);
  expect(new Set(headers.map(({ msg_id }) => msg_id)).size).toBe(headers.length);
  expect(new Set(headers.map((header) => header['session'])).size).toBe(1);
  for (const header of headers) {
    expect(header).toMatchObject({ version: '5.5', username: 'kernel', date: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) });
  }
  expect(kernel.channels.sent.at(-1)?.message.parent).toMatchObject({ session: 'client', username: 'tester', version: '5.3', date: '' });
});

test('counts go up with stored cells only; one that is not stored shows the next number, as in ipykernel', async () => {
  await using kernel = memoryKernel();
  const counts: unknown[] = [];
  for (const options of [{}, { silent: true }, { store_history: false }, {}]) {
    const sent = await kernel.channels.ask('shell', 'execute_request', { code: 'value:x', ...options });
    counts.push(sent.flatMap(({ content: { execution_count } }) => execution_count ?? []));
  }
  // Input, result, reply.
  expect(counts).toEqual([[1, 1, 1], [1], [2, 2, 1], [2, 2, 2]]);
});

test('history knows the cells that were stored, whether they ran well or not, and their results', async () => {
  await using kernel = memoryKernel();
  for (const asked of [{ code: 'value:1' }, { code: 'value:2', silent: true }, { code: 'value:3', store_history: false }, { code: 'fail:4' }, { code: 'echo:5' }]) {
    await kernel.channels.ask('shell', 'execute_request', { ...asked, stop_on_error: false });
  }
  const sent = await kernel.channels.ask('shell', 'history_request', { hist_access_type: 'range', session: 0, start: 1, stop: null, output: true, raw: true });
  expect(content(sent, 'history_reply')).toEqual({
    status: 'ok',
    history: [[1, 1, ['value:1', '1']], [1, 2, ['fail:4', null]], [1, 3, ['echo:5', null]]],
  });
});

test('an interrupt_request on shell, where old clients send it, does not wait for the cell that it ends', async () => {
  await using kernel = memoryKernel();
  const id = kernel.channels.send('shell', 'execute_request', { code: 'hang' });
  await kernel.interpreter.started('hang');
  await kernel.channels.ask('shell', 'interrupt_request', {});
  expect(content(await kernel.channels.idle(id), 'execute_reply')).toMatchObject({ ename: 'KeyboardInterrupt' });
});

test('a prompt goes out on stdin for its cell and its answer comes back', async () => {
  await using kernel = memoryKernel();
  const id = kernel.channels.send('shell', 'execute_request', { code: 'password:secret?' });
  const prompt = await kernel.channels.until(({ channel }) => channel === 'stdin');
  expect(prompt).toMatchObject({ type: 'input_request', parent: id, content: { prompt: 'secret?', password: true } });
  kernel.channels.answer('hush');
  expect(content(await kernel.channels.idle(id), 'stream')).toEqual({ name: 'stdout', text: 'hush' });
});

test('an interrupt ends a prompt that nobody answers', async () => {
  await using kernel = memoryKernel();
  const id = kernel.channels.send('shell', 'execute_request', { code: 'input:?' });
  await kernel.channels.until(({ channel }) => channel === 'stdin');
  await kernel.channels.ask('control', 'interrupt_request', {});
  expect(content(await kernel.channels.idle(id), 'execute_reply')).toMatchObject({ ename: 'KeyboardInterrupt' });
});

test('control is served while a cell runs', async () => {
  await using kernel = memoryKernel();
  const id = kernel.channels.send('shell', 'execute_request', { code: 'hang' });
  await kernel.interpreter.started('hang');
  const sent = await kernel.channels.ask('control', 'kernel_info_request', {});
  expect(sent.map(line)).toEqual([busy, 'control kernel_info_reply ok', idle]);
  await kernel.channels.ask('control', 'interrupt_request', {});
  expect(content(await kernel.channels.idle(id), 'execute_reply')).toMatchObject({ ename: 'KeyboardInterrupt' });
});

test('questions on shell wait for the cell before them, so that its idle is the last word about it', async () => {
  await using kernel = memoryKernel();
  const cellId = kernel.channels.send('shell', 'execute_request', { code: 'hang' });
  const questions = ['kernel_info_request', 'comm_info_request'].map((type) => kernel.channels.send('shell', type, {}));
  await kernel.interpreter.started('hang');
  await kernel.channels.ask('control', 'interrupt_request', {});
  await kernel.channels.idle(questions[1] ?? '');
  const order = kernel.channels.sent.filter(({ type, content: { execution_state } }) => type === 'status' && execution_state === 'idle');
  expect(order.map(({ parent }) => parent).filter((id) => id === cellId || questions.includes(id ?? ''))).toEqual([cellId, ...questions]);
});

test('shutdown is not held up by a running cell, which ends, and closes interpreter and channels', async () => {
  const kernel = memoryKernel();
  const id = kernel.channels.send('shell', 'execute_request', { code: 'stuck' });
  await kernel.interpreter.started('stuck');
  await kernel.channels.ask('control', 'shutdown_request', { restart: false });
  await kernel.kernel.done;
  await kernel[Symbol.asyncDispose]();
  expect(content(await kernel.channels.idle(id), 'execute_reply')).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
  expect([kernel.interpreter.disposed, kernel.channels.disposed]).toEqual([true, true]);
});
