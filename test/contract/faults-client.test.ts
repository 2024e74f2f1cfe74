import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { posts } from '../../src/databricks/api/posts.ts';
import type { Client } from '../../src/databricks/client.ts';
import type { ClusterId, CommandId, ContextId, LibraryId } from '../../src/databricks/types.ts';
import { BridgeError } from '../../src/lib/errors.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import type { FaultKind } from '../../src/workspace/fault-rules.ts';
import { instantClock } from '../support/clock.ts';
import { everyFault, faultInWords, FaultyWorkspace, isLie, shortDeadlineMs, type Fault } from '../support/faulty-workspace.ts';
import { ScriptedWorkspace } from '../support/scripted-workspace.ts';

/* Every call of the client that there is, with every fault that it can meet, on the real server: what may be sent again is, and what may not is not. */

// Most of their time is waiting for answers that never come.
vi.setConfig({ maxConcurrency: 16 });

/** What a call is about: things of its own on the server. */
interface Subject {
  readonly cluster: () => Promise<ClusterId>;
  readonly stoppedCluster: () => Promise<ClusterId>;
  readonly context: () => Promise<{ readonly clusterId: ClusterId; readonly contextId: ContextId }>;
  readonly command: (code: string) => Promise<{ readonly clusterId: ClusterId; readonly contextId: ContextId; readonly commandId: CommandId }>;
  readonly library: () => Promise<LibraryId>;
}

interface Row {
  readonly endpoint: string;
  readonly dialects: readonly DialectName[];
  /** Whether it may be done twice, by what the documents say of it; `one try`: its caller repeats it. */
  readonly again: boolean | 'one try';
  /** What it is about is made first; the call itself is what comes of it. */
  ready(subject: Subject): Promise<(client: Client) => Promise<unknown>>;
  readonly gives: unknown;
  /** Where any well-formed answer will do: nothing in it is read, or a server that has none of what is listed says nothing of it. */
  readonly readsLittle?: true;
  /** Another version of the API serves where the endpoint is not there. */
  readonly instead?: true;
}

const both = ['classic', 'modern'] as const;
const library = { kind: 'pypi', package: 'simplejson', repo: '' } as const;
const anId = expect.stringMatching(/./);

