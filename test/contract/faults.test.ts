import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { DialectName } from '../../src/workspace/dialect.ts';
import { faultKinds } from '../../src/workspace/fault-rules.ts';
import type { FaultKind, FaultRule } from '../../src/workspace/fault-rules.ts';
import { Faults } from '../../src/workspace/faults.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';

const destroy = 'POST /api/1.2/contexts/destroy';
const list = 'GET /api/1.2/clusters/list';
const execute = 'POST /api/1.2/commands/execute';

/** A workspace on a socket, with one context, and with faults from then on. */
async function start(dialect: DialectName, ...rules: readonly FaultRule[]) {
  const faults = new Faults({ rules: [] });
  const workspace = new ScriptedWorkspace(dialect, undefined, faults);
  const { port } = await workspace.listen();
  const context = await workspace.createContext();
  await workspace.until(() => workspace.contextStatus(context), ({ status }) => status === 'Running');
  workspace.log.length = 0;
  faults.use({ rules });
  return {
    workspace,
    faults,
    context,
    /** What became of a call: all that came, with the code of the error that ended it or `silence`. */
    send: (path: string, data?: Readonly<Record<string, string>>) => exchange(port, path, data),
    destroy: (patienceMs?: number) => exchange(port, '/api/1.2/contexts/destroy', { clusterId: workspace.clusterId, contextId: context }, patienceMs),
    /** What the log says of faults and calls since then. */
    told: () => workspace.log.filter((line) => /^(?:fault|handled): /.test(line)),
    [Symbol.asyncDispose]: () => workspace[Symbol.asyncDispose](),
  };
}

interface Came {
  readonly status?: number | undefined;
  readonly headers?: IncomingHttpHeaders | undefined;
  readonly text: string;
  readonly parts: number;
  readonly error?: string;
}

/** How long a call waits for the answer that it does not get. */
const silenceMs = 500;

/** @param patienceMs where there is to be no answer; one that is to come may take its time on a busy machine */
function exchange(port: number, path: string, data?: Readonly<Record<string, string>>, patienceMs = 0): Promise<Came> {
  return new Promise((resolve) => {
    let came: Came = { text: '', parts: 0 };
    const authorization = `Basic ${Buffer.from(`token:${ScriptedWorkspace.token}`).toString('base64')}`;
    const headers = { authorization, ...(data && { 'content-type': 'application/x-www-form-urlencoded' }) };
    const sent = request({ port, path, method: data ? 'POST' : 'GET', headers, agent: false }, (response) => {
      came = { ...came, status: response.statusCode, headers: response.headers };
      response.setEncoding('utf8');
      response.on('data', (part: string) => (came = { ...came, text: came.text + part, parts: came.parts + 1 }));
      response.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve({ ...came, error: code }));
      response.on('end', () => resolve(came));
    });
    sent.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve({ ...came, error: code }));
    // 0: for ever.
    sent.setTimeout(patienceMs, () => {
      resolve({ ...came, error: 'silence' });
      sent.destroy();
    });
    sent.end(data && new URLSearchParams(data).toString());
  });
}

/** What comes of the call that destroys a context: instead of its answer, or of that. */
const wire: Readonly<Record<Exclude<FaultKind, 'driver-killed' | 'out-of-memory' | 'context-vanished'>, (came: Came, whole: string) => void>> = {
  reset: (came) => expect(came).toEqual({ text: '', parts: 0, error: 'ECONNRESET' }),
  timeout: (came) => expect(came).toEqual({ text: '', parts: 0, error: 'silence' }),
  'slow-body': (came, whole) => {
    expect(came).toMatchObject({ status: 200, text: whole });
    // Four, but a busy machine may read some of them at once.
    expect(came.parts).toBeGreaterThan(1);
  },
  'half-body': (came, whole) => {
    expect(came).toMatchObject({ status: 200, text: whole.slice(0, Math.floor(whole.length / 2)), error: 'ECONNRESET' });
    expect(came.headers?.['content-length']).toBe(String(whole.length));
  },
  'wrong-json': (came) => expect(came).toMatchObject({ status: 200, text: '{"unexpected":[1,2,3]}', headers: { 'content-type': 'application/json; charset=utf-8' } }),
  html: (came) => expect(came).toMatchObject({ status: 200, text: expect.stringMatching(/^<!DOCTYPE html>/), headers: { 'content-type': 'text/html; charset=utf-8' } }),
  '401': (came) => expectRefused(came, 401),
  '404': (came) => expectRefused(came, 404),
  '429': (came) => expectRefused(came, 429),
  '500': (came) => expectRefused(came, 500),
  '503': (came) => expectRefused(came, 503),
};

