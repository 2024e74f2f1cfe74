import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { dialects } from '../../src/workspace/dialect.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import type { Driver } from '../../src/workspace/driver/driver.ts';
import type { Faults } from '../../src/workspace/faults.ts';
import { buildServer } from '../../src/workspace/server.ts';
import { newClusterId, newId } from '../../src/workspace/ids.ts';
import type { ClusterDefinition } from '../../src/workspace/cluster-definition.ts';
import type { StoredWorkspace } from '../../src/workspace/store.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { ScriptedDriver } from './scripted-driver.ts';

export type BodyKind = 'form' | 'multipart' | 'json';
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}
export type Files = Readonly<Record<string, { readonly name: string; readonly text: string | Uint8Array }>>;

/** A cluster with nothing special about it. */
export function plainCluster(id: string, name: string): ClusterDefinition {
  return { id, name, numWorkers: 0, sparkVersion: '4.3.x-scala2.13', nodeType: 'local', useSpot: false, zoneId: 'local', sparkConf: {}, autoterminationMinutes: 0 };
}

/** The real server in front of scripted drivers, called without a socket. */
export class ScriptedWorkspace implements AsyncDisposable {
  static readonly token = 'the-token';
  static readonly maxUploadBytes = 120_000_000;
  readonly clusterId = 'peaceJam';
  readonly drivers: ScriptedDriver[] = [];
  readonly log: string[] = [];
  readonly workspace: Workspace;
  readonly #server: Promise<FastifyInstance>;
  /** What it keeps on disk, which goes with it. */
  readonly directory = mkdtempSync(join(tmpdir(), 'scripted workspace '));
  readonly dbfsRoot = join(this.directory, 'dbfs');
  readonly uploadDirectory = join(this.directory, 'uploads');
  /** What the workspace has saved, each whole. */
  readonly saved: StoredWorkspace[] = [];
  /** Ids that the next clusters, contexts and commands get. */
  nextIds: string[] = [];
  now = 0;
  stopped: string | undefined;
  /** What the next start of a driver does; drivers start at once by default. */
  startDriver: (cluster: ClusterDefinition, onProgress: (text: string) => void) => Promise<Driver> = async () => new ScriptedDriver();
  /** What the next save does, before it counts. */
  save: () => Promise<void> = async () => undefined;

