import type { Driver } from '../driver/driver.ts';
import { causeOf } from '../system-error.ts';
import type { Progress } from './install.ts';
import { keyOf, means } from './library.ts';
import type { Library } from './library.ts';

/** How a library stands on a cluster. What is no longer wanted stays until the driver ends. */
export interface LibraryStatus {
  readonly library: Library;
  readonly status: Progress['status'] | 'UNINSTALL_ON_RESTART';
  readonly messages: readonly string[];
  readonly forAllClusters: boolean;
}

export interface ClusterLibrariesOptions {
  /** What every cluster gets, by key. */
  readonly forAll: ReadonlyMap<string, Library>;
  /** Brings one library into a driver and reports each step. Rejects when the driver died. */
  install(library: Library, driver: Driver, report: (progress: Progress) => void): Promise<void>;
  log(text: string): void;
}

/** The libraries of one cluster: which it shall have, and how far those are in the driver that runs, if one does. */
export class ClusterLibraries {
  readonly #options: ClusterLibrariesOptions;
  /** Wanted on this very cluster, by key, in the order they came. */
  readonly #wanted: Map<string, Library>;
  #run: Run | undefined;

  constructor(wanted: readonly Library[], options: ClusterLibrariesOptions) {
    this.#wanted = new Map(wanted.map((library) => [keyOf(library), library]));
    this.#options = options;
  }

  /** Those that this very cluster shall have. */
  get wanted(): readonly Library[] {
    return [...this.#wanted.values()];
  }

  /** Those of this cluster first, then those of all clusters, then those that go with the next restart. */
  get statuses(): readonly LibraryStatus[] {
    const wanted = this.#allWanted();
    const found = this.#run?.installations ?? new Map<string, Installation>();
    const present = [...wanted].map(([key, library]): LibraryStatus => {
      return { library, ...(found.get(key)?.progress ?? untouched), forAllClusters: this.#options.forAll.has(key) };
    });
    const leaving = [...found].filter(([key]) => !wanted.has(key)).map(([, { library, progress }]): LibraryStatus => {
      return { library, status: 'UNINSTALL_ON_RESTART', messages: progress.messages, forAllClusters: false };
    });
    return [...present, ...leaving];
  }

  statusOf(library: Library): LibraryStatus | undefined {
    const key = keyOf(library);
    return this.statuses.find((status) => keyOf(status.library) === key);
  }

  get isInstalling(): boolean {
    return this.#run?.busy === true;
  }

  /** A new driver, which has none of them yet. */
  use(driver: Driver): void {
    const run: Run = { driver, installations: new Map(), busy: false };
    this.#run = run;
    void driver.exited.then(() => {
      if (this.#run === run) this.#run = undefined;
    });
    void this.#work(run);
  }

  /** From the next `refresh` on. Gives those that were not wanted before. */
  want(libraries: readonly Library[]): readonly Library[] {
    const added = libraries.filter((library) => !this.#wanted.has(keyOf(library)));
    for (const library of added) this.#wanted.set(keyOf(library), library);
    return added;
  }

  /** Gives those that were meant, of those that were wanted. */
  unwant(named: readonly Library[]): readonly Library[] {
    const removed = this.wanted.filter((library) => named.some((one) => means(one, library)));
    this.take(removed);
    return removed;
  }

  /** No longer wants exactly these. */
  take(libraries: readonly Library[]): void {
    for (const library of libraries) this.#wanted.delete(keyOf(library));
  }

  /** Looks for work. `again` are those that are tried again if they have failed. */
  refresh(again: readonly Library[]): void {
    const run = this.#run;
    if (run === undefined) return;
    for (const key of again.map(keyOf)) {
      if (run.installations.get(key)?.progress.status === 'FAILED') run.installations.delete(key);
    }
    void this.#work(run);
  }

  #allWanted(): ReadonlyMap<string, Library> {
    return new Map([...this.#wanted, ...this.#options.forAll]);
  }

  /** One after the other, each as long as it is wanted when its turn comes. */
  async #work(run: Run): Promise<void> {
    if (run.busy) return;
    run.busy = true;
    try {
      while (this.#run === run) {
        const [next] = [...this.#allWanted()].filter(([key]) => !run.installations.has(key));
        if (next === undefined) return;
        await this.#install(run, ...next);
      }
    } finally {
      run.busy = false;
    }
  }

  async #install({ driver, installations }: Run, key: string, library: Library): Promise<void> {
    const report = (progress: Progress): void => void installations.set(key, { library, progress });
    report(untouched);
    try {
      await this.#options.install(library, driver, report);
    } catch (error) {
      const reason = causeOf(error, this.#options.log);
      report({ status: 'FAILED', messages: [reason] });
      this.#options.log(`a library could not be installed: ${reason}`);
    }
  }
}

/** One driver and what has come into it, by key. */
interface Run {
  readonly driver: Driver;
  readonly installations: Map<string, Installation>;
  busy: boolean;
}

interface Installation {
  readonly library: Library;
  readonly progress: Progress;
}

const untouched: Progress = { status: 'PENDING', messages: [] };
