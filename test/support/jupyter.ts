import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { packageFile, packageRoot } from '../../src/lib/package-file.ts';
import { eventually } from './eventually.ts';
import { freePorts } from './free-ports.ts';
import { hasEnded } from './start-kernel.ts';

/** The Python with the front ends in it: `python -m jupyterlab`, `-m papermill` … */
export const python = join(packageRoot, '.venv', 'bin', 'python');

/** A place where Jupyter programs find the three kernels and nothing of whoever runs the tests. Disposal removes it. */
export interface JupyterPlace extends AsyncDisposable {
  /** The three kernels are where `databricks-kernel install --prefix` puts them. The path has a space in it. */
  readonly prefix: string;
  /** An empty directory for notebooks. */
  readonly notebooks: string;
  /** For every program of Jupyter: configuration, data and runtime files below `prefix`, the embedded workspace that all tests on Spark share. */
  readonly env: NodeJS.ProcessEnv;
}

export async function jupyterPlace(): Promise<JupyterPlace> {
  const prefix = await mkdtemp(join(tmpdir(), 'jupyter place '));
  const notebooks = join(prefix, 'notebooks');
  const runtime = join(prefix, 'runtime');
  await mkdir(notebooks);
  await mkdir(runtime, { mode: 0o700 });
  const env = {
    ...process.env,
    ...inject('sparkEnvironment'),
    JUPYTER_PATH: join(prefix, 'share', 'jupyter'),
    JUPYTER_DATA_DIR: join(prefix, 'data'),
    JUPYTER_CONFIG_DIR: join(prefix, 'config'),
    JUPYTER_CONFIG_PATH: '',
    JUPYTER_RUNTIME_DIR: runtime,
    JUPYTERLAB_SETTINGS_DIR: join(prefix, 'settings'),
    JUPYTERLAB_WORKSPACES_DIR: join(prefix, 'workspaces'),
    IPYTHONDIR: join(prefix, 'ipython'),
  };
  await promisify(execFile)(process.execPath, [packageFile('dist', 'main.js'), 'install', '--prefix', prefix], { env });
  return { prefix, notebooks, env, [Symbol.asyncDispose]: () => rm(prefix, { recursive: true, force: true }) };
}

/** A Jupyter server that answers. Disposal ends it, and its kernels with it. */
export interface JupyterServer extends AsyncDisposable {
  /** Ends in a slash. */
  readonly url: string;
  readonly token: string;
  /** What it has printed so far, stdout and stderr. */
  log(): string;
}

/**
 * Starts `python -m program` (`jupyterlab` or `jupyter_server`) on a free port and resolves when its server answers.
 * `options` are further arguments. Rejects with what it printed if it ends before.
 */
export async function startJupyter(place: JupyterPlace, program: 'jupyterlab' | 'jupyter_server', options: readonly string[] = []): Promise<JupyterServer> {
  const token = crypto.randomUUID();
  const [port] = await freePorts(1);
  const flags = ['--no-browser', '--allow-root', '--ServerApp.ip=127.0.0.1', `--ServerApp.port=${port}`, `--ServerApp.root_dir=${place.notebooks}`];
  const child = spawn(python, ['-m', program, ...flags, ...options], {
    cwd: place.notebooks,
    env: { ...place.env, JUPYTER_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const ended = once(child, 'close');
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => void (printed += text));
  // It writes its address down first, then takes the port.
  let url = '';
  await eventually(async () => {
    if (hasEnded(child)) {
      await ended;
      throw new Error(`${program} ended with ${child.exitCode ?? child.signalCode} before it served:\n${printed}`);
    }
    url = await writtenAddress(join(place.prefix, 'runtime', `jpserver-${child.pid}.json`));
    return url !== '' && fetch(`${url}api/status?token=${token}`).then(({ ok }) => ok, () => false);
  });
  return { url, token, log: () => printed, [Symbol.asyncDispose]: () => end(child, ended) };
}

/** What a server has written of itself; empty before it has. */
async function writtenAddress(file: string): Promise<string> {
  const written = await readFile(file, 'utf8').catch(() => '');
  return written.trimEnd().endsWith('}') ? (JSON.parse(written) as { url: string }).url : '';
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (!hasEnded(child)) child.kill('SIGTERM');
  await ended;
}
