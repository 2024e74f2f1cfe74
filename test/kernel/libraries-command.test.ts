import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { apiFixture } from '../support/api-fixtures.ts';
import type { CommandLinePlace } from '../support/command-line-place.ts';
import { commandLinePlace } from '../support/command-line-place.ts';
import type { ScriptedServer, SeenRequest } from '../support/scripted-server.ts';
import { startScriptedServer } from '../support/scripted-server.ts';

/** A server with a running cluster, and the command line with settings for it. */
async function place(): Promise<CommandLinePlace> {
  const server = await startScriptedServer();
  server.on('GET clusters/get', { json: { cluster_id: 'c1', state: 'RUNNING' } });
  server.on('POST libraries/install', { json: {} });
  server.on('POST libraries/uninstall', { json: {} });
  return commandLinePlace(server);
}

const statuses = (...entries: [library: object, status: string, ...messages: string[]][]) => ({
  json: { cluster_id: 'c1', library_statuses: entries.map(([library, status, ...messages]) => ({ library, status, messages, is_library_for_all_clusters: false })) },
});
const fieldsOf = ({ seen }: ScriptedServer, route: string) => seen.filter((request) => request.route === route).map(({ fields }) => fields);

/** The parts of a multipart request: texts, and of files their names and texts. */
async function partsOf({ headers, bytes }: SeenRequest): Promise<Record<string, unknown>> {
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData();
  const parts: Record<string, unknown> = {};
  for (const [name, value] of form) parts[name] = typeof value === 'string' ? value : { name: value.name, text: await value.text() };
  return parts;
}

