import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BridgeError } from '../../../src/lib/errors.ts';
import { identify } from '../../../src/lib/process-identity.ts';
import { createSession } from '../../../src/session/session.ts';
import type { Answer, SeenRequest } from '../../support/scripted-server.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';
import type { Cell } from '../../support/scripted-api.ts';
import { cell, clientFor, connectionTo, loginPages, refused, temporaryDirectory } from '../../support/scripted-api.ts';

/*
 * Random lives of a session against a server that keeps contexts and commands as the documents say and fails at random. Whatever
 * happens: a cell's code is taken by the server at most once, every run settles, every context whose id arrived is destroyed or in
 * the journal, nobody asks for a command again after its end was read, and no context is given up for faults that say nothing of it.
 */

const identity = (await identify(process.pid)) ?? '';
const routes = ['POST contexts/create', 'GET contexts/status', 'POST commands/execute', 'GET commands/status', 'POST commands/cancel', 'POST contexts/destroy'] as const;

interface Fault {
  readonly route: (typeof routes)[number];
  readonly answer: Answer;
  /** The server did what was asked, only its answer went wrong. */
  readonly processed: boolean;
}

class Model {
  readonly #classic: boolean;
  readonly #contexts = new Set<string>();
  readonly #commands = new Map<string, { context: string; cancelled: boolean }>();
  readonly #readToEnd = new Set<string>();
  #ids = 0;
  /** Commands end by themselves. */
  finishing = false;
  faults: Fault[] = [];
  readonly taken = new Map<string, number>();
  readonly created = new Set<string>();
  readonly destroyed = new Set<string>();
  /** Those whose destruction was asked for and went wrong. */
  readonly notDestroyed = new Set<string>();
  readonly violations: string[] = [];

  constructor(classic: boolean) {
    this.#classic = classic;
  }

  answer(route: string, request: SeenRequest): Answer {
    const index = this.faults.findIndex((fault) => fault.route === route);
    const [fault] = index < 0 ? [] : this.faults.splice(index, 1);
    if (fault?.route === 'POST contexts/destroy') this.notDestroyed.add(request.fields['contextId'] ?? '');
    if (fault !== undefined && !fault.processed) return fault.answer;
    const { answer, delivered } = this.#process(route, request);
    if (fault !== undefined) return fault.answer;
    delivered?.();
    return answer;
  }

  loseContexts(): void {
    this.#contexts.clear();
  }