  constructor(dialect: DialectName, stored?: StoredWorkspace, faults?: Faults, bind?: string) {
    const log = (text: string) => this.log.push(text);
    mkdirSync(this.dbfsRoot);
    this.workspace = new Workspace({
      defaultCluster: plainCluster(this.clusterId, 'spark-it-up'),
      stored,
      save: async (contents) => {
        await this.save();
        this.saved.push(contents);
      },
      newId: () => this.nextIds.shift() ?? newId(),
      newClusterId: () => this.nextIds.shift() ?? newClusterId(),
      now: () => this.now,
      log,
      dbfsRoot: this.dbfsRoot,
      uploadDirectory: this.uploadDirectory,
      maxUploadBytes: ScriptedWorkspace.maxUploadBytes,
      startDriver: async (cluster, onProgress) => {
        const driver = await this.startDriver(cluster, onProgress);
        if (driver instanceof ScriptedDriver) this.drivers.push(driver);
        return driver;
      },
    });
    this.#server = buildServer({
      workspace: this.workspace,
      dialect: dialects[dialect],
      token: ScriptedWorkspace.token,
      bind,
      version: '1.2.3',
      pid: 4711,
      faults,
      stop: (reason) => (this.stopped = reason),
      log,
    });
  }

  async inject(options: InjectOptions): Promise<Answer> {
    const server = await this.#server;
    const login = Buffer.from(`token:${ScriptedWorkspace.token}`).toString('base64');
    const { headers, ...rest } = options;
    const response = await server.inject({ headers: { authorization: `Basic ${login}`, ...headers }, ...rest });
    return { status: response.statusCode, body: response.body === '' ? undefined : JSON.parse(response.body), text: response.body, headers: response.headers };
  }

  /** On a socket, too. */
  async listen(): Promise<{ readonly port: number }> {
    const server = await this.#server;
    await server.listen({ host: '127.0.0.1', port: 0 });
    return { port: (server.server.address() as AddressInfo).port };
  }

  get(path: string, data: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.inject({ method: 'GET', url: `${path}?${new URLSearchParams(data)}` });
  }

  async post(path: string, data: Readonly<Record<string, unknown>>, kind: BodyKind = 'form', files: Files = {}): Promise<Answer> {
    return this.inject({ method: 'POST', url: path, ...(await encode(data, kind, files)) });
  }

  async createContext(language = 'scala', clusterId = this.clusterId): Promise<string> {
    const answer = await this.post('/api/1.2/contexts/create', { language, clusterId });
    return idOf(answer);
  }

  /** A cluster that has begun to start; gives its id. */
  async createCluster(data: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return idOf(await this.post('/api/1.2/clusters/create', { name: 'another', numWorkerContainers: 2, ...data }));
  }

  clusterStatus(clusterId: string): Promise<Answer> {
    return this.get('/api/1.2/clusters/status', { clusterId });
  }

  /** The status of a cluster that is in that state. */
  clusterIs(clusterId: string, wanted: string): Promise<Answer> {
    return this.until(() => this.clusterStatus(clusterId), ({ status }) => status === wanted);
  }

  async execute(contextId: string, command: string, language = 'scala'): Promise<string> {
    const data = { language, clusterId: this.clusterId, contextId, command };
    return idOf(await this.post('/api/1.2/commands/execute', data));
  }

  status(contextId: string, commandId: string): Promise<Answer> {
    return this.get('/api/1.2/commands/status', { clusterId: this.clusterId, contextId, commandId });
  }

  cancel(contextId: string, commandId: string): Promise<Answer> {
    return this.post('/api/1.2/commands/cancel', { clusterId: this.clusterId, contextId, commandId });
  }

  contextStatus(contextId: string): Promise<Answer> {
    return this.get('/api/1.2/contexts/status', { clusterId: this.clusterId, contextId });
  }

  /** Asks until the answer is one that `wanted` accepts; a scripted driver gets there within a few turns. */
  async until(ask: () => Promise<Answer>, wanted: (body: Record<string, unknown>) => boolean): Promise<Answer> {
    for (let turn = 0; turn < 5000; turn++) {
      const answer = await ask();
      if (wanted(answer.body as Record<string, unknown>)) return answer;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`Never got the answer that was waited for; the last was ${(await ask()).text.slice(0, 2000)}`);
  }

  /** The answer that ends a command. */
  ended(contextId: string, commandId: string): Promise<Answer> {
    return this.until(
      () => this.status(contextId, commandId),
      ({ status }) => status !== 'Queued' && status !== 'Running' && status !== 'Cancelling',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#server).close();
    await this.workspace[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true });
  }
}

function idOf(answer: Answer): string {
  const { id } = answer.body as { id?: unknown };
  if (answer.status !== 200 || typeof id !== 'string') throw new Error(`No id in ${answer.status} ${answer.text}`);
  return id;
}

async function encode(data: Readonly<Record<string, unknown>>, kind: BodyKind, files: Files): Promise<InjectOptions> {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  if (kind === 'json') return { headers: { 'content-type': 'application/json' }, payload: JSON.stringify(data) };
  if (kind === 'form') {
    const pairs = Object.entries(data).map(([name, value]) => [name, text(value)] as const);
    const payload = new URLSearchParams(Object.fromEntries(pairs)).toString();
    return { headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload };
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(data)) form.append(name, text(value));
  for (const [name, file] of Object.entries(files)) form.append(name, new Blob([file.text]), file.name);
  const encoded = new Response(form);
  return { headers: { 'content-type': encoded.headers.get('content-type') ?? '' }, payload: Buffer.from(await encoded.arrayBuffer()) };
}
