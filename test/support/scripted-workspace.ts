import type { FastifyInstance, InjectOptions } from 'fastify';
import { dialects } from '../../src/workspace/dialect.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import { buildServer } from '../../src/workspace/server.ts';
import { newId } from '../../src/workspace/ids.ts';
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

/** The real server in front of scripted drivers, called without a socket. */
export class ScriptedWorkspace implements AsyncDisposable {
  static readonly token = 'the-token';
  readonly clusterId = 'peaceJam';
  readonly drivers: ScriptedDriver[] = [];
  readonly log: string[] = [];
  readonly workspace: Workspace;
  readonly #server: Promise<FastifyInstance>;
  /** Ids that the next contexts and commands get. */
  nextIds: string[] = [];
  now = 0;
  stopped: string | undefined;
  /** What the next start of a driver does; drivers start at once by default. */
  startDriver: () => Promise<ScriptedDriver> = async () => new ScriptedDriver();

  constructor(dialect: DialectName) {
    const log = (text: string) => this.log.push(text);
    this.workspace = new Workspace({
      clusterId: this.clusterId,
      clusterName: 'spark-it-up',
      newId: () => this.nextIds.shift() ?? newId(),
      now: () => this.now,
      log,
      startDriver: async () => {
        const driver = await this.startDriver();
        this.drivers.push(driver);
        return driver;
      },
    });
    this.#server = buildServer({
      workspace: this.workspace,
      dialect: dialects[dialect],
      token: ScriptedWorkspace.token,
      version: '1.2.3',
      pid: 4711,
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

  get(path: string, data: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.inject({ method: 'GET', url: `${path}?${new URLSearchParams(data)}` });
  }

  async post(path: string, data: Readonly<Record<string, unknown>>, kind: BodyKind = 'form', files: Files = {}): Promise<Answer> {
    return this.inject({ method: 'POST', url: path, ...(await encode(data, kind, files)) });
  }

  async createContext(language = 'scala'): Promise<string> {
    const answer = await this.post('/api/1.2/contexts/create', { language, clusterId: this.clusterId });
    return idOf(answer);
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
    for (let turn = 0; turn < 200; turn++) {
      const answer = await ask();
      if (wanted(answer.body as Record<string, unknown>)) return answer;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`Never got the answer that was waited for; the last was ${(await ask()).text}`);
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
