import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What `workspace.json` says of the running workspace. The token opens it: the file is for its owner only. */
export interface WorkspaceState {
  readonly url: string;
  /** The address at which it listens for other machines, too. */
  readonly bind?: string | undefined;
  /** The Spark master that its clusters run on. This and the next are not told by older versions. */
  readonly master?: string | undefined;
  readonly idleTimeoutMs?: number | undefined;
  readonly token: string;
  readonly pid: number;
  readonly version: string;
  readonly dialect: string;
  /** The cluster that is used where none is named. */
  readonly clusterId: string;
  /** When it started, ISO 8601. */
  readonly started: string;
}

/** Where a workspace keeps its things; nothing else knows their names. */
export function workspaceFiles(home: string) {
  return {
    state: join(home, 'workspace.json'),
    lock: join(home, 'workspace.lock'),
    log: join(home, 'workspace.log'),
    driverLog: join(home, 'driver.log'),
    /** Of one server process; whatever is in it when the next one starts is garbage. */
    scratch: join(home, 'scratch'),
    cache: join(home, 'cache'),
    dbfs: join(home, 'dbfs'),
    /** What the next workspace shall find (`store.ts`). */
    store: join(home, 'workspace-store.json'),
  };
}

/** The state, or `undefined` where there is none that can be read. */
export async function readState(home: string): Promise<WorkspaceState | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(workspaceFiles(home).state, 'utf8'));
    return isState(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function writeState(home: string, state: WorkspaceState): Promise<void> {
  await replaceFile(workspaceFiles(home).state, state);
}

/** Replaces a JSON file in one step, for its owner only: nobody reads half of it. */
export async function replaceFile(file: string, value: object): Promise<void> {
  const draft = `${file}.draft`;
  // Of one that was left there others may have a say.
  await rm(draft, { force: true });
  await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(draft, file);
}

/** Removes the file if it still speaks of the workspace with this token. */
export async function removeState(home: string, token: string): Promise<void> {
  if ((await readState(home))?.token === token) await rm(workspaceFiles(home).state, { force: true });
}

function isState(value: unknown): value is WorkspaceState {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, ...texts } = value as Record<string, unknown>;
  const names = ['url', 'token', 'version', 'dialect', 'clusterId', 'started'];
  return typeof pid === 'number' && names.every((name) => typeof texts[name] === 'string');
}
