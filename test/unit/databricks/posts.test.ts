import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PostPath } from '../../../src/databricks/api/posts.ts';
import { posts } from '../../../src/databricks/api/posts.ts';
import type { Client } from '../../../src/databricks/client.ts';
import type { ClusterId, CommandId, ContextId, LibraryId } from '../../../src/databricks/types.ts';
import { clientFor, failureOf, loginPages } from '../../support/scripted-api.ts';
import { instantClock } from '../../support/clock.ts';
import type { Answer } from '../../support/scripted-server.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';

/* What happens to each POST of the client on a real connection that fails. */

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uploads of tests '));
  await writeFile(join(folder, 'a.egg'), 'x');
});
afterAll(() => rm(folder, { recursive: true }));

const clusterId = 'c1' as ClusterId;
const libraryId = 'l1' as LibraryId;
const address = { clusterId, contextId: 'x1' as ContextId, commandId: 'k1' as CommandId };
const jar = { kind: 'jar', uri: 'dbfs:/a.jar' } as const;
const spec = { name: 'n', workers: 1, sparkVersion: 'v' };

const calls: Readonly<Record<PostPath, (client: Client) => Promise<unknown>>> = {
  '/api/1.2/clusters/create': (client) => client.clusters.create(spec),
  '/api/1.2/clusters/restart': (client) => client.clusters.restart(clusterId),
  '/api/1.2/clusters/resize': (client) => client.clusters.resize(clusterId, 2),
  '/api/1.2/clusters/delete': (client) => client.clusters.delete(clusterId),
  '/api/1.2/contexts/create': (client) => client.contexts.create(clusterId, 'scala'),
  '/api/1.2/contexts/destroy': (client) => client.contexts.destroy(address),
  '/api/1.2/commands/execute': (client) => client.commands.execute(address, 'scala', '1'),
  '/api/1.2/commands/cancel': (client) => client.commands.cancel(address),
  '/api/1.2/libraries/upload': (client) =>
    client.uploadedLibraries.upload({ source: { type: 'python-egg', path: join(folder, 'a.egg') }, name: 'a.egg', folder: '/', attachToAllClusters: false }),
  '/api/1.2/libraries/delete': (client) => client.uploadedLibraries.delete(libraryId),
  '/api/1.2/libraries/attach': (client) => client.uploadedLibraries.attach(libraryId, clusterId),
  '/api/1.2/libraries/detach': (client) => client.uploadedLibraries.detach(libraryId, clusterId),
  '/api/2.0/libraries/install': (client) => client.libraries.install(clusterId, [jar]),
  '/api/2.0/libraries/uninstall': (client) => client.libraries.uninstall(clusterId, [jar]),
  '/api/2.0/clusters/create': (client) => client.clusters.create({ ...spec, nodeType: 't' }),
  '/api/2.0/clusters/start': (client) => client.clusters.start(clusterId),
  '/api/2.0/clusters/restart': (client) => client.clusters.restart(clusterId),
  '/api/2.0/clusters/resize': (client) => client.clusters.resize(clusterId, 2),
  '/api/2.0/clusters/delete': (client) => client.clusters.delete(clusterId),
  '/api/2.0/clusters/permanent-delete': (client) => client.clusters.permanentDelete(clusterId),
  '/api/2.0/clusters/events': (client) => client.clusters.events(clusterId, 10),
};

/** What must never happen twice: the issue names them, and a table that was changed by mistake shall not pass. */
const neverTwice: readonly PostPath[] = [
  '/api/1.2/clusters/create', '/api/1.2/clusters/restart', '/api/1.2/clusters/resize', '/api/1.2/contexts/create', '/api/1.2/commands/execute', '/api/1.2/libraries/upload',
  '/api/1.2/libraries/attach', '/api/1.2/libraries/detach', '/api/2.0/clusters/create', '/api/2.0/clusters/restart', '/api/2.0/clusters/resize',
];

/** Calls `path` on a server that meets the first attempt with `answer`; gives how it ended, and how many attempts arrived. */
async function meet(path: PostPath, answer: Answer) {
  await using server = await startScriptedServer();
  const attempts = () => server.seen.filter((request) => request.path === path).length;
  server.guard((request) => {
    if (path.startsWith('/api/1.2/') && request.path.startsWith('/api/2.')) return { status: 404, json: { error: 'No such endpoint' } };
    if (request.path !== path) return undefined;
    return attempts() === 1 ? answer : { json: { id: '1', cluster_id: '1' } };
  });
  const clock = instantClock();
  const client = clientFor(server.url, { clock });
  const end = await calls[path](client).then(() => 'done' as const, (error: unknown) => error);
  await client.close();
  return { end, attempts: attempts(), slept: clock.slept };
}

test('what must not happen twice is sent once', () => {
  expect(neverTwice.map((path) => posts[path])).toEqual(neverTwice.map(() => 'once'));
});

const all = Object.keys(posts) as PostPath[];
const lost = all.flatMap((path) => (['reset', 'half', { status: 503, json: { error: 'busy' } }, { status: 502, text: '' }, loginPages.page, loginPages.redirect] as const).map((answer) => [path, answer] as const));
test.for(lost)('%s is sent again after %j only if it is repeatable', async ([path, answer]) => {
  const { end, attempts } = await meet(path, answer);
  if (posts[path] === 'repeatable') expect([end, attempts]).toEqual(['done', 2]);
  else expect([end, attempts]).toEqual([expect.objectContaining({ code: typeof answer === 'string' ? 'net' : 'api' }), 1]);
});

test.for(all)('%s is sent again when the server was asked too often, as late as it says', async (path) => {
  const { end, attempts, slept } = await meet(path, { status: 429, json: { error: 'x' }, headers: { 'retry-after': '7' } });
  expect([end, attempts, slept]).toEqual(['done', 2, [7000]]);
});

test.for(all)('%s is sent again when the cluster behind the server was surely not reached', async (path) => {
  const { end, attempts } = await meet(path, { status: 503, json: { error: 'ClusterNotReadyException: x' } });
  expect([end, attempts]).toEqual(['done', 2]);
});

test.for(all)('%s that was refused for good is not sent again', async (path) => {
  const { end, attempts } = await meet(path, { status: 403, json: { error: 'no' } });
  expect([end, attempts]).toEqual([expect.objectContaining({ code: 'api' }), 1]);
});

test('what cannot be sent is tried until the patience ends', async () => {
  const server = await startScriptedServer();
  const { url } = server;
  await server[Symbol.asyncDispose]();
  const clock = instantClock();
  const client = clientFor(url, { clock });
  expect(await failureOf(client.commands.execute(address, 'scala', '1'))).toMatchObject({ code: 'net', details: { sent: false } });
  expect(clock.slept).toEqual([250, 500, 1000, 2000, 4000]);
  await client.close();
});
