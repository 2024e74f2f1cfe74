import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { lacksEndpoint } from '../dialect.ts';
import { isWrongState } from '../errors.ts';
import { expectCluster, parseCluster, parseCluster2, parseEvent, parseNodeTypes, parseSparkVersions } from '../parse/clusters.ts';
import { list, object, parseId, text } from '../parse/values.ts';
import type { Cluster, ClusterEvent, ClusterId, NodeType, SparkVersion } from '../types.ts';
import type { Api } from './call.ts';
import { get, lacking, post } from './call.ts';
import type { ClusterSpec } from './new-cluster.ts';
import { firstFields, newest, secondFields, smallest } from './new-cluster.ts';

/**
 * Clusters, by API 2.x where the server has it and by 1.2 where not. All throw `BridgeError` `api` for what the server refuses, such as an
 * unknown cluster, and for what only the other API has.
 */
export interface Clusters {
  list(): Promise<readonly Cluster[]>;
  get(clusterId: ClusterId): Promise<Cluster>;
  /** Starts a terminated cluster and returns while it is pending. One that runs, or that somebody else started meanwhile, is no error. */
  start(clusterId: ClusterId): Promise<void>;
  /** Returns at once, as all that follow. */
  restart(clusterId: ClusterId): Promise<void>;
  create(spec: ClusterSpec): Promise<ClusterId>;
  resize(clusterId: ClusterId, workers: number): Promise<void>;
  /** Terminates the cluster; API 2.x keeps its definition. */
  delete(clusterId: ClusterId): Promise<void>;
  /** Terminates the cluster and forgets it. API 2.x only. */
  permanentDelete(clusterId: ClusterId): Promise<void>;
  /** The newest first, at most `limit`. API 2.x only. */
  events(clusterId: ClusterId, limit: number): Promise<readonly ClusterEvent[]>;
  /** What `sparkVersion` of a new cluster can be. API 2.x only. */
  sparkVersions(): Promise<readonly SparkVersion[]>;
  /** What `nodeType` of a new cluster can be. API 2.x only. */
  nodeTypes(): Promise<readonly NodeType[]>;
}

/** The most that one page of `clusters/list` holds. */
const pageSize = 100;
/** The most that one page of `clusters/events` holds. */
const eventsPage = 500;

