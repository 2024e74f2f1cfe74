import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import { apiFixture } from '../support/api-fixtures.ts';
import { LibraryWorkspace } from '../support/library-workspace.ts';
import type { LibraryStatus } from '../support/library-workspace.ts';

/* Libraries API 2.0 in front of scripted drivers. What real drivers make of libraries: test/spark/libraries.test.ts. */

const path = (name: string) => `/api/2.0/libraries/${name}`;
const jar = { jar: 'dbfs:/mnt/libraries/library.jar' };
const pypi = (name: string) => ({ pypi: { package: name } });
const refused = (message: string, code = 'INVALID_PARAMETER_VALUE') => ({ error_code: code, message });

describe.for<DialectName>(['classic', 'modern'])('%s', (dialect) => {
  test('the document’s libraries are installed, each by its kind, and tell how it went', async () => {
    await using workspace = await LibraryWorkspace.running(dialect);
    const folder = 'mnt/libraries';
    await workspace.files(`${folder}/library.jar`, `${folder}/library.egg`, `${folder}/mlflow-0.0.1.dev0-py2-none-any.whl`, `${folder}/wheel-libraries.wheelhouse.zip`);
    const { request, response } = apiFixture('libraries-2.0-install');
    const { body, status } = await workspace.install(request.data['libraries'] ?? null);
    expect({ status, body }).toEqual(response);
    await workspace.become('INSTALLED', 'INSTALLED', 'INSTALLED', 'INSTALLED', 'INSTALLED', 'INSTALLED', 'FAILED');
    expect(await workspace.statuses()).toEqual(
      (request.data['libraries'] as JsonObject[]).map((library) => ({
        library,
        status: library['cran'] ? 'FAILED' : 'INSTALLED',
        messages: library['pypi']
          ? ['Successfully resolved package from PyPI']
          : library['maven']
            ? ['Successfully resolved package from Maven']
            : library['cran']
              ? ['R package installation is not supported on this spark version.\nPlease upgrade to Runtime 3.2 or higher']
              : [],
        is_library_for_all_clusters: false,
      })),
    );
    const file = (name: string) => join(workspace.dbfsRoot, folder, name);
    expect(workspace.lastDriver.installed).toEqual([
      { kind: 'jar', file: file('library.jar'), name: 'library.jar' },
      { kind: 'egg', file: file('library.egg'), name: 'library.egg' },
      { kind: 'whl', file: file('mlflow-0.0.1.dev0-py2-none-any.whl'), name: 'mlflow-0.0.1.dev0-py2-none-any.whl' },
      { kind: 'whl', file: file('wheel-libraries.wheelhouse.zip'), name: 'wheel-libraries.wheelhouse.zip' },
      { kind: 'maven', coordinates: 'org.jsoup:jsoup:1.7.2', exclusions: ['slf4j:slf4j'], repo: undefined },
      { kind: 'pypi', package: 'simplejson', repo: 'https://my-pypi-mirror.com' },
    ]);
  });

  test('the document’s statuses are ours, once the slow package is being installed', async () => {
    await using workspace = await LibraryWorkspace.running(dialect);
    await workspace.files('mnt/libraries/library.jar');
    const { body } = apiFixture('libraries-2.0-cluster-status').response;
    const [first, second, third] = (body as { library_statuses: LibraryStatus[] }).library_statuses;
    await workspace.install([first?.library ?? null, pypi('slow-to-install'), third?.library ?? null]);
    expect(await workspace.become('INSTALLED', 'INSTALLING', 'PENDING')).toEqual([
      first,
      { ...second, library: pypi('slow-to-install') },
      { ...third, status: 'PENDING', messages: [] },
    ]);
    workspace.lastDriver.release();
    expect((await workspace.become('INSTALLED', 'INSTALLED', 'FAILED')).at(2)).toEqual(third);
  });

  test('the document’s uninstall request takes libraries back, its shorthand too, when the cluster restarts', async () => {
    await using workspace = await LibraryWorkspace.running(dialect);
    await workspace.files('mnt/libraries/library.jar');
    const cran = { cran: { package: 'ada', repo: 'https://cran.us.r-project.org' } };
    await workspace.install([jar, cran, pypi('six')]);
    await workspace.become('INSTALLED', 'FAILED', 'INSTALLED');
    const { request, response } = apiFixture('libraries-2.0-uninstall');
    const { body, status } = await workspace.uninstall(request.data['libraries'] ?? null);
    expect({ status, body }).toEqual(response);
    expect((await workspace.statuses()).map(({ library, status: word }) => [library, word])).toEqual([
      [pypi('six'), 'INSTALLED'],
      [jar, 'UNINSTALL_ON_RESTART'],
      [cran, 'UNINSTALL_ON_RESTART'],
    ]);
    await workspace.restart();
    expect((await workspace.become('INSTALLED')).map(({ library }) => library)).toEqual([pypi('six')]);
    expect(workspace.lastDriver.installed).toEqual([{ kind: 'pypi', package: 'six', repo: undefined }]);
  });

  test('a body that begins with { is JSON whatever its type says, as curl --data sends it', async () => {
    await using workspace = await LibraryWorkspace.running(dialect);
    const payload = `  ${JSON.stringify({ cluster_id: workspace.clusterId, libraries: [pypi('six')] }, null, 2)}`;
    const answer = await workspace.inject({ method: 'POST', url: path('install'), headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload });
    expect([answer.status, answer.body]).toEqual([200, {}]);
    await workspace.become('INSTALLED');
  });

  test('in a form, libraries are JSON text', async () => {
    await using workspace = await LibraryWorkspace.running(dialect);
    const answer = await workspace.post(path('install'), { cluster_id: workspace.clusterId, libraries: [pypi('six')] }, 'form');
    expect([answer.status, answer.body]).toEqual([200, {}]);
    await workspace.become('INSTALLED');
  });

  test.for<[what: string, library: JsonValue, message: string]>([
    ['a number', 7, 'A library is an object with one of jar, egg, whl, pypi, maven, cran, not 7'],
    ['a text', 'six', 'A library is an object with one of jar, egg, whl, pypi, maven, cran, not "six"'],
    ['a list', [jar], 'A library is an object with one of jar, egg, whl, pypi, maven, cran, not [{"jar":"dbfs:/mnt/libraries/library.jar"}]'],
    ['null', null, 'A library is an object with one of jar, egg, whl, pypi, maven, cran, not null'],
    ['nothing', {}, 'A library names one of jar, egg, whl, pypi, maven, cran; this one names nothing'],
    ['two kinds', { ...jar, egg: 'dbfs:/x.egg' }, 'A library names one of jar, egg, whl, pypi, maven, cran; this one names jar and egg'],
    ['an unknown kind', { gem: 'rails' }, 'There are no gem libraries; a library names one of jar, egg, whl, pypi, maven, cran'],
    ['a jar that is no text', { jar: 7 }, 'jar is not a string'],
    ['an empty jar', { jar: ' ' }, 'jar is empty'],
    ['a jar too long', { jar: 'x'.repeat(5000) }, 'jar has 5000 characters; at most 4096 are allowed'],
    ['a jar with the name of an egg', { jar: 'dbfs:/x.egg' }, 'dbfs:/x.egg is no jar: its name must end with .jar'],
    ['an egg with the name of a wheel', { egg: 'dbfs:/x.whl' }, 'dbfs:/x.whl is no egg: its name must end with .egg'],
    ['a wheel with the name of a zip', { whl: 'dbfs:/x.zip' }, 'dbfs:/x.zip is no whl: its name must end with .whl or .wheelhouse.zip'],
    ['a zero byte in a URI', { jar: 'dbfs:/x\0.jar' }, 'jar is no URI'],
    ['pypi that is a number', { pypi: 7 }, 'pypi is neither an object nor a string'],
    ['pypi without a package', { pypi: { repo: 'https://example.com' } }, 'pypi.package is missing'],
    ['a package that is no text', { pypi: { package: ['six'] } }, 'pypi.package is not a string'],
    ['a package that is an option', pypi('--index-url=https://example.com'), '"--index-url=https://example.com" is no name of a PyPI package, like simplejson or simplejson==3.8.0'],
    ['a package that is a file of options', pypi('-r/etc/passwd'), '"-r/etc/passwd" is no name of a PyPI package, like simplejson or simplejson==3.8.0'],
    ['a package that is a path', pypi('./six'), '"./six" is no name of a PyPI package, like simplejson or simplejson==3.8.0'],
    ['two packages', pypi('six attrs'), '"six attrs" is no name of a PyPI package, like simplejson or simplejson==3.8.0'],
    ['an index that is no address', { pypi: { package: 'six', repo: 'user:secret@' } }, 'repo is no address of a repository, like https://example.com/simple'],
    ['an index with an option behind it', { pypi: { package: 'six', repo: 'https://example.com --pre' } }, 'repo is no address of a repository, like https://example.com/simple'],
    ['an empty index', { pypi: { package: 'six', repo: '' } }, 'pypi.repo is empty'],
    ['maven without coordinates', { maven: {} }, 'maven.coordinates is missing'],
    ['coordinates without a version', { maven: 'org.jsoup:jsoup' }, '"org.jsoup:jsoup" are no Maven coordinates: they are group:artifact:version, like org.jsoup:jsoup:1.7.2'],
    ['coordinates with a path', { maven: 'org.jsoup:../jsoup:1' }, '"org.jsoup:../jsoup:1" are no Maven coordinates: they are group:artifact:version, like org.jsoup:jsoup:1.7.2'],
    ['exclusions that are no list', { maven: { coordinates: 'a:b:1', exclusions: 'slf4j:slf4j' } }, 'maven.exclusions is not an array'],
    ['an exclusion without an artifact', { maven: { coordinates: 'a:b:1', exclusions: ['slf4j'] } }, '"slf4j" is no exclusion: it is group:artifact, like slf4j:slf4j'],
    ['a repository of an unknown kind', { maven: { coordinates: 'a:b:1', repo: 'ftp://user:secret@example.com' } }, 'repo is no address of a repository, like https://example.com/simple'],
    ['cran without a package', { cran: {} }, 'cran.package is missing'],
  ])('%s is no library, and nothing of its request happens', async ([, library, message]) => {
    await using workspace = await LibraryWorkspace.running(dialect);
    const { status, body } = await workspace.install([pypi('six'), library]);
    expect([status, body]).toEqual([400, refused(`libraries[1]: ${message}`)]);
    expect(await workspace.statuses()).toEqual([]);
    expect(workspace.lastDriver.installed).toEqual([]);
    expect(workspace.saved).toEqual([]);
  });

  test.for<[name: string, data: Readonly<Record<string, unknown>>, message: string]>([
    ['install', { libraries: [jar] }, 'Missing required field: cluster_id'],
    ['install', { cluster_id: '', libraries: [jar] }, 'Missing required field: cluster_id'],
    ['install', { cluster_id: 7, libraries: [jar] }, 'cluster_id is not a string'],
    ['install', { cluster_id: 'nowhere', libraries: [jar] }, 'Cluster nowhere does not exist'],
    ['install', { cluster_id: 'peaceJam' }, 'Missing required field: libraries'],
    ['install', { cluster_id: 'peaceJam', libraries: null }, 'Missing required field: libraries'],
    ['install', { cluster_id: 'peaceJam', libraries: [] }, 'libraries is empty'],
    ['install', { cluster_id: 'peaceJam', libraries: jar }, 'libraries is not an array'],
    ['install', { cluster_id: 'peaceJam', libraries: 'six' }, 'libraries is not an array'],
    ['uninstall', { libraries: [jar] }, 'Missing required field: cluster_id'],
    ['uninstall', { cluster_id: 'nowhere', libraries: [jar] }, 'Cluster nowhere does not exist'],
    ['uninstall', { cluster_id: 'peaceJam' }, 'Missing required field: libraries'],
    ['uninstall', { cluster_id: 'peaceJam', libraries: [{}] }, 'libraries[0]: A library names one of jar, egg, whl, pypi, maven, cran; this one names nothing'],
  ])('%s of %j is refused', async ([name, data, message]) => {
    await using workspace = await LibraryWorkspace.running(dialect);
    const { status, body } = await workspace.post(path(name), data, 'json');
    expect([status, body]).toEqual([400, refused(message)]);
  });

  test.for<[data: Readonly<Record<string, string>>, message: string]>([
    [{}, 'Missing required field: cluster_id'],
    [{ cluster_id: 'nowhere' }, 'Cluster nowhere does not exist'],
  ])('the status of %j is refused', async ([data, message]) => {
    await using workspace = await LibraryWorkspace.running(dialect);
    const { status, body } = await workspace.get(path('cluster-status'), data);
    expect([status, body]).toEqual([400, refused(message)]);
  });

  test('invalid JSON is refused', async () => {
    await using workspace = await LibraryWorkspace.running(dialect);
    const answer = await workspace.inject({ method: 'POST', url: path('install'), headers: { 'content-type': 'application/json' }, payload: '{"cluster_id": ' });
    expect([answer.status, answer.body]).toEqual([400, refused(expect.stringContaining('Invalid JSON') as unknown as string, 'MALFORMED_REQUEST')]);
  });

  test('a terminated cluster installs nothing, and says so', async () => {
    await using workspace = new LibraryWorkspace(dialect);
    const { status, body } = await workspace.install([pypi('six')]);
    expect([status, body]).toEqual([400, refused('Cluster peaceJam is in unexpected state Terminated.', 'INVALID_STATE')]);
    expect(await workspace.statuses()).toEqual([]);
  });
});

