import { libraryFields, parseAllClusterLibraries, parseClusterLibraries } from '../parse/libraries.ts';
import type { ClusterId, ClusterLibraries, Library } from '../types.ts';
import type { Api } from './call.ts';
import { get, orLacking, post } from './call.ts';

/** Libraries API 2.0. All throw `BridgeError` `api` for what the server refuses. */
export interface Libraries {
  allClusterStatuses(): Promise<readonly ClusterLibraries[]>;
  clusterStatus(clusterId: ClusterId): Promise<ClusterLibraries>;
  /** Returns at once; the cluster installs in the background. Fails if the cluster is terminated. */
  install(clusterId: ClusterId, libraries: readonly Library[]): Promise<void>;
  /** They go with the next restart of the cluster. What is not installed is no error. */
  uninstall(clusterId: ClusterId, libraries: readonly Library[]): Promise<void>;
}

export function createLibraries(api: Api): Libraries {
  const here = <T>(call: () => Promise<T>): Promise<T> => orLacking(api, 'Libraries API 2.0', 'upload and attach libraries by API 1.2', call);
  return {
    allClusterStatuses: () => here(async () => parseAllClusterLibraries(await get(api, '/api/2.0/libraries/all-cluster-statuses'))),
    clusterStatus: (clusterId) =>
      here(async () => parseClusterLibraries(await get(api, '/api/2.0/libraries/cluster-status', { cluster_id: clusterId }))),
    install: (clusterId, libraries) =>
      here(async () => {
        await post(api, '/api/2.0/libraries/install', { cluster_id: clusterId, libraries: libraries.map(libraryFields) });
      }),
    uninstall: (clusterId, libraries) =>
      here(async () => {
        await post(api, '/api/2.0/libraries/uninstall', { cluster_id: clusterId, libraries: libraries.map(libraryFields) });
      }),
  };
}
