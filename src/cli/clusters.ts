import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import type { Client } from '../databricks/client.ts';
import { cloudOf } from '../databricks/clouds.ts';
import { isUnknownCluster, isWrongState } from '../databricks/errors.ts';
import { formatJson } from '../databricks/json.ts';
import type { Cluster, ClusterId, ClusterStatus } from '../databricks/types.ts';
import { waitForCluster } from '../databricks/wait.ts';
import { BridgeError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { positiveNumber, wholeNumber } from './numbers.ts';
import { facts, listed, printResult, type Fact, type JsonOption } from './output.ts';
import { onServer, type Task } from './server-command.ts';
import type { Column } from './table.ts';
import { oneLine } from '../lib/controls.ts';

interface WaitOption extends JsonOption {
  /** `--no-wait` makes it false. */
  readonly wait: boolean;
}

interface CreateOptions extends WaitOption {
  readonly workers: number;
  readonly sparkVersion?: string;
  readonly nodeType?: string;
  readonly spot?: boolean;
  readonly zone?: string;
  readonly conf: Readonly<Record<string, string>>;
  readonly autotermination?: number;
}

const help = `
Where no CLUSTER is named, it is that of --cluster-id, DATABRICKS_CLUSTER_ID or the profile, or the embedded workspace's own.
What changes a cluster waits until that is done and tells how far it is; --no-wait returns at once. Ctrl-C ends the wait, not the change.

Examples:
  databricks-kernel clusters list
  id=$(databricks-kernel clusters create nightly --workers 4 --spot --conf spark.speculation=true)
  databricks-kernel clusters resize $id --workers 8
  databricks-kernel clusters status $id --json | jq .status
  databricks-kernel clusters delete $id --no-wait`;

/** `clusters …`: one subcommand a call of "Cluster Management", API 1.2, and those of Clusters API 2.x that people need. */
export function addClusterCommands(program: Command): Command {
  const clusters = program.command('clusters').description('list, create, start, resize and end clusters').addHelpText('after', help);

  const list = withJson(clusters.command('list').description('all clusters, with their states')).addHelpText('after', example('list'));
  onServer<[], JsonOption>(list, {}, async ({ client, host }, { json }) => {
    const all = await client.clusters.list();
    printResult(json, all.map(clusterJson), () => listed(all, columns, `There are no clusters on ${host}.`));
  });

  const status = withJson(clusters.command('status').description('all that is known of one').addArgument(clusterArgument())).addHelpText('after', example('status 0123-456789-abcdefgh'));
  onServer<[string | undefined], JsonOption>(status, { cluster: true }, async (task, given, { json }) => {
    const cluster = await ofCluster(task, given, (id) => task.client.clusters.get(id));
    printResult(json, clusterJson(cluster), () => facts(allOf(cluster)));
  });

  addChange(clusters, { name: 'start', description: 'start one that is stopped', subject: 'The start', stale: ['Terminated', 'Error'], ask: ({ clusters: api }, id) => api.start(id) });
  addChange(clusters, {
    name: 'restart',
    description: 'stop and start one; its contexts and their variables go',
    subject: 'The restart',
    stale: ['Running', 'Terminated', 'Error'],
    ask: ({ clusters: api }, id) => api.restart(id),
  });
  addCreate(clusters);
  const resize = addChange<{ readonly workers: number }>(clusters, {
    name: 'resize',
    description: 'give one more or fewer workers',
    example: '--workers 6',
    subject: 'The change of the workers',
    stale: ['Running'],
    tell: ({ workers }) => (workers === undefined ? '' : `, with ${workers} ${workers === 1 ? 'worker' : 'workers'}`),
    ask: ({ clusters: api }, id, { workers }) => api.resize(id, workers),
  });
  resize.requiredOption('--workers <number>', 'how many it is to have', wholeNumber);
  addChange(clusters, {
    name: 'delete',
    description: 'end one; where there is Clusters API 2.x, it can be started again',
    subject: 'The end',
    goal: 'Terminated',
    ask: ({ clusters: api }, id) => api.delete(id),
  });

  const forget = withJson(clusters.command('permanent-delete').description('end one and forget it (Clusters API 2.x)').addArgument(new Argument('<cluster>', 'its id'))).addHelpText(
    'after',
    `\nThis cannot be undone.\n${example('permanent-delete 0123-456789-abcdefgh')}`,
  );
  onServer<[string], JsonOption>(forget, {}, async (task, given, { json }) => {
    const id = await ofCluster(task, given, async (cluster) => {
      await task.client.clusters.permanentDelete(cluster);
      return cluster;
    });
    printResult(json, { id }, () => `Cluster ${id} is deleted for good.`);
  });

  addEvents(clusters);
  addChoices(clusters);
  return clusters;
}

function addCreate(clusters: Command): void {
  const create = clusters
    .command('create')
    .description('make one, and print its id')
    .argument('<name>', 'what people call it')
    .requiredOption('--workers <number>', 'how many workers it has beside its driver', wholeNumber)
    .option('--spark-version <version>', 'see "clusters spark-versions"; default: the newest (with long-term support, if there is one)')
    .option('--node-type <type>', 'see "clusters node-types"; default: the smallest (Clusters API 2.x)')
    .option('--spot', 'cheaper machines that the cloud may take back (AWS)')
    .option('--no-spot', 'machines that stay (AWS)')
    .option('--zone <id>', 'availability zone, e.g. us-west-1c (AWS)')
    .addOption(new Option('--conf <key=value>', 'setting of Spark; may be given several times').argParser(sparkSetting).default({}, 'none'))
    .option('--autotermination <minutes>', 'end it when it was idle for so long; 0 never (Clusters API 2.x)', wholeNumber);
  withWait(create).addHelpText(
    'after',
    '\nExamples:\n  databricks-kernel clusters create nightly --workers 4\n  databricks-kernel clusters create spark-it-up --workers 6 --spot --zone us-west-1c --conf spark.speculation=true --no-wait',
  );
  onServer<[string], CreateOptions>(create, { progressAfterMs: 0 }, async (task, name, options) => {
    refuseElsewhere(task.host, options);
    const { workers, sparkVersion, nodeType, spot: useSpot, zone: zoneId, conf: sparkConf, autotermination: autoterminationMinutes, wait, json } = options;
    const id = await task.client.clusters.create({
      name, workers, sparkVersion, nodeType, useSpot, zoneId, autoterminationMinutes, ...(Object.keys(sparkConf).length > 0 && { sparkConf }),
    });
    let made: Cluster | undefined;
    try {
      if (wait) made = await untilDone(task, id, { subject: 'The start' });
    } finally {
      task.progress.stop();
      // Whatever became of the wait, without its id nobody could end the cluster.
      printResult(json, made === undefined ? { id } : clusterJson(made), () => id);
    }
  });
}

/** Throws `BridgeError` `config` for settings of AWS on another cloud, where they would change nothing without a word. */
function refuseElsewhere(host: string, { spot, zone }: CreateOptions): void {
  const cloud = cloudOf(host);
  const given = [spot === true && '--spot', spot === false && '--no-spot', zone !== undefined && '--zone'].filter((option) => option !== false);
  const [setting, ...more] = given;
  if (cloud === undefined || setting === undefined) return;
  const [are, them] = more.length === 0 ? ['is', 'it'] : ['are', 'them'];
  throw new BridgeError('config', `${given.join(' and ')} ${are} for AWS, and ${host} is on ${cloud}: leave ${them} out.`, { setting });
}

function addEvents(clusters: Command): void {
  const events = withJson(clusters.command('events').description('what happened to one, the newest first (Clusters API 2.x)').addArgument(clusterArgument()))
    .option('--limit <number>', 'at most so many', positiveNumber, 25)
    .addHelpText('after', example('events 0123-456789-abcdefgh --limit 100'));
  onServer<[string | undefined], JsonOption & { readonly limit: number }>(events, { cluster: true }, async (task, given, { json, limit }) => {
    const found = await ofCluster(task, given, (id) => task.client.clusters.events(id, limit));
    printResult(json, found.map(({ timestamp, type, details }) => ({ timestamp, type, details })), () =>
      listed(
        found,
        [
          { title: 'TIME', value: ({ timestamp }) => new Date(timestamp).toISOString() },
          { title: 'EVENT', value: ({ type }) => type },
          { title: 'DETAILS', value: ({ details }) => (Object.keys(details).length === 0 ? '' : formatJson(details)) },
        ],
        'Nothing has happened to it.',
      ),
    );
  });
}

function addChoices(clusters: Command): void {
  const versions = withJson(clusters.command('spark-versions').description('what --spark-version of "create" can be (Clusters API 2.x)')).addHelpText('after', example('spark-versions'));
  onServer<[], JsonOption>(versions, {}, async ({ client }, { json }) => {
    const found = await client.clusters.sparkVersions();
    printResult(json, found.map(({ key, name }) => ({ key, name })), () =>
      listed(found, [{ title: 'VERSION', value: ({ key }) => key }, { title: 'NAME', value: ({ name }) => name }], 'The server names none.'),
    );
  });

  const types = withJson(clusters.command('node-types').description('what --node-type of "create" can be (Clusters API 2.x)')).addHelpText('after', example('node-types'));
  onServer<[], JsonOption>(types, {}, async ({ client }, { json }) => {
    const found = await client.clusters.nodeTypes();
    printResult(json, found.map(({ id, cores, memoryMb, gpus }) => ({ id, cores, memoryMb, gpus })), () =>
      listed(
        found,
        [
          { title: 'NODE TYPE', value: ({ id }) => id },
          { title: 'CORES', value: ({ cores }) => cores },
          { title: 'MEMORY (MB)', value: ({ memoryMb }) => memoryMb },
          { title: 'GPUS', value: ({ gpus }) => gpus },
        ],
        'The server names none.',
      ),
    );
  });
}

/** The cluster that a subcommand is about; where it is left out, the settings name one. */
export function clusterArgument(): Argument {
  return new Argument('[cluster]', 'its id; default: the cluster of the settings');
}

function withJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}

