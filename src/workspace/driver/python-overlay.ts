import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from 'node:process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { packageFile } from '../../lib/package-file.ts';
import type { InstallResult, PythonLibrary } from './driver.ts';
import type { Runtime } from './runtime.ts';

const program = (name: string) => packageFile('src', 'workspace', 'driver', 'python', name);

export interface PythonOverlayOptions {
  readonly runtime: Runtime;
  readonly workDirectory: string;
  /** Gets all that an installation printed which failed. */
  readonly logFile: string;
}

/**
 * The Python environment of one driver: a virtual environment over the runtime's, so that what is installed for a cluster is seen by
 * all its Python processes and goes with it, while the runtime's packages are there and stay what they are.
 */
export class PythonOverlay implements AsyncDisposable {
  readonly python: string;
  readonly #options: PythonOverlayOptions;
  /** Those that run, and how they end. */
  readonly #installers = new Map<ChildProcess, Promise<string>>();

  private constructor(options: PythonOverlayOptions) {
    this.#options = options;
    this.python = PythonOverlay.pythonIn(options.workDirectory);
  }

  /** Where the Python of a driver will be, before it is there. */
  static pythonIn(workDirectory: string): string {
    return join(workDirectory, 'python', 'bin', 'python');
  }

  /** Takes a tenth of a second. */
  static async make(options: PythonOverlayOptions): Promise<PythonOverlay> {
    await promisify(execFile)(options.runtime.python, [program('overlay.py'), join(options.workDirectory, 'python')]);
    return new PythonOverlay(options);
  }

  /** Never rejects. `onResolved` is called when pip begins to install what it has collected. */
  async install(library: PythonLibrary, onResolved: () => void): Promise<InstallResult> {
    const { workDirectory, logFile } = this.#options;
    // -I: neither PYTHONPATH nor the directory of the program stands in for what is installed. A group of its own, for what builds start.
    const installer = spawn(this.python, ['-I', program('install.py')], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    const ended = new Promise<string>((resolve) => {
      installer.once('error', (error) => resolve(error.message));
      installer.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : code === 0 ? '' : `exit code ${code}`));
    });
    this.#installers.set(installer, ended);
    const lines: string[] = [];
    const follow = async (stream: NodeJS.ReadableStream): Promise<void> => {
      for await (const line of createInterface({ input: stream })) {
        lines.push(withoutPasswords(line));
        if (line.startsWith('Installing collected packages')) onResolved();
      }
    };
    // It may end before it reads: that shows in `ended`. The pipe stays open: when this process dies, the installer ends with it.
    installer.stdin.on('error', () => undefined).write(`${JSON.stringify({ library, scratch: workDirectory })}\n`);
    const [failure] = await Promise.all([ended, follow(installer.stdout), follow(installer.stderr)]);
    this.#installers.delete(installer);
    if (failure === '') return { kind: 'installed' };
    await appendFile(logFile, `${lines.join('\n')}\n`);
    return { kind: 'failed', reason: lastWords(lines) || `pip ended with ${failure}` };
  }

  /** Ends installations that still run. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.#installers.keys()) if (pid !== undefined) killGroup(pid);
    await Promise.all(this.#installers.values());
  }
}

function killGroup(pid: number): void {
  try {
    kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left.
  }
}

/** Addresses of indexes and repositories may hold `user:password@`. */
export function withoutPasswords(text: string): string {
  return text.replaceAll(/:\/\/[^/\n]+@/g, '://****@');
}

/** The lines of an installation that say why it failed: pip's errors, an index that did not answer, and the end of a build's output. */
export function lastWords(lines: readonly string[]): string {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '');
  const build = said[said.indexOf('[end of output]') - 1];
  const [, unreachable] = /connection broken by '(?:.*>: |\w+\(')?(.*?)'?\)?': /.exec(said.findLast((line) => line.startsWith('WARNING: Retrying')) ?? '') ?? [];
  const first = said.findIndex((line) => line.startsWith('ERROR: '));
  const errors = first === -1 ? said.slice(-maxWords) : said.slice(first, first + maxWords);
  return [build, unreachable, ...errors].flatMap((line) => line?.replace(/^ERROR: /, '') ?? []).join('\n');
}

const maxWords = 4;
