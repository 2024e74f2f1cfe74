import { expect, test } from 'vitest';
import type { Interpreter } from '../../../src/kernel/interpreter.ts';
import { FakeInterpreter } from '../../support/fake-interpreter.ts';
import { memoryKernel } from '../../support/memory-kernel.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const interrupt = ['control', 'interrupt_request', {}] as const;

test('a failed cell takes the queued cells along, each answered in full, and answers the questions between them', async () => {
  await using kernel = memoryKernel();
  const failed = kernel.channels.send('shell', 'execute_request', { code: 'fail:no' }, 'failed');
  for (const id of ['second', 'third']) kernel.channels.send('shell', 'execute_request', { code: 'echo:hi' }, id);
  kernel.channels.send('shell', 'kernel_info_request', {}, 'question');
  kernel.channels.send('shell', 'execute_request', { code: 'echo:hi' }, 'fourth');
  await kernel.channels.idle(failed);
  await kernel.channels.idle('fourth');
  expect(kernel.interpreter.executed).toEqual(['fail:no']);
  for (const id of ['second', 'third', 'fourth']) {
    const sent = kernel.channels.sent.filter(({ parent }) => parent === id);
    expect(sent.map(({ channel, type }) => `${channel} ${type}`)).toEqual(['iopub status', 'shell execute_reply', 'iopub status']);
    expect(sent[1]?.content).toMatchObject({ status: 'error', ename: 'ExecutionAborted', traceback: [], execution_count: 0 });
  }
  const question = await kernel.channels.idle('question');
  expect(question[1]?.content).toMatchObject({ status: 'ok', protocol_version: '5.5' });
  const later = await kernel.channels.ask('shell', 'execute_request', { code: 'echo:later' });
  expect(later.find(({ type }) => type === 'execute_reply')?.content).toMatchObject({ status: 'ok', execution_count: 2 });
});

test.for([
  ['stop_on_error: false', { code: 'fail:no', stop_on_error: false }],
  ['success', { code: 'echo:fine' }],
] as const)('%s lets the queued cells run', async ([, first]) => {
  await using kernel = memoryKernel();
  kernel.channels.send('shell', 'execute_request', first);
  const sent = await kernel.channels.ask('shell', 'execute_request', { code: 'echo:second' });
  expect(sent.find(({ type }) => type === 'execute_reply')?.content).toMatchObject({ status: 'ok' });
});

test('cells run one at a time in the order of their arrival', async () => {
  await using kernel = memoryKernel();
  const codes = Array.from({ length: 50 }, (_, index) => `echo:${index}`);
  const ids = codes.map((code) => kernel.channels.send('shell', 'execute_request', { code }));
  await kernel.channels.idle(ids.at(-1) ?? '');
  expect(kernel.interpreter.executed).toEqual(codes);
  const order = kernel.channels.sent.filter(({ type }) => type === 'status').map(({ parent }) => parent);
  expect(order.slice(1)).toEqual(ids.flatMap((id) => [id, id]));
});

test('no cell meets the interrupt of an earlier one', async () => {
  const aborted: boolean[] = [];
  class Watched extends FakeInterpreter {
    override execute(...[code, cell]: Parameters<Interpreter['execute']>) {
      aborted.push(cell.interrupted.aborted, cell.killed.aborted);
      return super.execute(code, cell);
    }
  }
  const interpreter = new Watched();
  await using kernel = memoryKernel({ interpreter: Promise.resolve(interpreter) });
  const run = (code: string) => kernel.channels.ask('shell', 'execute_request', { code });
  await run('echo:1');
  await run('echo:2');
  const third = run('hang');
  await interpreter.started('hang');
  await kernel.channels.ask(...interrupt);
  await third;
  await run('echo:4');
  expect(aborted).toEqual(Array(8).fill(false));
});

/** What the second, third … interrupt does to a cell that only a kill ends; the first asks it to stop. */
test.for([
  { name: 'a second press of the button is the same interrupt', waits: [2999], rest: 0, killed: false },
  { name: 'ten of them within three seconds are', waits: Array(10).fill(100), rest: 0, killed: false },
  { name: 'one gives nothing up, however long it takes', waits: [], rest: 50_000, killed: false },
  { name: 'the next one after three seconds gives up', waits: [3000], rest: 0, killed: true },
  { name: 'it does whatever came before', waits: [1000, 1000, 1000], rest: 0, killed: true },
  { name: 'more than needed is harmless', waits: [3000, 0, 0, 0], rest: 5000, killed: true },
])('interrupts: $name', async ({ waits, rest, killed }) => {
  const clock = new ManualClock();
  await using kernel = memoryKernel({ clock });
  const id = kernel.channels.send('shell', 'execute_request', { code: 'stuck' });
  await kernel.interpreter.started('stuck');
  await kernel.channels.ask(...interrupt);
  for (const wait of waits) {
    await clock.advance(wait);
    await kernel.channels.ask(...interrupt);
  }
  await clock.advance(rest);
  if (killed) await kernel.channels.idle(id);
  const types = kernel.channels.sent.filter(({ parent }) => parent === id).map(({ type }) => type);
  expect(types).toEqual(['status', 'execute_input', ...(killed ? ['error', 'execute_reply', 'status'] : [])]);
});

test('an interrupt of nothing does not wait for the next cell', async () => {
  await using kernel = memoryKernel();
  for (let times = 0; times < 3; times++) await kernel.channels.ask(...interrupt);
  const sent = await kernel.channels.ask('shell', 'execute_request', { code: 'echo:hi' });
  expect(sent.find(({ type }) => type === 'execute_reply')?.content).toMatchObject({ status: 'ok' });
});

test('an interrupted cell takes the queued ones along unless it was sent not to', async () => {
  for (const [stop_on_error, second] of [[true, 'error'], [false, 'ok']] as const) {
    await using kernel = memoryKernel();
    kernel.channels.send('shell', 'execute_request', { code: 'hang', stop_on_error });
    const id = kernel.channels.send('shell', 'execute_request', { code: 'echo:second' });
    await kernel.interpreter.started('hang');
    await kernel.channels.ask(...interrupt);
    const sent = await kernel.channels.idle(id);
    expect(sent.find(({ type }) => type === 'execute_reply')?.content).toMatchObject({ status: second });
  }
});