test('each step of an installation is seen as it happens', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.install([pypi('slow-to-resolve-and-slow-to-install'), pypi('six')]);
  expect(await workspace.become('RESOLVING', 'PENDING')).toMatchObject([{ messages: [] }, { messages: [] }]);
  workspace.lastDriver.release();
  expect(await workspace.become('INSTALLING', 'PENDING')).toMatchObject([{ messages: ['Successfully resolved package from PyPI'] }, { messages: [] }]);
  workspace.lastDriver.release();
  await workspace.become('INSTALLED', 'INSTALLED');
});

test('libraries wait for a cluster that is starting', async () => {
  await using workspace = new LibraryWorkspace('modern');
  const start = workspace.startDriver;
  let ready: () => void = () => undefined;
  workspace.startDriver = async (...args) => {
    await new Promise<void>((resolve) => (ready = resolve));
    return start(...args);
  };
  await workspace.post('/api/1.2/clusters/restart', { clusterId: workspace.clusterId });
  expect((await workspace.install([pypi('six')])).status).toBe(200);
  expect(await workspace.words()).toEqual(['PENDING']);
  ready();
  await workspace.become('INSTALLED');
});

test.for<[what: string, library: JsonObject, scala: string]>([
  ['an artifact', { maven: 'org.apache.kafka:kafka_2.12:3.0.0' }, '2.12'],
  ['an artifact for Scala 3', { maven: { coordinates: 'org.typelevel:cats-core_3:2.9.0' } }, '3'],
  ['a jar', { jar: 'dbfs:/jar1_2.10.jar' }, '2.10'],
  ['the document’s jar', { jar: 'dbfs:/jar1_2.10-1.0.jar' }, '2.10'],
])('%s for another Scala is skipped', async ([, library, scala]) => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.install([library]);
  const [status] = await workspace.become('SKIPPED');
  expect(status?.messages).toEqual([expect.stringMatching(new RegExp(` is made for Scala ${scala}; this cluster runs Scala 2.13$`))]);
  expect(workspace.lastDriver.installed).toEqual([]);
});