const rows: readonly Row[] = [
  { endpoint: 'GET /api/1.2/clusters/list', dialects: ['classic'], again: true, ready: async () => (client) => client.clusters.list(), gives: expect.arrayContaining([expect.objectContaining({ id: 'peaceJam' })]), readsLittle: true },
  { endpoint: 'GET /api/1.2/clusters/status', dialects: ['classic'], again: true, ready: onCluster((client, id) => client.clusters.get(id)), gives: expect.objectContaining({ status: 'Running' }) },
  { endpoint: 'POST /api/1.2/clusters/restart', dialects: ['classic'], again: false, ready: onCluster((client, id) => client.clusters.restart(id)), gives: undefined, readsLittle: true },
  { endpoint: 'POST /api/1.2/clusters/create', dialects: ['classic'], again: false, ready: async () => (client) => client.clusters.create({ name: 'a', workers: 1 }), gives: anId },
  { endpoint: 'POST /api/1.2/clusters/resize', dialects: ['classic'], again: false, ready: onCluster((client, id) => client.clusters.resize(id, 3)), gives: undefined, readsLittle: true },
  { endpoint: 'POST /api/1.2/clusters/delete', dialects: ['classic'], again: false, ready: onCluster((client, id) => client.clusters.delete(id)), gives: undefined, readsLittle: true },
  { endpoint: 'GET /api/2.1/clusters/list', dialects: ['modern'], again: true, ready: async () => (client) => client.clusters.list(), gives: expect.arrayContaining([expect.objectContaining({ id: 'peaceJam' })]), readsLittle: true, instead: true },
  { endpoint: 'GET /api/2.0/clusters/get', dialects: ['modern'], again: true, ready: onCluster((client, id) => client.clusters.get(id)), gives: expect.objectContaining({ status: 'Running' }), instead: true },
  { endpoint: 'POST /api/2.0/clusters/start', dialects: ['modern'], again: true, ready: async ({ stoppedCluster }) => { const id = await stoppedCluster(); return (client) => client.clusters.start(id); }, gives: undefined, readsLittle: true, instead: true },
  { endpoint: 'POST /api/2.0/clusters/restart', dialects: ['modern'], again: false, ready: onCluster((client, id) => client.clusters.restart(id)), gives: undefined, readsLittle: true, instead: true },
  { endpoint: 'POST /api/2.0/clusters/create', dialects: ['modern'], again: false, ready: async () => (client) => client.clusters.create({ name: 'a', workers: 1 }), gives: anId, instead: true },
  { endpoint: 'POST /api/2.0/clusters/resize', dialects: ['modern'], again: false, ready: onCluster((client, id) => client.clusters.resize(id, 3)), gives: undefined, readsLittle: true, instead: true },
  { endpoint: 'POST /api/2.0/clusters/delete', dialects: ['modern'], again: true, ready: onCluster((client, id) => client.clusters.delete(id)), gives: undefined, readsLittle: true, instead: true },
  { endpoint: 'POST /api/2.0/clusters/permanent-delete', dialects: ['modern'], again: false, ready: onCluster((client, id) => client.clusters.permanentDelete(id)), gives: undefined, readsLittle: true },
  { endpoint: 'POST /api/2.0/clusters/events', dialects: ['modern'], again: true, ready: onCluster((client, id) => client.clusters.events(id, 9)), gives: expect.arrayContaining([expect.objectContaining({ type: 'RUNNING' })]), readsLittle: true },
  { endpoint: 'GET /api/2.0/clusters/spark-versions', dialects: ['modern'], again: true, ready: async () => (client) => client.clusters.sparkVersions(), gives: [expect.anything()], readsLittle: true },
  { endpoint: 'GET /api/2.0/clusters/list-node-types', dialects: ['modern'], again: true, ready: async () => (client) => client.clusters.nodeTypes(), gives: [expect.anything()], readsLittle: true },
  { endpoint: 'POST /api/1.2/contexts/create', dialects: both, again: false, ready: onCluster((client, id) => client.contexts.create(id, 'scala')), gives: anId },
  { endpoint: 'GET /api/1.2/contexts/status', dialects: both, again: true, ready: async ({ context }) => { const address = await context(); return (client) => client.contexts.status(address); }, gives: { status: 'Running', cause: '' } },
  { endpoint: 'POST /api/1.2/contexts/destroy', dialects: both, again: true, ready: async ({ context }) => { const address = await context(); return (client) => client.contexts.destroy(address); }, gives: undefined, readsLittle: true },
  { endpoint: 'POST /api/1.2/commands/execute', dialects: both, again: false, ready: async ({ context }) => { const address = await context(); return (client) => client.commands.executeFile(address, 'sql', { name: 'a.sql', text: 'echo 1' }); }, gives: anId },
  { endpoint: 'POST /api/1.2/commands/execute', dialects: ['modern'], again: false, ready: async ({ context }) => { const address = await context(); return (client) => client.commands.execute(address, 'sql', 'echo 1'); }, gives: anId },
  { endpoint: 'GET /api/1.2/commands/status', dialects: both, again: 'one try', ready: async ({ command }) => { const address = await command('echo 1'); return (client) => client.commands.status(address); }, gives: expect.objectContaining({ status: 'Finished', result: { kind: 'text', text: '1' } }) },
  { endpoint: 'POST /api/1.2/commands/cancel', dialects: both, again: true, ready: async ({ command }) => { const address = await command('hang'); return (client) => client.commands.cancel(address); }, gives: undefined, readsLittle: true },
  { endpoint: 'GET /api/2.0/libraries/all-cluster-statuses', dialects: both, again: true, ready: async () => (client) => client.libraries.allClusterStatuses(), gives: [], readsLittle: true },
  { endpoint: 'GET /api/2.0/libraries/cluster-status', dialects: both, again: true, ready: onCluster((client, id) => client.libraries.clusterStatus(id)), gives: { clusterId: anId, libraries: [] }, readsLittle: true },
  { endpoint: 'POST /api/2.0/libraries/install', dialects: both, again: true, ready: onCluster((client, id) => client.libraries.install(id, [library])), gives: undefined, readsLittle: true },
  { endpoint: 'POST /api/2.0/libraries/uninstall', dialects: both, again: true, ready: onCluster((client, id) => client.libraries.uninstall(id, [library])), gives: undefined, readsLittle: true },
  { endpoint: 'GET /api/1.2/libraries/list', dialects: both, again: true, ready: async ({ library: made }) => { await made(); return (client) => client.uploadedLibraries.list(); }, gives: expect.arrayContaining([expect.objectContaining({ folder: '/a' })]), readsLittle: true },
  { endpoint: 'GET /api/1.2/libraries/status', dialects: both, again: true, ready: onLibrary((client, id) => client.uploadedLibraries.status(id)), gives: expect.objectContaining({ folder: '/a' }) },
  { endpoint: 'POST /api/1.2/libraries/upload', dialects: both, again: false, ready: async () => (client) => client.uploadedLibraries.upload({ source: { type: 'python-pypi', package: 'b' }, name: 'b', folder: '/b', attachToAllClusters: false }), gives: anId },
  { endpoint: 'POST /api/1.2/libraries/delete', dialects: both, again: false, ready: onLibrary((client, id) => client.uploadedLibraries.delete(id)), gives: undefined, readsLittle: true },
  { endpoint: 'POST /api/1.2/libraries/attach', dialects: both, again: false, ready: onLibrary((client, id, cluster) => client.uploadedLibraries.attach(id, cluster)), gives: undefined, readsLittle: true },
  { endpoint: 'POST /api/1.2/libraries/detach', dialects: both, again: false, ready: onLibrary((client, id, cluster) => client.uploadedLibraries.detach(id, cluster)), gives: undefined, readsLittle: true },
];

