import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommandLine } from '../support/command-line.ts';
import type { CommandLinePlace } from '../support/command-line-place.ts';
import { commandLinePlace } from '../support/command-line-place.ts';
import type { Answer, ScriptedServer } from '../support/scripted-server.ts';
import { startScriptedServer } from '../support/scripted-server.ts';

const lacking = { status: 404, json: { error_code: 'ENDPOINT_NOT_FOUND', message: 'No API found' } };

/** A server, of today or of API 1.2 alone, and the command line with settings for it. */
async function place({ first = false, cluster = 'c1' }: { readonly first?: boolean; readonly cluster?: string } = {}): Promise<CommandLinePlace> {
  const server = await startScriptedServer();
  if (first) server.guard(({ path }) => (path.startsWith('/api/2.') ? lacking : undefined));
  return commandLinePlace(server, { DATABRICKS_CLUSTER_ID: cluster });
}

const state = (name: string, state_message = '', more: object = {}) => ({ json: { cluster_id: 'c1', cluster_name: 'nightly', state: name, state_message, ...more } });
const posts = ({ seen }: ScriptedServer) => seen.filter(({ route }) => route.startsWith('POST')).map(({ path, fields }) => [path, fields]);

describe('list', () => {
  const clusters = [
    { cluster_id: '0123-abc', cluster_name: 'nightly', state: 'RUNNING', num_workers: 10, spark_version: '16.4.x-scala2.12' },
    { cluster_id: 'c2', cluster_name: '漢字', state: 'TERMINATED', state_message: 'Inactive', num_workers: 2 },
  ];

  test('is an aligned table for people', async () => {
    await using at = await place();
    at.server.on('GET clusters/list', { json: { clusters } });
    expect(await at.cli.run(['clusters', 'list'])).toEqual({
      code: 0,
      stdout: [
        'ID        NAME     STATUS      WORKERS  SPARK             MESSAGE\n',
        '0123-abc  nightly  Running          10  16.4.x-scala2.12\n',
        'c2        漢字     Terminated        2                    Inactive\n',
      ].join(''),
      stderr: '',
    });
  });

  test('is JSON for programs, with the same names for both APIs', async () => {
    await using second = await place();
    second.server.on('GET clusters/list', { json: { clusters } });
    const modern = JSON.parse((await second.cli.run(['clusters', 'list', '--json'])).stdout);
    expect(modern[0]).toEqual({ id: '0123-abc', name: 'nightly', status: 'Running', message: '', workers: 10, sparkVersion: '16.4.x-scala2.12', nodeType: '', driverIp: '', jdbcPort: '', useSpot: null, zoneId: '', sparkConf: {}, autoterminationMinutes: null });
    await using first = await place({ first: true });
    first.server.on('GET clusters/list', { json: [{ status: 'Running', id: 'peaceJam', name: 'test', driverIp: '10.12.34.56', jdbcPort: '10000' }] });
    const classic = JSON.parse((await first.cli.run(['clusters', 'list', '--json'])).stdout);
    expect(classic).toEqual([{ id: 'peaceJam', name: 'test', status: 'Running', message: '', workers: null, sparkVersion: '', nodeType: '', driverIp: '10.12.34.56', jdbcPort: '10000', useSpot: null, zoneId: '', sparkConf: {}, autoterminationMinutes: null }]);
  });

  test('says when there is none', async () => {
    await using at = await place();
    at.server.on('GET clusters/list', { json: {} });
    expect(await at.cli.run(['clusters', 'list'])).toEqual({ code: 0, stdout: `There are no clusters on ${at.server.url.host}.\n`, stderr: '' });
    expect(await at.cli.run(['clusters', 'list', '--json'])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
  });
});

test('status shows what is known of a cluster, a line a fact', async () => {
  await using at = await place();
  at.server.on('GET clusters/get', state('PENDING', 'Finding instances', { num_workers: 3, node_type_id: 'i3.xlarge' }));
  expect(await at.cli.run(['clusters', 'status'])).toEqual({
    code: 0,
    stdout: 'ID         c1\nName       nightly\nStatus     Pending\nMessage    Finding instances\nWorkers    3\nNode type  i3.xlarge\n',
    stderr: '',
  });
});

test('status shows the spot machines, the zone and the settings of Spark that a cluster was made with, by either API', async () => {
  const sparkConf = { 'spark.speculation': 'true', 'spark.driver.memory': '2g' };
  for (const first of [false, true]) {
    await using at = await place({ first });
    at.server.on('GET clusters/get', state('RUNNING', '', { aws_attributes: { availability: 'SPOT_WITH_FALLBACK', zone_id: 'us-west-1c' }, spark_conf: sparkConf }));
    at.server.on('GET clusters/status', { json: { id: 'c1', name: 'nightly', status: 'Running', useSpot: true, zoneId: 'us-west-1c', sparkConf } });
    expect((await at.cli.run(['clusters', 'status'])).stdout.split('\n').slice(3)).toEqual([
      'Spot     yes', 'Zone     us-west-1c', 'Setting  spark.speculation=true', 'Setting  spark.driver.memory=2g', '',
    ]);
    expect(JSON.parse((await at.cli.run(['clusters', 'status', '--json'])).stdout)).toMatchObject({ useSpot: true, zoneId: 'us-west-1c', sparkConf });
  }
});

test.for([[30, 'after 30 idle minutes'], [0, 'never']] as const)('status shows that a cluster made with --autotermination %i ends %s', async ([minutes, words]) => {
  await using at = await place();
  at.server.on('GET clusters/get', state('RUNNING', '', { autotermination_minutes: minutes }));
  expect((await at.cli.run(['clusters', 'status'])).stdout).toContain(`\nAutotermination  ${words}\n`);
  expect(JSON.parse((await at.cli.run(['clusters', 'status', '--json'])).stdout)).toMatchObject({ autoterminationMinutes: minutes });
});

test('the cluster is the one that is named, else that of --cluster-id, else that of the environment', async () => {
  await using at = await place();
  at.server.on('GET clusters/get', state('RUNNING'));
  await at.cli.run(['clusters', 'status', 'named', '--cluster-id', 'option']);
  await at.cli.run(['clusters', 'status', '--cluster-id', 'option']);
  await at.cli.run(['clusters', 'status']);
  expect(at.server.seen.map(({ fields }) => fields['cluster_id'])).toEqual(['named', 'option', 'c1']);
});

test.for(['--profile', '-p'])('with %s neither host, login nor cluster of the environment is meant', async (option) => {
  await using prod = await place({ cluster: 'prod' });
  await using dev = await startScriptedServer();
  dev.on('POST clusters/delete', { json: {} });
  await writeFile(join(prod.cli.home, '.databrickscfg'), `[DEV]\nhost = ${dev.url.origin}\ntoken = dapi-dev\ncluster_id = dev\n`);
  expect(await prod.cli.run(['clusters', 'delete', option, 'DEV', '--no-wait'])).toMatchObject({ code: 0, stdout: 'The end of cluster dev has begun.\n' });
  expect(posts(dev)).toEqual([['/api/2.0/clusters/delete', { cluster_id: 'dev' }]]);
  expect(dev.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer dapi-dev']);
  expect(prod.server.seen).toEqual([]);
});

describe('a change', () => {
  type Call = [path: string, fields: object];
  const create = ['create', 'nightly', '--workers', '2', '--spark-version', 'v', '--spot', '--zone', 'us-west-1c', '--conf', 'spark.speculation=true', '--conf', 'a=b=c'];
  test.for<[args: string[], second: Call, first: Call, stdout: string]>([
    [['start'], ['/api/2.0/clusters/start', { cluster_id: 'c1' }], ['/api/1.2/clusters/restart', { clusterId: 'c1' }], 'The start of cluster c1 has begun.'],
    [['restart', 'c9'], ['/api/2.0/clusters/restart', { cluster_id: 'c9' }], ['/api/1.2/clusters/restart', { clusterId: 'c9' }], 'The restart of cluster c9 has begun.'],
    [['resize', '--workers', '6'], ['/api/2.0/clusters/resize', { cluster_id: 'c1', num_workers: 6 }], ['/api/1.2/clusters/resize', { clusterId: 'c1', numWorkerContainers: 6 }], 'The change of the workers of cluster c1 has begun.'],
    [['delete', 'c9'], ['/api/2.0/clusters/delete', { cluster_id: 'c9' }], ['/api/1.2/clusters/delete', { clusterId: 'c9' }], 'The end of cluster c9 has begun.'],
    [
      create,
      ['/api/2.0/clusters/create', { cluster_name: 'nightly', num_workers: 2, spark_version: 'v', spark_conf: { 'spark.speculation': 'true', a: 'b=c' }, aws_attributes: { availability: 'SPOT_WITH_FALLBACK', zone_id: 'us-west-1c' } }],
      ['/api/1.2/clusters/create', { name: 'nightly', numWorkerContainers: 2, useSpot: true, sparkVersion: 'v', zoneId: 'us-west-1c', sparkConf: { 'spark.speculation': 'true', a: 'b=c' } }],
      'c1',
    ],
  ])('%j --no-wait is one call of either API, and returns at once', async ([args, second, first, stdout]) => {
    for (const [call, options] of [[second, {}], [first, { first: true }]] as const) {
      await using at = await place(options);
      at.server.on('GET clusters/status', { json: { id: 'c1', status: 'Terminated' } });
      at.server.on(`POST clusters/${call[0].split('/').at(-1)}`, { json: { id: 'c1', cluster_id: 'c1' } });
      expect(await at.cli.run(['clusters', ...args, '--no-wait'])).toEqual({ code: 0, stdout: `${stdout}\n`, stderr: '' });
      expect(posts(at.server).at(-1)).toEqual(call);
    }
  });

  test('is waited for, with the states and their reasons on stderr', async () => {
    await using at = await place();
    at.server.on('POST clusters/start', { json: {} });
    at.server.on('GET clusters/get', state('TERMINATED'), state('PENDING', 'Finding instances'), state('PENDING', 'Starting Spark'), state('RUNNING'));
    const line = (words: string) => `${words} — cluster nightly (c1)\n`;
    expect(await at.cli.run(['clusters', 'start'])).toEqual({
      code: 0,
      stdout: 'Cluster nightly (c1) is Running.\n',
      stderr: [line('Terminated'), line('Pending: Finding instances'), line('Pending: Starting Spark'), line('Running')].join(''),
    });
  });

  test.for<[string, string[], Answer[], string]>([
    ['a restart', ['restart'], [state('RUNNING'), state('RESTARTING'), state('RUNNING')], 'Cluster nightly (c1) is Running.\n'],
    ['a change of workers', ['resize', '--workers', '3'], [state('RUNNING'), state('RESIZING'), state('RUNNING', '', { num_workers: 3 })], 'Cluster nightly (c1) is Running, with 3 workers.\n'],
    ['an end', ['delete'], [state('RUNNING'), state('TERMINATING'), state('TERMINATED', '', { termination_reason: { code: 'USER_REQUEST' } })], 'Cluster nightly (c1) is Terminated.\n'],
    ['an end after which the cluster is unknown', ['delete'], [state('TERMINATING'), { status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'Cluster c1 does not exist' } }], 'Cluster c1 is Terminated.\n'],
  ])('that has not shown yet is not taken for done: %s', async ([, args, answers, stdout]) => {
    await using at = await place();
    at.server.on(`POST clusters/${args[0]}`, { json: {} });
    at.server.on('GET clusters/get', ...answers);
    expect(await at.cli.run(['clusters', ...args])).toMatchObject({ code: 0, stdout });
    expect(at.server.count('GET clusters/get')).toBe(answers.length);
  });

  test('that is done before anybody looks is believed after three seconds', async () => {
    await using at = await place();
    at.server.on('POST clusters/resize', { json: {} });
    at.server.on('GET clusters/get', state('RUNNING'));
    expect(await at.cli.run(['clusters', 'resize', '--workers', '1', '--json'])).toMatchObject({ code: 0, stdout: expect.stringContaining('"status":"Running"') });
  });

  test('that fails is one sentence with the reason, and exit code 1', async () => {
    await using at = await place();
    at.server.on('POST clusters/start', { json: {} });
    at.server.on('GET clusters/get', state('PENDING'), state('TERMINATED', 'No machines of this type are left.'));
    const { code, stdout, stderr } = await at.cli.run(['clusters', 'start']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n').at(-2)).toBe(`Cluster nightly (c1) on ${at.server.url.host} is not Running but Terminated: No machines of this type are left.`);
  });

  test.for<[string, string[], string, string]>([
    ['start', ['start'], 'The start of cluster c1', ''],
    ['create', ['create', 'n', '--workers', '1', '--spark-version', 'v', '--node-type', 't'], 'The start of cluster c1', 'c1\n'],
    ['delete', ['delete'], 'The end of cluster c1', ''],
  ])('that is no longer waited for goes on, and Ctrl-C says so: %s', async ([name, args, subject, stdout]) => {
    await using at = await place();
    at.server.on(`POST clusters/${name}`, { json: { cluster_id: 'c1' } });
    at.server.on('GET clusters/get', state('PENDING'));
    const command = at.cli.start(['clusters', ...args]);
    await command.until('stderr', /Pending/);
    command.signal('SIGINT');
    const end = await command.ended;
    expect(end).toMatchObject({ code: 130, stdout });
    expect(end.stderr.split('\n').at(-2)).toBe(`${subject} goes on without this command: "databricks-kernel clusters status c1" tells how far it is.`);
    expect(posts(at.server)).toHaveLength(1);
  });
});

test('create prints the id alone, for scripts, and all of the cluster as JSON', async () => {
  await using at = await place();
  at.server.on('POST clusters/create', { json: { cluster_id: 'c1' } });
  at.server.on('GET clusters/get', state('PENDING'), state('RUNNING'));
  const args = ['clusters', 'create', 'n', '--workers', '0', '--no-spot', '--node-type', 't', '--spark-version', 'v', '--autotermination', '30'];
  expect(await at.cli.run(args)).toMatchObject({ code: 0, stdout: 'c1\n' });
  expect(JSON.parse((await at.cli.run([...args, '--json'])).stdout)).toMatchObject({ id: 'c1', status: 'Running' });
  expect(posts(at.server)[0]?.[1]).toEqual({
    cluster_name: 'n', num_workers: 0, node_type_id: 't', spark_version: 'v', autotermination_minutes: 30, aws_attributes: { availability: 'ON_DEMAND' },
  });
});

test.for<[host: string, args: string[], message: string]>([
  ['adb-1.2.azuredatabricks.net', ['--spot', '--zone', 'z'], '--spot and --zone are for AWS, and adb-1.2.azuredatabricks.net is on Azure: leave them out.'],
  ['adb-1.2.databricks.azure.us', ['--no-spot'], '--no-spot is for AWS, and adb-1.2.databricks.azure.us is on Azure: leave it out.'],
  ['1.2.gcp.databricks.com:443', ['--zone', 'z'], '--zone is for AWS, and 1.2.gcp.databricks.com is on Google Cloud: leave it out.'],
])('create on %s with %j is refused before anything is asked', async ([host, args, message]) => {
  await using cli = await CommandLine.create({ DATABRICKS_HOST: `https://${host}`, DATABRICKS_TOKEN: 'dapi0', HTTPS_PROXY: 'http://127.0.0.1:9' });
  expect(await cli.run(['clusters', 'create', 'n', '--workers', '1', ...args])).toEqual({ code: 2, stdout: '', stderr: `${message}\n` });
});

test('permanent-delete forgets a cluster, and needs its name', async () => {
  await using at = await place();
  at.server.on('POST clusters/permanent-delete', { json: {} });
  expect(await at.cli.run(['clusters', 'permanent-delete'])).toMatchObject({ code: 2, stdout: '' });
  expect(await at.cli.run(['clusters', 'permanent-delete', 'c9'])).toEqual({ code: 0, stdout: 'Cluster c9 is deleted for good.\n', stderr: '' });
  expect(posts(at.server)).toEqual([['/api/2.0/clusters/permanent-delete', { cluster_id: 'c9' }]]);
});

test('events are a table, the newest first', async () => {
  await using at = await place();
  at.server.on('POST clusters/events', { json: { events: [{ timestamp: 1_534_371_918_659, type: 'TERMINATING', details: { reason: { code: 'INACTIVITY' } } }, { timestamp: 0, type: 'CREATING' }] } });
  expect(await at.cli.run(['clusters', 'events', '--limit', '7'])).toEqual({
    code: 0,
    stdout: [
      'TIME                      EVENT        DETAILS\n',
      '2018-08-15T22:25:18.659Z  TERMINATING  {"reason":{"code":"INACTIVITY"}}\n',
      '1970-01-01T00:00:00.000Z  CREATING\n',
    ].join(''),
    stderr: '',
  });
  expect(at.server.seen[0]?.fields).toEqual({ cluster_id: 'c1', order: 'DESC', limit: 7 });
});

test('spark-versions and node-types show what create can be given', async () => {
  await using at = await place();
  at.server.on('GET clusters/spark-versions', { json: { versions: [{ key: '16.4.x-scala2.12', name: '16.4 LTS' }] } });
  at.server.on('GET clusters/list-node-types', { json: { node_types: [{ node_type_id: 'i3.xlarge', num_cores: 4, memory_mb: 31232 }] } });
  expect((await at.cli.run(['clusters', 'spark-versions'])).stdout).toBe('VERSION           NAME\n16.4.x-scala2.12  16.4 LTS\n');
  expect((await at.cli.run(['clusters', 'node-types'])).stdout).toBe('NODE TYPE  CORES  MEMORY (MB)  GPUS\ni3.xlarge      4        31232     0\n');
});

describe('what cannot be done', () => {
  test.for<[what: string, args: string[], message: RegExp]>([
    ['a number that is none', ['resize', '--workers', 'six'], /^Option '--workers <number>' argument 'six' is invalid\. Not a whole number; see "databricks-kernel clusters resize --help"\n$/],
    ['no number', ['resize'], /^Required option '--workers <number>' not specified; see /],
    ['no name', ['create', '--workers', '1'], /^Missing required argument 'name'; see /],
    ['a setting without a value', ['create', 'n', '--workers', '1', '--conf', 'spark.x'], /It must look like spark\.speculation=true; see /],
    ['no events', ['events', '--limit', '0'], /Not a number above 0; see /],
  ])('in a wrong command line is told in one line, with exit code 2: %s', async ([, args, message]) => {
    await using at = await place();
    expect(await at.cli.run(['clusters', ...args])).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
    expect(at.server.seen).toEqual([]);
  });

  test('without a cluster names the settings that choose one', async () => {
    await using at = await place({ cluster: '' });
    expect(await at.cli.run(['clusters', 'status'])).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/^No cluster is chosen on 127\.0\.0\.1:\d+: set DATABRICKS_CLUSTER_ID/) });
  });

  test('with a cluster that the server does not know names the list', async () => {
    await using at = await place();
    const message = (host: string) => ({ code: 2, stdout: '', stderr: `There is no cluster nope on ${host}: "databricks-kernel clusters list" shows those it has.\n` });
    at.server.on('POST clusters/start', { status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'Cluster nope does not exist' } });
    expect(await at.cli.run(['clusters', 'start', 'nope'])).toEqual(message(at.server.url.host));
    await using first = await place({ first: true });
    first.server.on('GET clusters/status', { status: 500, json: { error: 'RuntimeException: Unknown cluster id nope' } });
    expect(await first.cli.run(['clusters', 'status', 'nope'])).toEqual(message(first.server.url.host));
  });

  test('by API 1.2 is told as that', async () => {
    await using at = await place({ first: true });
    const origin = at.server.url.origin;
    expect(await at.cli.run(['clusters', 'permanent-delete', 'c1'])).toEqual({
      code: 1, stdout: '', stderr: `${origin} has no permanent deletion (Clusters API 2.x): a deleted cluster stays in its list as terminated.\n`,
    });
    expect(await at.cli.run(['clusters', 'create', 'n', '--workers', '1', '--node-type', 't'])).toEqual({ code: 1, stdout: '', stderr: `${origin} has no node types (Clusters API 2.x): leave that setting out.\n` });
  });

  test.for<[string, string]>([
    ['TERMINATED', '"databricks-kernel clusters start c1" starts it'],
    ['PENDING', 'try again when it is Running'],
    ['TERMINATING', '"databricks-kernel clusters start c1" starts it when it is Terminated.'],
    ['RUNNING', 'try again.'],
  ])('in the state %s is told with what to do', async ([now, remedy]) => {
    await using at = await place();
    at.server.on('GET clusters/get', state(now));
    at.server.on('POST clusters/restart', { status: 400, json: { error_code: 'INVALID_STATE', message: `Cluster c1 is in unexpected state ${now}.` } });
    const { code, stderr } = await at.cli.run(['clusters', 'restart']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Cluster c1 on 127\.0\.0\.1:\d+ is \w+ and cannot do this now: .*\.\n$/);
    expect(stderr).toContain(remedy);
  });

  test('for a second because nothing answers is told while it is tried again', async () => {
    await using at = await place();
    await at.server[Symbol.asyncDispose]();
    const command = at.cli.start(['clusters', 'list']);
    await command.until('stderr', /^Trying again: Nothing answers at \S+ \(connection refused\): check DATABRICKS_HOST\.\n$/);
    command.signal('SIGKILL');
    await command.ended;
  });

  test('because the server refuses is told in its words', async () => {
    await using at = await place();
    at.server.on('POST clusters/restart', { status: 403, json: { error_code: 'PERMISSION_DENIED', message: 'you may not' } });
    expect(await at.cli.run(['clusters', 'restart'])).toEqual({
      code: 1, stdout: '', stderr: `${at.server.url.origin} does not allow clusters/restart: PERMISSION_DENIED: you may not. Check the permissions of the user behind DATABRICKS_TOKEN.\n`,
    });
  });
});
