import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { build } from '../../../scripts/build.mjs';
import { readSettings } from '../../../src/databricks/config/settings.ts';
import { packageFile, packageVersion } from '../../../src/lib/package-file.ts';
import { runProgram, type Run } from '../../support/run-program.ts';

let root: string;
beforeAll(() => build());
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'commands of tests '));
});
afterEach(() => rm(root, { recursive: true }));

/** Runs `databricks-kernel` to its end, in an empty home. */
function command(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Run> {
  const env = { PATH: process.env['PATH'], HOME: join(root, 'home'), DATABRICKS_HOST: 'embedded', ...more };
  return runProgram(process.execPath, [packageFile('dist', 'main.js'), ...args], { env });
}

test.for<[string[], string]>([
  [['instal'], `Unknown command 'instal' (Did you mean install?); see "databricks-kernel --help"\n`],
  [['contexts', 'creat'], `Unknown command 'creat' (Did you mean create?); see "databricks-kernel contexts --help"\n`],
  [['exec', '--jsn', '1'], `Unknown option '--jsn' (Did you mean --json?); see "databricks-kernel exec --help"\n`],
  [['exec', '--output', 'json', '1'], `Option '--output <file>' argument 'json' is invalid. For JSON on standard output use --json; for a file of that name write ./json; see "databricks-kernel exec --help"\n`],
  [['commands', 'status', '--context-id', 'x', '--output=text', '1'], `Option '--output <file>' argument 'text' is invalid. Text goes to standard output without it; for a file of that name write ./text; see "databricks-kernel commands status --help"\n`],
  [['exec', '-o', 'json', '1'], `Unknown option '-o': for JSON use --json; see "databricks-kernel exec --help"\n`],
  [['clusters', 'list', '-o', 'json'], `Unknown option '-o': for JSON use --json; see "databricks-kernel clusters list --help"\n`],
  [['clusters', 'list', '--output=json'], `Unknown option '--output=json': for JSON use --json; see "databricks-kernel clusters list --help"\n`],
  [['exec', 'a', 'b'], `Too many arguments for 'exec'. Expected 1 argument but got 2; see "databricks-kernel exec --help"\n`],
  [['completion', 'csh'], `Command-argument value 'csh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish; see "databricks-kernel completion --help"\n`],
  [['--bogus'], `Unknown option '--bogus'; see "databricks-kernel --help"\n`],
  [['install', 'rust'], `Command-argument value 'rust' is invalid for argument 'language'. Allowed choices are scala, python, sql; see "databricks-kernel install --help"\n`],
  [['install', '--prefix'], `Option '--prefix <dir>' argument missing; see "databricks-kernel install --help"\n`],
  [['install', '--user', '--sys-prefix'], `Option '--user' cannot be used with option '--sys-prefix'; see "databricks-kernel install --help"\n`],
  [['install', '--sys-prefix'], 'No Python environment is active: activate a virtual or conda environment, or name its directory with --prefix DIR.\n'],
  [['install', '--name', 'My Kernel', 'sql'], 'Jupyter accepts no kernel named "my kernel": use lower-case letters, digits, ".", "_" and "-".\n'],
  [['install', '--env', 'HTTPS_PROXY'], '--env takes NAME=VALUE, not "HTTPS_PROXY".\n'],
  [['install', '--config', 'table.json=maybe'], '%config table.json cannot be "maybe": it takes on, off.\n'],
  [['install', '--config', 'rows=5'], '%config does not know "rows": write KEY=VALUE with one of table.json, table.rows.\n'],
  [
    ['install', '--env', 'DATABRICKS_TOKEN=dapi0'],
    'DATABRICKS_TOKEN holds a secret, and everybody can read a kernelspec: put it into a profile of ~/.databrickscfg and install with --profile NAME.\n',
  ],
  [['workspace', 'start', '--port', '99999'], `Option '--port <port>' argument '99999' is invalid. Ports end at 65535; see "databricks-kernel workspace start --help"\n`],
  [['run'], '--language is missing: give one of scala, python, sql.\n'],
  [['run', '--language', 'rust', '-f', 'x'], 'Unknown language "rust": give one of scala, python, sql.\n'],
  [['run', '--language', 'sql'], 'The connection file is missing: a front end gives it as -f FILE.\n'],
])('"databricks-kernel %s" is one line on stderr and exit code 2', async ([args, message]) => {
  expect(await command(args)).toEqual({ code: 2, stdout: '', stderr: message });
  await expect(readdir(join(root, 'home'))).rejects.toThrow('ENOENT');
});

test.for([
  ['a file', 'package.json', /ENOTDIR/],
  ['a place in which nothing can be made', '/proc/nowhere', /ENOENT/],
] as const)('install into %s is one line that names it, and exit code 2', async ([, prefix, cause]) => {
  const { code, stderr } = await command(['install', '--prefix', prefix, 'sql']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^The kernel cannot be installed into \S+databricks-sql \(.*\): choose another place with [^\n]*\n$/);
  expect(stderr).toMatch(cause);
});

test('alone it shows its help, as with --help', async () => {
  const help = await command(['--help']);
  expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: databricks-kernel [^]*Examples:/), stderr: '' });
  expect(await command([])).toEqual(help);
});