describe('install', () => {
  const document = apiFixture('libraries-2.0-install').request.data;
  const asOptions = [
    '--jar', 'dbfs:/mnt/libraries/library.jar', '--egg', 'dbfs:/mnt/libraries/library.egg', '--whl', 'dbfs:/mnt/libraries/mlflow-0.0.1.dev0-py2-none-any.whl',
    '--whl', 'dbfs:/mnt/libraries/wheel-libraries.wheelhouse.zip', '--maven', 'org.jsoup:jsoup:1.7.2', '--exclude', 'slf4j:slf4j',
    '--pypi', 'simplejson', '--repo', 'https://my-pypi-mirror.com', '--cran', 'ada', '--repo', 'https://cran.us.r-project.org',
  ];

  test('takes the libraries of the document as options, in their order', async () => {
    await using at = await place();
    expect(await at.cli.run(['libraries', 'install', '10201-my-cluster', ...asOptions, '--no-wait'])).toEqual({
      code: 0, stdout: 'The installation on cluster 10201-my-cluster has begun.\n', stderr: '',
    });
    expect(fieldsOf(at.server, 'POST libraries/install')).toEqual([document]);
  });

  test("takes the document's own file, and its cluster", async () => {
    await using at = await place();
    await writeFile(join(at.cli.home, 'install-libraries.json'), JSON.stringify(document));
    await at.cli.run(['libraries', 'install', '--json-file', 'install-libraries.json', '--no-wait']);
    expect(fieldsOf(at.server, 'POST libraries/install')).toEqual([document]);
  });

  test('keeps the order of options and files, and puts the named cluster before that of a file', async () => {
    await using at = await place();
    await writeFile(join(at.cli.home, 'a.json'), JSON.stringify([{ pypi: 'a' }, { maven: { coordinates: 'b:b:1', exclusions: ['c:c', 'd:d'] } }]));
    await writeFile(join(at.cli.home, 'b.json'), JSON.stringify({ cluster_id: 'in-file', libraries: [{ requirements: '/r.txt' }] }));
    const files = ['--jar', 's3://x', '--json-file', 'a.json', '--maven', 'y:y:1', '--exclude', 'e:e', '--exclude', 'f:f', '--json-file', 'b.json', '--no-wait', '--json'];
    expect((await at.cli.run(['libraries', 'install', ...files, '--cluster-id', 'option'])).stdout).toBe('{"cluster_id":"option"}\n');
    expect(fieldsOf(at.server, 'POST libraries/install')).toEqual([
      {
        cluster_id: 'option',
        libraries: [
          { jar: 's3://x' }, { pypi: { package: 'a' } }, { maven: { coordinates: 'b:b:1', exclusions: ['c:c', 'd:d'] } }, { maven: { coordinates: 'y:y:1', exclusions: ['e:e', 'f:f'] } }, { requirements: '/r.txt' },
        ],
      },
    ]);
  });

  test('waits, shows on stderr how far each library is, and ends with all of them', async () => {
    await using at = await place();
    const jar = { jar: 'dbfs:/a.jar' };
    const pypi = { pypi: { package: 'x' } };
    at.server.on('GET libraries/cluster-status', statuses([jar, 'PENDING']), statuses([jar, 'INSTALLING'], [pypi, 'RESOLVING']), statuses([jar, 'INSTALLED'], [pypi, 'INSTALLING']), statuses([jar, 'INSTALLED'], [pypi, 'INSTALLED', 'from PyPI']));
    const line = (done: number, words: string) => `${done} of 2 done: ${words} — cluster c1\n`;
    expect(await at.cli.run(['libraries', 'install', '--jar', 'dbfs:/a.jar', '--pypi', 'x'])).toEqual({
      code: 0,
      stdout: ['LIBRARY          STATUS     ALL CLUSTERS  MESSAGES\n', 'jar dbfs:/a.jar  INSTALLED\n', 'pypi x           INSTALLED                from PyPI\n'].join(''),
      stderr: [
        line(0, 'PENDING a.jar, PENDING x'), line(0, 'INSTALLING a.jar, RESOLVING x'), line(1, 'INSTALLING x'),
        line(2, 'INSTALLED a.jar, INSTALLED x'),
      ].join(''),
    });
  });

  test.for<[status: string, code: number, message: string]>([
    ['INSTALLED', 0, ''],
    ['RESTORED', 0, ''],
    ['SKIPPED', 0, 'maven a:b_2.10:1 was skipped (it is for Scala 2.10).\n'],
    ['FAILED', 1, '1 of 1 libraries failed on cluster c1.\n\nmaven a:b_2.10:1:\n  it is for\n  Scala 2.10.\n'],
    ['ERROR', 1, '1 of 1 libraries failed on cluster c1.\n\nmaven a:b_2.10:1:\n  it is for\n  Scala 2.10.\n'],
  ])('ends for a library that is %s with exit code %i', async ([status, code, message]) => {
    await using at = await place();
    at.server.on('GET libraries/cluster-status', statuses([{ maven: { coordinates: 'a:b_2.10:1' } }, status, 'it is for', 'Scala 2.10.']));
    const end = await at.cli.run(['libraries', 'install', '--maven', 'a:b_2.10:1', '--json']);
    expect(end.code).toBe(code);
    expect(JSON.parse(end.stdout)).toMatchObject({ cluster_id: 'c1', library_statuses: [{ library: { maven: { coordinates: 'a:b_2.10:1' } }, status, messages: ['it is for', 'Scala 2.10.'], is_library_for_all_clusters: false }] });
    expect(end.stderr).toBe(`1 of 1 done: ${status} a:b_2.10:1 — cluster c1\n${message}`);
  });

  test('tells of each failure the whole message on lines of its own, and in the table how it begins', async () => {
    await using at = await place();
    const long = `pip: ${'no '.repeat(60)}end`;
    at.server.on('GET libraries/cluster-status', statuses([{ pypi: { package: 'a' } }, 'INSTALLED'], [{ pypi: { package: 'b' } }, 'FAILED', 'ERROR: one\nERROR: two'], [{ pypi: { package: 'c' } }, 'FAILED', long]));
    const { code, stdout, stderr } = await at.cli.run(['libraries', 'install', '--pypi', 'a', '--pypi', 'b', '--pypi', 'c']);
    expect(code).toBe(1);
    expect(stdout.split('\n').slice(2, 4)).toEqual([
      expect.stringMatching(/^pypi b +FAILED +ERROR: one …$/), expect.stringMatching(/^pypi c +FAILED +pip: (?:no )+\w*…$/),
    ]);
    expect(stderr.split('\n').slice(1)).toEqual(['2 of 3 libraries failed on cluster c1.', '', 'pypi b:', '  ERROR: one', '  ERROR: two', '', 'pypi c:', `  ${long}`, '']);
  });

  test('is no longer waited for after Ctrl-C, and goes on', async () => {
    await using at = await place();
    at.server.on('GET libraries/cluster-status', statuses([{ jar: 'dbfs:/a' }, 'INSTALLING']));
    const command = at.cli.start(['libraries', 'install', '--jar', 'dbfs:/a']);
    await command.until('stderr', /INSTALLING/);
    command.signal('SIGINT');
    const { code, stdout, stderr } = await command.ended;
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr.split('\n').at(-2)).toBe('The installation on cluster c1 goes on without this command: "databricks-kernel libraries cluster-status c1" tells how far it is.');
  });

  test('on a cluster that is stopped says how to start it', async () => {
    await using at = await place();
    at.server.on('GET clusters/get', { json: { cluster_id: 'c1', state: 'TERMINATED' } });
    at.server.on('POST libraries/install', { status: 400, json: { error_code: 'INVALID_STATE', message: 'Cluster c1 is in unexpected state Terminated.' } });
    expect(await at.cli.run(['libraries', 'install', '--jar', 'dbfs:/a'])).toEqual({
      code: 1, stdout: '', stderr: `Cluster c1 on ${at.server.url.host} is Terminated and cannot do this now: "databricks-kernel clusters start c1" starts it.\n`,
    });
  });

  test.for<[what: string, args: string[], message: string | RegExp]>([
    ['no library', [], 'There are no libraries: name them with --jar, --whl, --pypi and the like.'],
    ['a repository of nothing', ['--repo', 'https://r.example.com'], `Option '--repo <url>' argument 'https://r.example.com' is invalid. --repo belongs after --pypi, --maven or --cran; see "databricks-kernel libraries install --help"`],
    ['a repository of a jar', ['--jar', 'dbfs:/a', '--repo', 'r'], `Option '--repo <url>' argument 'r' is invalid. --repo belongs after --pypi, --maven or --cran; see "databricks-kernel libraries install --help"`],
    ['an exclusion of a package', ['--pypi', 'a', '--exclude', 'b:b'], `Option '--exclude <group:artifact>' argument 'b:b' is invalid. --exclude belongs after --maven; see "databricks-kernel libraries install --help"`],
    ['an empty name', ['--pypi', ' '], `Option '--pypi <package>' argument ' ' is invalid. It is empty; see "databricks-kernel libraries install --help"`],
    ['a wheel of this machine', ['--whl', './a.whl'], `Option '--whl <uri>' argument './a.whl' is invalid. A cluster cannot read files of this machine: put it into dbfs:/, s3:/, /Volumes/ or /Workspace/; or use "databricks-kernel libraries upload ./a.whl" and "attach"; see "databricks-kernel libraries install --help"`],
    ['requirements on a drive of this machine', ['--requirements', 'C:\\r.txt'], `Option '--requirements <uri>' argument 'C:\\r.txt' is invalid. A cluster cannot read files of this machine: put it into dbfs:/, s3:/, /Volumes/ or /Workspace/; see "databricks-kernel libraries install --help"`],
    ['no file', ['--json-file', 'nowhere.json'], 'nowhere.json cannot be read (ENOENT): check its name.'],
    ['a file that is no JSON', ['--json-file', 'broken.json'], /^broken\.json is no JSON: [^\n]+\.\n$/],
    ['a file without libraries', ['--json-file', 'empty.json'], 'empty.json names no libraries: it must look like {"libraries": [{"jar": "dbfs:/library.jar"}]}.'],
    ['a file with what is none', ['--json-file', 'odd.json'], 'Library 2 of odd.json is none that the API knows: it must be one of jar, egg, whl, pypi, maven, cran, requirements.'],
    ['two clusters', ['--json-file', 'one.json', '--json-file', 'two.json'], 'The files name two clusters, 1 and 2: install on one after the other.'],
  ])('refuses %s in one line, with exit code 2, before anything is asked', async ([, args, message]) => {
    await using at = await place();
    const files = { broken: '{', empty: '{}', odd: '[{"jar": "a"}, {"glue": "b"}]', one: '{"cluster_id": "1", "libraries": [{"jar": "a"}]}', two: '{"cluster_id": "2", "libraries": [{"jar": "a"}]}' };
    for (const [name, text] of Object.entries(files)) await writeFile(join(at.cli.home, `${name}.json`), text);
    const stderr = typeof message === 'string' ? `${message}\n` : expect.stringMatching(message);
    expect(await at.cli.run(['libraries', 'install', ...args])).toEqual({ code: 2, stdout: '', stderr });
    expect(at.server.seen).toEqual([]);
  });

  test('on a server without the API says what that has instead', async () => {
    await using at = await place();
    at.server.on('POST libraries/install', { status: 404, text: 'nothing here' });
    expect(await at.cli.run(['libraries', 'install', '--jar', 'dbfs:/a'])).toEqual({
      code: 1, stdout: '', stderr: `${at.server.url.origin} has no Libraries API 2.0: upload and attach libraries by API 1.2.\n`,
    });
  });
});