test.for([
  { maven: 'org.apache.kafka:kafka_2.13:3.0.0' },
  { jar: 'dbfs:/jar4_2.13-1.0.jar' },
  // The document shows this one attached: its version is no Scala version where those stand.
  { jar: 'dbfs:/jar4_2.10_1.0.jar' },
  { jar: 'dbfs:/report_3.jar' },
] satisfies JsonObject[])('%j is not for another Scala', async (library) => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.files('jar4_2.13-1.0.jar', 'jar4_2.10_1.0.jar', 'report_3.jar');
  await workspace.install([library]);
  await workspace.become('INSTALLED');
});

test.for<[library: JsonObject, message: string]>([
  [{ jar: 'dbfs:/nothing.jar' }, 'There is no file dbfs:/nothing.jar'],
  [{ jar: 'dbfs:/folder.jar' }, 'dbfs:/folder.jar is a directory'],
  [{ whl: '/dbfs/nothing.whl' }, 'There is no file /dbfs/nothing.whl'],
  [{ jar: 'dbfs:/../outside.jar' }, 'dbfs:/../outside.jar leads out of dbfs:/'],
  [{ jar: 'dbfs:/folder.jar/../../outside.jar' }, 'dbfs:/folder.jar/../../outside.jar leads out of dbfs:/'],
  [{ jar: 'dbfs:/link.jar' }, 'dbfs:/link.jar leads out of dbfs:/'],
  [{ jar: '/etc/x.jar' }, '/etc/x.jar names no file of dbfs:/'],
  [{ jar: 'x.jar' }, 'x.jar names no file of dbfs:/'],
  [{ jar: 's3://bucket/x.jar' }, 's3://bucket/x.jar: the embedded workspace reads nothing from S3. Copy the file to dbfs:/ and install it from there'],
  [{ jar: 's3a://bucket/x.jar' }, 's3a://bucket/x.jar: the embedded workspace reads nothing from S3. Copy the file to dbfs:/ and install it from there'],
  [{ egg: 'https://example.com/x.egg' }, 'The embedded workspace reads libraries from dbfs:/ only, not from https:. Copy the file to dbfs:/ and install it from there'],
  [{ whl: 'file:///etc/x.whl' }, 'The embedded workspace reads libraries from dbfs:/ only, not from file:. Copy the file to dbfs:/ and install it from there'],
  [pypi('fail'), 'No matching distribution found for fail'],
  [{ maven: 'com.example:fail:1' }, 'No matching distribution found for com.example:fail:1'],
  [{ cran: 'ada' }, 'R package installation is not supported on this spark version.\nPlease upgrade to Runtime 3.2 or higher'],
])('%j fails with the reason, and the cluster goes on', async ([library, message]) => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.files('../outside.jar', 'folder.jar/x');
  await symlink(join(workspace.directory, 'outside.jar'), join(workspace.dbfsRoot, 'link.jar'));
  await workspace.install([library, pypi('six')]);
  const [failed] = await workspace.become('FAILED', 'INSTALLED');
  expect(failed?.messages).toEqual([message]);
});

