import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BridgeError } from '../../../src/lib/errors.ts';
import type { ContextId } from '../../../src/databricks/types.ts';
import { identify } from '../../../src/lib/process-identity.ts';
import { createSession } from '../../../src/session/session.ts';
import type { Answer, SeenRequest } from '../../support/scripted-server.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';
import type { Cell } from '../../support/scripted-api.ts';
import { cell, clientFor, connectionTo, loginPages, refused, temporaryDirectory } from '../../support/scripted-api.ts';

/*
 * Random lives of a session against a server that keeps a cluster, its libraries, contexts and commands as the documents say and fails at
 * random. Whatever happens: a cell's code is taken by the server at most once, every run settles, every context whose id arrived is
 * destroyed or in the journal, those of others live on, nobody asks for a command again after its end was read, and no context is given up
 * for faults that say nothing of it, such as a network that is away or a login that has ended.
 */

const identity = (await identify(process.pid)) ?? '';
const routes = ['POST contexts/create', 'GET contexts/status', 'POST commands/execute', 'GET commands/status', 'POST commands/cancel', 'POST contexts/destroy'] as const;

/** Contexts that somebody else made. */
const foreign = ['theirs1-python', 'theirs2-python'] as const;

interface Fault {
  readonly route: (typeof routes)[number];
  readonly answer: Answer;
  /** The server did what was asked, only its answer went wrong. */
  readonly processed: boolean;
}

class Model {
  readonly #classic: boolean;
  readonly #contexts = new Set<string>(foreign);
  /** Those that will never run. */
  readonly #failed = new Set<string>();
  #cluster: 'RUNNING' | 'PENDING' | 'TERMINATED' = 'RUNNING';
  /** How often the cluster has started. */
  #lives = 1;
  /** How often one must look until the cluster runs, or its library is there. */
  #looks = { cluster: 0, library: 0 };
  readonly #commands = new Map<string, { context: string; cancelled: boolean }>();
  readonly #readToEnd = new Set<string>();
  #ids = 0;
  /** Commands end by themselves. */
  finishing = false;
  /** Nothing arrives, and nothing is answered. */
  isCut = false;
  /** Nobody's login is taken. */
  isLoggedOut = false;
  /** So many of the next contexts fail to start. */
  failingContexts = 0;
  faults: Fault[] = [];
  readonly taken = new Map<string, number>();
  readonly created = new Set<string>();
  /** Those that hold what code has done. */
  readonly used = new Set<string>();
  readonly destroyed = new Set<string>();
  /** Those whose destruction was asked for and went wrong. */
  readonly notDestroyed = new Set<string>();
  readonly violations: string[] = [];

  constructor(classic: boolean) {
    this.#classic = classic;
  }