/** What the document installs, and takes off as `{"cran": "ada"}`. */
const cranOfDocument = { cran: { package: 'ada', repo: 'https://cran.us.r-project.org' } };

test('uninstall takes the same options, says when which libraries go, and warns of what is not installed', async () => {
  await using at = await place();
  at.server.on('GET libraries/cluster-status', statuses([{ jar: 'dbfs:/mnt/libraries/library.jar' }, 'INSTALLED'], [cranOfDocument, 'FAILED']));
  await writeFile(join(at.cli.home, 'uninstall-libraries.json'), JSON.stringify(apiFixture('libraries-2.0-uninstall').request.data));
  expect(await at.cli.run(['libraries', 'uninstall', '--json-file', 'uninstall-libraries.json', '--whl', '/Volumes/w'])).toEqual({
    code: 0,
    stdout: 'Uninstalled when cluster 10201-my-cluster restarts ("databricks-kernel clusters restart 10201-my-cluster"): jar dbfs:/mnt/libraries/library.jar, cran ada.\n',
    stderr: 'whl /Volumes/w is not installed on cluster 10201-my-cluster.\n',
  });
  expect(fieldsOf(at.server, 'POST libraries/uninstall')).toEqual([
    { cluster_id: '10201-my-cluster', libraries: [{ jar: 'dbfs:/mnt/libraries/library.jar' }, { cran: { package: 'ada' } }, { whl: '/Volumes/w' }] },
  ]);
  expect(await at.cli.run(['libraries', 'uninstall', '--pypi', 'nothing'])).toEqual({ code: 0, stdout: '', stderr: 'pypi nothing is not installed on cluster c1.\n' });
});