  #process(route: string, { fields, headers }: SeenRequest): { answer: Answer; delivered?: () => void } {
    const { contextId = '', commandId = '', command: code = '', language } = fields;
    const gone = { answer: refused('ContextNotFound') };
    switch (route) {
      case 'POST contexts/create': {
        if (this.#classic && headers['content-type'] === 'application/json') return { answer: refused('NoSuchElementException: key not found: language') };
        const id = `x${(this.#ids += 1)}-${language}`;
        this.#contexts.add(id);
        return { answer: { json: { id } }, delivered: () => this.created.add(id) };
      }
      case 'GET contexts/status':
        return this.#contexts.has(contextId) ? { answer: { json: { status: 'Running' } } } : gone;
      case 'POST contexts/destroy':
        this.#contexts.delete(contextId);
        return { answer: { json: { id: contextId } }, delivered: () => this.destroyed.add(contextId) };
      case 'POST commands/execute': {
        if (!this.#contexts.has(contextId)) return gone;
        if (this.#classic && !contextId.endsWith(`-${language}`)) return { answer: refused('IllegalArgumentException: language') };
        const id = `k${(this.#ids += 1)}`;
        this.taken.set(code, (this.taken.get(code) ?? 0) + 1);
        this.#commands.set(id, { context: contextId, cancelled: false });
        return { answer: { json: { id } } };
      }
      case 'POST commands/cancel': {
        const command = this.#commands.get(commandId);
        if (command === undefined) return { answer: refused(`NoSuchElementException: key not found: ${commandId}`) };
        command.cancelled = true;
        return { answer: { json: { id: commandId } } };
      }
      default:
        return this.#status(contextId, commandId) ?? gone;
    }
  }

  #status(contextId: string, commandId: string): { answer: Answer; delivered?: () => void } | undefined {
    if (this.#readToEnd.has(commandId)) this.violations.push(`${commandId} was asked for after its end was read`);
    if (!this.#contexts.has(contextId)) return undefined;
    const command = this.#commands.get(commandId);
    if (command === undefined) return { answer: refused(`NoSuchElementException: key not found: ${commandId}`) };
    if (!command.cancelled && !this.finishing) return { answer: { json: { status: 'Running' } } };
    this.#commands.delete(commandId);
    const results = command.cancelled ? { resultType: 'error', cause: 'CommandCancelledException' } : { resultType: 'text', data: 'done' };
    const status = command.cancelled && this.#classic ? 'Cancelled' : 'Finished';
    return { answer: { json: { status, results } }, delivered: () => this.#readToEnd.add(commandId) };
  }
}

/** The one answer that is a server's own and may mean that the context is gone. */
const refusal = refused('no', 500);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ route: fc.constantFrom(...routes), answer: fc.constantFrom<Answer>('reset', 'half', refused('gateway', 504), loginPages.page), processed: fc.boolean() }),
  fc.record({ route: fc.constantFrom(...routes), answer: fc.constantFrom<Answer>(refused('slow down', 429), refused('busy', 503), refusal, loginPages.redirect), processed: fc.constant(false) }),
);
const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('run' as const), language: fc.constantFrom('python' as const, 'scala' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('interrupt' as const, 'kill' as const), cell: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('finish' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('prepare' as const, 'lose' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fail' as const), fault }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pause' as const), turns: fc.integer({ min: 1, max: 30 }) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** Nobody gives a context up, and the faults are few enough to be outlasted. */
function isHarmless(actions: readonly Action[]): boolean {
  const faults = actions.flatMap((step) => (step.do === 'fail' ? [step.fault] : []));
  return faults.length <= 4 && faults.every(({ answer }) => answer !== refusal) && !actions.some((step) => step.do === 'kill' || step.do === 'lose');
}

const life = fc.record({
  classic: fc.boolean(),
  actions: fc.array(action, { maxLength: 25 }),
  closeEarly: fc.boolean(),
  /** What the end meets. */
  lastFaults: fc.array(fault, { maxLength: 3 }),
});

test('no life of a session runs code twice, loses a context or gives one up for nothing, reads an end twice or leaves a cell waiting', async () => {
  await fc.assert(fc.asyncProperty(life, live), { numRuns: 300 });
});

async function live({ classic, actions, closeEarly, lastFaults }: typeof life extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const model = new Model(classic);
  await using home = await temporaryDirectory();
  await using server = await startScriptedServer();
  server.on('GET clusters/get', { json: { state: 'RUNNING' } });
  for (const route of routes) server.on(route, (request) => model.answer(route, request));
  const session = createSession({ language: 'python', connect: async () => connectionTo(clientFor(server.url)), home: home.path, identity });
  const cells: Cell[] = [];
  const runs: Promise<unknown>[] = [];

  for (const step of actions) {
    switch (step.do) {
      case 'run': {
        const signals = cell();
        cells.push(signals);
        runs.push(session.run(`cell ${cells.length}`, step.language, signals).catch((error: unknown) => error));
        break;
      }
      case 'interrupt':
        cells.at(-1 - step.cell)?.interrupt();
        break;
      case 'kill':
        cells.at(-1 - step.cell)?.kill();
        break;
      case 'finish':
        model.finishing = step.on;
        break;
      case 'prepare':
        session.prepare();
        break;
      case 'lose':
        model.loseContexts();
        break;
      case 'fail':
        model.faults.push(step.fault);
        break;
      case 'pause':
        for (let turn = 0; turn < step.turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  if (!closeEarly) {
    model.finishing = true;
    await Promise.all(runs);
  }
  if (isHarmless(actions)) expect([...model.destroyed, ...model.notDestroyed]).toEqual([]);
  model.faults.push(...lastFaults);
  await session.close(5000);
  const ends = await Promise.all(runs);

  expect(model.violations).toEqual([]);
  for (const [code, times] of model.taken) expect(times, code).toBe(1);
  for (const end of ends) if (end instanceof Error) expect(end).toSatisfy((error) => error instanceof BridgeError && !error.is('internal'));
  const left = await journal(home.path);
  for (const id of model.created) {
    expect(model.destroyed.has(id) || (model.notDestroyed.has(id) && left.includes(id)), id).toBe(true);
  }
}

async function journal(home: string): Promise<string[]> {
  const folder = join(home, 'contexts');
  const files = await readdir(folder).catch(() => []);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.flatMap((text) => (JSON.parse(text) as { entries: { contextId: string }[] }).entries.map(({ contextId }) => contextId));
}
