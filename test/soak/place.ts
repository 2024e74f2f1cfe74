import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { packageFile } from '../../src/lib/package-file.ts';
import { askWorkspace, type WorkspaceInfo } from '../../src/workspace/control.ts';
import { readState, workspaceFiles, type WorkspaceState } from '../../src/workspace/state-file.ts';
import { runProgram } from '../support/run-program.ts';
import type { KernelCommand } from '../support/start-kernel.ts';
import type { Figures } from './figures.ts';
import { processesOf, usage, type PlaceProcess } from './processes.ts';

/** A context that a kernel has noted on disk. */
interface Noted {
  readonly host: string;
  readonly clusterId: string;
  readonly contextId: string;
}

/** A process whose event loop turns says at once what it holds; a busy machine gets more time. Milliseconds. */
const answersInMs = 60_000;

/** A home of its own with an embedded workspace, and what all its processes are started with. Disposal removes it. */
export class Place implements AsyncDisposable {
  readonly directory: string;
  readonly home: string;
  readonly #temporary: string;
  readonly #probes: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.home = join(directory, 'home');
    this.#temporary = join(directory, 'tmp');
    this.#probes = join(directory, 'probes');
  }

  static async make(): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), 'databricks-kernel-soak-')));
    for (const directory of [place.#temporary, place.#probes, place.home]) await mkdir(directory, { mode: 0o700 });
    // The driver is compiled once for all tests.
    const compiled = packageFile('.cache', 'test', 'driver');
    await mkdir(compiled, { recursive: true });
    await symlink(compiled, workspaceFiles(place.home).cache);
    return place;
  }

  get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      DATABRICKS_HOST: 'embedded',
      DATABRICKS_KERNEL_HOME: this.home,
      DATABRICKS_CONFIG_FILE: join(this.directory, 'databrickscfg'),
      // Whatever is left there has been forgotten.
      TMPDIR: this.#temporary,
      NODE_OPTIONS: `--require=${packageFile('test', 'soak', 'probe.cjs')}`,
      SOAK_PROBES: this.#probes,
      // A machine that runs this has other things to do as well.
      JDK_JAVA_OPTIONS: '-Xmx1g',
    };
  }

  kernel(language: KernelLanguage): KernelCommand {
    return { argv: [process.execPath, packageFile('dist', 'main.js'), 'run', '--language', language, '-f', '{connection_file}'], env: this.env };
  }

  /** `databricks-kernel workspace ARGS`, to its end; throws when it fails. */
  async workspace(...args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await runProgram(process.execPath, [packageFile('dist', 'main.js'), 'workspace', ...args], { env: this.env });
    if (code !== 0) throw new Error(`workspace ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  }

  processes(): Promise<readonly PlaceProcess[]> {
    return processesOf(this.home);
  }

  async state(): Promise<WorkspaceState | undefined> {
    return readState(this.home);
  }

  /** What the workspace says of itself; `undefined` where none answers. */
  async info(): Promise<WorkspaceInfo | undefined> {
    const state = await this.state();
    return state && (await askWorkspace(state));
  }

  async log(): Promise<string> {
    return readFile(workspaceFiles(this.home).log, 'utf8').catch(() => '');
  }

  /** The contexts that kernels have noted, living and dead ones. */
  async noted(): Promise<readonly Noted[]> {
    const directory = join(this.home, 'contexts');
    const names = await readdir(directory).catch(() => []);
    const texts = await Promise.all(names.filter((name) => name.endsWith('.json')).map((name) => readFile(join(directory, name), 'utf8').catch(unlessGone)));
    return texts.flatMap((text) => (text === '' ? [] : (JSON.parse(text) as { entries: Noted[] }).entries));
  }

  /** What a Node process of this place holds; `undefined` when it has ended. */
  async figures(pid: number): Promise<Figures | undefined> {
    const file = join(this.#probes, `${pid}.json`);
    const read = async () => JSON.parse(await readFile(file, 'utf8').catch(() => '{"count":0}')) as { count: number; held: number; handles: number };
    const { count } = await read();
    try {
      process.kill(pid, 'SIGUSR2');
    } catch {
      return undefined;
    }
    for (const deadline = performance.now() + answersInMs; performance.now() < deadline; ) {
      const probe = await read();
      const used = await usage(pid);
      if (used === undefined) return undefined;
      if (probe.count > count) return { ...used, held: probe.held, handles: probe.handles };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`Process ${pid} has not said within ${answersInMs} ms what it holds.`);
  }

  /** What is left where workspace and kernels have ended, but for what they keep on purpose. */
  async leftovers(): Promise<readonly string[]> {
    const kept = /^(?:workspace\.lock\.\d+|(?:workspace|driver)\.log(?:\.old)?|workspace-store\.json|history-\w+\.jsonl|cache|dbfs|contexts)$/;
    const home = (await readdir(this.home)).filter((name) => !kept.test(name));
    const contexts = await readdir(join(this.home, 'contexts')).catch(() => []);
    return [...home, ...contexts, ...(await readdir(this.#temporary))];
  }

  /** Ends whatever runs in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.workspace('stop');
    for (let left = await this.processes(); left.length > 0; left = await this.processes()) for (const { pid } of left) kill(pid);
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A kernel that has given its last context back removes its journal, perhaps while somebody reads. */
function unlessGone(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') throw error;
  return '';
}

/** `kill -9`; harmless where the process has just ended by itself. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
