import type { Driver, DriverLibrary } from '../driver/driver.ts';
import { dbfsFile } from './dbfs.ts';
import { BadLibrary, checkLibrary, nameOf } from './library.ts';
import type { Library } from './library.ts';

/** How far a library is on a cluster that runs. */
export interface Progress {
  readonly status: 'PENDING' | 'RESOLVING' | 'INSTALLING' | 'INSTALLED' | 'SKIPPED' | 'FAILED';
  /** The last one of a library that was skipped or failed says why. */
  readonly messages: readonly string[];
}

/** Of the Spark that runs; libraries for others would fail in the user's cell only. */
const scalaVersion = '2.13';

/**
 * Installs a library into a driver and reports each step; the last one is INSTALLED, SKIPPED or FAILED.
 * Rejects when the driver died.
 */
export async function install(library: Library, driver: Driver, dbfsRoot: string, report: (progress: Progress) => void): Promise<void> {
  const otherScala = scalaOf(library);
  if (otherScala !== undefined && otherScala !== scalaVersion) {
    const message = `${nameOf(library)} is made for Scala ${otherScala}; this cluster runs Scala ${scalaVersion}`;
    return report({ status: 'SKIPPED', messages: [message] });
  }
  let planned: DriverLibrary;
  try {
    checkLibrary(library);
    planned = await plan(library, dbfsRoot);
  } catch (error) {
    if (!(error instanceof BadLibrary)) throw error;
    return report({ status: 'FAILED', messages: [error.message] });
  }
  const source = repositories[planned.kind];
  const found = source === undefined ? [] : [`Successfully resolved package from ${source}`];
  let resolved = false;
  const resolve = (): void => {
    if (!resolved) report({ status: 'INSTALLING', messages: found });
    resolved = true;
  };
  if (source === undefined) resolve();
  else report({ status: 'RESOLVING', messages: [] });
  const result = await driver.install(planned, resolve);
  if (result.kind === 'failed') return report({ status: 'FAILED', messages: [...(resolved ? found : []), result.reason] });
  // What was there already is not collected, and so not reported.
  resolve();
  report({ status: 'INSTALLED', messages: found });
}

/** Where libraries come from that must be found first. */
const repositories: Partial<Record<DriverLibrary['kind'], string>> = { pypi: 'PyPI', maven: 'Maven' };

/** In the document's own words. */
const noR = 'R package installation is not supported on this spark version.\nPlease upgrade to Runtime 3.2 or higher';

async function plan(library: Library, dbfsRoot: string): Promise<DriverLibrary> {
  switch (library.kind) {
    case 'jar':
    case 'egg':
    case 'whl': {
      const { path, name, isDirectory } = await dbfsFile(library.uri, dbfsRoot);
      // Eggs may be directories, for Python's own tools too.
      if (isDirectory && library.kind !== 'egg') throw new BadLibrary(`${library.uri} is a directory`);
      return { kind: library.kind, file: path, name: name.replace(uploadPrefix, '') };
    }
    case 'pypi':
      return { kind: 'pypi', package: library.package, repo: library.repo };
    case 'maven':
      return { kind: 'maven', coordinates: library.coordinates, exclusions: library.exclusions ?? [], repo: library.repo };
    case 'cran':
      throw new BadLibrary(noR);
  }
}

/** What an upload puts before a file's own name, from which pip reads name and version (`uploaded.ts`). */
const uploadPrefix = /^[\da-f]{8}(?:_[\da-f]{4}){3}_[\da-f]{12}-/;

/** The Scala version in the name of a jar or an artifact, where there is one: `kafka_2.12`, `spark-xml_2.12-0.18.0.jar`, `cats-core_3`. */
function scalaOf(library: Library): string | undefined {
  if (library.kind === 'maven') return /_(2\.\d+|3)$/.exec(library.coordinates.split(':')[1] ?? '')?.[1];
  if (library.kind !== 'jar') return undefined;
  return /_(?:(2\.\d+)|(3)(?=-))(?:-[^/]*)?\.jar$/.exec(library.uri)?.slice(1).find((version) => version !== undefined);
}