function onCluster(call: (client: Client, id: ClusterId) => Promise<unknown>): Row['ready'] {
  return async ({ cluster }) => {
    const id = await cluster();
    return (client) => call(client, id);
  };
}

function onLibrary(call: (client: Client, id: LibraryId, cluster: ClusterId) => Promise<unknown>): Row['ready'] {
  return async (subject) => {
    const [id, cluster] = [await subject.library(), await subject.cluster()];
    return (client) => call(client, id, cluster);
  };
}

function subjectOn({ server }: FaultyWorkspace): Subject {
  const cluster = async () => {
    const id = (await server.createCluster()) as ClusterId;
    await server.workspace.cluster(id).driver();
    await server.clusterIs(id, 'Running');
    return id;
  };
  const context = async () => {
    const clusterId = await cluster();
    const contextId = (await server.createContext('scala', clusterId)) as ContextId;
    await server.until(() => server.get('/api/1.2/contexts/status', { clusterId, contextId }), ({ status }) => status === 'Running');
    return { clusterId, contextId };
  };
  return {
    cluster,
    context,
    stoppedCluster: async () => {
      const id = await cluster();
      server.workspace.cluster(id).terminate();
      await server.clusterIs(id, 'Terminated');
      return id;
    },
    command: async (code) => {
      const address = await context();
      const { id } = server.workspace.cluster(address.clusterId).context(address.contextId).execute('scala', code);
      return { ...address, commandId: id as CommandId };
    },
    library: async () => {
      const { body } = await server.post('/api/1.2/libraries/upload', { libType: 'python-pypi', name: 'a', folder: '/a', attachToAllClusters: 'false', uri: 'a' }, 'multipart');
      return (body as { id: LibraryId }).id;
    },
  };
}

/** What the sentence for the user says of a fault. */
const causes: Readonly<Record<FaultKind, RegExp>> = {
  reset: /^The connection to http:\S+ broke before the answer to \S+ was here \(\w+\)\.$/,
  timeout: /^http:\S+ did not answer \S+ within 1 s\.$/,
  'slow-body': /never/,
  'half-body': /^The connection to http:\S+ broke before the answer to \S+ was here \(\w+\)\.$/,
  'wrong-json': /^The server.* (?:that is none|holds no \w+|describes no cluster): \{"unexpected":\[1,2,3\]\}\.$/,
  html: /^http:\S+ answered \S+ with a web page \(a login page\?\) that is not the API's: /,
  '401': /^http:\S+ does not accept the login for \S+: .*an injected fault\. Check the login of the test\.$/,
  '404': /HTTP 404\): .*an injected fault\.$|^http:\S+ has no .*: \w+/,
  '429': /asked too often/,
  '500': /^http:\S+ refused \S+ \(HTTP 500\): .*an injected fault\.$/,
  '503': /^http:\S+ refused \S+ \(HTTP 503\): .*an injected fault\.$/,
  // What the server says of what it has no more.
  'driver-killed': /Context \S+ has failed|unexpected state|is in unexpected/,
  'out-of-memory': /Context \S+ has failed|unexpected state/,
  'context-vanished': /ContextNotFound/,
};

type Fate = 'answer' | 'error' | 'either';