function withWait(command: Command): Command {
  return withJson(command.option('--no-wait', 'return at once'));
}

function example(line: string): string {
  return `\nExample:\n  databricks-kernel clusters ${line}`;
}

function sparkSetting(text: string, settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, key, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It must look like spark.speculation=true.');
  return { ...settings, [key]: value };
}

/** A subcommand that changes a cluster. */
interface Change<Options> {
  readonly name: string;
  readonly description: string;
  /** Its options in the example of its help. */
  readonly example?: string;
  /** What goes on after the answer, as a sentence begins with it. */
  readonly subject: string;
  /** What the cluster becomes if all goes well. */
  readonly goal?: 'Running' | 'Terminated';
  /** States that may be left from before the change, when they are seen soon after it. */
  readonly stale?: readonly ClusterStatus[];
  /** What of the cluster is told beside its state when it is done. */
  tell?(cluster: Cluster): string;
  ask(client: Client, id: ClusterId, options: Options): Promise<void>;
}

function addChange<Options extends object = object>(clusters: Command, change: Change<Options>): Command {
  const { name, description, example: options = '' } = change;
  const command = withWait(clusters.command(name).description(description).addArgument(clusterArgument()));
  command.addHelpText('after', example(`${name} 0123-456789-abcdefgh ${options}`.trimEnd()));
  return onServer<[string | undefined], Options & WaitOption>(command, { cluster: true, progressAfterMs: 0 }, async (task, given, flags) => {
    const id = await ofCluster(task, given, async (cluster) => {
      await change.ask(task.client, cluster, flags);
      return cluster;
    });
    if (!flags.wait) return printResult(flags.json, { id }, () => `${change.subject} of cluster ${id} has begun.`);
    const cluster = await untilDone(task, id, change);
    task.progress.stop();
    printResult(flags.json, clusterJson(cluster), () => `Cluster ${nameOf(cluster)} is ${cluster.status}${change.tell?.(cluster) ?? ''}.`);
  });
}

