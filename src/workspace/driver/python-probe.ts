import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BridgeError } from '../../lib/errors.ts';
import { packageFile } from '../../lib/package-file.ts';
import { pathsOf, type Machine } from '../../lib/paths.ts';

/** What `probe.py` tells of a Python. */
export interface Probe {
  readonly python: string;
  readonly version: readonly [major: number, minor: number];
  readonly canMakeEnvironments: boolean;
  readonly sparkHome: string | null;
  readonly java: string | null;
  /** Packages of requirements.txt that it lacks. */
  readonly missing: readonly string[];
}

/** The versions for which all pinned packages have wheels. */
const oldest = 10;
const newest = 14;

/** What this Python is and has, or `undefined` when it cannot be run. */
export async function probe(python: string, env: Machine['env']): Promise<Probe | undefined> {
  try {
    // -I: neither PYTHONPATH nor the current directory may stand in for what the environment itself holds.
    const { stdout } = await promisify(execFile)(python, ['-I', packageFile('src/workspace/driver/python/probe.py')], { env });
    return JSON.parse(stdout) as Probe;
  } catch {
    return undefined;
  }
}

/**
 * The first Python on PATH from which a virtual environment can be made: 3.10 to 3.14, with `venv` and `ensurepip`.
 * Throws `BridgeError` `config` whose sentence holds the command that installs what is missing.
 */
export async function findPython(machine: Machine): Promise<string> {
  const seen: Probe[] = [];
  for (const candidate of pythonsOnPath(machine)) {
    const found = await probe(candidate, machine.env);
    if (found === undefined) continue;
    if (isSuitable(found) && found.canMakeEnvironments) return candidate;
    seen.push(found);
  }
  throw new BridgeError('config', `${whyNone(seen)} ${remedy(machine, seen.find(isSuitable))}`, { setting: 'PATH' });
}

function isSuitable({ version: [major, minor] }: Probe): boolean {
  return major === 3 && minor >= oldest && minor <= newest;
}

/** By directory, as a shell looks: the plain name before those with a version, of which the newest comes first. */
function pythonsOnPath(machine: Machine): readonly string[] {
  const { join, delimiter, isAbsolute } = pathsOf(machine);
  const suffix = machine.platform === 'win32' ? '.exe' : '';
  const minors = Array.from({ length: newest - oldest + 1 }, (_, index) => newest - index);
  const names = ['python3', ...minors.map((minor) => `python3.${minor}`), 'python'];
  const directories = (machine.env['PATH'] ?? machine.env['Path'] ?? '').split(delimiter).filter(isAbsolute);
  return directories.flatMap((directory) => names.map((name) => join(directory, name + suffix)));
}

function whyNone(seen: readonly Probe[]): string {
  const suitable = seen.find(isSuitable);
  if (suitable) return `${suitable.python} has no venv module, so that no environment for Spark can be made.`;
  const [other] = seen;
  const found = other ? `${other.python} is Python ${other.version.join('.')}` : 'there is no Python on PATH';
  return `Spark needs Python 3.${oldest} to 3.${newest}, and ${found}.`;
}

function remedy(machine: Machine, withoutVenv: Probe | undefined): string {
  if (machine.platform === 'darwin') return 'Install one with: brew install python@3.13';
  if (machine.platform === 'win32') return 'Install one with: winget install Python.Python.3.13';
  const versioned = withoutVenv ? `python3.${withoutVenv.version[1]}-venv` : 'python3 python3-venv';
  return `Install what is missing with: sudo apt-get install ${versioned} (Debian, Ubuntu), or your system's own command.`;
}
