import type { FastifyInstance, FastifyRequest } from 'fastify';
import { BridgeError } from '../lib/errors.ts';
import { seededRandom } from '../lib/random.ts';
import { ApiError } from './api-error.ts';
import { fieldsOf } from './bodies.ts';
import type { Cluster } from './cluster.ts';
import type { Dialect } from './dialect.ts';
import { spoil } from './fault-answers.ts';
import type { FaultPlan, FaultRule } from './fault-rules.ts';
import type { Workspace } from './workspace.ts';

/** A call of an API, and what it is about. */
export interface Call {
  /** Like `POST /api/1.2/commands/execute`. */
  readonly endpoint: string;
  readonly cluster?: string | undefined;
  readonly context?: string | undefined;
}

/** The plan in force, and how far its rules have counted. */
export class Faults {
  #plan: FaultPlan = { rules: [] };
  #counters: readonly Counter[] = [];

  constructor(plan: FaultPlan) {
    this.use(plan);
  }

  get rules(): readonly FaultRule[] {
    return this.#plan.rules;
  }

  /** Puts another plan in the place of the one before; all counting begins anew. */
  use(plan: FaultPlan): void {
    this.#plan = plan;
    this.#counters = plan.rules.map((rule, index) => new Counter(rule, (plan.seed ?? 1) + index));
  }

  /** The rule that this call meets. */
  meet(call: Call): FaultRule | undefined {
    let met: FaultRule | undefined;
    for (const counter of this.#counters) if (counter.isAbout(call)) met = counter.count(met !== undefined) ?? met;
    return met;
  }

  /** @throws BridgeError `config` for a rule that is about none of these endpoints */
  expectKnown(endpoints: readonly string[]): void {
    const stray = this.#counters.find((counter) => !endpoints.some((endpoint) => counter.covers(endpoint)));
    if (stray === undefined) return;
    const message = `No call is "${stray.rule.endpoint}", where a rule wants a fault; there are: ${endpoints.join(', ')}.`;
    throw new BridgeError('config', message, { setting: '--faults' });
  }
}

/** One rule and its calls so far. */
class Counter {
  readonly rule: FaultRule;
  readonly #pattern: RegExp;
  /** Of the rule's own, so that what other rules meet changes nothing. */
  readonly #chance: () => number;
  #calls = 0;
  #met = 0;

  constructor(rule: FaultRule, seed: number) {
    this.rule = rule;
    this.#pattern = new RegExp(`^${rule.endpoint.split('*').map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')).join('.*')}$`);
    this.#chance = seededRandom(seed);
  }

  covers(endpoint: string): boolean {
    return this.#pattern.test(endpoint);
  }

  isAbout({ endpoint, cluster, context }: Call): boolean {
    const { rule } = this;
    return this.covers(endpoint) && (rule.cluster ?? cluster) === cluster && (rule.context ?? context) === context;
  }

  /** Counts a call that the rule is about; gives the rule when it fires, which it does not where another has. */
  count(another: boolean): FaultRule | undefined {
    const { nth = 1, rate, times = rate === undefined ? 1 : Infinity } = this.rule;
    this.#calls += 1;
    if (another || this.#calls < nth || this.#met >= times) return undefined;
    if (rate !== undefined && this.#chance() >= rate) return undefined;
    this.#met += 1;
    return this.rule;
  }
}

interface Surroundings {
  readonly workspace: Workspace;
  readonly dialect: Dialect;
  log(text: string): void;
}

/**
 * Makes calls of the APIs fail as the plan in force says, for tests of clients; calls to the workspace itself never fail. Logs each fault
 * (`fault: reset after POST /api/1.2/commands/execute`) and each call that was handled (`handled: POST /api/1.2/commands/execute 200`).
 * To be called before the routes are added; `ready` then rejects with `BridgeError` `config` for an endpoint that there is not.
 */
export function injectFaults(server: FastifyInstance, faults: Faults, { workspace, dialect, log }: Surroundings): void {
  const endpoints: string[] = [];
  /** The calls that have got past the guard, with what waits for their answers. */
  const admitted = new WeakMap<FastifyRequest, { readonly call: Call; readonly after: FaultRule | undefined }>();

  server.addHook('onRoute', ({ method, url }) => {
    if (isOfApi(url)) endpoints.push(...[method].flat().map((one) => `${one} ${url}`));
  });
  server.addHook('onReady', async () => faults.expectKnown(endpoints));
  server.addHook('preHandler', async (request, reply) => {
    const { url } = request.routeOptions;
    if (!isOfApi(url)) return;
    const call = { endpoint: `${request.method} ${url}`, ...(await namedBy(request)) };
    const rule = faults.meet(call);
    if (rule !== undefined) log(`fault: ${rule.kind} ${rule.when} ${call.endpoint}`);
    admitted.set(request, { call, after: rule?.when === 'after' ? rule : undefined });
    if (rule?.when !== 'before' || (await harm(rule, call, workspace))) return;
    await spoil(rule, { dialect, request, reply, answer: '' });
    return reply;
  });
  server.addHook('onSend', async (request, reply, payload) => {
    const { call, after } = admitted.get(request) ?? {};
    if (call === undefined) return payload;
    log(`handled: ${call.endpoint} ${reply.statusCode}`);
    if (after === undefined || (await harm(after, call, workspace))) return payload;
    await spoil(after, { dialect, request, reply, answer: String(payload ?? '') });
    // The answer was given past the web server, which must not give another.
    return new Promise(() => undefined);
  });
}

function isOfApi(url: string | undefined): url is string {
  return /^\/api\//.test(url ?? '');
}

async function namedBy(request: FastifyRequest): Promise<Pick<Call, 'cluster' | 'context'>> {
  // Its parts can be read once, by whoever handles it.
  if (request.isMultipart()) return {};
  try {
    const fields = await fieldsOf(request);
    return { cluster: fields.optionalText('clusterId') ?? fields.optionalText('cluster_id'), context: fields.optionalText('contextId') };
  } catch (error) {
    // Whoever handles it refuses it.
    if (error instanceof ApiError) return {};
    throw error;
  }
}

/** Does the faults that let the call go on; `false` for the others. */
async function harm({ kind }: FaultRule, call: Call, workspace: Workspace): Promise<boolean> {
  const clusters = workspace.clusters.filter(({ id }) => call.cluster === undefined || id === call.cluster);
  switch (kind) {
    case 'driver-killed':
      await crash(clusters, '');
      return true;
    case 'out-of-memory':
      await crash(clusters, 'java.lang.OutOfMemoryError: Java heap space');
      return true;
    case 'context-vanished':
      for (const cluster of clusters) {
        const gone = cluster.contexts.filter(({ id }) => call.context === undefined || id === call.context);
        for (const { id } of gone) await cluster.destroyContext(id);
      }
      return true;
    default:
      return false;
  }
}

async function crash(clusters: readonly Cluster[], lastWords: string): Promise<void> {
  for (const { state } of clusters) if ('driver' in state) await state.driver.crash(lastWords);
}
