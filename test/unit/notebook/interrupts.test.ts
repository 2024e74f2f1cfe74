import { expect, test } from 'vitest';
import { createInterpreter } from '../../../src/notebook/interpreter.ts';
import { FakeCell } from '../../support/fake-cell.ts';
import { deferred } from '../../support/deferred.ts';
import { FakeSession } from '../../support/fake-session.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { memoryKernel } from '../../support/memory-kernel.ts';

test('the interrupt that a cell says would give its context up is the one that does', async () => {
  const clock = new ManualClock();
  const session = new FakeSession();
  const sent = deferred();
  session.answer((_, { killed }) => {
    sent.resolve();
    return new Promise((resolve) => killed.addEventListener('abort', () => resolve({ end: 'killed' })));
  });
  await using kernel = memoryKernel({ clock, interpreter: Promise.resolve(createInterpreter({ session, language: 'python', clock })) });
  const { channels } = kernel;
  const id = channels.send('shell', 'execute_request', { code: 'while True: pass' });
  const interrupt = () => channels.ask('control', 'interrupt_request', {});
  const shown = () => channels.sent.filter(({ parent }) => parent === id).map(({ type }) => type).slice(2);
  await sent.promise;
  await clock.advance(60_000);
  await interrupt();
  await clock.advance(1500);
  await interrupt();
  expect(shown()).toEqual([]);
  await clock.advance(1500);
  expect(shown()).toEqual(['display_data']);
  await interrupt();
  await channels.idle(id);
  expect(shown()).toEqual(['display_data', 'clear_output', 'error', 'execute_reply', 'status']);
});

test('what a cell had printed before it was interrupted is shown, where the server tells', async () => {
  const cell = new FakeCell();
  const session = new FakeSession().answer(() => ({ end: 'interrupted', printed: 'half\n' }));
  expect(await createInterpreter({ session, language: 'python' }).execute('f()', cell)).toMatchObject({ status: 'error', error: { ename: 'KeyboardInterrupt' } });
  expect(cell.outputs).toEqual([{ type: 'stream', content: { name: 'stdout', text: 'half\n' } }]);
});

test('an interrupt does not wait for a server that does not tell of its context', async () => {
  const session = new FakeSession();
  session.context = () => new Promise(() => undefined);
  const cell = new FakeCell();
  const run = createInterpreter({ session, language: 'python' }).execute('%context status', cell);
  cell.interrupt.abort();
  expect(await run).toMatchObject({ status: 'error', error: { ename: 'KeyboardInterrupt' } });
});