test('uninstall of what all clusters have says that it stays, and what takes it off', async () => {
  await using at = await place();
  const status = (library: object, is_library_for_all_clusters: boolean) => ({ library, status: 'INSTALLED', messages: [], is_library_for_all_clusters });
  const installed = [status({ pypi: { package: 'six' } }, true), status({ pypi: { package: 'attrs' } }, false), status({ pypi: { package: 'six', repo: 'https://p.example.com' } }, false)];
  at.server.on('GET libraries/cluster-status', { json: { cluster_id: 'c1', library_statuses: installed.slice(0, 2) } }, { json: { cluster_id: 'c1', library_statuses: installed } });
  const stderr = 'pypi six is on all clusters and stays on cluster c1: "databricks-kernel libraries detach LIBRARY --all" takes it off them.\n';
  const stdout = (names: string) => `Uninstalled when cluster c1 restarts ("databricks-kernel clusters restart c1"): ${names}.\n`;
  expect(await at.cli.run(['libraries', 'uninstall', '--pypi', 'six', '--pypi', 'attrs'])).toEqual({ code: 0, stdout: stdout('pypi attrs'), stderr });
  expect(await at.cli.run(['libraries', 'uninstall', '--pypi', 'six'])).toEqual({ code: 0, stdout: stdout('pypi six'), stderr });
});

