import { afterAll, describe, expect, test, vi } from 'vitest';
import type { ClusterId } from '../../src/databricks/types.ts';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { createSession } from '../../src/session/session.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import type { FaultKind, FaultRule } from '../../src/workspace/fault-rules.ts';
import { instantClock } from '../support/clock.ts';
import { eventually } from '../support/eventually.ts';
import { openNotebook, type CellEnd } from '../support/faulty-notebook.ts';
import { everyFault, faultInWords, FaultyWorkspace, isLie, shortDeadlineMs } from '../support/faulty-workspace.ts';
import { deadIdentity, identity as liveIdentity } from '../support/identities.ts';
import { cell, connectionTo, failureOf, temporaryDirectory } from '../support/scripted-api.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';

/*
 * A notebook of four cells, the second of which is interrupted, in all three languages: whichever call of it meets whichever fault, no command
 * is run twice, no context stays, and each cell ends with its result or with an error that names the cause.
 */

// Most of their time is waiting for answers that never come.
vi.setConfig({ maxConcurrency: 16 });

interface Kernel {
  readonly language: KernelLanguage;
  readonly dialect: DialectName;
  /** Whether it takes the workspace for its own on this machine, or for a real one elsewhere. */
  readonly embedded: boolean;
}

const kernels: readonly Kernel[] = [
  { language: 'scala', dialect: 'modern', embedded: false },
  { language: 'python', dialect: 'modern', embedded: false },
  { language: 'sql', dialect: 'modern', embedded: true },
  { language: 'scala', dialect: 'classic', embedded: false },
  { language: 'python', dialect: 'classic', embedded: true },
  { language: 'sql', dialect: 'classic', embedded: false },
];

const execute = 'POST /api/1.2/commands/execute';
const create = 'POST /api/1.2/contexts/create';
const destroy = 'POST /api/1.2/contexts/destroy';
const start: Readonly<Record<DialectName, string>> = { modern: 'POST /api/2.0/clusters/start', classic: 'POST /api/1.2/clusters/restart' };

function endpointsOf({ dialect, embedded }: Kernel): readonly string[] {
  return [
    dialect === 'modern' ? 'GET /api/2.0/clusters/get' : 'GET /api/1.2/clusters/status',
    // The embedded one starts by itself.
    ...(embedded ? [] : [start[dialect]]),
    'GET /api/2.0/libraries/cluster-status',
    create,
    'GET /api/1.2/contexts/status',
    execute,
    'GET /api/1.2/commands/status',
    'POST /api/1.2/commands/cancel',
    destroy,
  ];
}

const harm: readonly FaultKind[] = ['driver-killed', 'out-of-memory', 'context-vanished'];
const deadly: readonly FaultKind[] = ['driver-killed', 'out-of-memory'];

interface Case extends Kernel {
  readonly title: string;
  readonly rule: FaultRule;
}

const cases = kernels.flatMap((kernel) =>
  endpointsOf(kernel).flatMap((endpoint) =>
    everyFault
      // Servers answer with this and that to a destroy: 200 must do, and is a lie here.
      .filter((fault) => !isLie(fault) && !(endpoint === destroy && fault.kind === 'wrong-json' && fault.when === 'before'))
      .map((fault): Case => {
        const title = `${endpoint}: ${faultInWords(fault)} (${kernel.language}, ${kernel.dialect}${kernel.embedded ? ', embedded' : ''})`;
        // A classic server is asked in JSON first, which it does not read.
        const nth = kernel.dialect === 'classic' && endpoint === create ? 2 : 1;
        return { ...kernel, title, rule: { endpoint, nth, ...fault } };
      }),
  ),
);

const idle: Record<DialectName, FaultyWorkspace[]> = { classic: [], modern: [] };
afterAll(async () => {
  for (const place of Object.values(idle).flat()) await place[Symbol.asyncDispose]();
});

const codes = ['echo first', 'hang second', 'echo third', 'echo fourth'] as const;

async function runNotebook({ language, dialect, embedded, rule }: Case) {
  const place = idle[dialect].pop() ?? new FaultyWorkspace(dialect);
  await using home = await temporaryDirectory();
  const { server } = place;
  const cluster = server.workspace.defaultCluster;
  await cluster.driver();
  const before = place.executed().length;
  const clock = instantClock();
  const options = { clock, ...(rule.kind === 'timeout' && { deadlineMs: shortDeadlineMs }) };
  const connect = async () => connectionTo(await place.client(options), { clusterId: server.clusterId as ClusterId, embedded });
  const open = (identity: string) => createSession({ language, connect, home: home.path, identity });
  // A kernel that has ended when others look, which its end in this process does not show.
  const notebook = openNotebook(language, open(deadIdentity));
  if (rule.endpoint === start[dialect]) {
    cluster.terminate();
    await server.clusterIs(server.clusterId, 'Terminated');
  }
  place.inject(rule);

  const ends: CellEnd[] = [];
  for (const code of codes) {
    // Who is told that the cluster is in trouble repairs it, sooner or later.
    if (code === codes.at(-1) && cluster.state.status === 'Error') await cluster.driver();
    const isSent = () => place.executed().slice(before).includes(code);
    ends.push(await notebook.run(code, code.startsWith('hang') ? isSent : undefined));
  }
  await notebook[Symbol.asyncDispose]();
  const left = server.workspace.openContexts;
  const { log } = server;
  const told = log.join('\n');
  const executed = place.executed().slice(before);
  const faults = place.faults();
  const sent = place.handled(execute);
  const slept = [...clock.slept];
  // What a kernel could not destroy, the next one does, and an embedded workspace what it was not told of.
  await using next = { session: open(liveIdentity), [Symbol.asyncDispose]: async () => void (await next.session.close(20_000)) };
  if (left > 0) {
    await cluster.driver();
    await next.session.run('echo next', language, { interrupted: new AbortController().signal, killed: new AbortController().signal, onStage: () => undefined });
    await next.session.close(20_000);
    await server.workspace.sweep();
  }
  const leaked = server.workspace.openContexts;
  for (const { id } of cluster.contexts) await cluster.destroyContext(id);
  idle[dialect].push(place);
  return { ends, executed, faults, sent, slept, left, leaked, told };
}