  answer(route: string, request: SeenRequest): Answer {
    const away = this.#away();
    if (away !== undefined) {
      if (route === 'POST contexts/destroy') this.notDestroyed.add(request.fields['contextId'] ?? '');
      return away;
    }
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

  endCluster(next: 'PENDING' | 'TERMINATED'): void {
    this.#contexts.clear();
    this.#cluster = next;
    this.#lives += 1;
    this.#looks.cluster = 3;
  }

  install(): void {
    this.#looks.library = 3;
  }

  cluster(): Answer {
    if (this.#cluster === 'PENDING' && (this.#looks.cluster -= 1) < 0) this.#cluster = 'RUNNING';
    return this.#away() ?? { json: { cluster_id: 'c1', state: this.#cluster, spark_context_id: this.#lives } };
  }

  startCluster(): Answer {
    if (this.#away() === undefined && this.#cluster === 'TERMINATED') this.endCluster('PENDING');
    return this.#away() ?? { json: {} };
  }

  libraries(): Answer {
    const status = (this.#looks.library -= 1) < 0 ? 'INSTALLED' : this.#looks.library === 0 ? 'INSTALLING' : 'PENDING';
    return this.#away() ?? { json: { library_statuses: [{ library: { pypi: { package: 'a' } }, status }] } };
  }

  #away(): Answer | undefined {
    if (this.isCut) return 'reset';
    return this.isLoggedOut ? { status: 401, json: { error: 'Invalid access token' } } : undefined;
  }

  #process(route: string, { fields, headers }: SeenRequest): { answer: Answer; delivered?: () => void } {
    const { contextId = '', commandId = '', command: code = '', language } = fields;
    const gone = { answer: refused('ContextNotFound') };
    if (this.#classic && headers['content-type'] === 'application/json') return { answer: refused(`NoSuchElementException: key not found: ${Object.keys(fields)[0]}`) };
    switch (route) {
      case 'POST contexts/create': {
        if (this.#cluster !== 'RUNNING') return { answer: refused('ClusterNotReadyException: c1') };
        const id = `x${(this.#ids += 1)}-${language}`;
        this.#contexts.add(id);
        if ((this.failingContexts -= 1) >= 0) this.#failed.add(id);
        return { answer: { json: { id } }, delivered: () => this.created.add(id) };
      }
      case 'GET contexts/status':
        if (this.#failed.has(contextId)) return { answer: { json: { status: 'Error', cause: 'no memory' } } };
        return this.#contexts.has(contextId) ? { answer: { json: { status: 'Running' } } } : gone;
      case 'POST contexts/destroy':
        this.#contexts.delete(contextId);
        return { answer: { json: { id: contextId } }, delivered: () => this.destroyed.add(contextId) };
      case 'POST commands/execute': {
        if (!this.#contexts.has(contextId)) return gone;
        if (this.#failed.has(contextId)) this.violations.push(`${code} was sent to a context that has failed`);
        if (this.#classic && !contextId.endsWith(`-${language}`)) return { answer: refused('IllegalArgumentException: language') };
        const id = `k${(this.#ids += 1)}`;
        this.used.add(contextId);
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
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('prepare' as const, 'lose' as const, 'restart' as const, 'stop' as const, 'install' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'logout' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail contexts' as const), times: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('attach' as const), id: fc.constantFrom(...foreign, 'nowhere') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fail' as const), fault }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pause' as const), turns: fc.integer({ min: 1, max: 30 }) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

const harmful: readonly Action['do'][] = ['kill', 'lose', 'restart', 'stop', 'fail contexts', 'attach'];

/** Nobody gives a context up, and the faults are few enough to be outlasted. */
function isHarmless(actions: readonly Action[]): boolean {
  const faults = actions.flatMap((step) => (step.do === 'fail' ? [step.fault] : []));
  return faults.length <= 4 && faults.every(({ answer }) => answer !== refusal) && !actions.some((step) => harmful.includes(step.do));
}

const life = fc.record({
  classic: fc.boolean(),
  actions: fc.array(action, { maxLength: 25 }),
  closeEarly: fc.boolean(),
  /** What the end meets. */
  lastFaults: fc.array(fault, { maxLength: 3 }),
});

test('no life of a session runs code twice, loses a context or gives one up for nothing, reads an end twice or leaves a cell waiting', { timeout: 300_000 }, async () => {
  await fc.assert(fc.asyncProperty(life, live), { numRuns: 600 });
});

async function live({ classic, actions, closeEarly, lastFaults }: typeof life extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const model = new Model(classic);
  await using home = await temporaryDirectory();
  await using server = await startScriptedServer();
  server.on('GET clusters/get', () => model.cluster());
  server.on('POST clusters/start', () => model.startCluster());
  server.on('GET libraries/cluster-status', () => model.libraries());
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
      case 'attach': {
        const signals = cell();
        cells.push(signals);
        runs.push(session.attach(step.id as ContextId, signals).catch((error: unknown) => error));
        break;
      }
      case 'restart':
        model.endCluster('PENDING');
        break;
      case 'stop':
        model.endCluster('TERMINATED');
        break;
      case 'install':
        model.install();
        break;
      case 'cut':
        model.isCut = step.on;
        break;
      case 'logout':
        model.isLoggedOut = step.on;
        break;
      case 'fail contexts':
        model.failingContexts = step.times;
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
    model.isCut = false;
    model.isLoggedOut = false;
    await Promise.all(runs);
  }
  if (isHarmless(actions)) expect([...model.destroyed, ...model.notDestroyed].filter((id) => model.used.has(id))).toEqual([]);
  model.faults.push(...lastFaults);
  await session.close(5000);
  const ends = await Promise.all(runs);

  expect(model.violations).toEqual([]);
  for (const id of foreign) expect(model.destroyed.has(id) || model.notDestroyed.has(id), id).toBe(false);
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
