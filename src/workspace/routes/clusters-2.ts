import { availableParallelism } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { illegalArgument, keyNotFound, unexpectedState } from '../api-error.ts';
import { fieldsOf } from '../bodies.ts';
import type { Fields } from '../fields.ts';
import type { Cluster } from '../cluster.ts';
import type { NewCluster } from '../cluster-definition.ts';
import { embeddedNodeType, embeddedSpark, embeddedZone, memoryMb } from '../driver/machine.ts';
import type { Workspace } from '../workspace.ts';
import { details, event, stateOf } from './cluster-details.ts';
import { pageOf, tokenOf } from './pages.ts';

/** Clusters API 2.0 and 2.1, which differ in the pages of `list`. Names and types of fields: `service/compute` of the vendor's SDKs. */
export function cluster2Routes(server: FastifyInstance, workspace: Workspace): void {
  for (const version of ['2.0', '2.1'] as const) versionRoutes(server, workspace, version);
}

function versionRoutes(server: FastifyInstance, workspace: Workspace, version: '2.0' | '2.1'): void {
  const path = (call: string) => `/api/${version}/clusters/${call}`;
  const clusterOf = (fields: Fields) => workspace.cluster(fields.text('cluster_id'));
  const act = (call: string, action: (cluster: Cluster, fields: Fields) => unknown) => {
    server.post(path(call), async (request) => {
      const fields = await fieldsOf(request);
      await action(clusterOf(fields), fields);
      return {};
    });
  };

  server.get(path('list'), async (request) => {
    const fields = await fieldsOf(request);
    const clusters = sorted(workspace.clusters.filter(wantedBy(fields)), fields);
    if (version === '2.0') return { clusters: clusters.map(details) };
    const { items, tokens } = pageOf(clusters, fields, { size: 20, max: 100 });
    return { clusters: items.map(details), ...tokens };
  });

  server.get(path('get'), async (request) => details(clusterOf(await fieldsOf(request))));

  server.post(path('create'), async (request) => {
    const { id } = await workspace.createCluster(newCluster(await fieldsOf(request)));
    return { cluster_id: id };
  });

  act('start', (cluster) => cluster.start());
  act('restart', (cluster) => {
    const { status } = cluster.state;
    if (status !== 'Running' && status !== 'Reconfiguring') throw unexpectedState(cluster.id, status);
    cluster.restart();
  });
  act('resize', (cluster, fields) => workspace.resizeCluster(cluster.id, workersOf(fields)));
  act('delete', (cluster) => cluster.terminate());
  act('permanent-delete', (cluster) => workspace.removeCluster(cluster.id));

  server.post(path('events'), async (request) => {
    const fields = await fieldsOf(request);
    return eventsOf(clusterOf(fields), fields);
  });

  server.get(path('spark-versions'), async () => ({ versions: [embeddedSpark] }));
  server.get(path('list-zones'), async () => ({ zones: [embeddedZone], default_zone: embeddedZone }));
  server.get(path('list-node-types'), async () => ({ node_types: [thisMachine()] }));
}

/* The names that the vendor's SDKs know. */
const availabilities = ['ON_DEMAND', 'SPOT', 'SPOT_WITH_FALLBACK'] as const;
const states = ['ERROR', 'PENDING', 'RESIZING', 'RESTARTING', 'RUNNING', 'TERMINATED', 'TERMINATING', 'UNKNOWN'] as const;
const directions = ['ASC', 'DESC'] as const;

function newCluster(fields: Fields): NewCluster {
  const aws = fields.fields('aws_attributes');
  return {
    name: fields.optionalText('cluster_name') ?? 'untitled',
    numWorkers: fields.optionalBoolean('is_single_node') === true ? 0 : workersOf(fields),
    sparkVersion: fields.text('spark_version'),
    nodeType: fields.optionalText('node_type_id') ?? embeddedNodeType,
    useSpot: aws.optionalOneOf('availability', availabilities)?.startsWith('SPOT') ?? false,
    zoneId: aws.optionalText('zone_id') ?? embeddedZone,
    sparkConf: fields.optionalTexts('spark_conf') ?? {},
    autoterminationMinutes: fields.optionalInteger('autotermination_minutes') ?? 0,
  };
}

function workersOf(fields: Fields): number {
  const workers = fields.optionalInteger('num_workers');
  if (workers !== undefined) return workers;
  if (fields.value('autoscale') === undefined) throw keyNotFound('num_workers');
  throw illegalArgument('The embedded workspace does not scale clusters by itself: give num_workers instead of autoscale');
}

function wantedBy(fields: Fields): (cluster: Cluster) => boolean {
  const wanted: readonly string[] = fields.someOf('filter_by.cluster_states', states);
  const sources = fields.texts('filter_by.cluster_sources');
  const pinned = fields.optionalBoolean('filter_by.is_pinned') ?? false;
  const policy = fields.optionalText('filter_by.policy_id');
  // All come by the API; none is pinned or follows a policy.
  const some = !pinned && policy === undefined && (sources.length === 0 || sources.includes('API'));
  return ({ state }) => some && (wanted.length === 0 || wanted.includes(stateOf(state)));
}

function sorted(clusters: readonly Cluster[], fields: Fields): readonly Cluster[] {
  const byName = fields.optionalOneOf('sort_by.field', ['CLUSTER_NAME', 'DEFAULT']) === 'CLUSTER_NAME';
  const all = byName ? clusters.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name))) : clusters;
  return fields.optionalOneOf('sort_by.direction', directions) === 'DESC' ? all.toReversed() : all;
}

/** Pages by token, and as the older clients of the vendor want them, by offset. */
function eventsOf(cluster: Cluster, fields: Fields) {
  const types = fields.texts('event_types');
  const [from, to] = [fields.optionalTime('start_time') ?? 0, fields.optionalTime('end_time') ?? Infinity];
  const all = cluster.history.flatMap((change) => event(cluster.id, change) ?? []);
  const found = all.filter(({ type, timestamp }) => (types.length === 0 || types.includes(type)) && timestamp >= from && timestamp <= to);
  const ordered = fields.optionalOneOf('order', directions) === 'ASC' ? found : found.toReversed();
  if (fields.value('page_size') !== undefined || fields.value('page_token') !== undefined) {
    const { items, tokens } = pageOf(ordered, fields, { size: 50, max: 500 });
    const { next_page_token: token } = tokens;
    return { events: items, ...tokens, ...(token !== '' && { next_page: { ...fields.all, page_token: token } }) };
  }
  const [limit, offset] = [fields.optionalInteger('limit') ?? 50, fields.optionalInteger('offset') ?? 0];
  if (limit < 1 || limit > 500) throw illegalArgument(`limit is ${limit}, but must be from 1 to 500`);
  if (offset < 0) throw illegalArgument(`offset is ${offset}, but must not be negative`);
  const next = offset + limit;
  const more = next < ordered.length && { next_page: { ...fields.all, limit, offset: next }, next_page_token: tokenOf(next) };
  return { events: ordered.slice(offset, next), total_count: ordered.length, ...more };
}

function thisMachine() {
  return {
    node_type_id: embeddedNodeType,
    memory_mb: memoryMb,
    num_cores: availableParallelism(),
    num_gpus: 0,
    description: 'This machine',
    instance_type_id: embeddedNodeType,
    category: 'General Purpose',
    is_deprecated: false,
    is_hidden: false,
    node_instance_type: { instance_type_id: embeddedNodeType },
    support_port_forwarding: false,
  };
}