test('a group of commands without one of them shows what there is, as an error', async () => {
  expect(await command(['contexts'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^Usage: databricks-kernel contexts [^]*create[^]*status[^]*destroy/) });
});

test('--version prints the version of the package', async () => {
  expect(await command(['--version'])).toEqual({ code: 0, stdout: `${packageVersion}\n`, stderr: '' });
});

test.for([['--help'], ['run', '--help']])('%s explains itself', async (args) => {
  const { code, stdout } = await command(args);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: databricks-kernel /);
});

const kernelJson = async (...path: readonly string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(root, ...path, 'kernel.json'), 'utf8')) as Record<string, unknown>;

test('install goes to the user, with all three kernels, unless told otherwise; uninstall leaves nothing of the home', async () => {
  const kernels = join(root, 'data', 'kernels');
  const data = { JUPYTER_DATA_DIR: join(root, 'data') };
  expect((await command(['install'], data)).code).toBe(0);
  expect(await readdir(kernels)).toEqual(['databricks-python', 'databricks-scala', 'databricks-sql']);
  const { stdout } = await command(['uninstall'], data);
  expect(stdout.split('\n').sort()).toEqual(['', ...['python', 'scala', 'sql'].map((name) => `Removed ${join(kernels, `databricks-${name}`)}`)]);
  expect(await readdir(root, { recursive: true })).toEqual([]);
});

test('install makes a home for its owner alone, and kernelspecs that everybody may read', async () => {
  const home = join(root, 'a', 'kernel home');
  await command(['install', '--prefix', join(root, 'b'), 'sql'], { DATABRICKS_KERNEL_HOME: home });
  const mode = async (...path: readonly string[]): Promise<string> => ((await stat(join(...path))).mode & 0o777).toString(8);
  expect([await mode(home), await mode(home, 'kernelspecs.json')]).toEqual(['700', '600']);
  // The mode of the parent is that of the shell.
  const shell = await mode(root, 'a');
  const spec = join(root, 'b', 'share/jupyter/kernels/databricks-sql');
  expect([await mode(spec), await mode(dirname(spec)), await mode(spec, 'kernel.json')]).toEqual([shell, shell, (parseInt(shell, 8) & 0o666).toString(8)]);
});

