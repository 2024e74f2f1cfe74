import type { FastifyInstance } from 'fastify';
import { parametersOf } from '../bodies.ts';
import type { Cluster } from '../cluster.ts';
import type { Workspace } from '../workspace.ts';

/** Cluster management of API 1.2, as far as it only looks. */
export function clusterRoutes(server: FastifyInstance, workspace: Workspace): void {
  server.get('/api/1.2/clusters/list', async () => workspace.clusters.map(describe));

  server.get('/api/1.2/clusters/status', async (request) => {
    const parameters = await parametersOf(request);
    return describe(workspace.cluster(parameters.get('clusterId')));
  });
}

function describe({ id, name, state }: Cluster) {
  return { status: state.status, id, name, driverIp: '127.0.0.1', jdbcPort: '10000' };
}