describe('whatever a call meets', () => {
  test.concurrent.for(cases)('$title', async (one) => {
    const { rule, embedded } = one;
    const { ends, executed, faults, sent, slept, left, leaked, told } = await runNotebook(one);
    const shown = ends.map(({ code, text, error }) => `${code}: ${text} ${error}`).join('\n');

    expect(faults, shown).toEqual([`${rule.kind} ${rule.when} ${rule.endpoint}`]);
    // Each command at most once and in the order of the cells, by the driver's count and by the server's.
    expect(executed, shown).toEqual(codes.filter((code) => executed.includes(code)));
    expect(sent, shown).toBeLessThanOrEqual(codes.length);
    for (const { code, text, error } of ends) {
      expect(error, shown).not.toMatch(/InternalError/);
      if (error === '') expect([executed.includes(code), text], shown).toEqual([true, expect.stringContaining(code.split(' ')[1] ?? '')]);
      else if (code.startsWith('hang') && executed.includes(code)) expect(error, shown).toMatch(harm.includes(rule.kind) ? interruptedOr(causes[rule.kind]) : interrupted);
      else expect(error, shown).toMatch(causes[rule.kind]);
      // The answer that was spoilt was the only one with the result.
      const lost = rule.endpoint === 'GET /api/1.2/commands/status' && rule.when === 'after' && !harm.includes(rule.kind);
      if (lost && error !== '' && code.startsWith('echo')) expect(error, shown).toMatch(/its result is lost/);
    }
    // What went wrong has passed when the cells after it run.
    expect(ends.at(-1), shown).toMatchObject({ error: '' });
    const failed = ends.filter(({ code, error }) => error !== '' && !code.startsWith('hang'));
    expect(failed.length, shown).toBeLessThanOrEqual(deadly.includes(rule.kind) && !embedded ? 2 : 1);
    // What was outlasted was given the time that it asked for.
    if (rule.retryAfter !== undefined && failed.length === 0) expect(slept, shown).toContain(rule.retryAfter * 1000);

    const createLost = rule.endpoint === create && rule.when === 'after' && !harm.includes(rule.kind) && rule.kind !== 'slow-body';
    if (rule.endpoint !== destroy && !createLost) expect(left, shown).toBe(0);
    // Nobody knows the id of the context that was made; a real server gives it up when it has been idle for long.
    expect(leaked, shown).toBe(createLost && !embedded ? 1 : 0);
    // A refusal in the server's own words is believed.
    if (createLost && rule.kind !== '500') expect(shown).toMatch(/execution context may have been made/);
    expect(shown + told).not.toContain(ScriptedWorkspace.token);
  });
});

test('a cell behind a command whose answer was lost, and which runs on, says what it waits for, and can be interrupted', async () => {
  await using place = new FaultyWorkspace('modern');
  await using home = await temporaryDirectory();
  await place.server.workspace.defaultCluster.driver();
  const connect = async () => connectionTo(await place.client(), { clusterId: place.server.clusterId as ClusterId });
  const session = createSession({ language: 'scala', connect, home: home.path, identity: liveIdentity });
  place.inject({ endpoint: execute, kind: 'reset', when: 'after' });
  expect(await failureOf(session.run('hang', 'scala', cell()))).toMatchObject({ message: expect.stringContaining('The command may be running or have run; it was not sent again.') });
  const next = cell();
  const run = session.run('echo next', 'scala', next);
  await eventually(async () => next.stages.at(-1)?.text === 'Waiting for the end of another command in the execution context on cluster c1 at example.test');
  next.interrupt();
  expect(await run).toEqual({ end: 'interrupted' });
  expect(await session.close(5000)).toBe(true);
  expect(place.server.workspace.openContexts).toBe(0);
  expect(place.executed()).toEqual(['hang']);
});

const interrupted = /^KeyboardInterrupt: /;
const interruptedOr = (cause: RegExp) => new RegExp(`${interrupted.source}|${cause.source}`);
/** What the sentence for the user says of each fault. */
const causes: Readonly<Record<FaultKind, RegExp>> = {
  reset: /The connection to .* broke/,
  timeout: /did not answer .* within/,
  'slow-body': /never/,
  'half-body': /The connection to .* broke/,
  // A start that was not one shows in the cluster.
  'wrong-json': /\{"unexpected":\[1,2,3\]\}|is in state Terminated/,
  html: /web page/,
  '401': /does not accept the login/,
  '404': /HTTP 404/,
  '429': /asked too often/,
  '500': /HTTP 500/,
  '503': /HTTP 503/,
  'driver-killed': /signal SIGKILL/,
  'out-of-memory': /OutOfMemoryError|signal SIGKILL/,
  'context-vanished': /is gone|ContextNotFound/,
};
