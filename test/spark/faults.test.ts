import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixedCredentials } from '../../src/databricks/auth/credentials.ts';
import type { ClusterId } from '../../src/databricks/types.ts';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { identify } from '../../src/lib/process-identity.ts';
import { Secret } from '../../src/lib/secret.ts';
import { systemClock } from '../../src/lib/time.ts';
import { createSession } from '../../src/session/session.ts';
import type { Cluster } from '../../src/workspace/cluster.ts';
import { dialects } from '../../src/workspace/dialect.ts';
import type { FaultRule } from '../../src/workspace/fault-rules.ts';
import { Faults } from '../../src/workspace/faults.ts';
import { buildServer } from '../../src/workspace/server.ts';
import { eventually } from '../support/eventually.ts';
import { openNotebook, type CellEnd, type FaultyNotebook } from '../support/faulty-notebook.ts';
import { clientFor, connectionTo, temporaryDirectory } from '../support/scripted-api.ts';
import { SparkClusters, become } from '../support/spark-clusters.ts';

/* Ten faults a language on real Spark: the server, its JVM and its Python processes are real, and fail on purpose. */

const languages = ['scala', 'python', 'sql'] as const;
const token = 'the-token-of-the-test';
const execute = 'POST /api/1.2/commands/execute';
const status = 'GET /api/1.2/commands/status';
const identity = (await identify(process.pid)) ?? '';

/** Time as it is, but nobody waits for long. */
const hastyClock = { now: () => systemClock.now(), sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 50), signal) };

/** A cell that says its number, so that each is told from all others. */
const says: Readonly<Record<KernelLanguage, (n: number) => string>> = {
  scala: (n) => `println("cell ${n}")`,
  python: (n) => `print("cell ${n}")`,
  sql: (n) => `select 'cell ${n}' as it`,
};

/** More than the heap holds. */
const exhausts: Readonly<Record<KernelLanguage, string>> = {
  scala: 'val all = collection.mutable.ArrayBuffer[Array[Byte]]()\nwhile (true) all += new Array[Byte](1 << 26)',
  python: '[spark._jvm.java.nio.ByteBuffer.allocate(1 << 26) for _ in range(100)]',
  sql: `select length(repeat('x', 2000000000)) as n`,
};

const clusters = new SparkClusters('local[2]');
const faults = new Faults({ rules: [] });
const log: string[] = [];
const notebooks = new Map<KernelLanguage, FaultyNotebook>();
let cluster: Cluster;
let end: () => Promise<void>;
let cells = 0;

