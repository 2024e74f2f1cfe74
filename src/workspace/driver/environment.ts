import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BridgeError } from '../../lib/errors.ts';
import type { Machine } from '../../lib/paths.ts';
import { findPython, probe } from './python-probe.ts';

/** A virtual environment to make, or to bring up to date. */
export interface EnvironmentPlan {
  readonly directory: string;
  /** requirements.txt files. */
  readonly requirements: readonly string[];
  readonly machine: Machine;
  /** Called with what is being done, in words: each package with its size as pip tells it. */
  readonly onProgress: (text: string) => void;
}

/** Written last: an environment without it, or with another hash in it, is not what the requirements ask for. */
const stamp = 'requirements.sha256';

/** Is this environment whole, and made from these very requirements? */
export async function isCurrent({ directory, requirements, machine }: EnvironmentPlan): Promise<boolean> {
  const made = await readFile(join(directory, stamp), 'utf8').catch(() => undefined);
  if (made !== (await hashOf(requirements))) return false;
  const found = await probe(pythonIn(directory, machine), machine.env);
  return found?.missing.length === 0;
}

/**
 * Makes the environment with the first suitable Python on PATH, or installs into it what the requirements ask for now.
 * Throws `BridgeError` `config` when there is no suitable Python, `net` with pip's last words when the packages do not install.
 */
export async function makeEnvironment(plan: EnvironmentPlan): Promise<void> {
  const { directory, requirements, machine, onProgress } = plan;
  const python = pythonIn(directory, machine);
  // Interrupted half-way, its packages may be half there: only one that was whole once is built upon.
  const wasWhole = (await readFile(join(directory, stamp), 'utf8').catch(() => '')) !== '' && (await probe(python, machine.env)) !== undefined;
  if (!wasWhole) await run(await findPython(machine), ['-m', 'venv', '--clear', directory], plan);
  await rm(join(directory, stamp), { force: true });
  onProgress('Python packages: about 1 GB on disk, once');
  const files = requirements.flatMap((file) => ['-r', file]);
  await run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off', ...files], plan);
  await writeFile(join(directory, stamp), await hashOf(requirements));
}

/** The Python of a virtual environment. */
export function pythonIn(directory: string, { platform }: Pick<Machine, 'platform'>): string {
  return platform === 'win32' ? join(directory, 'Scripts', 'python.exe') : join(directory, 'bin', 'python');
}

async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file)).update('\0');
  return hash.digest('hex');
}

/** Runs a program, telling each line of progress; when it fails, its last lines are the error. */
async function run(program: string, args: readonly string[], { machine, onProgress }: EnvironmentPlan): Promise<void> {
  const child = spawn(program, args, { env: machine.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const last: string[] = [];
  const follow = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      const words = progressOf(line);
      if (words !== undefined) onProgress(words);
      if (line.trim() !== '') last.push(line.trim());
      if (last.length > 3) last.shift();
    }
  };
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [code] = await Promise.all([ended, follow(child.stdout), follow(child.stderr)]);
  if (code === 0) return;
  const message = `${[program, ...args].slice(0, 3).join(' ')} failed: ${last.join(' ')}`;
  throw new BridgeError('net', message, { host: 'PyPI', sent: true });
}

/** The lines of pip that tell a person how far it is: what is downloaded, with its size, what is built, what is installed. */
export function progressOf(line: string): string | undefined {
  const [, size] = /\(([\d.]+ [kMG]B)\)/.exec(line) ?? [];
  const [, how, file] = /^\s*(Downloading|Using cached) (\S+)/.exec(line) ?? [];
  if (how !== undefined) return `${how.toLowerCase()} ${file?.split('/').at(-1)}${size === undefined ? '' : ` (${size})`}`;
  const [, built] = /^\s*Building wheel for (\S+).*: started/.exec(line) ?? [];
  if (built !== undefined) return `building ${built}`;
  const [, installed] = /^Installing collected packages: (.*)$/.exec(line) ?? [];
  return installed === undefined ? undefined : `installing ${installed.split(', ').length} packages`;
}
