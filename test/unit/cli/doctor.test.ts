import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { build } from '../../../scripts/build.mjs';
import { packageFile, packageVersion } from '../../../src/lib/package-file.ts';
import { eventually } from '../../support/eventually.ts';
import { runProgram, type Run } from '../../support/run-program.ts';
import { failedWith, finished, refused, running, startScriptedApi } from '../../support/scripted-api.ts';
import type { ScriptedServer } from '../../support/scripted-server.ts';
import { authorityFile, startTlsServer } from '../../support/tls-server.ts';

let root: string;
beforeAll(() => build());
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'doctor of tests '));
  await mkdir(join(root, 'home'));
});
afterEach(() => rm(root, { recursive: true }));

/** An empty home and no setting but those given. */
const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: join(root, 'home'), ...more });

function doctor(env: NodeJS.ProcessEnv, args: readonly string[] = []): Promise<Run> {
  return runProgram(process.execPath, [packageFile('dist', 'main.js'), 'doctor', ...args], { env: environment(env) });
}

/** A workspace where everything works, and the settings for it. */
async function healthy(): Promise<{ server: ScriptedServer; env: NodeJS.ProcessEnv } & AsyncDisposable> {
  const server = await startScriptedApi();
  server.on('GET commands/status', finished('42'));
  const env = { DATABRICKS_HOST: server.url.origin, DATABRICKS_TOKEN: 'dapi-very-secret', DATABRICKS_CLUSTER_ID: 'c1' };
  return { server, env, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** The line of a check, without its mark's line break to what is to be done. */
const lineOf = (stdout: string, name: string): string | undefined => stdout.split('\n').find((line) => line.slice(4).startsWith(name));
const marksOf = (stdout: string): string => stdout.replace(/[^✓–✗]/g, '');

test('without any setting it is the embedded workspace, which it does not start', async () => {
  const { code, stdout } = await doctor({});
  expect(lineOf(stdout, 'Workspace')).toBe('  ✓ Workspace          the embedded one: Apache Spark on this machine (no DATABRICKS_HOST)');
  expect(stdout).toContain('  – Embedded           does not run\n                       → the first kernel starts it, or you do: databricks-kernel workspace start\n');
  expect(stdout).toContain('  – Jupyter            no kernels are installed\n                       → databricks-kernel install\n');
  expect(lineOf(stdout, 'Spark')).toMatch(/ {2}✓ Spark {14}\d+\.\d+\.\d+ in /);
  expect(stdout.endsWith('\n\nNothing is wrong.\n')).toBe(true);
  expect(code).toBe(0);
  expect(await readdir(join(root, 'home'))).toEqual([]);
});

test('of a workspace that works, every step is told with where its setting came from, and nothing is left behind', async () => {
  await using place = await healthy();
  const { code, stdout } = await doctor(place.env);
  const { host, origin } = place.server.url;
  expect(stdout.split('\n').slice(0, 14)).toEqual([
    'Program',
    `  ✓ Version            ${packageVersion}, Node ${process.versions.node}, ${process.platform}`,
    `  ✓ Home               ${join(root, 'home', '.local/share/databricks-kernel')}`,
    '',
    'Settings',
    `  ✓ Workspace          ${origin} (DATABRICKS_HOST)`,
    '  ✓ Login              pat (DATABRICKS_TOKEN)',
    '  ✓ Cluster            c1 (DATABRICKS_CLUSTER_ID)',
    '',
    'Workspace',
    expect.stringMatching(/^ {2}✓ Host {15}answers in \d+ ms$/),
    '  ✓ Login              pat is accepted (DATABRICKS_TOKEN)',
    '  ✓ Cluster            my cluster (c1) runs',
    expect.stringMatching(/^ {2}✓ Context {12}was opened and ran a command, in \d+\.\d s$/),
  ]);
  expect(code).toBe(0);
  expect(host).toMatch(/^127/);
  expect(place.server.count('POST contexts/create')).toBe(1);
  expect(place.server.count('POST contexts/destroy')).toBe(1);
  expect(await readdir(join(root, 'home', '.local/share/databricks-kernel/contexts')).catch(() => [])).toEqual([]);
  // The request without a login shows nobody's.
  expect(place.server.seen[0]?.headers.authorization).toBeUndefined();
});

test.for<[state: string, line: RegExp, remedy: string, code: number]>([
  ['TERMINATED', /– Cluster +my cluster \(c1\) is stopped: idle too long$/, 'the first cell starts it, which costs money, or you do: databricks-kernel clusters start c1', 0],
  ['PENDING', /– Cluster +my cluster \(c1\) is starting/, 'look again when it runs', 0],
  ['ERROR', /✗ Cluster +my cluster \(c1\) is in state Error/, 'start it: databricks-kernel clusters start c1', 1],
])('a cluster that is %s is told of, and left alone', async ([state, line, remedy, code]) => {
  await using place = await healthy();
  place.server.on('GET clusters/get', { json: { cluster_id: 'c1', cluster_name: 'my cluster', state, state_message: 'idle too long.' } });
  const run = await doctor(place.env);
  expect(lineOf(run.stdout, 'Cluster            my')).toMatch(line);
  expect(run.stdout).toContain(`→ ${remedy}\n`);
  expect(run.code).toBe(code);
  expect(place.server.seen.filter(({ route }) => route.startsWith('POST'))).toEqual([]);
});

test.for<[what: string, prepare: (place: { server: ScriptedServer; env: NodeJS.ProcessEnv }) => void, marks: string, words: string, code: number]>([
  ['the login', ({ server }) => server.guard(({ path }) => (path === '/' ? undefined : refused('Invalid access token dapi-very-secret', 401))), '✗', 'does not accept the login for clusters/get: Invalid access token ***. Check DATABRICKS_TOKEN', 1],
  ['a login that has ended', ({ server }) => server.guard(({ path }) => (path === '/' ? undefined : refused('Invalid access token.', 403))), '✗', 'does not accept the login for clusters/get: Invalid access token. Check DATABRICKS_TOKEN', 1],
  ['what its user may do', ({ server }) => server.on('GET clusters/get', refused('PERMISSION_DENIED: no', 403)), '✗', 'does not allow clusters/get: PERMISSION_DENIED: no. Check the permissions of the user behind DATABRICKS_TOKEN\n\n', 1],
  ['the cluster', ({ server }) => server.on('GET clusters/get', { status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'Cluster c1 does not exist' } }), '✗', 'Cluster c1 does not exist\n                       → check DATABRICKS_CLUSTER_ID; "databricks-kernel clusters list" shows which there are', 1],
  ['the context', ({ server }) => server.on('POST contexts/create', refused('Exception: no room')), '✗', 'refused contexts/create (HTTP 500): Exception: no room', 1],
  ['the command', ({ server }) => server.on('GET commands/status', failedWith('Traceback\nImportError: no numpy')), '✗', 'ran a command, but it failed: ImportError: no numpy', 1],
  ['that a cluster is chosen', ({ env }) => delete env['DATABRICKS_CLUSTER_ID'], '✗', 'none is chosen, and kernels need one', 2],
  ['that there is one login', ({ env }) => Object.assign(env, { DATABRICKS_USERNAME: 'me', DATABRICKS_PASSWORD: 'dapi-very-secret' }), '✗', 'There is more than one login, DATABRICKS_TOKEN and DATABRICKS_USERNAME', 2],
  ['that there is a host', ({ env }) => Object.assign(env, { DATABRICKS_HOST: '' }), '✗', 'DATABRICKS_TOKEN is set, but no host', 2],
  ['that the proxy is one', ({ env }) => Object.assign(env, { HTTPS_PROXY: 'dapi-very-secret://' }), '✗', 'HTTPS_PROXY is no address of a proxy', 2],
  ['that the certificates are there', ({ env }) => Object.assign(env, { SSL_CERT_FILE: '/nowhere', DATABRICKS_HOST: 'https://localhost:1' }), '✗', 'SSL_CERT_FILE names /nowhere, which is no file of certificates that can be read (ENOENT)', 2],
])('where it fails at %s, that is the one wrong thing, with what to do, and no secret', async ([, prepare, mark, words, code]) => {
  await using place = await healthy();
  place.server.on('GET clusters/list', { json: { clusters: [] } });
  prepare(place);
  const run = await doctor(place.env);
  expect(run.stdout).toContain(words);
  expect(marksOf(run.stdout).replace(/[✓–]/g, '')).toBe(mark);
  expect(run.stdout.endsWith('\n\nOne thing is wrong.\n')).toBe(true);
  expect(run.code).toBe(code);
  expect(run.stdout + run.stderr).not.toContain('very-secret');
  expect(place.server.count('POST contexts/destroy')).toBe(/the command/.test(words) || words.startsWith('ran a command') ? 1 : 0);
});

test('a host that is not this machine and is asked without TLS is told of, with what to do', async () => {
  const run = await doctor({ DATABRICKS_HOST: 'http://w.invalid', DATABRICKS_TOKEN: 'dapi-very-secret', DATABRICKS_CLUSTER_ID: 'c1' });
  expect(run.stdout).toContain('  – Encryption         none: whoever is on the way reads the login and the data\n                       → write https:// in DATABRICKS_HOST, if the workspace answers there\n');
});

test('a host that is not there ends the look at the workspace at once', async () => {
  const { server, env, ...place } = await healthy();
  await place[Symbol.asyncDispose]();
  const run = await doctor(env);
  expect(run.stdout).toContain(`  ✗ Host               Nothing answers at ${server.url.origin} (connection refused): check DATABRICKS_HOST\n`);
  expect(run.code).toBe(1);
});

test('NODE_EXTRA_CA_CERTS, which is Node\'s own, makes an own authority believed, and its absence is told', async () => {
  await using server = await startTlsServer();
  const env = { DATABRICKS_HOST: `https://localhost:${server.port}`, DATABRICKS_TOKEN: 'dapi-1', DATABRICKS_CLUSTER_ID: 'c1' };
  expect((await doctor(env)).stdout).toContain('✗ Host               The secure connection to');
  const { stdout } = await doctor({ ...env, NODE_EXTRA_CA_CERTS: authorityFile });
  expect(stdout).toContain(`  ✓ Certificates       ${authorityFile} (NODE_EXTRA_CA_CERTS)\n`);
  const thrice = await doctor({ ...env, NODE_EXTRA_CA_CERTS: authorityFile, REQUESTS_CA_BUNDLE: authorityFile, SSL_CERT_FILE: authorityFile });
  expect(thrice.stdout.split('\n').filter((line) => line.includes('Certificates'))).toEqual([`  ✓ Certificates       ${authorityFile} (NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, SSL_CERT_FILE)`]);
  expect(lineOf(stdout, 'Host')).toContain('✓ Host               answers');
});

test('what this machine is logged in with is told where no login is set', async () => {
  await using place = await healthy();
  const { DATABRICKS_TOKEN: _none, ...env } = place.env;
  await writeFile(join(root, 'home', '.netrc'), 'machine 127.0.0.1 login token password dapi-very-secret');
  const { stdout, code } = await doctor({ ...env, PATH: '/nowhere' });
  expect(lineOf(stdout, 'Login')).toBe('  – Login              none is set, so that what this machine has is tried: databricks-cli, netrc');
  expect(stdout).toContain('  ✓ Login              netrc is accepted (127.0.0.1 in ~/.netrc)\n');
  expect(stdout).not.toContain('very-secret');
  expect(code).toBe(0);
});

test.for(['--profile', '-p'])('profile, host and cluster may be chosen as for other commands (%s), whatever variables say', async (option) => {
  await using place = await healthy();
  await writeFile(join(root, 'home', '.databrickscfg'), `[dev]\nhost = ${place.server.url.origin}/?o=17\ntoken = dapi-very-secret\n`);
  const prod = { DATABRICKS_HOST: 'https://prod.invalid', DATABRICKS_USERNAME: 'me', DATABRICKS_PASSWORD: 'dapi-very-secret', DATABRICKS_CLUSTER_ID: 'prod' };
  const { stdout, code } = await doctor(prod, [option, 'dev', '--cluster-id', 'c1']);
  expect(stdout).toContain('  ✓ Profile            dev (--profile)\n  ✓ Login              pat (token of profile dev in ~/.databrickscfg)\n  ✓ Cluster            c1 (--cluster-id)\n  ✓ Workspace id       17 (host of profile dev in ~/.databrickscfg)\n');
  expect(code).toBe(0);
});

test('--json gives the same to programs', async () => {
  await using place = await healthy();
  place.server.on('GET clusters/get', { json: { cluster_id: 'c1', cluster_name: 'my cluster', state: 'ERROR' } });
  const { stdout, code } = await doctor(place.env, ['--json']);
  const { ok, complete, checks } = JSON.parse(stdout) as { ok: boolean; complete: boolean; checks: { name: string; section: string; state: string }[] };
  expect({ ok, complete, code }).toEqual({ ok: false, complete: true, code: 1 });
  expect(checks.find(({ section, name }) => section === 'Workspace' && name === 'Cluster')).toEqual({
    section: 'Workspace', name: 'Cluster', state: 'failed', text: 'my cluster (c1) is in state Error', remedy: 'start it: databricks-kernel clusters start c1',
  });
  expect(checks.find(({ section, name }) => section === 'Settings' && name === 'Login')).toEqual({ section: 'Settings', name: 'Login', state: 'fine', text: 'pat', origin: 'DATABRICKS_TOKEN' });
});

const install = (...args: readonly string[]): Promise<Run> => runProgram(process.execPath, [packageFile('dist', 'main.js'), 'install', ...args], { cwd: root, env: environment() });

/** Makes the Node that a kernel starts one that is gone. */
async function breakKernel(directory: string): Promise<void> {
  const file = join(directory, 'kernel.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"argv": \[\s*"[^"]+"/, '"argv": ["/nowhere/node"'));
}

test.for<[what: string, options: readonly string[], directory: string]>([
  ['a name of its own', ['--name', 'prod'], 'home/.local/share/jupyter/kernels/prod'],
  ['a profile', ['--profile', 'PROD'], 'home/.local/share/jupyter/kernels/databricks-sql'],
  ['a place of its own', ['--prefix', 'env'], 'env/share/jupyter/kernels/databricks-sql'],
])('a broken kernel with %s is to be installed again as it was', async ([, options, directory]) => {
  await install(...options, 'sql');
  await breakKernel(join(root, directory));
  const { stdout } = await doctor({});
  expect(stdout).toContain(`${directory} starts /nowhere/node, which is gone\n                       → install it again with the options it was installed with (--name, --profile, --prefix …)\n`);
});

test('installed kernels are listed, and one whose Node is gone is wrong', async () => {
  await install('sql', 'python');
  const directory = (name: string) => join(root, 'home', '.local/share/jupyter/kernels', name);
  await breakKernel(directory('databricks-python'));
  const { stdout, code } = await doctor({});
  expect(stdout).toContain(`  ✓ Databricks SQL     ${directory('databricks-sql')}\n`);
  expect(stdout).toContain(`  ✗ Databricks Python  ${directory('databricks-python')} starts /nowhere/node, which is gone\n                       → databricks-kernel install\n`);
  expect(code).toBe(1);
});

test('a Python that does not work is wrong where the embedded workspace is meant, and only there', async () => {
  const python = { DATABRICKS_KERNEL_PYTHON: '/nowhere/python' };
  const embedded = await doctor(python);
  expect(embedded.stdout).toContain('  ✗ Python             DATABRICKS_KERNEL_PYTHON=/nowhere/python is no Python that can be run\n');
  expect(embedded.code).toBe(2);
  await using place = await healthy();
  const real = await doctor({ ...place.env, ...python });
  expect(lineOf(real.stdout, 'Python')).toMatch(/^ {2}– Python/);
  expect(real.code).toBe(0);
});

test('a Java that is not there is wrong, with the setting to look at', async () => {
  const { stdout, code } = await doctor({ DATABRICKS_KERNEL_JAVA: '/nowhere/java' });
  expect(stdout).toContain('  ✗ Java               /nowhere/java is not there (DATABRICKS_KERNEL_JAVA)\n                       → correct or remove DATABRICKS_KERNEL_JAVA\n');
  expect(code).toBe(2);
});

/** A doctor that runs, and gives its exit code and what it printed. */
function start(env: NodeJS.ProcessEnv, args: readonly string[] = []) {
  const child = spawn(process.execPath, [packageFile('dist', 'main.js'), 'doctor', ...args], { env: environment(env), stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  return { interrupt: () => child.kill('SIGINT'), ended: once(child, 'close').then(([code]) => ({ code: code as number | null, stdout })) };
}

const endedEarly = { code: 130, stdout: expect.stringMatching(/\n\nEnded before everything was looked at\.\n$/) };

test('Ctrl-C ends the wait for a host that does not answer, and nothing is said to be fine', async () => {
  await using place = await healthy();
  place.server.guard(() => 'silence');
  const run = start(place.env);
  await place.server.arrived('GET /');
  run.interrupt();
  expect(await run.ended).toEqual(endedEarly);
});

test('--json says after Ctrl-C that it is not complete', async () => {
  await using place = await healthy();
  place.server.guard(() => 'silence');
  const run = start(place.env, ['--json']);
  await place.server.arrived('GET /');
  run.interrupt();
  const { code, stdout } = await run.ended;
  expect([code, JSON.parse(stdout)]).toEqual([130, { ok: false, complete: false, checks: expect.any(Array) }]);
});

test('Ctrl-C ends a program that was asked for the login, and that is said', async () => {
  await using place = await healthy();
  const program = join(root, 'databricks');
  await writeFile(program, '#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 600\n', { mode: 0o755 });
  const run = start({ ...place.env, DATABRICKS_TOKEN: '', DATABRICKS_AUTH_TYPE: 'databricks-cli', DATABRICKS_CLI_PATH: program });
  await eventually(async () => (await readFile(`${program}.pid`, 'utf8').catch(() => '')) !== '');
  run.interrupt();
  expect(await run.ended).toEqual(endedEarly);
});

test('Ctrl-C destroys the context that it opened', async () => {
  await using place = await healthy();
  place.server.on('GET commands/status', running);
  place.server.on('POST commands/cancel', () => {
    place.server.on('GET commands/status', { json: { id: 'k1', status: 'Cancelled', results: null } });
    return { json: { id: 'k1' } };
  });
  const run = start(place.env);
  await place.server.arrived('GET commands/status');
  run.interrupt();
  expect(await run.ended).toEqual(endedEarly);
  expect(place.server.count('POST commands/cancel')).toBe(1);
  expect(place.server.count('POST contexts/destroy')).toBe(1);
});
