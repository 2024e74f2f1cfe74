import { mkdtempSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { lockHolder } from '../../src/lib/lock-file.ts';
import { readState, workspaceFiles } from '../../src/workspace/state-file.ts';
import type { WorkspaceState } from '../../src/workspace/state-file.ts';
import { eventually } from './eventually.ts';
import { runProgram, type Run } from './run-program.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Bundles `test/fixtures/programs/workspace.ts` where it finds its packages; gives the path of the program. */
export async function buildWorkspaceProgram(): Promise<string> {
  const parent = join(root, 'node_modules', '.cache');
  await mkdir(parent, { recursive: true });
  const outfile = join(mkdtempSync(join(parent, 'workspace-')), 'program.mjs');
  await build({
    entryPoints: [join(root, 'test/fixtures/programs/workspace.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  return outfile;
}

/** A `DATABRICKS_KERNEL_HOME` of its own and the commands on it. Disposal stops what runs there. */
export class WorkspaceHome implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), 'workspace home '));
  readonly files = workspaceFiles(this.path);
  readonly program: string;

  constructor(program: string) {
    this.program = program;
  }

  env(settings: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.path, DATABRICKS_KERNEL_HOME: this.path, ...settings };
  }

  /** `workspace ARGS`, to its end. */
  run(args: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<Run> {
    return runProgram(process.execPath, [this.program, 'workspace', ...args], { env: this.env(settings) });
  }

  /** `workspace start`; throws when it fails. */
  async start(args: readonly string[] = [], settings: Readonly<Record<string, string>> = {}): Promise<WorkspaceState> {
    const run = await this.run(['start', ...args], settings);
    if (run.code !== 0) throw new Error(`workspace start: ${run.stderr}\n${await this.log()}`);
    return this.state();
  }

  async state(): Promise<WorkspaceState> {
    const state = await readState(this.path);
    if (state === undefined) throw new Error(`There is no ${this.files.state}`);
    return state;
  }

  async log(): Promise<string> {
    return readFile(this.files.log, 'utf8').catch(() => '');
  }

  /** Whether a server process holds this home. */
  async serving(): Promise<boolean> {
    return (await lockHolder(this.files.lock)) !== undefined;
  }

  /** Resolves when the server process has ended, for whatever reason. */
  async ended(): Promise<void> {
    await eventually(async () => !(await this.serving()));
  }

  /** One call of the API. */
  async call(state: WorkspaceState, path: string, data?: Readonly<Record<string, string>>): Promise<{ status: number; body: unknown }> {
    const response = await fetch(new URL(path, state.url), {
      // Every dialect takes it.
      headers: { authorization: `Basic ${btoa(`token:${state.token}`)}` },
      ...(data !== undefined && { method: 'POST', body: new URLSearchParams(data) }),
    });
    return { status: response.status, body: await response.json() };
  }

  async createContext(state: WorkspaceState, owner?: string): Promise<string> {
    const data = { language: 'sql', clusterId: state.clusterId, ...(owner !== undefined && { owner }) };
    const { body } = await this.call(state, '/api/1.2/contexts/create', data);
    return (body as { id: string }).id;
  }

  /** Whether anything runs with this home in its environment. */
  async #hasProcesses(): Promise<boolean> {
    const { code, stdout, stderr } = await runProgram('ps', ['axeww', '-o', 'command='], { env: { PATH: process.env['PATH'] } });
    if (code !== 0) throw new Error(`ps: ${stderr}`);
    return stdout.includes(`DATABRICKS_KERNEL_HOME=${this.path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(['stop']);
    if (await this.serving()) throw new Error(`A workspace was left running in ${this.path}`);
    // A server that was launched in vain ends by itself. Without its home it would not see that, and serve in a new one.
    await eventually(async () => !(await this.#hasProcesses()));
    await rm(this.path, { recursive: true, force: true });
  }
}
