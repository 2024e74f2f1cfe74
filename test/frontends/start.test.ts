import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/lib/package-file.ts';
import { runProgram, type Run } from '../support/run-program.ts';
import { hasEnded } from '../support/start-kernel.ts';

const script = join(packageRoot, 'scripts', 'start.mjs');
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'notebooks of tests '));
});
afterAll(() => rm(directory, { recursive: true }));

/** `npm start` without a terminal, up to the address that it prints. */
class Start implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly address: Promise<URL>;
  printed = '';

  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { cwd: packageRoot, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.process = child;
    // `close`: when the last process that could print has ended, kernels included.
    this.ended = once(child, 'close').then(([code]) => code as number | null);
    this.address = new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          this.printed += text;
          const [address] = /http:\/\/\S+token=\w+(?=\n)/.exec(this.printed) ?? [];
          if (address !== undefined) resolve(new URL(address));
        });
      }
      void this.ended.then((code) => reject(new Error(`ended with ${code} before it printed an address:\n${this.printed}`)));
    });
    this.address.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!hasEnded(this.process)) this.process.kill('SIGTERM');
    await this.ended;
  }
}

async function ask<T>(address: URL, path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(new URL(`/api/${path}${address.search}`, address), init);
  expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
  return (await answer.json()) as T;
}

interface Specs {
  readonly kernelspecs: Readonly<Record<string, { spec: { env: Record<string, string> }; resources: Record<string, string> }>>;
}

test('npm start prints an address, and behind it are the three kernels and the example notebooks', async () => {
  await using start = new Start('npm', ['start']);
  const address = await start.address;
  expect(address.hostname).toBe('127.0.0.1');
  const { kernelspecs } = await ask<Specs>(address, 'kernelspecs');
  for (const language of ['scala', 'python', 'sql']) {
    const kernel = kernelspecs[`databricks-${language}`];
    expect(Object.keys(kernel?.resources ?? {})).toEqual(expect.arrayContaining(['logo-svg', 'logo-32x32', 'logo-64x64']));
    // Whatever the user has configured: nothing from a clone goes to a workspace that costs money.
    expect(kernel?.spec.env).toMatchObject({
      DATABRICKS_HOST: 'embedded',
      DATABRICKS_KERNEL_HOME: join(packageRoot, '.cache', 'home'),
      DATABRICKS_CONFIG_FILE: join(packageRoot, '.cache', 'databrickscfg'),
    });
  }
  // A dialog about news would be the first thing that a person sees.
  const settings = await fetch(new URL(`/lab/api/settings/@jupyterlab/apputils-extension:notification${address.search}`, address));
  expect(await settings.json()).toMatchObject({ schema: { properties: { fetchNews: { default: 'false' } } } });
  const { content } = await ask<{ content: { name: string }[] }>(address, 'contents');
  expect(content.map(({ name }) => name)).toEqual(expect.arrayContaining(['tour-python.ipynb', 'tour-scala.ipynb', 'tour-sql.ipynb']));
});

test.for([
  ['SIGTERM', 'npm', ['start']],
  ['SIGTERM', process.execPath, [script]],
  ['SIGINT', process.execPath, [script]],
] as const)('%s to %s ends JupyterLab and its kernels without asking', async ([signal, command, args]) => {
  await using start = new Start(command, args);
  const address = await start.address;
  await ask(address, 'kernels', { method: 'POST', body: JSON.stringify({ name: 'python3' }) });
  start.process.kill(signal);
  // All of them hold the pipe open as long as they run.
  const code = await start.ended;
  if (command !== 'npm') expect(code).toBe(0);
  await expect(fetch(address)).rejects.toThrow('fetch failed');
});

test('a port in use is no obstacle: the next free one is taken', async () => {
  const holder = createServer().listen(8888, '127.0.0.1');
  // In use already: just as well.
  await new Promise((resolve) => holder.once('listening', resolve).once('error', resolve));
  try {
    await using start = new Start(process.execPath, [script]);
    expect(Number((await start.address).port)).toBeGreaterThan(8888);
  } finally {
    holder.close();
  }
});

/** Runs `npm start -- …` to its end. */
function execute(...args: readonly string[]): Promise<Run> {
  return runProgram(process.execPath, [script, '--execute', ...args]);
}

