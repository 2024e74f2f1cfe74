import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isVersioned } from '../../src/kernelspec/launcher.ts';
import { packageRoot, packageVersion } from '../../src/lib/package-file.ts';
import { startKernel } from '../support/start-kernel.ts';

const run = promisify(execFile);
const languages = ['scala', 'python', 'sql'];
const cells: Readonly<Record<string, string>> = {
  scala: 'spark.range(5).count()',
  python: 'spark.range(5).count()',
  sql: 'select count(*) as n from range(5)',
};

let root: string;
let app: string;
let program: string;
let jupyter: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'installed package '));
  app = join(root, 'an app');
  jupyter = join(root, 'a jupyter');
  const home = join(root, 'a home');
  await mkdir(home);
  env = {
    PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: home,
    DATABRICKS_HOST: 'embedded',
    // Spared a gigabyte: the clone's environment holds what an installed package would make for itself.
    DATABRICKS_KERNEL_PYTHON: join(packageRoot, '.venv', 'bin', 'python'),
  };
  await run('npm', ['pack', '--pack-destination', root], { cwd: packageRoot });
  const archive = join(root, `databricks-kernel-${packageVersion}.tgz`);
  // npm's own settings stay those of this machine (registry, cache): what is under test is an empty home for the program.
  await run('npm', ['install', '--global', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', app, archive], { cwd: root });
  program = join(app, 'bin', 'databricks-kernel');
});

afterAll(async () => {
  await run(program, ['workspace', 'stop'], { env });
  await rm(root, { recursive: true });
});

const kernelDirectory = (language: string): string => join(jupyter, 'share', 'jupyter', 'kernels', `databricks-${language}`);

interface KernelJson {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}
const kernelJson = async (language: string): Promise<KernelJson> =>
  JSON.parse(await readFile(join(kernelDirectory(language), 'kernel.json'), 'utf8')) as KernelJson;

test('the package brings zeromq and nothing else, and the licences of all that is bundled', async () => {
  const installed = join(app, 'lib', 'node_modules', 'databricks-kernel');
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as { dependencies: object };
  expect(Object.keys(dependencies)).toEqual(['zeromq']);
  const licences = await readFile(join(installed, 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of ['commander', 'fastify', 'undici']) expect(licences).toMatch(new RegExp(`^${name} \\d.*\\(MIT\\)$`, 'm'));
});

test('install says what it puts where', async () => {
  const { stdout } = await run(program, ['install', '--prefix', jupyter, '--config', 'table.json=on'], { env });
  expect(stdout).toBe(
    ['Scala', 'Python', 'SQL'].map((name) => `Installed Databricks ${name} in ${kernelDirectory(name.toLowerCase())}\n`).join(''),
  );
});

test.for(languages)('the %s kernelspec names programs by absolute paths that no upgrade removes', async (language) => {
  const [node = '', , main = '', ...rest] = (await kernelJson(language)).argv;
  expect(rest).toEqual(['run', '--language', language, '-f', '{connection_file}']);
  expect([node, main].map((path) => path.startsWith('/') && !isVersioned(path))).toEqual([true, true]);
  await Promise.all([access(node), access(main)]);
  expect(main).toContain(app);
});

test.for(languages)('a cell runs on Spark through the installed %s kernelspec', async (language) => {
  const { argv, env: more } = await kernelJson(language);
  await using kernel = await startKernel({ argv, env: { ...env, ...more }, cwd: root });
  const { reply, outputs } = await kernel.execute(cells[language] ?? '');
  expect(reply.status, JSON.stringify(reply)).toBe('ok');
  expect(JSON.stringify(outputs.map(({ content }) => content))).toMatch(/\b5\b/);
  expect(await kernel.shutdown()).toEqual({ code: 0, signal: null });
});

test('a setting given to install is in force in the kernel', async () => {
  const { argv, env: more } = await kernelJson('sql');
  await using kernel = await startKernel({ argv, env: { ...env, ...more }, cwd: root });
  const { outputs } = await kernel.execute('select 1 as one');
  expect(outputs.at(-1)?.content).toMatchObject({ data: { 'application/json': expect.anything() } });
});

test('uninstall leaves nothing', async () => {
  const { stdout } = await run(program, ['uninstall'], { env });
  expect(stdout.match(/^Removed /gm)).toHaveLength(languages.length);
  await expect(access(jupyter)).rejects.toThrow('ENOENT');
  expect((await run(program, ['uninstall'], { env })).stdout).toBe('No kernels of this program are installed\n');
});