/** What comes of a call that meets a fault, and whether it was sent again. */
function fateOf({ again, readsLittle, instead }: Row, { kind, when }: Fault): { readonly fate: Fate; readonly resent: boolean } {
  const lost = { fate: again === true ? 'answer' : 'error', resent: again === true } as const;
  switch (kind) {
    case 'slow-body':
      return { fate: 'answer', resent: false };
    case 'wrong-json':
      return { fate: readsLittle ? 'answer' : 'error', resent: false };
    case '429':
      return again === 'one try' ? { fate: 'error', resent: false } : { fate: 'answer', resent: true };
    case '401':
    case '500':
      return { fate: 'error', resent: false };
    case '404':
      return { fate: instead ? 'answer' : 'error', resent: false };
    case 'driver-killed':
    case 'out-of-memory':
    case 'context-vanished':
      return { fate: when === 'after' ? 'answer' : 'either', resent: false };
    default:
      return lost;
  }
}

const harm: readonly FaultKind[] = ['driver-killed', 'out-of-memory', 'context-vanished'];

/** Servers that no test uses now. */
const idle: Record<DialectName, FaultyWorkspace[]> = { classic: [], modern: [] };
afterAll(async () => {
  for (const place of Object.values(idle).flat()) await place[Symbol.asyncDispose]();
});

const cases = rows.flatMap((row, index) =>
  row.dialects.flatMap((dialect) =>
    everyFault
      .filter((fault) => row.again === true || !isLie(fault))
      .map((fault) => ({ title: `${row.endpoint}, ${dialect}: ${faultInWords(fault)}${index > 0 && rows[index - 1]?.endpoint === row.endpoint ? ', as text' : ''}`, row, dialect, fault })),
  ),
);

/** Runs a test on a server of its own for that time, and removes what it made. */
async function onServer(dialect: DialectName, use: (place: FaultyWorkspace, subject: Subject) => Promise<void>): Promise<void> {
  const place = idle[dialect].pop() ?? new FaultyWorkspace(dialect);
  const before = new Set(place.server.workspace.clusters);
  try {
    await use(place, subjectOn(place));
  } finally {
    for (const cluster of place.server.workspace.clusters) if (!before.has(cluster)) await place.server.workspace.removeCluster(cluster.id);
    idle[dialect].push(place);
  }
}

describe('every call', () => {
  test.concurrent.for(cases)('$title', async ({ row, dialect, fault }) => {
    const { kind, when, retryAfter } = fault;
    await onServer(dialect, async (place, subject) => {
      const call = await row.ready(subject);
      const clock = instantClock();
      const client = await place.client({ clock, ...(kind === 'timeout' && { deadlineMs: shortDeadlineMs }) });
      // It finds out how this server reads bodies.
      await client.contexts.destroy({ clusterId: place.server.clusterId as ClusterId, contextId: '0' as ContextId });
      place.inject({ endpoint: row.endpoint, ...fault });
      const came = await call(client).then((value) => ({ value }), (error: unknown) => ({ error }));
      await client.destroy();

      expect(place.faults()).toEqual([`${kind} ${when} ${row.endpoint}`]);
      const { fate, resent } = fateOf(row, fault);
      const handled = place.handled(row.endpoint);
      if (!harm.includes(kind)) expect(handled).toBe(Number(when === 'after') + Number(resent));
      if (retryAfter !== undefined) expect(clock.slept).toEqual(resent ? [retryAfter * 1000] : []);
      if (row.again === false) expect(handled).toBeLessThanOrEqual(1);
      if ('error' in came) {
        expect(fate).not.toBe('answer');
        expect(came.error).toBeInstanceOf(BridgeError);
        expect((came.error as BridgeError).code).toMatch(/^(?:net|api|context|command)$/);
        expect((came.error as BridgeError).message).toMatch(causes[kind]);
      } else {
        expect(fate).not.toBe('error');
        if (kind !== 'wrong-json' && fate === 'answer') expect(came.value).toEqual(row.gives);
      }
      expect(`${JSON.stringify(came)}${'error' in came ? String(came.error) : ''}${place.server.log.join('\n')}`).not.toContain(ScriptedWorkspace.token);
    });
  });
});

test('no endpoint that the client knows is left out', () => {
  const folder = join(import.meta.dirname, '..', '..', 'src', 'databricks', 'api');
  const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const known = [...new Set(sources.flatMap((code) => code.match(/\/api\/[\d.]+\/[\w-]+\/[\w-]+/g) ?? []))];
  const methodOf = (path: string) => (Object.hasOwn(posts, path) ? 'POST' : 'GET');
  // Asked where 2.1 is not there, which 404 before it shows.
  const fallback = 'GET /api/2.0/clusters/list';
  expect([...new Set([...rows.map(({ endpoint }) => endpoint), fallback])].sort()).toEqual(known.map((path) => `${methodOf(path)} ${path}`).sort());
});
