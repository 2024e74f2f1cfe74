import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContextAddress } from '../databricks/api/commands.ts';
import { isUnknownCluster } from '../databricks/errors.ts';
import type { ClusterId, ContextId } from '../databricks/types.ts';
import { lifeOf } from '../lib/process-identity.ts';
import { trace } from '../lib/trace.ts';
import type { Connection } from './connection.ts';

const log = trace('session');

/** A server destroys an idle context by itself after a day: entries older than two, whose owner is not known to live, have nothing behind them. */
const forgottenAfterMs = 48 * 3600 * 1000;
/** To write a journal takes no time: a draft of this age is of a process that was killed at that. Milliseconds. */
const draftForgottenAfterMs = 60_000;

interface Entry {
  readonly host: string;
  readonly clusterId: string;
  readonly contextId: string;
  /** On the embedded workspace of this home, of which there is one at a time. */
  readonly embedded?: boolean | undefined;
}

/** The server that a journal is about. */
export type JournalServer = Pick<Connection, 'client' | 'embedded'>;

/**
 * The contexts that this process made and has not destroyed, on disk, so that a later kernel destroys those of one that was killed:
 * a cluster has room for 145. One file a session under `<home>/contexts`, for the user's eyes only; no file where there is no context.
 */
export class Journal {
  readonly #directory: string;
  readonly #file: string;
  readonly #identity: string;
  #entries: readonly Entry[] = [];
  /** Writes one after the other, each the newest state. */
  #written: Promise<void> = Promise.resolve();
  #swept: Promise<void> = Promise.resolve();

  /** `identity` is this process as `identify` of `lib/process-identity.ts` names it; '' where the platform cannot tell. */
  constructor(home: string, identity: string) {
    this.#directory = join(home, 'contexts');
    this.#file = join(this.#directory, `${randomUUID()}.json`);
    this.#identity = identity;
  }

  async add({ client: { host }, embedded }: JournalServer, { clusterId, contextId }: ContextAddress): Promise<void> {
    this.#entries = [...this.#entries, { host, clusterId, contextId, ...(embedded && { embedded }) }];
    await this.#write();
  }

  async remove({ contextId }: ContextAddress): Promise<void> {
    this.#entries = this.#entries.filter((entry) => entry.contextId !== contextId);
    await this.#write();
  }

  /** Destroys the contexts that dead processes left on a server, but for `kept`. Whatever fails is left for the next sweep. */
  async sweep(server: JournalServer, kept?: ContextId): Promise<void> {
    this.#swept = this.#sweep(server, kept);
    await this.#swept;
  }

  /**
   * Whether this program made the context and may destroy it: it is this session's own already, or a dead process left it, whose entry
   * then becomes this session's. One whose process lives is that one's.
   */
  async adopt(server: JournalServer, address: ContextAddress): Promise<boolean> {
    const { host } = server.client;
    const isIt = (entry: Entry): boolean => entry.host === host && entry.clusterId === address.clusterId && entry.contextId === address.contextId;
    if (this.#entries.some(isIt)) return true;
    // Both write the files of the dead.
    await this.#swept;
    for (const file of await this.#others()) {
      const left = await readFile(file, 'utf8').then(parseFile, () => undefined);
      if (!left?.entries.some(isIt)) continue;
      if ((await lifeOf(left.identity).catch(() => 'unknown')) !== 'ended') return false;
      // In this order, so that it stands in one of the two whatever happens.
      await this.add(server, address);
      await writeEntries(file, left.identity, left.entries.filter((entry) => !isIt(entry)));
      return true;
    }
    return false;
  }

  async #others(): Promise<readonly string[]> {
    const names = await readdir(this.#directory).catch(() => []);
    return names.filter((name) => name.endsWith('.json')).map((name) => join(this.#directory, name)).filter((file) => file !== this.#file);
  }

  async #sweep(server: JournalServer, kept?: ContextId): Promise<void> {
    for (const file of await this.#others()) await sweepFile(server, file, kept).catch(() => undefined);
    for (const name of await readdir(this.#directory).catch(() => [])) await removeOldDraft(join(this.#directory, name)).catch(() => undefined);
  }

  #write(): Promise<void> {
    this.#written = this.#written.then(async () => {
      try {
        await writeEntries(this.#file, this.#identity, this.#entries);
      } catch (error) {
        // A full disk costs the tidying up after a crash, not the cell.
        log.warn(`cannot write ${this.#file}: ${String(error)}`);
      }
    });
    return this.#written;
  }
}

async function removeOldDraft(file: string): Promise<void> {
  if (file.endsWith(draftEnd) && Date.now() - (await stat(file)).mtimeMs > draftForgottenAfterMs) await rm(file, { force: true });
}

async function sweepFile({ client, embedded }: JournalServer, file: string, kept: ContextId | undefined): Promise<void> {
  const { identity, entries } = parseFile(await readFile(file, 'utf8'));
  const life = await lifeOf(identity);
  if (life === 'alive') return;
  const forgotten = Date.now() - (await stat(file)).mtimeMs > forgottenAfterMs;
  if (life === 'unknown') {
    // Its owner, whom nobody here can look for, may live and use its contexts: they are never destroyed, only no longer listed when they are old.
    if (forgotten) await rm(file, { force: true });
    return;
  }
  const left: Entry[] = [];
  for (const entry of entries) {
    const isGone = entry.host === client.host ? entry.contextId !== kept && (await isDestroyed(client, entry)) : embedded && entry.embedded;
    if (!isGone && !forgotten) left.push(entry);
  }
  // Its owner is dead, so nobody else writes this file; another sweep that does the same does it no harm.
  if (left.length < entries.length || left.length === 0) await writeEntries(file, identity, left);
}

/** Whether nothing is left of a context after this; one that stays keeps nobody from the others. */
async function isDestroyed(client: JournalServer['client'], { clusterId, contextId }: Entry): Promise<boolean> {
  try {
    await client.contexts.destroy({ clusterId: clusterId as ClusterId, contextId: contextId as ContextId });
    return true;
  } catch (error) {
    return isUnknownCluster(error);
  }
}

const draftEnd = '.tmp';

async function writeEntries(file: string, identity: string, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return rm(file, { force: true });
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomUUID()}${draftEnd}`;
  // On the disk before it has its name: a power cut must not leave an empty file in its place.
  await writeFile(temporary, JSON.stringify({ identity, entries }), { mode: 0o600, flush: true });
  await rename(temporary, file);
  await syncDirectory(join(file, '..'));
}

/** Brings the new name to the disk, too. Not every file system can. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path).catch(() => undefined);
  await directory?.sync().catch(() => undefined);
  await directory?.close();
}

function parseFile(text: string): { identity: string; entries: readonly Entry[] } {
  const content = parseOrNothing(text);
  if (typeof content !== 'object' || content === null) return { identity: '', entries: [] };
  const { identity, entries } = content as { identity?: unknown; entries?: unknown };
  return { identity: typeof identity === 'string' ? identity : '', entries: Array.isArray(entries) ? entries.filter(isEntry) : [] };
}

/** What a broken disk left says nothing of contexts. */
function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { host, clusterId, contextId } = value as Record<string, unknown>;
  return [host, clusterId, contextId].every((part) => typeof part === 'string');
}
