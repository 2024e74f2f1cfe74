import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/lib/json.ts';
import { packageFile } from '../../src/lib/package-file.ts';
import { startSparkDriver } from '../../src/workspace/driver/spark-driver.ts';
import { testOptions, testRuntime } from '../fixtures/drivers/test-driver.ts';
import { LibraryIndex } from '../support/library-index.ts';
import { LibraryWorkspace } from '../support/library-workspace.ts';

/* Libraries on a real driver, through both documents, in contexts that ran before the libraries came. The tests build upon each other. */

const run = promisify(execFile);
const fixtures = join(import.meta.dirname, '../fixtures/libraries');

class SparkWorkspace extends LibraryWorkspace {
  /** The last status of a library that was installed a moment ago. */
  async installed(library: JsonObject): Promise<{ readonly status: string; readonly messages: readonly string[] }> {
    expect((await this.install([library])).body).toEqual({});
    return this.settled(library);
  }

  async settled(library: JsonObject): Promise<{ readonly status: string; readonly messages: readonly string[] }> {
    for (;;) {
      const found = (await this.statuses()).find((one) => JSON.stringify(one.library) === JSON.stringify(library));
      if (found && !['PENDING', 'RESOLVING', 'INSTALLING'].includes(found.status)) return { status: found.status, messages: found.messages };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** What a command prints or returns. */
  async value(context: string, language: string, code: string): Promise<unknown> {
    const { results } = (await this.ended(context, await this.execute(context, code, language))).body as { results: Record<string, unknown> };
    return results['data'] ?? String(results['summary']).replaceAll(/<[^>]*>/g, '');
  }
}

let directory = '';
let workspace: SparkWorkspace;
let index: LibraryIndex;
let driverLog = '';
let work = '';
const places: string[] = [];
let context = '';
const scala = (code: string) => workspace.value(context, 'scala', code);
const python = (code: string) => workspace.value(context, 'python', code);
const sql = (code: string) => workspace.value(context, 'sql', code);

async function buildLibraries(): Promise<void> {
  const { java, sparkHome, python: program } = testRuntime();
  const classes = join(directory, 'classes');
  await mkdir(classes);
  const compiler = ['-XX:TieredStopAtLevel=1', '-Xss4m', '-cp', join(sparkHome, 'jars', '*'), 'scala.tools.nsc.Main', '-usejavacp', '-nowarn'];
  await run(java, [...compiler, '-d', classes, join(fixtures, 'jar', 'Greeter.scala')]);
  await run(program, [join(fixtures, 'build.py'), directory, classes]);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'libraries-test-'));
  workspace = new SparkWorkspace('modern');
  workspace.startDriver = () => {
    const { directory: own, ...options } = testOptions();
    places.push(own);
    [driverLog, work] = [options.logFile, options.workDirectory];
    return startSparkDriver({ ...options, dbfsRoot: workspace.dbfsRoot });
  };
  const [, created] = await Promise.all([buildLibraries(), workspace.createContext('scala')]);
  context = created;
  cpSync(join(directory, 'dbfs'), workspace.dbfsRoot, { recursive: true });
  symlinkSync(join(directory, 'linked.py'), join(workspace.dbfsRoot, 'unpacked-0.1-py3.11.egg', 'linked.py'));
  index = await LibraryIndex.open(directory);
  await scala('val n = 42; case class Point(x: Int); val points = Seq(Point(1), Point(2)).toDS; val frame = spark.range(3).toDF("a"); import java.util.UUID');
  expect(await python('import greeting_wheel')).toBe("ModuleNotFoundError: No module named 'greeting_wheel'");
});
afterAll(async () => {
  await workspace[Symbol.asyncDispose]();
  await index[Symbol.asyncDispose]();
  for (const place of [directory, ...places]) await rm(place, { recursive: true });
});

test('a wheel and what it needs is imported by the next command, and on executors', async () => {
  const { status, messages } = await workspace.installed({ whl: 'dbfs:/greeting_wheel-1.0-py3-none-any.whl' });
  expect([status, messages]).toEqual(['INSTALLED', []]);
  expect(await python('import greeting_wheel; print(greeting_wheel.greet("you"), greeting_wheel.iniconfig.__name__)')).toBe('hello you iniconfig');
  const function_ = ['from pyspark.sql.functions import udf', '@udf("string")', 'def greeted(name):', '    import greeting_wheel', '    return greeting_wheel.greet(name)'];
  expect(await python([...function_, 'print(spark.createDataFrame([("you",)], ["name"]).select(greeted("name")).collect()[0][0])'].join('\n'))).toBe('hello you');
});

test('a wheelhouse brings its wheels, which may replace what the workspace has, for this cluster alone', async () => {
  expect(await workspace.installed({ whl: 'dbfs:/house.wheelhouse.zip' })).toEqual({ status: 'INSTALLED', messages: [] });
  expect(await python('import house_front; print(house_front.word)')).toBe('home');
  const other = await workspace.createContext('python');
  expect(await workspace.value(other, 'python', 'import six; print(six.__version__)')).toBe('99.0');
  const { stdout } = await run(testRuntime().python, ['-c', 'import six; print(six.__version__)']);
  expect(stdout.trim()).not.toBe('99.0');
});