export function createClusters(api: Api): Clusters {
  /** Asks API 2.x unless it is known to be absent, and remembers. */
  async function either<T>(second: () => Promise<T>, first: () => Promise<T>): Promise<T> {
    if (api.dialect.clusters2 === false) return first();
    try {
      const answer = await second();
      api.dialect.clusters2 = true;
      return answer;
    } catch (error) {
      if (api.dialect.clusters2 === true || !lacksEndpoint(error)) throw error;
      api.dialect.clusters2 = false;
      return first();
    }
  }

  function secondOnly<T>(what: string, instead: string, second: () => Promise<T>): Promise<T> {
    return either(second, async () => {
      throw lacking(api, `${what} (Clusters API 2.x)`, instead);
    });
  }

  async function listFirst(): Promise<readonly Cluster[]> {
    return list(await get(api, '/api/1.2/clusters/list')).map(parseCluster);
  }

  /** Today's servers show everything in pages of 2.1; earlier ones know 2.0 only, which has none. */
  async function listSecond(): Promise<readonly Cluster[]> {
    try {
      return await allPages('/api/2.1/clusters/list');
    } catch (error) {
      if (!lacksEndpoint(error)) throw error;
      return allPages('/api/2.0/clusters/list');
    }
  }

  async function allPages(path: string): Promise<readonly Cluster[]> {
    const clusters: Cluster[] = [];
    let token = '';
    do {
      const page = object(await get(api, path, { page_size: String(pageSize), ...(token !== '' && { page_token: token }) }));
      clusters.push(...list(page['clusters']).map(parseCluster2));
      const next = text(page['next_page_token']);
      // A server that repeats a token would be read for ever.
      token = next === token ? '' : next;
    } while (token !== '');
    return clusters;
  }

  /** The answer of `clusters/status` in the document of 2015 lacks the status; the list has it. */
  async function getFirst(clusterId: ClusterId): Promise<Cluster> {
    const answer = await get(api, '/api/1.2/clusters/status', { clusterId });
    const described = expectCluster(answer, parseCluster(answer));
    if (described.status !== 'Unknown') return described;
    const listed = (await listFirst()).find(({ id }) => id === clusterId);
    return listed === undefined ? described : { ...described, status: listed.status, message: described.message || listed.message };
  }

  async function getSecond(clusterId: ClusterId): Promise<Cluster> {
    const answer = await get(api, '/api/2.0/clusters/get', { cluster_id: clusterId });
    return expectCluster(answer, parseCluster2(answer));
  }

  async function sparkVersions(): Promise<readonly SparkVersion[]> {
    return parseSparkVersions(await get(api, '/api/2.0/clusters/spark-versions'));
  }

  async function nodeTypes(): Promise<readonly NodeType[]> {
    return parseNodeTypes(await get(api, '/api/2.0/clusters/list-node-types'));
  }

  /** API 2.x insists on a version and a kind of machine; a server that has no list of them does not. */
  async function createSecond(spec: ClusterSpec): Promise<ClusterId> {
    const [sparkVersion, nodeType] = await Promise.all([
      spec.sparkVersion ?? unlessLacking(async () => newest(await sparkVersions())),
      spec.nodeType ?? unlessLacking(async () => smallest(await nodeTypes())),
    ]);
    return parseId(await post(api, '/api/2.0/clusters/create', secondFields({ ...spec, sparkVersion, nodeType })), 'cluster_id') as ClusterId;
  }

  async function createFirst(spec: ClusterSpec): Promise<ClusterId> {
    const unknown = spec.nodeType !== undefined ? 'node types' : spec.autoterminationMinutes !== undefined ? 'automatic termination' : undefined;
    if (unknown !== undefined) throw lacking(api, `${unknown} (Clusters API 2.x)`, 'leave that setting out');
    return parseId(await post(api, '/api/1.2/clusters/create', firstFields(spec))) as ClusterId;
  }

  async function eventsOf(clusterId: ClusterId, limit: number): Promise<readonly ClusterEvent[]> {
    const events: ClusterEvent[] = [];
    let request: JsonObject = { cluster_id: clusterId, order: 'DESC', limit: Math.min(limit, eventsPage) };
    for (;;) {
      const page = object(await post(api, '/api/2.0/clusters/events', request));
      const found = list(page['events']).map(parseEvent);
      events.push(...found);
      const next = object(page['next_page']);
      if (events.length >= limit || found.length === 0 || Object.keys(next).length === 0) return events.slice(0, limit);
      request = next;
    }
  }

  return {
    list: () => either(listSecond, listFirst),
    get: (clusterId) =>
      either(
        () => getSecond(clusterId),
        () => getFirst(clusterId),
      ),
    start: (clusterId) =>
      either(
        async () => {
          try {
            await post(api, '/api/2.0/clusters/start', { cluster_id: clusterId });
          } catch (error) {
            if (!alreadyStarting(error)) throw error;
          }
        },
        async () => {
          // A restart would take the contexts of everybody who works on a cluster that runs.
          const { status } = await getFirst(clusterId);
          if (status === 'Running' || status === 'Reconfiguring' || status === 'Pending') return;
          await post(api, '/api/1.2/clusters/restart', { clusterId });
        },
      ),
    restart: (clusterId) =>
      either(
        () => done(post(api, '/api/2.0/clusters/restart', { cluster_id: clusterId })),
        () => done(post(api, '/api/1.2/clusters/restart', { clusterId })),
      ),
    create: (spec) =>
      either(
        () => createSecond(spec),
        () => createFirst(spec),
      ),
    resize: (clusterId, workers) =>
      either(
        () => done(post(api, '/api/2.0/clusters/resize', { cluster_id: clusterId, num_workers: workers })),
        () => done(post(api, '/api/1.2/clusters/resize', { clusterId, numWorkerContainers: workers })),
      ),
    delete: (clusterId) =>
      either(
        () => done(post(api, '/api/2.0/clusters/delete', { cluster_id: clusterId })),
        () => done(post(api, '/api/1.2/clusters/delete', { clusterId })),
      ),
    permanentDelete: (clusterId) =>
      secondOnly('permanent deletion', 'a deleted cluster stays in its list as terminated', () =>
        done(post(api, '/api/2.0/clusters/permanent-delete', { cluster_id: clusterId })),
      ),
    events: (clusterId, limit) => secondOnly('list of events', 'look at the status of the cluster', () => eventsOf(clusterId, limit)),
    sparkVersions: () => secondOnly('list of Spark versions', 'its documentation names them', sparkVersions),
    nodeTypes: () => secondOnly('list of node types', 'it chooses the machines itself', nodeTypes),
  };
}

async function done(call: Promise<JsonValue>): Promise<void> {
  await call;
}

async function unlessLacking<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (!lacksEndpoint(error)) throw error;
    return undefined;
  }
}

/** `INVALID_STATE: Cluster … is in unexpected state Pending`: another kernel was first. */
function alreadyStarting(error: unknown): boolean {
  return isWrongState(error) && !/terminat/i.test(error.details.serverMessage);
}
