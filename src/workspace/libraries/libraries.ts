import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { keyNotFound, limitReached } from '../api-error.ts';
import type { Driver } from '../driver/driver.ts';
import { ClusterLibraries } from './cluster-libraries.ts';
import { install } from './install.ts';
import { keyOf, libraryFields, readLibrary } from './library.ts';
import type { Library } from './library.ts';
import { keepUpload, libTypes, removeUpload } from './uploaded.ts';
import type { LibType, UploadedLibrary, UploadSource } from './uploaded.ts';

/** Of one cluster, or of all clusters. */
const maxLibraries = 500;
const maxUploads = 1000;

/** What survives a restart of the workspace. */
export interface StoredLibraries {
  /** Ids are not used again. */
  readonly lastId: number;
  readonly uploaded: readonly UploadedLibrary[];
  readonly forAll: readonly Library[];
  /** By the id of the cluster. */
  readonly onClusters: Readonly<Record<string, readonly Library[]>>;
}

export interface LibrariesOptions {
  readonly stored: StoredLibraries | undefined;
  /** The directory behind `dbfs:/`. */
  readonly dbfsRoot: string;
  /** Where uploads are until they are whole; on the same file system as `dbfsRoot`. */
  readonly uploadDirectory: string;
  readonly maxUploadBytes: number;
  /** Keeps `stored`; resolves when it is safe. */
  save(): Promise<void>;
  log(text: string): void;
}

export interface NewUpload {
  readonly libType: LibType;
  readonly name: string;
  readonly folder: string;
  readonly forAllClusters: boolean;
  readonly source: UploadSource;
}

/** All libraries of the workspace: those that were uploaded, and which clusters shall have which. Both APIs look at the same. */
export class Libraries {
  readonly #options: LibrariesOptions;
  readonly #uploaded: Map<string, UploadedLibrary>;
  readonly #forAll: Map<string, Library>;
  readonly #clusters = new Map<string, ClusterLibraries>();
  #lastId: number;

  constructor(options: LibrariesOptions) {
    const { lastId, uploaded, forAll } = options.stored ?? { lastId: 1000, uploaded: [], forAll: [] };
    this.#options = options;
    this.#lastId = lastId;
    this.#uploaded = new Map(uploaded.map((one) => [one.id, one]));
    this.#forAll = new Map(forAll.map((library) => [keyOf(library), library]));
  }