function expectRefused(came: Came, status: number): void {
  expect([came.status, JSON.parse(came.text)]).toEqual([status, { error: expect.stringMatching(/^[\w ]+: an injected fault$/) }]);
  expect(came.headers).not.toHaveProperty('retry-after');
}

const cases = (Object.keys(wire) as (keyof typeof wire)[]).flatMap((kind) => {
  return (['before', 'after'] as const).filter((when) => when === 'after' || !('spoils' in faultKinds[kind])).map((when) => [kind, when] as const);
});

describe.for<DialectName>(['classic', 'modern'])('on a %s workspace', (dialect) => {
  test.for(cases)('%s %s a call is on the wire what it says, the log tells it, and the next call is well', async ([kind, when]) => {
    await using place = await start(dialect, { endpoint: destroy, kind, when, ...(kind === 'slow-body' && { pauseMs: 20 }) });
    const whole = JSON.stringify({ id: place.context });
    wire[kind](await place.destroy(kind === 'timeout' ? silenceMs : undefined), whole);
    const fault = `fault: ${kind} ${when} ${destroy}`;
    expect(place.told()).toEqual(when === 'after' ? [fault, `handled: ${destroy} 200`] : [fault]);
    expect(place.workspace.workspace.openContexts).toBe(when === 'after' ? 0 : 1);
    expect(await place.destroy()).toMatchObject({ status: 200, text: whole });
    expect(place.told().at(-1)).toBe(`handled: ${destroy} 200`);
  });

  test.for(['429', '503'] as const)('%s can ask to wait', async (kind) => {
    await using place = await start(dialect, { endpoint: list, kind, when: 'before', retryAfter: 3 });
    expect((await place.send('/api/1.2/clusters/list')).headers).toHaveProperty('retry-after', '3');
  });

  test.for([['driver-killed', /^It ended by itself \(signal SIGKILL\)/], ['out-of-memory', /java\.lang\.OutOfMemoryError: Java heap space$/]] as const)(
    '%s ends the driver, and the call goes on',
    async ([kind, reason]) => {
      await using place = await start(dialect, { endpoint: execute, kind, when: 'before' }, { endpoint: list, kind, when: 'after' });
      const { workspace } = place;
      const fields = { language: 'scala', clusterId: workspace.clusterId, contextId: place.context, command: 'echo 1' };
      expect(await place.send('/api/1.2/commands/execute', fields)).toMatchObject({ status: 500, text: expect.stringContaining('IllegalStateException: Context') });
      expect(await workspace.drivers[0]?.exited).toEqual({ reason: expect.stringMatching(reason) });
      expect(workspace.drivers[0]?.executed).toEqual([]);
      workspace.workspace.defaultCluster.start();
      await workspace.clusterIs(workspace.clusterId, 'Running');
      expect(JSON.parse((await place.send('/api/1.2/clusters/list')).text)).toMatchObject([{ status: 'Running' }]);
      expect(workspace.workspace.defaultCluster.state).toMatchObject({ status: 'Error', cause: expect.stringMatching(new RegExp(reason.source.replace('^', ''))) });
    },
  );

  test('a context vanishes: the one that the call names, or all', async () => {
    await using place = await start(dialect, { endpoint: 'GET /api/1.2/contexts/status', kind: 'context-vanished', when: 'after' }, { endpoint: list, kind: 'context-vanished', when: 'before' });
    const { workspace } = place;
    const others = [await workspace.createContext(), await workspace.createContext()];
    expect((await workspace.contextStatus(place.context)).body).toMatchObject({ status: 'Running' });
    expect(await workspace.contextStatus(place.context)).toMatchObject({ status: 500, body: { error: 'ContextNotFound' } });
    expect(workspace.workspace.defaultCluster.contexts.map(({ id }) => id)).toEqual(others);
    await place.send('/api/1.2/clusters/list');
    expect(workspace.workspace.openContexts).toBe(0);
  });

  test('calls that name another cluster or context, and those of the workspace itself, meet no fault', async () => {
    const any = { endpoint: '*', kind: '500', when: 'before' } as const;
    await using place = await start(dialect, { ...any, cluster: 'other' }, { ...any, context: 'other' });
    const { workspace } = place;
    expect((await workspace.contextStatus(place.context)).status).toBe(200);
    expect((await workspace.post('/api/1.2/contexts/destroy', { clusterId: workspace.clusterId, contextId: 'other' })).status).toBe(500);
    place.faults.use({ rules: [{ ...any, times: 100 }] });
    expect((await workspace.get('/workspace')).body).toMatchObject({ contexts: 1, faultRules: 1 });
    expect((await workspace.get('/api/1.2/clusters/list')).status).toBe(500);
  });

  test('a call that is refused for its login is not handled, and counts for no rule', async () => {
    await using place = await start(dialect, { endpoint: '*', kind: 'reset', when: 'before' });
    expect((await place.workspace.inject({ url: '/api/1.2/clusters/list', headers: { authorization: '' } })).status).toBe(401);
    expect(place.told()).toEqual([]);
    expect((await place.send('/api/1.2/clusters/list')).error).toBe('ECONNRESET');
  });
});