/** For so long after a change a server may still show the cluster as it was. Milliseconds. */
const staleMs = 3000;

/**
 * Waits until a cluster is what a change makes of it, and shows its states on the way. Throws `BridgeError` `context` where it becomes
 * something else, at the deadline, and on Ctrl-C, then with what goes on without us.
 */
async function untilDone(task: Task, id: ClusterId, { subject, goal = 'Running', stale = [] }: Pick<Change<never>, 'subject' | 'goal' | 'stale'>): Promise<Cluster> {
  const { client, host, progress, signal } = task;
  const ends: readonly ClusterStatus[] = goal === 'Running' ? ['Running', 'Terminated', 'Error'] : ['Terminated'];
  const begun = client.clock.now();
  let changed = false;
  const done = ({ status }: Cluster): boolean => {
    if (!stale.includes(status)) changed = true;
    return ends.includes(status) && (changed || client.clock.now() - begun >= staleMs);
  };
  const onState = (cluster: Cluster): void => progress.show(`${stateOf(cluster)} — cluster ${nameOf(cluster)}`);
  let cluster: Cluster;
  try {
    cluster = await waitForCluster(client, id, { done, onState, signal });
  } catch (error) {
    // What was ended may be known no more.
    if (goal === 'Terminated' && isUnknownCluster(error)) return { ...unknown, id };
    if (!signal.aborted) throw error;
    const words = `${subject} of cluster ${id} goes on without this command: "databricks-kernel clusters status ${id}" tells how far it is.`;
    throw new BridgeError('context', words, { lost: false }, { cause: error });
  }
  if (cluster.status === goal) return cluster;
  throw new BridgeError('context', `Cluster ${nameOf(cluster)} on ${host} is not ${goal} but ${stateOf(cluster).replace(/\.$/, '')}.`, { lost: false });
}