/** Writes a notebook of code cells; without a kernel it names none. */
async function notebook(name: string, kernel: string | undefined, sources: readonly string[]): Promise<string> {
  const path = join(directory, name);
  const cells = sources.map((source, index) => ({
    ...{ cell_type: 'code', id: `cell-${index}`, metadata: {}, execution_count: null, outputs: [], source },
  }));
  const metadata = kernel === undefined ? {} : { kernelspec: { name: kernel, display_name: kernel } };
  await writeFile(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells }));
  return path;
}

test('--execute prints every output as text and leaves the notebook as it was', async () => {
  const path = await notebook('fine.ipynb', 'python3', ["print('hello')", '6 * 7', "import sys; print('oops', file=sys.stderr)", '']);
  const before = await readFile(path, 'utf8');
  const { code, stdout } = await execute(path);
  expect(code).toBe(0);
  // Before it stand the steps of the set-up, where they took a while.
  expect(stdout.slice(stdout.indexOf(path))).toBe(`${path}: 3 cells on python3\ncell 1 of 3\nhello\ncell 2 of 3\n42\ncell 3 of 3\noops\n`);
  expect(await readFile(path, 'utf8')).toBe(before);
});

test('--execute --write saves the outputs', async () => {
  const path = await notebook('written.ipynb', 'python3', ['6 * 7']);
  expect((await execute(path, '--write')).code).toBe(0);
  const saved = JSON.parse(await readFile(path, 'utf8')) as { cells: { outputs: unknown[]; metadata: object }[] };
  expect(saved.cells[0]).toMatchObject({ execution_count: 1, metadata: {}, outputs: [{ data: { 'text/plain': ['42'] } }] });
});

test('a cell that fails ends its notebook with the error and exit code 1; the next notebook still runs', async () => {
  const bad = await notebook('bad.ipynb', 'python3', ['1 / 0', "print('never')"]);
  const good = await notebook('good.ipynb', 'python3', ["print('after')"]);
  const { code, stdout, stderr } = await execute(bad, good);
  expect(code).toBe(1);
  expect(stdout).toContain('ZeroDivisionError');
  expect(stdout).not.toContain('never');
  expect(stdout).toContain('after');
  expect(stderr).toContain(`${bad}: a cell failed: ZeroDivisionError: division by zero\n`);
});

test.for<[string, () => Promise<string>, RegExp]>([
  ['is missing', async () => join(directory, 'missing.ipynb'), /missing\.ipynb: no such file\.\n$/],
  ['is a directory', async () => directory, /: Is a directory\.\n$/],
  ['is no JSON', async () => write('text.ipynb', 'hello'), /text\.ipynb is not a notebook: .*JSON/],
  ['is other JSON', async () => write('other.ipynb', '{"a": 1}'), /other\.ipynb is not a notebook: /],
  ['names no kernel', () => notebook('none.ipynb', undefined, ['1']), /none\.ipynb names no kernel\. Installed are: .*databricks-sql/],
  ['wants an unknown kernel', () => notebook('unknown.ipynb', 'nope', ['1']), /wants the kernel "nope", which is not installed\. Installed are: /],
])('of a notebook that %s one line is said', async ([, make, message]) => {
  const { code, stderr } = await execute(await make());
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr.match(/\n/g)).toHaveLength(1);
});

test.for([
  ['ends at once', [process.execPath, '-e', '0'], /: its kernel does not start: Kernel died before replying/],
  ['is not there', ['/nowhere/node'], /: its kernel does not start: .*\/nowhere\/node/],
] as const)('of a kernel whose program %s one line is said', async ([, argv, message]) => {
  const kernel = join(packageRoot, '.cache', 'jupyter', 'data', 'kernels', 'broken');
  await mkdir(kernel, { recursive: true });
  await writeFile(join(kernel, 'kernel.json'), JSON.stringify({ argv, display_name: 'Broken', language: 'none' }));
  try {
    const { code, stderr } = await execute(await notebook('broken.ipynb', 'broken', ['1']));
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(message);
    expect(stderr).not.toContain('Traceback');
  } finally {
    await rm(kernel, { recursive: true });
  }
});

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

test.for([
  [['--execute'], '--execute needs a notebook.'],
  [['--exceute', 'a.ipynb'], 'Unknown option --exceute.'],
  [['a.ipynb'], 'Notebooks are run with --execute.'],
] as const)('npm start -- %s is refused with the usage', async ([args, message]) => {
  const done = promisify(execFile)(process.execPath, [script, ...args]);
  await expect(done).rejects.toMatchObject({ code: 2, stderr: `${message} Usage: npm start [-- --execute NOTEBOOK… [--write]]\n` });
});
