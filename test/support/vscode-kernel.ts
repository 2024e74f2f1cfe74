import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { ConnectionFile } from './client-wire.ts';
import { connectFrontEnd, type ExecuteOptions, type Executed, type FrontEnd } from './front-end.ts';
import { hasEnded, type Exit } from './start-kernel.ts';
import { doComplete, doInspect, inBackground, startUpCode, widgetsProbe } from './vscode-snippets.ts';

/*
 * A kernel in the hands of VS Code without a Jupyter server, after microsoft/vscode-jupyter 2026.6.1: how `src/kernels/raw` launches, connects
 * and kills, and what `src/kernels/kernel.ts` and `src/standalone/intellisense` send.
 */

/** A kernel.json as VS Code has read it. */
export interface KernelSpec {
  readonly name: string;
  readonly argv: readonly string[];
  readonly language: string;
  readonly display_name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly interrupt_mode: string;
}

/** `loadKernelSpec` of `finder/localKernelSpecFinderBase.node.ts`, where no Python environment owns the kernel. */
export async function readKernelSpec(directory: string): Promise<KernelSpec> {
  const spec = JSON.parse(await readFile(join(directory, 'kernel.json'), 'utf8')) as KernelSpec;
  const argv = spec.argv.map((argument) => argument.replaceAll('{resource_dir}', directory));
  const usual = ['-m', 'ipykernel', 'ipykernel_launcher', '-f', '{connection_file}'];
  const unusual = argv.slice(1).map((argument) => argument.toLowerCase()).filter((argument) => !usual.includes(argument));
  const name = spec.language === 'python' && argv.length > 2 ? `${spec.name}.${unusual.join('#')}` : (spec.name ?? directory.split('/').at(-1));
  return { ...spec, argv, name };
}

/** `getKernelId` of `src/kernels/helpers.ts`: kernels of one id are one kernel in VS Code's list. The environment is no part of it. */
export function kernelId({ name, argv, language }: KernelSpec): string {
  const all = language === 'python' ? argv.slice(1).filter((argument) => !['-f', '{connection_file}'].includes(argument)) : argv;
  return `.${name}.${argv[0]}..${all.join('#').toLowerCase()}`;
}

/** What VS Code gives a kernel that it launches. */
export interface Window {
  /** Its own environment, with `JUPYTER_RUNTIME_DIR`. */
  readonly env: NodeJS.ProcessEnv;
  /** Where the notebook is. */
  readonly directory: string;
}

interface Launched {
  readonly process: ReturnType<typeof spawn>;
  readonly file: ConnectionFile;
  readonly path: string;
  readonly exited: Promise<Exit>;
  readonly printed: { stdout: string; stderr: string };
}

/** Ports that kernels of this process have. */
const usedPorts = new Set<number>();

export class VsCodeKernel implements AsyncDisposable {
  readonly spec: KernelSpec;
  readonly #window: Window;
  #launched: Launched | undefined;
  #frontEnd: FrontEnd | undefined;
  #backgroundCounter = 0;
  #cells = 0;

  private constructor(spec: KernelSpec, window: Window) {
    this.spec = spec;
    this.#window = window;
  }

  /** From the process to the first `idle` after the start-up code. */
  static async start(spec: KernelSpec, window: Window): Promise<VsCodeKernel> {
    const kernel = new VsCodeKernel(spec, window);
    try {
      await kernel.#start();
      return kernel;
    } catch (error) {
      await kernel[Symbol.asyncDispose]();
      throw error;
    }
  }

  get connection(): Kernel.IKernelConnection {
    return this.#up(this.#frontEnd).connection;
  }

  get frontEnd(): FrontEnd {
    return this.#up(this.#frontEnd);
  }

  get connectionFile(): ConnectionFile {
    return this.#up(this.#launched).file;
  }

  /** Where the connection file is. */
  get connectionPath(): string {
    return this.#up(this.#launched).path;
  }

  get pid(): number {
    return this.#up(this.#launched).process.pid ?? 0;
  }

  /** How the process has ended. */
  get exited(): Promise<Exit> {
    return this.#up(this.#launched).exited;
  }

  /** What VS Code shows of the process itself, in its log. */
  get printed(): Readonly<Launched['printed']> {
    return this.#up(this.#launched).printed;
  }

