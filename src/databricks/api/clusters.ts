import { BridgeError } from '../../lib/errors.ts';
import { lacksEndpoint } from '../dialect.ts';
import type { Cluster } from '../parse.ts';
import { parseCluster, parseCluster2 } from '../parse.ts';
import type { ClusterId } from '../types.ts';
import type { Api } from './call.ts';
import { get, post } from './call.ts';

/** Clusters, by API 2.0 where the server has it and by 1.2 where not. */
export interface Clusters {
  /** Throws `BridgeError` `api` for a cluster that the server does not know. */
  get(clusterId: ClusterId): Promise<Cluster>;
  /** Starts a terminated cluster and returns while it is pending. Starting one that somebody else started meanwhile is no error. */
  start(clusterId: ClusterId): Promise<void>;
}

export function createClusters(api: Api): Clusters {
  /** Asks API 2.0 unless it is known to be absent, and remembers. */
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

  /** By the list: the answer of `clusters/status` in the document of 2015 lacks the status. */
  async function listed(clusterId: ClusterId): Promise<Cluster> {
    const answer = await get(api, '/api/1.2/clusters/list');
    const clusters = Array.isArray(answer) ? answer.map(parseCluster) : [];
    const found = clusters.find((cluster) => cluster?.id === clusterId);
    if (found !== undefined) return found;
    const serverMessage = `RuntimeException: Unknown cluster id ${clusterId}`;
    throw new BridgeError('api', `${api.http.server.host} knows no cluster ${clusterId}.`, { status: 500, serverMessage });
  }

  return {
    get: (clusterId) =>
      either(
        async () => parseCluster2(await get(api, '/api/2.0/clusters/get', { cluster_id: clusterId })),
        () => listed(clusterId),
      ),
    start: (clusterId) =>
      either(
        async () => {
          try {
            await post(api, '/api/2.0/clusters/start', { cluster_id: clusterId }, { repeatable: true });
          } catch (error) {
            if (!alreadyStarting(error)) throw error;
          }
        },
        async () => {
          await post(api, '/api/1.2/clusters/restart', { clusterId }, { repeatable: false });
        },
      ),
  };
}

/** `INVALID_STATE: Cluster … is in unexpected state Pending`: another kernel was first. */
function alreadyStarting(error: unknown): boolean {
  return error instanceof BridgeError && error.is('api') && /INVALID_STATE/.test(error.details.serverMessage);
}
