import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonValue } from '../../lib/json.ts';
import type { Channel } from './channel.ts';
import type { DriverLibrary, InstallResult, JvmLibrary } from './driver.ts';
import { withoutPasswords, type PythonOverlay } from './python-overlay.ts';

export interface LibrariesOptions {
  readonly jvm: Channel;
  readonly overlay: PythonOverlay;
  /** Where this driver keeps its copies of jars. */
  readonly directory: string;
  /** Where Ivy keeps what it has downloaded, for all drivers. */
  readonly ivyDirectory: string;
  /** Tells the Python processes that run already that there is more to import. */
  noticePackages(): Promise<void>;
}

/** Installs libraries into a running driver, one after the other. */
export class DriverLibraries {
  readonly #options: LibrariesOptions;
  #last: Promise<unknown> = Promise.resolve();
  #jars = 0;

  constructor(options: LibrariesOptions) {
    this.#options = options;
  }

  /** Rejects when the connection to the JVM closes. */
  install(library: DriverLibrary, onResolved: () => void): Promise<InstallResult> {
    const installed = this.#last.then(() => this.#install(library, onResolved));
    this.#last = installed.catch(() => undefined);
    return installed;
  }

  async #install(library: DriverLibrary, onResolved: () => void): Promise<InstallResult> {
    const { jvm, overlay, noticePackages } = this.#options;
    if (library.kind === 'jar' || library.kind === 'maven') {
      try {
        const jars = await this.#jarsOf(library);
        onResolved();
        await jvm.request('addJars', { jars });
        return { kind: 'installed' };
      } catch (error) {
        if (jvm.isClosed) throw error;
        return { kind: 'failed', reason: withoutPasswords(wordsOf(error)) };
      }
    }
    const result = await overlay.install(library, onResolved);
    if (result.kind === 'installed') await noticePackages();
    return result;
  }

  async #jarsOf(library: JvmLibrary): Promise<readonly string[]> {
    const { jvm, directory, ivyDirectory } = this.#options;
    if (library.kind === 'jar') {
      // A copy: who replaces a jar that a JVM reads, crashes it. Spark tells jars apart by their names alone.
      const copy = join(directory, `${++this.#jars}-${library.name}`);
      await mkdir(directory, { recursive: true });
      await copyFile(library.file, copy);
      return [copy];
    }
    const { coordinates, exclusions, repo = null } = library;
    const { jars } = await jvm.request('resolve', { coordinates, exclusions, repo, ivy: ivyDirectory });
    return (jars as readonly JsonValue[]).map(String);
  }
}

/** Without the class of the exception, which says nothing to whoever installs a library. */
function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^(?:[a-z]\w*\.)+\w+: /, '');
}