  /** `cellExecution.ts`: one cell after the other; a failed one stops nothing. */
  runCell(code: string, options: ExecuteOptions = {}): Promise<Executed> {
    const metadata = { cellId: `vscode-notebook-cell:/home/jo/a.ipynb#${this.#cells++}` };
    return this.frontEnd.execute(code, { silent: false, stop_on_error: false, allow_stdin: true, store_history: true, metadata, ...options });
  }

  /** `executeSilently` of `src/kernels/helpers.ts`: not silent, but without a number. */
  executeSilently(code: string): Promise<Executed> {
    return this.frontEnd.execute(code, { silent: false, stop_on_error: false, allow_stdin: true, store_history: false });
  }

  /**
   * Completion with the offset that VS Code sends, which is UTF-16. It asks only while the kernel is idle, but for Python, where code of its own
   * asks. `undefined` where that finds no answer.
   */
  async complete(code: string, offset: number): Promise<KernelMessage.ICompleteReplyMsg['content'] | undefined> {
    if (this.#isPython) return (await this.#inBackground(doComplete(code, offset))) as KernelMessage.ICompleteReplyMsg['content'] | undefined;
    await this.idle();
    return (await this.connection.requestComplete({ code, cursor_pos: offset })).content;
  }

  /** Help on a completion, likewise. */
  async inspect(code: string, offset: number): Promise<KernelMessage.IInspectReplyMsg['content'] | undefined> {
    if (this.#isPython) return (await this.#inBackground(doInspect(code, offset))) as KernelMessage.IInspectReplyMsg['content'] | undefined;
    await this.idle();
    return (await this.connection.requestInspect({ code, cursor_pos: offset, detail_level: 0 })).content;
  }

  /** The status of the kernel, which its clients have a moment after the end of a cell. */
  idle(): Promise<void> {
    return until(this.connection.statusChanged, () => this.connection.status === 'idle');
  }

  /** The stop button of a kernel whose kernelspec says `message`: resolves with reply and idle. */
  interrupt(): Promise<unknown> {
    return this.frontEnd.interrupt();
  }

  /** Another process on other ports; nobody waits for the old one's end. */
  async restart(): Promise<void> {
    await this.#start();
  }

  /** `KernelProcess.dispose`: SIGTERM to the children, then to the process. No `shutdown_request`. */
  async kill(): Promise<void> {
    const { process: child, path } = this.#up(this.#launched);
    if (!hasEnded(child)) {
      for (const pid of await descendants(this.pid)) if (pid !== 0) signal(pid);
      child.kill();
    }
    await rm(path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#launched) return;
    await this.kill();
    await this.exited;
    this.#frontEnd?.[Symbol.dispose]();
  }

  get #isPython(): boolean {
    return this.spec.language === 'python';
  }

  #up<T>(part: T | undefined): T {
    if (part === undefined) throw new Error(`${this.spec.display_name} has not been started.`);
    return part;
  }

  async #start(): Promise<void> {
    // As in the extension, the sockets are gone before the signal is sent, and the next process is there before the old one has ended.
    const killed = this.#launched && this.kill();
    this.#frontEnd?.[Symbol.dispose]();
    [this.#launched] = await Promise.all([this.#launch(), killed]);
    this.#frontEnd = connectFrontEnd(this.#launched.file, { opensAtOnce: true });
    await until(this.connection.connectionStatusChanged, () => this.connection.connectionStatus === 'connected');
    const ended = await Promise.race([this.#waitForInfo(), this.exited]);
    if (ended) throw new Error(`The kernel process has ended:\n${this.printed.stderr}`);
    this.connection.registerCommTarget('jupyter.widget', () => {});
    if (this.#isPython) {
      await this.executeSilently(widgetsProbe);
      await this.executeSilently(startUpCode('/home/jo/a.ipynb'));
    }
    await this.connection.requestKernelInfo();
    await this.idle();
  }

  async #launch(): Promise<Launched> {
    // VS Code leaves it to the user to try again where another program was faster at a port.
    for (let attempt = 1; ; attempt++) {
      const launched = await this.#launchOnce();
      const used = Promise.all([launched.file.shell_port, launched.file.iopub_port].map((port) => untilUsed(port, launched.process)));
      const end = await Promise.race([used.then(() => undefined), launched.exited]);
      if (end === undefined) return launched;
      if (attempt === 5 || !launched.printed.stderr.includes('in use')) throw new Error(`The kernel process has ended:\n${launched.printed.stderr}`);
    }
  }

  async #launchOnce(): Promise<Launched> {
    const [hb_port, control_port, shell_port, stdin_port, iopub_port] = (await freePortsFrom(9000)) as [number, number, number, number, number];
    const file: ConnectionFile = {
      key: crypto.randomUUID(), signature_scheme: 'hmac-sha256', transport: 'tcp', ip: '127.0.0.1',
      hb_port, control_port, shell_port, stdin_port, iopub_port, kernel_name: this.spec.name,
    };
    const path = join(this.#window.env['JUPYTER_RUNTIME_DIR'] ?? '', `kernel-v3${crypto.randomUUID().replaceAll('-', '')}.json`);
    await writeFile(path, JSON.stringify(file));
    const [program = '', ...args] = this.spec.argv.map((argument) => argument.replace('{connection_file}', path));
    const ofPython = this.#isPython ? { PYDEVD_IPYTHON_COMPATIBLE_DEBUGGING: '1' } : {};
    const env = { ...this.#window.env, ...this.spec.env, ...ofPython, PYTHONUNBUFFERED: '1', PYTHONIOENCODING: 'utf-8', PYTHON_FROZEN_MODULES: 'on' };
    const child = spawn(program, args, { cwd: this.#window.directory, env });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) child[stream].setEncoding('utf8').on('data', (text: string) => void (printed[stream] += text));
    const exited = once(child, 'close').then(([code, end]) => {
      for (const port of [hb_port, control_port, shell_port, stdin_port, iopub_port]) usedPorts.delete(port);
      return { code, signal: end } as Exit;
    });
    return { process: child, file, path, exited, printed };
  }

  /** `postStartKernel`: asks on both channels, again every half second, until one has answered and anything has come on iopub. */
  async #waitForInfo(): Promise<void> {
    const { connection } = this;
    const heard = new Promise<true>((resolve) => connection.iopubMessage.connect(() => resolve(true)));
    const answers: Promise<unknown>[] = [];
    for (let ready = false; !ready; ) {
      answers.push(this.frontEnd.request('control', 'kernel_info_request', {}), connection.requestKernelInfo());
      for (const answer of answers) answer.catch(() => {});
      ready = await Promise.race([Promise.all([heard, Promise.any(answers)]).then(() => true), sleep(500, false)]);
    }
  }

  /** `execCodeInBackgroundThread`: the result comes under the display id of the first display. */
  async #inBackground(code: string): Promise<unknown> {
    const mime = `application/vnd.vscode.bg.execution.${this.#backgroundCounter}`;
    const { outputs } = await this.executeSilently(inBackground(this.#backgroundCounter++, [code]));
    const displays = outputs.map(({ content }) => content as { data?: Record<string, unknown>; transient?: { display_id?: string } });
    const id = displays.find(({ data }) => data && mime in data)?.transient?.display_id;
    return displays.find(({ data, transient }) => data && `${mime}.result` in data && id !== undefined && transient?.display_id === id)?.data?.[`${mime}.result`];
  }
}

function until(changed: Kernel.IKernelConnection['statusChanged'] | Kernel.IKernelConnection['connectionStatusChanged'], isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!isSo()) return;
      changed.disconnect(look);
      resolve();
    };
    changed.connect(look);
    look();
  });
}

/** The next five ports on which nobody listens, and which none of our kernels has been given. */
async function freePortsFrom(first: number): Promise<number[]> {
  const ports: number[] = [];
  for (let port = first; ports.length < 5; port++) {
    if (usedPorts.has(port)) continue;
    usedPorts.add(port);
    if (await isFree(port)) ports.push(port);
    else usedPorts.delete(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}

/** `tcp-port-used`: a connection that says nothing and is gone again; the kernel must bear it. */
async function untilUsed(port: number, child: ChildProcess): Promise<void> {
  while (!hasEnded(child)) {
    const socket = connect(port, '127.0.0.1');
    const isUsed = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (isUsed) return;
  }
}

/** The processes below one, as `pidtree` lists them. */
async function descendants(pid: number): Promise<number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(names.map(async (name) => {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    return [Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const;
  }));
  const below = (root: number): number[] => parents.filter(([, parent]) => parent === root).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

function signal(pid: number): void {
  try {
    process.kill(pid);
  } catch (error) {
    // It was faster.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