const unknown: Omit<Cluster, 'id'> = { name: '', status: 'Terminated', message: '', workers: undefined, sparkVersion: '', nodeType: '', driverIp: '', jdbcPort: '', useSpot: undefined, zoneId: '', sparkConf: {}, autoterminationMinutes: undefined, incarnation: '' };

/** A server, and the cluster on it that the settings choose. */
export type ClusterPlace = Pick<Task, 'client' | 'host' | 'clusterId'>;

/**
 * Does something with the cluster that was named, or is chosen by the settings. An unknown one is a wrong argument: `BridgeError` `config`;
 * one that is not in a state for it is told with what to do: `context`.
 */
export async function ofCluster<T>(place: ClusterPlace, given: string | undefined, work: (id: ClusterId) => Promise<T>): Promise<T> {
  const id = (given as ClusterId | undefined) ?? place.clusterId();
  try {
    return await work(id);
  } catch (error) {
    if (isWrongState(error)) throw await wrongState(place, id, error);
    if (!isUnknownCluster(error)) throw error;
    throw new BridgeError('config', `There is no cluster ${oneLine(id)} on ${place.host}: "databricks-kernel clusters list" shows those it has.`, { setting: 'CLUSTER' }, { cause: error });
  }
}

async function wrongState({ client, host }: ClusterPlace, id: ClusterId, cause: BridgeError<'api'>): Promise<BridgeError> {
  const { status } = await client.clusters.get(id);
  return new BridgeError('context', `Cluster ${id} on ${host} is ${status} and cannot do this now: ${remedyOf(status, id)}.`, { lost: false }, { cause });
}

function remedyOf(status: ClusterStatus, id: ClusterId): string {
  const starts = `"databricks-kernel clusters start ${id}" starts it`;
  if (status === 'Terminated' || status === 'Error') return starts;
  // It never runs again by itself.
  if (status === 'Terminating') return `${starts} when it is Terminated`;
  return status === 'Running' ? 'try again' : 'try again when it is Running';
}

function stateOf({ status, message }: Cluster): string {
  return message === '' ? status : `${status}: ${message}`;
}

function nameOf({ id, name }: Cluster): string {
  return name === '' || name === id ? id : `${name} (${id})`;
}

function clusterJson({ incarnation: _internal, ...shown }: Cluster): JsonObject {
  return { ...shown, workers: shown.workers ?? null, useSpot: shown.useSpot ?? null, autoterminationMinutes: shown.autoterminationMinutes ?? null };
}

const columns: readonly Column<Cluster>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'STATUS', value: ({ status }) => status },
  { title: 'WORKERS', value: ({ workers }) => workers },
  { title: 'SPARK', value: ({ sparkVersion }) => sparkVersion },
  { title: 'MESSAGE', value: ({ message }) => message },
];

function allOf({ id, name, status, message, workers, sparkVersion, nodeType, driverIp, jdbcPort, useSpot, zoneId, sparkConf, autoterminationMinutes: idle }: Cluster): readonly Fact[] {
  return [
    ['ID', id], ['Name', name], ['Status', status], ['Message', message], ['Workers', workers], ['Spark', sparkVersion], ['Node type', nodeType], ['Driver', driverIp], ['JDBC port', jdbcPort],
    ['Spot', useSpot === undefined ? '' : useSpot ? 'yes' : 'no'], ['Zone', zoneId],
    ['Autotermination', idle === undefined ? '' : idle === 0 ? 'never' : `after ${idle} idle minutes`], ...Object.entries(sparkConf).map(([key, value]): Fact => ['Setting', `${key}=${value}`]),
  ];
}
