import type { FastifyInstance } from 'fastify';
import { parametersOf } from '../bodies.ts';
import type { Parameters } from '../parameters.ts';
import type { Cluster } from '../cluster.ts';
import type { NewCluster } from '../cluster-definition.ts';
import { embeddedNodeType, embeddedSpark, embeddedZone } from '../driver/machine.ts';
import type { Workspace } from '../workspace.ts';

/** Cluster management of API 1.2. What it begins (start, resize, end) goes on after the answer. */
export function clusterRoutes(server: FastifyInstance, workspace: Workspace): void {
  server.get('/api/1.2/clusters/list', async () => workspace.clusters.map(inList));

  server.get('/api/1.2/clusters/status', async (request) => {
    const parameters = await parametersOf(request);
    return inFull(workspace.cluster(parameters.get('clusterId')));
  });

  server.post('/api/1.2/clusters/restart', async (request) => {
    const cluster = workspace.cluster((await parametersOf(request)).get('clusterId'));
    cluster.restart();
    return { id: cluster.id };
  });

  server.post('/api/1.2/clusters/create', async (request) => {
    const { id } = await workspace.createCluster(newCluster(await parametersOf(request)));
    return { id };
  });

  server.post('/api/1.2/clusters/resize', async (request) => {
    const parameters = await parametersOf(request);
    const { id } = await workspace.resizeCluster(parameters.get('clusterId'), workersOf(parameters));
    return { id };
  });

  server.post('/api/1.2/clusters/delete', async (request) => {
    const cluster = workspace.cluster((await parametersOf(request)).get('clusterId'));
    cluster.terminate();
    return { id: cluster.id };
  });
}

function newCluster(parameters: Parameters): NewCluster {
  return {
    name: parameters.get('name'),
    numWorkers: workersOf(parameters),
    sparkVersion: parameters.optional('sparkVersion') ?? embeddedSpark.key,
    nodeType: embeddedNodeType,
    useSpot: parameters.optionalBoolean('useSpot') ?? false,
    zoneId: parameters.optional('zoneId') ?? embeddedZone,
    sparkConf: parameters.optionalTexts('sparkConf') ?? {},
    autoterminationMinutes: 0,
  };
}

/** Servers before version 1.2 called it `numWorkers`, and answers still do. */
function workersOf(parameters: Parameters): number {
  const named = parameters.optional('numWorkerContainers') === undefined && parameters.optional('numWorkers') !== undefined;
  return parameters.integer(named ? 'numWorkers' : 'numWorkerContainers');
}

function inList({ id, name, state }: Cluster) {
  return { status: state.status, id, name, driverIp: '127.0.0.1', jdbcPort: '10000' };
}

/** With what the document has no place for. */
function inFull(cluster: Cluster) {
  const { numWorkers, sparkVersion, useSpot, zoneId, sparkConf } = cluster.definition;
  return { ...inList(cluster), numWorkers, sparkVersion, useSpot, zoneId, sparkConf, ...(cluster.message !== '' && { message: cluster.message }) };
}