test('a refusal of API 2.x is in its words', async () => {
  await using place = await start('modern', { endpoint: 'GET /api/2.0/clusters/list', kind: '503', when: 'after' });
  const { status, text } = await place.send('/api/2.0/clusters/list');
  expect([status, JSON.parse(text)]).toEqual([503, { error_code: 'INTERNAL_ERROR', message: 'an injected fault' }]);
});

test('a command sent as a file reaches its handler whole, as one that names no context', async () => {
  await using place = await start('modern', { endpoint: execute, kind: '500', when: 'before', context: 'any' }, { endpoint: execute, kind: '503', when: 'after' });
  const { workspace } = place;
  const fields = { language: 'scala', clusterId: workspace.clusterId, contextId: place.context };
  expect((await workspace.post('/api/1.2/commands/execute', fields, 'multipart', { command: { name: 'a.scala', text: 'echo 1' } })).status).toBe(503);
  expect(place.told()).toEqual([`fault: 503 after ${execute}`, `handled: ${execute} 200`]);
});

test('a rule for a call that there is not keeps the server from starting, and is told with those that there are', async () => {
  await using workspace = new ScriptedWorkspace('modern', undefined, new Faults({ rules: [{ endpoint: 'GET /api/1.2/commands/execute', kind: 'reset', when: 'before' }] }));
  await expect(workspace.listen()).rejects.toThrow(/^No call is "GET \/api\/1\.2\/commands\/execute", where a rule wants a fault; there are: .*POST \/api\/1\.2\/commands\/execute, .*\.$/);
});

test('without a plan nothing of it is there', async () => {
  await using workspace = new ScriptedWorkspace('modern');
  await workspace.createContext();
  expect(workspace.log.join()).not.toMatch(/handled|fault/);
  expect((await workspace.get('/workspace')).body).not.toHaveProperty('faultRules');
});