beforeAll(async () => {
  cluster = await clusters.create({ sparkConf: { 'spark.driver.memory': '512m' } });
  const { workspace } = clusters;
  const server = await buildServer({ workspace, dialect: dialects.modern, token, version: '1', pid: process.pid, faults, stop: () => undefined, log: (text) => log.push(text) });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const url = new URL(`http://127.0.0.1:${(server.server.address() as AddressInfo).port}`);
  const home = await temporaryDirectory();
  const credentials = fixedCredentials({ type: 'pat', origin: 'the login of the test', token: new Secret(token) });
  // Long for a server in this process, and soon over where it never answers.
  const connect = async () => connectionTo(clientFor(url, { credentials, clock: hastyClock, deadlineMs: 10_000 }), { clusterId: cluster.id as ClusterId, embedded: true });
  for (const language of languages) notebooks.set(language, openNotebook(language, createSession({ language, connect, home: home.path, identity })));
  end = async () => {
    await server.close();
    await clusters[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  };
  await become(cluster, 'Running');
});
afterAll(() => end());

function notebookOf(language: KernelLanguage): FaultyNotebook {
  return notebooks.get(language) ?? expect.fail(`no ${language} notebook`);
}

/** From now on calls meet the fault, and the log begins with it. */
function inject(rule: FaultRule): void {
  faults.use({ rules: [rule] });
  log.length = 0;
}

const calm = (): void => faults.use({ rules: [] });
const isOf = (kind: 'fault' | 'handled') => (line: string) => line.startsWith(`${kind}: `);

/** A cell that nothing happens to. */
async function expectWorks(language: KernelLanguage): Promise<CellEnd> {
  const n = (cells += 1);
  const cell = await notebookOf(language).run(says[language](n));
  expect(cell).toMatchObject({ error: '', text: expect.stringContaining(`cell ${n}`) });
  return cell;
}

const newContext = 'The earlier execution context is gone: this cell runs in a new one, without the variables of earlier cells.';

/** Of a fault that goes on until it has met the answer with the result. */
const untilResult = Infinity;

interface Fault {
  readonly name: string;
  readonly rule: FaultRule;
  /** The error of the cell; its result is shown where there is none. */
  readonly error?: RegExp;
  /** How often the cell's code ran. */
  readonly ran: 0 | 1;
  readonly losesContext?: true;
}

const onTheWire: readonly Fault[] = [
  { name: 'the connection is reset after execute', rule: { endpoint: execute, kind: 'reset', when: 'after' }, error: /^CommandError: The connection to .* broke before the answer to commands\/execute was here .* The command may be running or have run; it was not sent again\./, ran: 1 },
  { name: 'half of the body arrives that holds the result', rule: { endpoint: status, kind: 'half-body', when: 'after', times: untilResult }, error: /^CommandError: The connection to .* broke .* The command has finished, but its result is lost/, ran: 1 },
  { name: 'execute is refused with 429 and Retry-After', rule: { endpoint: execute, kind: '429', when: 'before', times: 2, retryAfter: 1 }, ran: 1 },
  { name: 'status is refused with 503', rule: { endpoint: status, kind: '503', when: 'before', times: 2 }, ran: 1 },
  { name: 'status is never answered', rule: { endpoint: status, kind: 'timeout', when: 'before' }, ran: 1 },
  { name: 'execute is refused with 401 once', rule: { endpoint: execute, kind: '401', when: 'before' }, error: /^AccessDenied: .* does not accept the login for commands\/execute: /, ran: 0 },
  { name: 'the context vanishes', rule: { endpoint: execute, kind: 'context-vanished', when: 'before' }, error: /^ContextLost: The execution context on cluster .* is gone, .*: this cell was not run\. The next cell gets a new context\.$/, ran: 0, losesContext: true },
];

describe.for(languages)('in a %s notebook', (language) => {
  test('cells run', () => expectWorks(language));

  test.for(onTheWire)('$name', async ({ rule, error, ran, losesContext }) => {
    const n = (cells += 1);
    const code = says[language](n);
    inject(rule);
    const running = notebookOf(language).run(code);
    if (rule.times === untilResult) {
      await eventually(async () => clusters.finished.includes(code));
      const before = log.length;
      await eventually(async () => log.slice(before).some(isOf('handled')));
      calm();
    }
    const cell = await running;
    calm();
    expect(new Set(log.filter(isOf('fault')))).toEqual(new Set([`fault: ${rule.kind} ${rule.when} ${rule.endpoint}`]));
    expect(log.filter((line) => line === `handled: ${execute} 200`)).toHaveLength(ran);
    if (error === undefined) expect(cell).toMatchObject({ error: '', text: expect.stringContaining(`cell ${n}`) });
    else expect(cell.error).toMatch(error);
    const next = await expectWorks(language);
    expect(next.text.includes(newContext)).toBe(losesContext === true);
    // Whatever still runs of it has run before the next one.
    expect(clusters.executed.filter((one) => one === code)).toHaveLength(ran);
    expect(JSON.stringify(cell)).not.toContain(token);
  });

  test('the Python process of the context is killed', async () => {
    const notebook = notebookOf(language);
    const code = '%python\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)';
    expect((await notebook.run(code)).error).toMatch(/^PythonProcessDied: the Python process of this context ended \(signal SIGKILL\)$/);
    await expectWorks(language);
    expect(clusters.executed.filter((one) => one.includes('signal.SIGKILL'))).toHaveLength(languages.indexOf(language) + 1);
  });

  test('a cell needs more memory than the JVM has', async () => {
    const cell = await notebookOf(language).run(exhausts[language]);
    expect(cell.error + cell.traceback).toMatch(/OutOfMemoryError/);
    await expectWorks(language);
  });
});

test('a JVM whose memory stays full ends and says why, and the next cells run in new contexts', async () => {
  const notebook = notebookOf('scala');
  await notebook.run('val kept = collection.mutable.ArrayBuffer[Array[Byte]]()');
  // Finer and finer, until nothing is left for anybody else.
  for (let bits = 20; cluster.state.status === 'Running'; bits = Math.max(4, bits - 4)) {
    const cell = await notebook.run(`while (true) kept += new Array[Byte](1 << ${bits})`);
    expect(cell.error + cell.traceback).toMatch(/OutOfMemoryError/);
  }
  expect(cluster.message).toMatch(/has ended, and its variables are gone\. It ended by itself \(exit code 52\)\. [^]*OutOfMemoryError/);
  expect((await expectWorks('scala')).text).toContain(newContext);
  for (const language of ['python', 'sql'] as const) {
    expect((await notebookOf(language).run(says[language](0))).error).toMatch(/^ContextLost: .*: this cell was not run\. The next cell gets a new context\.$/);
    expect((await expectWorks(language)).text).toContain(newContext);
  }
});

test('the JVM is killed in the middle of a cell of each language: all say so, and the next cells run in new contexts', async () => {
  inject({ endpoint: execute, kind: 'driver-killed', when: 'after', nth: languages.length });
  const long: Readonly<Record<KernelLanguage, string>> = { scala: 'Thread.sleep(600000)', python: 'import time; time.sleep(600)', sql: 'select count(*) from range(1000000000000) where id % 7 = 8' };
  const ends = await Promise.all(languages.map((language) => notebookOf(language).run(long[language])));
  calm();
  expect(log.filter(isOf('fault'))).toEqual([`fault: driver-killed after ${execute}`]);
  for (const { error } of ends) expect(error).toMatch(/signal SIGKILL/);
  for (const language of languages) expect((await expectWorks(language)).text).toContain(newContext);
  for (const code of Object.values(long)) expect(clusters.executed.filter((one) => one === code)).toHaveLength(1);
});

test('in the end no context is left', async () => {
  for (const notebook of notebooks.values()) await notebook[Symbol.asyncDispose]();
  expect(clusters.workspace.openContexts).toBe(0);
});