  get stored(): StoredLibraries {
    const onClusters = Object.fromEntries([...this.#clusters].map(([id, { wanted }]) => [id, wanted]));
    return { lastId: this.#lastId, uploaded: this.uploaded, forAll: [...this.#forAll.values()], onClusters };
  }

  get maxUploadBytes(): number {
    return this.#options.maxUploadBytes;
  }

  get uploaded(): readonly UploadedLibrary[] {
    return [...this.#uploaded.values()];
  }

  /** @throws ApiError when there is no such library. */
  get(id: string): UploadedLibrary {
    const uploaded = this.#uploaded.get(id);
    if (uploaded === undefined) throw keyNotFound(id);
    return uploaded;
  }

  isForAll(library: Library): boolean {
    return this.#forAll.has(keyOf(library));
  }

  /** On any cluster. */
  get areInstalling(): boolean {
    return [...this.#clusters.values()].some(({ isInstalling }) => isInstalling);
  }

  /** Of a cluster that exists. */
  on(clusterId: string): ClusterLibraries {
    const known = this.#clusters.get(clusterId);
    if (known !== undefined) return known;
    const { stored, dbfsRoot, log } = this.#options;
    const libraries = new ClusterLibraries(stored?.onClusters[clusterId] ?? [], {
      forAll: this.#forAll,
      install: (library, driver: Driver, report) => install(library, driver, dbfsRoot, report),
      log: (text) => log(`cluster ${clusterId}: ${text}`),
    });
    this.#clusters.set(clusterId, libraries);
    return libraries;
  }

  /** Those of a cluster that is gone; gives what brings them back. */
  forget(clusterId: string): () => void {
    const known = this.#clusters.get(clusterId);
    this.#clusters.delete(clusterId);
    return () => {
      if (known !== undefined) this.#clusters.set(clusterId, known);
    };
  }

  /** Writes what comes to a file, whose path it gives; whoever called removes it. Nothing is left when it breaks off. */
  async receive(content: Readable): Promise<string> {
    const { uploadDirectory } = this.#options;
    await mkdir(uploadDirectory, { recursive: true });
    const path = join(uploadDirectory, randomUUID());
    try {
      await pipeline(content, createWriteStream(path, { mode: 0o600 }));
      return path;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /** Moves an uploaded file to its place; nothing is left of one that cannot be kept. @throws ApiError for one too many */
  async upload({ source, forAllClusters, ...wanted }: NewUpload): Promise<UploadedLibrary> {
    const { dbfsRoot } = this.#options;
    if (this.#uploaded.size >= maxUploads) throw limitReached(`The workspace has ${maxUploads} uploaded libraries: delete one first`);
    if (forAllClusters) this.#checkForAll();
    const kept = await keepUpload(wanted.libType, wanted.name, source, dbfsRoot);
    const uploaded: UploadedLibrary = { id: String(++this.#lastId), ...wanted, ...kept };
    const { id, library } = uploaded;
    this.#uploaded.set(id, uploaded);
    const wasForAll = this.isForAll(library);
    if (forAllClusters) this.#forAll.set(keyOf(library), library);
    await this.#saveOr(() => {
      this.#uploaded.delete(id);
      if (!wasForAll) this.#forAll.delete(keyOf(library));
    }).catch(async (error: unknown) => {
      await removeUpload(kept, dbfsRoot);
      throw error;
    });
    if (forAllClusters) this.#refreshAll(library);
    return uploaded;
  }

  /** Clusters that have it keep it until they are restarted. */
  async delete(uploaded: UploadedLibrary): Promise<void> {
    const { id, library } = uploaded;
    const key = keyOf(library);
    this.#uploaded.delete(id);
    // Two uploads may name one PyPI package.
    const last = !this.uploaded.some((other) => keyOf(other.library) === key);
    const wasForAll = last && this.#forAll.delete(key);
    const clusters = [...this.#clusters.values()].filter(({ wanted }) => last && wanted.some((one) => keyOf(one) === key));
    for (const cluster of clusters) cluster.take([library]);
    await this.#saveOr(() => {
      this.#uploaded.set(id, uploaded);
      if (wasForAll) this.#forAll.set(key, library);
      for (const cluster of clusters) cluster.want([library]);
    });
    await removeUpload(uploaded, this.#options.dbfsRoot);
  }

  /** What is there stays; what failed is tried again. @throws ApiError for more than a cluster can have */
  async install(clusterId: string, libraries: readonly Library[]): Promise<void> {
    const cluster = this.on(clusterId);
    const added = cluster.want(libraries);
    if (cluster.wanted.length > maxLibraries) {
      cluster.take(added);
      throw limitReached(`A cluster can have ${maxLibraries} libraries: uninstall some first`);
    }
    await this.#saveOr(() => cluster.take(added));
    cluster.refresh(libraries);
  }

  /** What is not there is no error. */
  async uninstall(clusterId: string, libraries: readonly Library[]): Promise<void> {
    const cluster = this.on(clusterId);
    const removed = cluster.unwant(libraries);
    await this.#saveOr(() => cluster.want(removed));
  }

  /** Clusters that are made later have it, too. @throws ApiError for one too many */
  async attachToAll(library: Library): Promise<void> {
    const key = keyOf(library);
    const wasForAll = this.#forAll.has(key);
    if (!wasForAll) this.#checkForAll();
    this.#forAll.set(key, library);
    await this.#saveOr(() => wasForAll || this.#forAll.delete(key));
    this.#refreshAll(library);
  }

  /** Clusters to which it was attached by name keep it. */
  async detachFromAll(library: Library): Promise<void> {
    const key = keyOf(library);
    const wasForAll = this.#forAll.delete(key);
    await this.#saveOr(() => wasForAll && this.#forAll.set(key, library));
  }

  #checkForAll(): void {
    if (this.#forAll.size >= maxLibraries) throw limitReached(`All clusters can have ${maxLibraries} libraries in common: detach one first`);
  }

  #refreshAll(library: Library): void {
    for (const cluster of this.#clusters.values()) cluster.refresh([library]);
  }

  /** A change that cannot be kept is none. */
  async #saveOr(undo: () => unknown): Promise<void> {
    try {
      await this.#options.save();
    } catch (error) {
      undo();
      throw error;
    }
  }
}

/** Whether a value that was read from a file is what `stored` gave. */
export function isStoredLibraries(value: unknown): value is StoredLibraries {
  if (typeof value !== 'object' || value === null) return false;
  const { lastId, uploaded, forAll, onClusters } = value as Record<string, unknown>;
  return (
    Number.isInteger(lastId) &&
    Array.isArray(uploaded) &&
    uploaded.every(isUploaded) &&
    areLibraries(forAll) &&
    typeof onClusters === 'object' &&
    onClusters !== null &&
    Object.values(onClusters).every(areLibraries)
  );
}

function isUploaded(value: unknown): value is UploadedLibrary {
  if (typeof value !== 'object' || value === null) return false;
  const { libType, library, files, problem = '', ...texts } = value as Record<string, unknown>;
  return (
    libTypes.some((type) => type === libType) &&
    isLibrary(library) &&
    Array.isArray(files) &&
    [...files, problem, ...['id', 'name', 'folder'].map((name) => texts[name])].every((text) => typeof text === 'string')
  );
}

function areLibraries(value: unknown): value is readonly Library[] {
  return Array.isArray(value) && value.every(isLibrary);
}

function isLibrary(value: unknown): value is Library {
  try {
    readLibrary(libraryFields(value as Library));
    return true;
  } catch {
    return false;
  }
}