test('the statuses of one cluster and of all are tables, or the JSON of the API', async () => {
  await using at = await place();
  const one = apiFixture('libraries-2.0-cluster-status').response.body;
  const all = apiFixture('libraries-2.0-all-cluster-statuses').response.body;
  at.server.on('GET libraries/cluster-status', { json: one });
  at.server.on('GET libraries/all-cluster-statuses', { json: all });
  const { stdout } = await at.cli.run(['libraries', 'cluster-status', '11203-my-cluster']);
  expect(stdout.split('\n')).toEqual([
    'LIBRARY                              STATUS      ALL CLUSTERS  MESSAGES',
    'jar dbfs:/mnt/libraries/library.jar  INSTALLED',
    'pypi beautifulsoup4                  INSTALLING                Successfully resolved package from PyPI',
    'cran ada                             FAILED                    R package installation is not supported on this spark version. Please upgrade to Runtime 3.2 or higher',
    '',
  ]);
  expect(fieldsOf(at.server, 'GET libraries/cluster-status')).toEqual([{ cluster_id: '11203-my-cluster' }]);
  expect((await at.cli.run(['libraries', 'all-cluster-statuses'])).stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
    ['CLUSTER', 'LIBRARY', 'STATUS'],
    ['11203-my-cluster', 'jar dbfs:/mnt/libraries/library.jar', 'INSTALLING'],
    ['20131-my-other-cluster', 'egg dbfs:/mnt/libraries/library.egg', 'ERROR'],
    [''],
  ]);
  expect(JSON.parse((await at.cli.run(['libraries', 'cluster-status', '11203-my-cluster', '--json'])).stdout)).toEqual(one);
  expect(JSON.parse((await at.cli.run(['libraries', 'all-cluster-statuses', '--json'])).stdout)).toEqual(all);
});

describe('upload', () => {
  test.for<[args: string[], type: string, name: string, file: { name: string; text: string }]>([
    [['my library.jar'], 'java-jar', 'my library.jar', { name: 'my library.jar', text: 'content' }],
    [['a.EGG', '--name', 'mylib.egg'], 'python-egg', 'mylib.egg', { name: 'a.EGG', text: 'content' }],
    [['my-1.0.WHL'], 'python-egg', 'my-1.0.WHL', { name: 'my-1.0.WHL', text: 'content' }],
    [['archive', '--type', 'python-egg'], 'python-egg', 'archive', { name: 'archive', text: 'content' }],
    [['fuzzywuzzy', '--type', 'python-pypi'], 'python-pypi', 'fuzzywuzzy', { name: 'uri', text: 'fuzzywuzzy' }],
  ])('%j sends what the document shows, and prints the id', async ([args, libType, name, uri]) => {
    await using at = await place();
    at.server.on('POST libraries/upload', { json: { id: '12345' } });
    for (const file of ['my library.jar', 'a.EGG', 'my-1.0.WHL', 'archive']) await writeFile(join(at.cli.home, file), 'content');
    expect(await at.cli.run(['libraries', 'upload', ...args, '--folder', '/mylibraries', '--attach-all'])).toMatchObject({ code: 0, stdout: '12345\n' });
    expect(await partsOf(at.server.seen[0] ?? expect.fail())).toEqual({ libType, name, folder: '/mylibraries', attachToAllClusters: 'true', uri });
  });

  test('of a second or less is not told of', async () => {
    await using at = await place();
    at.server.on('POST libraries/upload', { json: { id: '12345' } });
    await writeFile(join(at.cli.home, 'large.jar'), Buffer.alloc(100_000));
    const began = performance.now();
    const { stderr, stdout } = await at.cli.run(['libraries', 'upload', 'large.jar', '--json']);
    expect(stdout).toBe('{"id":"12345"}\n');
    // A machine that is busy may take longer, and then nothing but the progress is told.
    expect(stderr).toMatch(performance.now() - began < 1000 ? /^$/ : /^(?:Uploading large\.jar[^\n]*\n)*$/);
    expect((await partsOf(at.server.seen[0] ?? expect.fail()))['attachToAllClusters']).toBe('false');
  });

  test.for<[what: string, args: string[], message: string]>([
    ['what nobody can tell', ['fuzzywuzzy'], 'The name of fuzzywuzzy does not tell what it is: give --type with one of java-jar, python-egg, python-pypi.'],
    ['a file that is not there', ['nowhere.jar'], 'The file nowhere.jar does not exist.'],
    [
      'a folder that is none, before anything is sent', ['fuzzywuzzy', '--type', 'python-pypi', '--folder', 'mylibraries'],
      `Option '--folder <folder>' argument 'mylibraries' is invalid. It must begin with "/"; see "databricks-kernel libraries upload --help"`,
    ],
  ])('refuses %s in one line, with exit code 2', async ([, args, message]) => {
    await using at = await place();
    expect(await at.cli.run(['libraries', 'upload', ...args])).toEqual({ code: 2, stdout: '', stderr: `${message}\n` });
    expect(at.server.seen).toEqual([]);
  });

  test('into a folder that the server refuses is told in its words', async () => {
    await using at = await place();
    at.server.on('POST libraries/upload', { status: 500, json: apiFixture('libraries-1.2-unknown-folder').response.body });
    const { code, stderr } = await at.cli.run(['libraries', 'upload', '--type', 'python-pypi', 'fuzzywuzzy', '--folder', '/mylibraries']);
    expect(code).toBe(1);
    expect(stderr).toContain('refused libraries/upload (HTTP 500): NoSuchElementException: folder not found: mylibraries.\n');
  });
});