test('libraries come one after the other, in the order of the requests', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.install([pypi('slow-to-install'), pypi('b')]);
  await workspace.install([pypi('a'), pypi('b')]);
  await workspace.become('INSTALLING', 'PENDING', 'PENDING');
  expect(workspace.lastDriver.installed).toHaveLength(1);
  workspace.lastDriver.release();
  await workspace.become('INSTALLED', 'INSTALLED', 'INSTALLED');
  expect(workspace.lastDriver.installed.map((library) => library.kind === 'pypi' && library.package)).toEqual(['slow-to-install', 'b', 'a']);
});

test('what is installed is not installed again, what failed is tried again, and what was to go is kept', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.install([pypi('six'), jar]);
  await workspace.become('INSTALLED', 'FAILED');
  await workspace.files('mnt/libraries/library.jar');
  await workspace.install([pypi('six'), jar]);
  await workspace.become('INSTALLED', 'INSTALLED');
  expect(workspace.lastDriver.installed).toHaveLength(2);
  await workspace.uninstall([pypi('six')]);
  expect(await workspace.words()).toEqual(['INSTALLED', 'UNINSTALL_ON_RESTART']);
  await workspace.install([pypi('six')]);
  expect(await workspace.words()).toEqual(['INSTALLED', 'INSTALLED']);
  expect(workspace.lastDriver.installed).toHaveLength(2);
});

