import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { curveKeyPair } from 'zeromq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildEchoKernel } from '../support/echo-kernel.ts';
import { startKernel } from '../support/start-kernel.ts';

const root = join(import.meta.dirname, '../..');
const python = join(root, '.venv/bin/python');
const client = join(root, 'test/fixtures/clients/jupyter_client_session.py');

let echo: Awaited<ReturnType<typeof buildEchoKernel>>;
beforeAll(async () => void (echo = await buildEchoKernel()));
afterAll(() => echo[Symbol.asyncDispose]());

function curveKeys() {
  const { publicKey, secretKey } = curveKeyPair();
  return { curve_publickey: publicKey, curve_secretkey: secretKey };
}

test.for(['plain', 'encrypted'])('jupyter_client, %s, gets what it asks for beside another front end', { timeout: 90_000 }, async (kind) => {
  await using kernel = await startKernel(echo.command, { connection: kind === 'encrypted' ? curveKeys() : {} });
  const { stdout } = await promisify(execFile)(python, [client, kernel.connectionPath], { timeout: 60_000 });
  expect(JSON.parse(stdout)).toEqual({
    version: '5.5',
    cell: {
      reply: { status: 'ok', execution_count: 1, payload: [], user_expressions: {} },
      outputs: [
        ['status', { execution_state: 'busy' }],
        ['execute_input', { code: 'value:42', execution_count: 1 }],
        ['execute_result', { execution_count: 1, data: { 'text/plain': '42' }, metadata: {} }],
        ['status', { execution_state: 'idle' }],
      ],
    },
    error: {
      reply: { status: 'error', ename: 'Failure', evalue: 'no', traceback: ['Failure: no'], execution_count: 2 },
      outputs: [
        ['status', { execution_state: 'busy' }],
        ['execute_input', { code: 'fail:no', execution_count: 2 }],
        ['error', { ename: 'Failure', evalue: 'no', traceback: ['Failure: no'] }],
        ['status', { execution_state: 'idle' }],
      ],
    },
    input: {
      reply: { status: 'ok', execution_count: 3, payload: [], user_expressions: {} },
      outputs: [
        ['status', { execution_state: 'busy' }],
        ['execute_input', { code: 'input:name?', execution_count: 3 }],
        ['stream', { name: 'stdout', text: 'NAME?' }],
        ['status', { execution_state: 'idle' }],
      ],
    },
    expressions: { a: { status: 'ok', data: { 'text/plain': '1' }, metadata: {} } },
    complete: expect.objectContaining({ status: 'ok', matches: ['worOne', 'worTwo'], cursor_start: 2, cursor_end: 5 }),
    inspect: { status: 'ok', found: true, data: { 'text/plain': 'known at 5, detail 0' }, metadata: {} },
    is_complete: { status: 'incomplete', indent: '  ' },
    tail: [[1, 2, ['fail:no', null]], [1, 3, ['input:name?', null]]],
    comms: { status: 'ok', comms: {} },
    twice: [5, 6],
    alive: true,
  });
  expect((await kernel.execute('echo:mine')).reply).toMatchObject({ execution_count: 7 });
});