test('a package comes from the default index, and from a repository whose password nobody sees', async () => {
  expect(await workspace.installed({ pypi: { package: 'simplejson==3.19.2' } })).toEqual({ status: 'INSTALLED', messages: ['Successfully resolved package from PyPI'] });
  expect(await python('import simplejson; print(simplejson.__version__)')).toBe('3.19.2');
  const repo = index.url('simple');
  expect(await workspace.installed({ pypi: { package: 'indexed', repo } })).toEqual({ status: 'INSTALLED', messages: ['Successfully resolved package from PyPI'] });
  expect(await python('import indexed; print(indexed.number)')).toBe('2.0');
  const failed = await workspace.installed({ pypi: { package: 'there-is-no-such-package', repo } });
  expect(failed).toEqual({
    status: 'FAILED',
    messages: ['Could not find a version that satisfies the requirement there-is-no-such-package (from versions: none)\nNo matching distribution found for there-is-no-such-package'],
  });
});

test('an uploaded egg is imported with its metadata and what it needs, not with its extras', async () => {
  const form = { libType: 'python-egg', name: 'greeting', folder: '/', attachToAllClusters: 'false' };
  const egg = readFileSync(join(directory, 'dbfs', 'greeting_egg-0.1-py3.11.egg'));
  const { id } = (await workspace.post('/api/1.2/libraries/upload', form, 'multipart', { uri: { name: 'greeting_egg-0.1-py3.11.egg', text: egg } })).body as { id: string };
  await workspace.post('/api/1.2/libraries/attach', { libraryId: id, clusterId: workspace.clusterId });
  const { body } = await workspace.until(
    () => workspace.get('/api/1.2/libraries/status', { libraryId: id }),
    ({ statuses }) => (statuses as { status: string }[])[0]?.status !== 'Attaching',
  );
  expect(body).toMatchObject({ statuses: [{ status: 'Attached', message: '' }] });
  expect(await python('import greeting_egg; print(greeting_egg.number)')).toBe('0.1');
  // Eggs may be directories; links in them lead nowhere.
  expect(await workspace.installed({ egg: 'dbfs:/unpacked-0.1-py3.11.egg' })).toEqual({ status: 'INSTALLED', messages: [] });
  expect(await python('import unpacked; print(unpacked.here)')).toBe('True');
  expect(await python('import linked')).toBe("ModuleNotFoundError: No module named 'linked'");
});

test('classes of a jar are there for Scala, for SQL, for Python and in jobs, and what a context had stays', async () => {
  expect(await workspace.installed({ jar: 'dbfs:/greeting.jar' })).toEqual({ status: 'INSTALLED', messages: [] });
  expect(await workspace.installed({ jar: 'dbfs:/neighbour.jar' })).toEqual({ status: 'INSTALLED', messages: [] });
  expect(await scala('import com.example.greeting._; Greeter.greet("you")')).toBe('import com.example.greeting._\nval res0: String = hello you');
  expect(await scala('Seq(Greeting("a"), Greeting("b")).toDS.map(g => Greeter.greet(g.name)).collect().mkString(", ")')).toBe('val res1: String = hello a, hello b');
  expect(await scala('n + points.map(_.x).collect().sum + frame.count')).toBe('val res2: Long = 48');
  expect(await scala('org.apache.spark.sql.Neighbour.columns(frame)')).toBe('val res3: String = a');
  expect(await scala('UUID.randomUUID.toString.length')).toBe('val res4: Int = 36');
  expect(await sql("SELECT reflect('com.example.greeting.Greeter', 'greet', 'you')")).toEqual([['hello you']]);
  expect(await python('spark.udf.registerJavaFunction("shout", "com.example.greeting.Shout"); print(spark.sql("SELECT shout(\'you\')").collect()[0][0])')).toBe('YOU');
});

test('a Maven artifact comes with what it needs, from a repository behind a password, but for what is excluded', async () => {
  const farewell = { coordinates: 'com.example:farewell:1.0', repo: index.url('maven') };
  const whole = await workspace.installed({ maven: farewell });
  expect(whole).toEqual({ status: 'FAILED', messages: [expect.stringContaining('unresolved dependency: com.example#unwanted;1.0: not found')] });
  expect(await workspace.installed({ maven: { ...farewell, exclusions: ['com.example:unwanted'] } })).toEqual({ status: 'INSTALLED', messages: ['Successfully resolved package from Maven'] });
  expect(await scala('com.example.farewell.Farewell.say("you")')).toBe('val res5: String = goodbye you');
});

test('the document’s artifact comes from Maven Central', async () => {
  const library = { maven: { coordinates: 'org.jsoup:jsoup:1.7.2', exclusions: ['slf4j:slf4j'] } };
  expect(await workspace.installed(library)).toEqual({ status: 'INSTALLED', messages: ['Successfully resolved package from Maven'] });
  expect(await scala('org.jsoup.Jsoup.parse("<p>hello</p>").text')).toBe('val res6: String = hello');
});

