import { expect, test } from 'vitest';
import type { Interpreter } from '../../../src/kernel/interpreter.ts';
import { BridgeError } from '../../../src/lib/errors.ts';
import { memoryKernel } from '../../support/memory-kernel.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { FakeInterpreter } from '../../support/fake-interpreter.ts';

/** An interpreter that comes when the test says so. */
function pending(): { readonly interpreter: Promise<Interpreter>; arrive(): void } {
  let resolve = (_interpreter: Interpreter) => {};
  const interpreter = new Promise<Interpreter>((arrived) => (resolve = arrived));
  return { interpreter, arrive: () => resolve(new FakeInterpreter()) };
}

test.for([
  ['kernel_info_request', false, {}, { status: 'ok', protocol_version: '5.5' }],
  ['is_complete_request', true, { code: 'x' }, { status: 'unknown' }],
  ['complete_request', true, { code: 'abc', cursor_pos: 3 }, { status: 'ok', matches: [], cursor_start: 3, cursor_end: 3 }],
  ['inspect_request', true, { code: 'abc', cursor_pos: 3 }, { status: 'ok', found: false, data: {} }],
  ['history_request', false, { hist_access_type: 'tail' }, { status: 'ok', history: [] }],
] as const)('%s is answered before there is an interpreter', async ([type, waits, content, reply]) => {
  const { interpreter, arrive } = pending();
  const clock = new ManualClock();
  await using kernel = memoryKernel({ interpreter, clock });
  const id = kernel.channels.send('shell', type, content);
  if (waits) await clock.pass();
  const sent = await kernel.channels.idle(id);
  expect(sent.find(({ channel }) => channel === 'shell')?.content).toMatchObject(reply);
  arrive();
});

test('a cell waits for the interpreter, and runs when it comes', async () => {
  const { interpreter, arrive } = pending();
  await using kernel = memoryKernel({ interpreter });
  const id = kernel.channels.send('shell', 'execute_request', { code: 'echo:hi' });
  await kernel.channels.until(({ type, parent }) => type === 'execute_input' && parent === id);
  arrive();
  expect((await kernel.channels.idle(id)).map(({ type }) => type)).toContain('stream');
});

test('an interrupt gives the wait for the interpreter up, and the next cell waits again', async () => {
  const { interpreter, arrive } = pending();
  await using kernel = memoryKernel({ interpreter });
  const first = kernel.channels.send('shell', 'execute_request', { code: 'echo:one', stop_on_error: false });
  const second = kernel.channels.send('shell', 'execute_request', { code: 'echo:two' });
  await kernel.channels.until(({ type }) => type === 'execute_input');
  await kernel.channels.ask('control', 'interrupt_request', {});
  const sent = await kernel.channels.idle(first);
  expect(sent.find(({ type }) => type === 'execute_reply')?.content).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
  arrive();
  expect((await kernel.channels.idle(second)).find(({ type }) => type === 'execute_reply')?.content).toMatchObject({ status: 'ok' });
});

test.for([
  ['ConfigurationError', new BridgeError('config', 'DATABRICKS_TOKEN is set without DATABRICKS_HOST.', { setting: 'DATABRICKS_HOST' })],
  ['AccessDenied', new BridgeError('api', 'The token was refused.', { status: 403, serverMessage: '' })],
] as const)('without an interpreter each cell says why, by the name %s and in the words of the error, and the kernel lives', async ([ename, error]) => {
  await using kernel = memoryKernel({ interpreter: Promise.reject(error) });
  for (const execution_count of [1, 2]) {
    const sent = await kernel.channels.ask('shell', 'execute_request', { code: 'echo:hi' });
    expect(sent.find(({ type }) => type === 'execute_reply')?.content).toEqual({
      status: 'error',
      ename,
      evalue: error.message,
      traceback: [`\u001b[0;31m${ename}\u001b[0m: ${error.message}`],
      execution_count,
    });
  }
  const sent = await kernel.channels.ask('shell', 'complete_request', { code: 'abc', cursor_pos: 1 });
  expect(sent.find(({ channel }) => channel === 'shell')?.content).toMatchObject({ status: 'ok', matches: [] });
});

test('an inspection that takes too long is given up', async () => {
  const clock = new ManualClock();
  await using kernel = memoryKernel({ clock });
  const id = kernel.channels.send('shell', 'inspect_request', { code: 'hang', cursor_pos: 0 });
  await clock.pass();
  const sent = await kernel.channels.idle(id);
  expect(sent.find(({ channel }) => channel === 'shell')?.content).toMatchObject({ status: 'ok', found: false });
});