test('uninstall finds every place that was installed to, or just the one that is named', async () => {
  await command(['install', '--prefix', join(root, 'a'), 'sql']);
  await command(['install', '--prefix', join(root, 'b'), 'sql']);
  await command(['install', '--sys-prefix', 'sql'], { VIRTUAL_ENV: join(root, 'c') });
  await command(['uninstall', '--prefix', join(root, 'a')]);
  expect((await readdir(root)).sort()).toEqual(['b', 'c', 'home']);
  await command(['uninstall']);
  expect(await readdir(root)).toEqual([]);
});

test('options become names of the kernels and variables that they read', async () => {
  const options = ['--profile', 'PROD', '--cluster-id', '0123-abc', '--config', 'table.json=on', '--config', 'table.rows = 50', '--env', 'A=b=c'];
  await command(['install', '--prefix', root, ...options, '--host', 'https://x.example', '--name', 'prod', '--display-name', 'Production']);
  expect(await readdir(join(root, 'share/jupyter/kernels'))).toEqual(['prod-python', 'prod-scala', 'prod-sql']);
  expect(await kernelJson('share/jupyter/kernels/prod-sql')).toMatchObject({
    display_name: 'Production SQL',
    env: {
      DATABRICKS_CONFIG_PROFILE: 'PROD',
      DATABRICKS_HOST: 'https://x.example',
      DATABRICKS_CLUSTER_ID: '0123-abc',
      DATABRICKS_KERNEL_CONFIG: 'table.json=on\ntable.rows = 50',
      A: 'b=c',
    },
  });
});

test('a profile belongs to the kernels: nothing of the shell that starts Jupyter is mixed into it', async () => {
  await command(['install', '--prefix', root, '--profile', 'DEV', 'sql']);
  const { env } = (await kernelJson('share/jupyter/kernels/databricks-sql')) as { env: Record<string, string> };
  expect(env['DATABRICKS_CONFIG_PROFILE']).toBe('DEV');
  const shell = {
    DATABRICKS_HOST: 'https://prod.test', DATABRICKS_TOKEN: 'dapi-prod', DATABRICKS_USERNAME: 'me', DATABRICKS_PASSWORD: 'secret', DATABRICKS_CLIENT_ID: 'id',
    DATABRICKS_CLIENT_SECRET: 'secret', DATABRICKS_CLUSTER_ID: 'prod', DATABRICKS_AUTH_TYPE: 'oauth-m2m', DATABRICKS_WORKSPACE_ID: '1',
    DATABRICKS_METADATA_SERVICE_URL: 'http://localhost:1/', DATABRICKS_AZURE_RESOURCE_ID: '/subscriptions/1',
  };
  await mkdir(join(root, 'user'));
  await writeFile(join(root, 'user', '.databrickscfg'), '[DEV]\nhost = https://dev.test\ntoken = dapi-dev\ncluster_id = dev\n');
  const settings = readSettings({ env: { ...shell, ...env }, home: join(root, 'user') });
  expect(settings).toMatchObject({ host: { value: new URL('https://dev.test') }, logins: { candidates: [{ type: 'pat' }] }, clusterId: { value: 'dev' }, workspaceId: undefined });
});

test('what is said beside a profile goes before it', async () => {
  await command(['install', '--prefix', root, '--profile', 'DEV', '--cluster-id', 'c', '--env', 'DATABRICKS_WORKSPACE_ID=7', '--host', 'https://x.example', 'sql']);
  expect(await kernelJson('share/jupyter/kernels/databricks-sql')).toMatchObject({
    env: { DATABRICKS_CONFIG_PROFILE: 'DEV', DATABRICKS_CLUSTER_ID: 'c', DATABRICKS_HOST: 'https://x.example', DATABRICKS_WORKSPACE_ID: '7', DATABRICKS_TOKEN: '' },
  });
});

test('of one language the names are taken as they are', async () => {
  await command(['install', '--prefix', root, '--name', 'nightly', '--display-name', 'Nightly', 'scala']);
  expect(await kernelJson('share/jupyter/kernels/nightly')).toMatchObject({ display_name: 'Nightly', language: 'scala', env: {} });
});