test.for<[library: JsonObject, message: RegExp]>([
  [{ jar: 'dbfs:/broken.jar' }, /^zip END header not found$/],
  [{ whl: 'dbfs:/broken-1.0-py3-none-any.whl' }, /^Wheel 'broken' located at .* is invalid\.$/],
  [{ whl: 'dbfs:/broken.wheelhouse.zip' }, /^broken\.wheelhouse\.zip cannot be installed: File is not a zip file$/],
  [{ whl: 'dbfs:/no.wheelhouse.zip' }, /^no\.wheelhouse\.zip cannot be installed: there is no wheel in it\.$/],
  [{ whl: 'dbfs:/escaping.wheelhouse.zip' }, /^escaping\.wheelhouse\.zip cannot be installed: its entry '\.\.\/escaped-1\.0-py3-none-any\.whl' leads out of it\.$/],
  [{ egg: 'dbfs:/broken-0.1-py3.11.egg' }, /^broken-0\.1-py3\.11\.egg cannot be installed: File is not a zip file$/],
  [{ egg: 'dbfs:/plain-0.1-py3.11.egg' }, /^plain-0\.1-py3\.11\.egg cannot be installed: it has no EGG-INFO, so that it is no egg\.$/],
  [{ egg: 'dbfs:/escaping-0.1-py3.11.egg' }, /^escaping-0\.1-py3\.11\.egg cannot be installed: its entry '\.\.\/escaped\.py' leads out of it\.$/],
  [{ whl: 'dbfs:/pyspark-1.0-py3-none-any.whl' }, /^pyspark-1\.0-py3-none-any\.whl cannot be installed: its pyspark\S* would take the place of what the cluster runs on\.$/],
  [{ maven: { coordinates: 'com.example:nothing:1.0', repo: 'http://127.0.0.1:9/' } }, /^unresolved dependency: com\.example#nothing;1\.0: not found\n[^]*Connection refused/],
])('%j fails with the installer’s own words', async ([library, message]) => {
  expect(await workspace.installed(library)).toEqual({ status: 'FAILED', messages: [expect.stringMatching(message)] });
});

test('nothing of all that broke the cluster, leaked a password or left a file where it was not to be', async () => {
  expect(await scala('n')).toBe('val res7: Int = 42');
  expect(await python('print(1 + 1)')).toBe('2');
  expect(await python('import escaped')).toBe("ModuleNotFoundError: No module named 'escaped'");
  const said = readFileSync(driverLog, 'utf8') + workspace.log.join('\n') + JSON.stringify((await workspace.statuses()).map(({ messages }) => messages));
  expect(said).not.toContain(LibraryIndex.password);
  expect((await readdir(work)).filter((name) => name.startsWith('tmp'))).toEqual([]);
});

test('what was uninstalled is gone after a restart, and the rest is there again', async () => {
  const statuses = await workspace.statuses();
  const kept = { jar: 'dbfs:/greeting.jar' };
  await workspace.uninstall(statuses.map(({ library }) => library).filter((library) => library['jar'] !== kept.jar));
  expect(await python('import house_front; print(house_front.word)')).toBe('home');
  await workspace.post('/api/1.2/clusters/restart', { clusterId: workspace.clusterId });
  await workspace.clusterIs(workspace.clusterId, 'Running');
  context = await workspace.createContext('scala');
  expect((await workspace.settled(kept)).status).toBe('INSTALLED');
  expect((await workspace.statuses()).map(({ library }) => library)).toEqual([kept]);
  expect(await scala('com.example.greeting.Greeter.greet("again")')).toBe('val res0: String = hello again');
  expect(await scala('org.jsoup.Jsoup.parse("")')).toMatch(/^error: object jsoup is not a member of package org/);
  for (const module of ['greeting_wheel', 'house_front', 'greeting_egg', 'simplejson']) {
    expect(await python(`import ${module}`)).toBe(`ModuleNotFoundError: No module named '${module}'`);
  }
});

test('an installer ends with the workspace, however that ends', async () => {
  await using silent = await LibraryIndex.open(directory);
  const installer = spawn(join(work, 'python/bin/python'), ['-I', packageFile('src/workspace/driver/python/install.py')], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
  const library = { kind: 'pypi', package: 'hanging', repo: silent.url('simple') };
  installer.stdin.write(`${JSON.stringify({ library, scratch: work })}\n`);
  await silent.asked;
  const exited = once(installer, 'exit');
  installer.stdin.destroy();
  expect(await exited).toEqual([null, 'SIGKILL']);
  await silent.left;
});

test('a cluster that ends takes along what it is installing', async () => {
  await workspace.install([{ pypi: { package: 'hanging', repo: index.url('simple') } }]);
  await index.asked;
  await workspace.post('/api/1.2/clusters/delete', { clusterId: workspace.clusterId });
  await index.left;
  await workspace.clusterIs(workspace.clusterId, 'Terminated');
  expect(existsSync(work)).toBe(false);
});
