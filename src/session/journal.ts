import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContextAddress } from '../databricks/api/commands.ts';
import type { Client } from '../databricks/client.ts';
import type { ClusterId, ContextId } from '../databricks/types.ts';
import { isAlive } from '../lib/process-identity.ts';
import { trace } from '../lib/trace.ts';

const log = trace('session');

/** A server destroys an idle context by itself after a day: entries older than two, whose owner is not known to live, have nothing behind them. */
const forgottenAfterMs = 48 * 3600 * 1000;

interface Entry {
  readonly host: string;
  readonly clusterId: string;
  readonly contextId: string;
}

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

  /** `identity` is this process as `identify` of `lib/process-identity.ts` names it; '' where the platform cannot tell. */
  constructor(home: string, identity: string) {
    this.#directory = join(home, 'contexts');
    this.#file = join(this.#directory, `${randomUUID()}.json`);
    this.#identity = identity;
  }

  async add(host: string, { clusterId, contextId }: ContextAddress): Promise<void> {
    this.#entries = [...this.#entries, { host, clusterId, contextId }];
    await this.#write();
  }

  async remove({ contextId }: ContextAddress): Promise<void> {
    this.#entries = this.#entries.filter((entry) => entry.contextId !== contextId);
    await this.#write();
  }

  /** Destroys the contexts that dead processes left on the client's server. Whatever fails is left for the next sweep. */
  async sweep(client: Client): Promise<void> {
    const names = await readdir(this.#directory).catch(() => []);
    for (const name of names.filter((candidate) => candidate.endsWith('.json'))) {
      const file = join(this.#directory, name);
      if (file !== this.#file) await sweepFile(client, file).catch(() => undefined);
    }
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

async function sweepFile(client: Client, file: string): Promise<void> {
  const { identity, entries } = parseFile(await readFile(file, 'utf8'));
  if (await isAlive(identity)) return;
  const forgotten = Date.now() - (await stat(file)).mtimeMs > forgottenAfterMs;
  if (identity === '') {
    // Its owner, whom nobody can name, may live and use its contexts: they are never destroyed, only no longer listed when they are old.
    if (forgotten) await rm(file, { force: true });
    return;
  }
  const left: Entry[] = [];
  for (const entry of entries) {
    if (entry.host === client.host) {
      await client.contexts.destroy({ clusterId: entry.clusterId as ClusterId, contextId: entry.contextId as ContextId });
    } else if (!forgotten) left.push(entry);
  }
  // Its owner is dead, so nobody else writes this file; another sweep that does the same does it no harm.
  if (left.length < entries.length || left.length === 0) await writeEntries(file, identity, left);
}

async function writeEntries(file: string, identity: string, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return rm(file, { force: true });
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomUUID()}.tmp`;
  await writeFile(temporary, JSON.stringify({ identity, entries }), { mode: 0o600 });
  await rename(temporary, file);
}

function parseFile(text: string): { identity: string; entries: readonly Entry[] } {
  const content: unknown = JSON.parse(text);
  if (typeof content !== 'object' || content === null) return { identity: '', entries: [] };
  const { identity, entries } = content as { identity?: unknown; entries?: unknown };
  return { identity: typeof identity === 'string' ? identity : '', entries: Array.isArray(entries) ? entries.filter(isEntry) : [] };
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { host, clusterId, contextId } = value as Record<string, unknown>;
  return [host, clusterId, contextId].every((part) => typeof part === 'string');
}
