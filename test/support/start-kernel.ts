import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freshConnection, writeConnectionFile, type ConnectionFile } from './client-wire.ts';
import { connectFrontEnd, type FrontEnd } from './front-end.ts';

/** How to run a kernel: as in a kernelspec, `{connection_file}` in an argument stands for the file's path. */
export interface KernelCommand {
  readonly argv: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export interface StartOptions {
  /** Changes to the connection file, for example `{ transport: 'ipc' }`. */
  readonly connection?: Partial<ConnectionFile>;
}

export interface RunningKernel extends FrontEnd, AsyncDisposable {
  readonly process: ChildProcess;
  readonly connectionFile: ConnectionFile;
  readonly connectionPath: string;
  /** Milliseconds from spawn to the first `kernel_info_reply`, for the bench; tests assert no times. */
  readonly startMs: number;
  stderr(): string;
  stdout(): string;
  /** Resolves when the process has ended, with how. */
  readonly exited: Promise<Exit>;
  /** `shutdown_request` on control, then waits for the process to end. */
  shutdown(restart?: boolean): Promise<Exit>;
  /** One more client on the same kernel. */
  connect(): FrontEnd;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How long a kernel may take to end after `shutdown_request` before disposal kills it and fails the test. */
const shutdownMs = 45_000;

/**
 * Starts a kernel process with a connection file of its own and resolves when it has answered `kernel_info`.
 * Disposal shuts it down and throws if it had to be killed.
 */
export async function startKernel(command: KernelCommand, options: StartOptions = {}): Promise<RunningKernel> {
  // A free port may be taken before the kernel binds it; the kernel then exits and, as in jupyter_client, gets other ports.
  for (let attempt = 1; ; attempt++) {
    const running = await startOnce(command, options);
    if (running !== 'ports taken') return running;
    if (attempt === 5) throw new Error('no free ports in five attempts');
  }
}

async function startOnce(command: KernelCommand, options: StartOptions): Promise<RunningKernel | 'ports taken'> {
  const connectionFile = await freshConnection(options.connection);
  const file = await writeConnectionFile(connectionFile);
  const started = performance.now();
  const program = spawnKernel(command, file.path);
  const frontEnd = connectFrontEnd(connectionFile);
  const first = await Promise.race([frontEnd.connection.info.then(() => 'up' as const), program.exited]);
  if (first !== 'up') {
    frontEnd[Symbol.dispose]();
    await file[Symbol.asyncDispose]();
    if (/in use/i.test(program.stderr())) return 'ports taken';
    throw new Error(`the kernel ended before it answered (code ${first.code}, signal ${first.signal}):\n${program.stderr()}`);
  }
  const clients = [frontEnd];
  return {
    ...frontEnd,
    ...program,
    connectionFile,
    connectionPath: file.path,
    startMs: performance.now() - started,
    connect: () => {
      const client = connectFrontEnd(connectionFile);
      clients.push(client);
      return client;
    },
    shutdown: (restart = false) => {
      // As for front ends, the end of the process counts: on a busy machine it may come before the reply has left.
      frontEnd.request('control', 'shutdown_request', { restart }).catch(() => {});
      return program.exited;
    },
    [Symbol.asyncDispose]: async () => {
      try {
        await endKernel(program, frontEnd);
      } finally {
        for (const client of clients) client[Symbol.dispose]();
        await file[Symbol.asyncDispose]();
      }
    },
  };
}

export interface KernelProgram {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  stderr(): string;
  stdout(): string;
}

/** The bare process, for tests about kernels that do not start. */
export function spawnKernel(command: KernelCommand, connectionPath: string): KernelProgram {
  const [program = '', ...args] = command.argv.map((argument) => argument.replace('{connection_file}', connectionPath));
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: command.env ?? process.env,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) child[stream].on('data', (chunk) => void (printed[stream] += chunk));
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }) as Exit);
  return { process: child, exited, stderr: () => printed.stderr, stdout: () => printed.stdout };
}

/** Whether a process has ended, by itself or by a signal. */
export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function endKernel(program: KernelProgram, frontEnd: FrontEnd): Promise<void> {
  if (!hasEnded(program.process)) {
    // The reply may be lost when the test has already ended the kernel, so only the end of the process counts.
    frontEnd.request('control', 'shutdown_request', { restart: false }).catch(() => {});
    const timer = setTimeout(() => program.process.kill('SIGKILL'), shutdownMs);
    const { signal } = await program.exited;
    clearTimeout(timer);
    if (signal === 'SIGKILL') throw new Error(`the kernel had to be killed ${shutdownMs} ms after shutdown_request:\n${program.stderr()}`);
  }
}