test('uninstalling what is not there is no error, and what has not begun to be installed just goes', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  expect((await workspace.uninstall([pypi('six')])).body).toEqual({});
  await workspace.install([pypi('slow-to-install'), pypi('six')]);
  await workspace.become('INSTALLING', 'PENDING');
  await workspace.uninstall([pypi('six')]);
  expect(await workspace.words()).toEqual(['INSTALLING']);
  workspace.lastDriver.release();
  await workspace.become('INSTALLED');
  expect(workspace.lastDriver.installed).toHaveLength(1);
});

test('a library by another version or repository is another library; a shorthand means them all', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  const mirrored = { pypi: { package: 'six', repo: 'https://example.com/simple' } };
  await workspace.install([pypi('six'), mirrored, pypi('six==1.16.0')]);
  await workspace.become('INSTALLED', 'INSTALLED', 'INSTALLED');
  await workspace.uninstall([{ pypi: { package: 'six', repo: 'https://example.org' } }]);
  expect(await workspace.words()).toEqual(['INSTALLED', 'INSTALLED', 'INSTALLED']);
  await workspace.uninstall([{ pypi: 'six' }]);
  expect((await workspace.statuses()).filter(({ status }) => status === 'INSTALLED').map(({ library }) => library)).toEqual([pypi('six==1.16.0')]);
});