test('list and status show uploaded libraries', async () => {
  await using at = await place();
  const state = apiFixture('libraries-1.2-status').response.body as object;
  at.server.on('GET libraries/list', { json: apiFixture('libraries-1.2-list').response.body });
  at.server.on('GET libraries/status', { json: state }, { json: state }, { json: { ...state, statuses: [] } });
  expect((await at.cli.run(['libraries', 'list'])).stdout).toBe('ID    NAME               FOLDER\n1234  mylib              /\n5678  jar1_2.10-1.0.jar  /\n');
  expect((await at.cli.run(['libraries', 'status', '1234'])).stdout).toBe(
    [
      'ID            1234', 'Name          mytestjar', 'Folder        /', 'Type          java-jar', 'Files         7fbcf1de_3a36_4628_8173_172413292907-jar4_2.10_1.0.jar', 'All clusters  yes', '',
      'CLUSTER            STATUS    MESSAGE', '0223-221237-tract  Attached  error message', '',
    ].join('\n'),
  );
  expect(JSON.parse((await at.cli.run(['libraries', 'status', '1234', '--json'])).stdout)).toEqual({ ...state, attachAllClusters: true });
  expect((await at.cli.run(['libraries', 'status', '1234'])).stdout).toContain('\nIt is attached to no cluster.\n');
});

test.for<[args: string[], route: string, fields: object, stdout: string]>([
  [['delete', '1234'], 'POST libraries/delete', { libraryId: '1234' }, 'The library 1234 is deleted.'],
  [['attach', '1234', '0223-221237-tract'], 'POST libraries/attach', { libraryId: '1234', clusterId: '0223-221237-tract' }, 'The library 1234 is being attached to cluster 0223-221237-tract; "databricks-kernel libraries status 1234" tells how far it is.'],
  [['attach', '1234'], 'POST libraries/attach', { libraryId: '1234', clusterId: 'c1' }, 'The library 1234 is being attached to cluster c1; "databricks-kernel libraries status 1234" tells how far it is.'],
  [['detach', '1234', '0223-221237-tract'], 'POST libraries/detach', { libraryId: '1234', clusterId: '0223-221237-tract' }, 'The library 1234 is being detached from cluster 0223-221237-tract; "databricks-kernel libraries status 1234" tells how far it is.'],
  [['detach', '1234', '--all'], 'POST libraries/detach', { libraryId: '1234', clusterId: '__ALL_CLUSTERS' }, 'The library 1234 is being detached from all clusters; "databricks-kernel libraries status 1234" tells how far it is.'],
])('%j is one call', async ([args, route, fields, stdout]) => {
  await using at = await place();
  at.server.on(route, { json: { id: '1234' } });
  const state = apiFixture('libraries-1.2-status').response.body as object;
  const statuses = ['c1', '0223-221237-tract'].map((clusterId) => ({ clusterId, status: 'Attached', message: '' }));
  at.server.on('GET libraries/status', { json: { ...state, attachAllClusters: String(args.includes('--all')), statuses } });
  expect(await at.cli.run(['libraries', ...args])).toEqual({ code: 0, stdout: `${stdout}\n`, stderr: '' });
  expect(fieldsOf(at.server, route)).toEqual([fields]);
});