test('each start of a cluster installs its libraries anew', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.install([pypi('six')]);
  await workspace.become('INSTALLED');
  await workspace.post('/api/1.2/clusters/delete', { clusterId: workspace.clusterId });
  await workspace.clusterIs(workspace.clusterId, 'Terminated');
  expect(await workspace.words()).toEqual(['PENDING']);
  await workspace.restart();
  await workspace.become('INSTALLED');
  expect(workspace.drivers.map(({ installed }) => installed.length)).toEqual([1, 1]);
});

test('a terminated cluster forgets at once what is uninstalled', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.install([pypi('six'), pypi('attrs')]);
  await workspace.become('INSTALLED', 'INSTALLED');
  await workspace.post('/api/1.2/clusters/delete', { clusterId: workspace.clusterId });
  await workspace.clusterIs(workspace.clusterId, 'Terminated');
  await workspace.uninstall([pypi('six')]);
  expect((await workspace.statuses()).map(({ library, status }) => [library, status])).toEqual([[pypi('attrs'), 'PENDING']]);
});

test('a driver that dies while it installs leaves its libraries to the next one', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.install([pypi('slow-to-install'), pypi('six')]);
  await workspace.become('INSTALLING', 'PENDING');
  workspace.lastDriver.die('Out of memory.');
  await workspace.become('PENDING', 'PENDING');
  await workspace.restart();
  await workspace.become('INSTALLING', 'PENDING');
  workspace.lastDriver.release();
  await workspace.become('INSTALLED', 'INSTALLED');
});

test('all clusters that have libraries are listed with them', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  const all = async () => (await workspace.get(path('all-cluster-statuses'))).body;
  expect(await all()).toEqual({ statuses: [] });
  const other = await workspace.createCluster();
  await workspace.install([pypi('fail')], other);
  await workspace.until(() => workspace.get(path('all-cluster-statuses')), (body) => JSON.stringify(body).includes('FAILED'));
  const failed = { library: pypi('fail'), status: 'FAILED', messages: ['No matching distribution found for fail'], is_library_for_all_clusters: false };
  expect(await all()).toEqual({ statuses: [{ cluster_id: other, library_statuses: [failed] }] });
});

test('a change that cannot be saved is refused, and did not happen', async () => {
  await using workspace = await LibraryWorkspace.running('modern');
  await workspace.install([pypi('six')]);
  await workspace.become('INSTALLED');
  workspace.save = () => Promise.reject(new Error('no space left on device'));
  for (const { status, body } of [await workspace.install([pypi('attrs')]), await workspace.uninstall([pypi('six')])]) {
    expect([status, body]).toEqual([500, refused('no space left on device', 'INTERNAL_ERROR')]);
  }
  expect((await workspace.statuses()).map(({ library, status }) => [library, status])).toEqual([[pypi('six'), 'INSTALLED']]);
});

test('the next workspace finds them, those of terminated clusters too', async () => {
  await using before = await LibraryWorkspace.running('modern');
  const other = await before.createCluster();
  await before.clusterIs(other, 'Running');
  await before.install([pypi('six'), { maven: { coordinates: 'a:b:1', exclusions: ['c:d'] } }], other);
  await before.post('/api/1.2/clusters/delete', { clusterId: other });
  await using after = new LibraryWorkspace('modern', before.saved.at(-1));
  expect((await after.statuses(other)).map(({ library, status }) => [library, status])).toEqual([
    [pypi('six'), 'PENDING'],
    [{ maven: { coordinates: 'a:b:1', exclusions: ['c:d'] } }, 'PENDING'],
  ]);
});