test.for([['attach'], ['detach']])('%s to one cluster and all of them is refused, and nothing is asked', async ([name = '']) => {
  await using at = await place();
  for (const cluster of [['c9'], ['--cluster-id', 'c9']]) {
    expect(await at.cli.run(['libraries', name, '1234', ...cluster, '--all'])).toEqual({ code: 2, stdout: '', stderr: 'Both the cluster c9 and --all are given: choose one.\n' });
  }
  expect(at.server.seen).toEqual([]);
});

test('what is not attached is detached with a warning, and is no error', async () => {
  await using at = await place();
  const state = apiFixture('libraries-1.2-status').response.body as object;
  at.server.on('POST libraries/detach', { json: { id: '1234' } });
  at.server.on('GET libraries/status', { json: { ...state, attachAllClusters: 'false', statuses: [{ clusterId: 'c1', status: 'Detached' }] } });
  expect(await at.cli.run(['libraries', 'detach', '1234'])).toEqual({ code: 0, stdout: '', stderr: 'The library 1234 is not attached to cluster c1.\n' });
  expect(await at.cli.run(['libraries', 'detach', '1234', '--all'])).toEqual({ code: 0, stdout: '', stderr: 'The library 1234 is not attached to all clusters.\n' });
  expect(fieldsOf(at.server, 'POST libraries/detach')).toHaveLength(2);
});

test('what all clusters have is not taken off one of them, which is said with what takes it off', async () => {
  await using at = await place();
  at.server.on('POST libraries/detach', { json: { id: '1234' } });
  at.server.on('GET libraries/status', { json: apiFixture('libraries-1.2-status').response.body as object });
  const stderr = 'The library 1234 is attached to all clusters and stays on cluster 0223-221237-tract: "databricks-kernel libraries detach 1234 --all" takes it off them.\n';
  expect(await at.cli.run(['libraries', 'detach', '1234', '0223-221237-tract'])).toEqual({ code: 0, stdout: '', stderr });
  // It may be on that one by itself, too.
  expect(fieldsOf(at.server, 'POST libraries/detach')).toEqual([{ libraryId: '1234', clusterId: '0223-221237-tract' }]);
});

test('a library that the server does not know, and two targets at once, are wrong arguments', async () => {
  await using at = await place();
  at.server.on('POST libraries/attach', { status: 500, json: { error: 'NoSuchElementException: key not found: 2915' } });
  expect(await at.cli.run(['libraries', 'attach', '2915', 'c1'])).toEqual({
    code: 2, stdout: '', stderr: `There is no library 2915 on ${at.server.url.host}: "databricks-kernel libraries list" shows those it has.\n`,
  });
  expect(await at.cli.run(['libraries', 'attach', '2915', 'c1', '--all'])).toEqual({ code: 2, stdout: '', stderr: 'Both the cluster c1 and --all are given: choose one.\n' });
});

test('on a server without API 1.2 the way of today is named', async () => {
  await using at = await place();
  expect(await at.cli.run(['libraries', 'list'])).toEqual({
    code: 1, stdout: '', stderr: `${at.server.url.origin} has no library upload (API 1.2): put the file where the cluster can read it and install it from there by Libraries API 2.0.\n`,
  });
});
