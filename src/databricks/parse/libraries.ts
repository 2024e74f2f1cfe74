import { BridgeError } from '../../lib/errors.ts';
import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { isObject } from '../json.ts';
import type { Attachment, ClusterId, ClusterLibraries, Library, LibraryId, LibraryInstall, LibraryStatus, UploadedLibrary, UploadedLibraryState } from '../types.ts';
import { attachmentStatuses, libraryStatuses } from '../types.ts';
import { flag, list, object, shown, text, texts, word } from './values.ts';

/* Libraries API 2.0 */

/** Reads one library as a server or a person writes it, shorthand (`{"cran": "ada"}`) included; `undefined` for what is none. */
export function readLibrary(entry: JsonValue): Library | undefined {
  if (!isObject(entry)) return undefined;
  for (const kind of ['jar', 'egg', 'whl', 'requirements'] as const) {
    const uri = text(entry[kind]);
    if (uri !== '') return { kind, uri };
  }
  for (const kind of ['pypi', 'cran'] as const) {
    const spec = described(entry[kind], 'package');
    if (spec !== undefined) return { kind, package: spec.what, repo: spec.repo };
  }
  const maven = described(entry['maven'], 'coordinates');
  if (maven === undefined) return undefined;
  return { kind: 'maven', coordinates: maven.what, repo: maven.repo, exclusions: texts(object(entry['maven'])['exclusions']) };
}

/** What stands alone as a text, or beside a repository in an object. */
function described(value: JsonValue | undefined, name: 'package' | 'coordinates'): { what: string; repo: string } | undefined {
  const fields: JsonObject = typeof value === 'string' ? { [name]: value } : object(value);
  const what = text(fields[name]).trim();
  return what === '' ? undefined : { what, repo: text(fields['repo']) };
}

/** A library that a server names; what it is called there stays as it is where we know no such kind. */
function parseLibrary(entry: JsonValue | undefined): Library {
  return readLibrary(entry ?? null) ?? { kind: 'unknown', raw: entry ?? null };
}

/** A library as the API writes it; absent fields are left out. */
export function libraryFields(library: Library): JsonObject {
  switch (library.kind) {
    case 'jar':
    case 'egg':
    case 'whl':
    case 'requirements':
      return { [library.kind]: library.uri };
    case 'pypi':
    case 'cran':
      return { [library.kind]: { package: library.package, ...given('repo', library.repo) } };
    case 'maven': {
      const exclusions = library.exclusions.length > 0 ? { exclusions: library.exclusions } : {};
      return { maven: { coordinates: library.coordinates, ...given('repo', library.repo), ...exclusions } };
    }
    case 'unknown':
      return object(library.raw);
  }
}

function given(name: string, value: string): JsonObject {
  return value === '' ? {} : { [name]: value };
}

/** Reads the answer of `libraries/cluster-status`, and each part of that of `all-cluster-statuses`. */
export function parseClusterLibraries(answer: JsonValue): ClusterLibraries {
  const body = object(answer);
  return { clusterId: text(body['cluster_id']) as ClusterId, libraries: list(body['library_statuses']).map(parseInstall) };
}

/** Reads the answer of `libraries/all-cluster-statuses`; a server that has none may leave the list out. */
export function parseAllClusterLibraries(answer: JsonValue): ClusterLibraries[] {
  return list(object(answer)['statuses']).map(parseClusterLibraries);
}

function parseInstall(entry: JsonValue): LibraryInstall {
  const body = object(entry);
  return {
    library: parseLibrary(body['library']),
    status: parseLibraryStatus(body['status']),
    messages: texts(body['messages']),
    forAllClusters: flag(body['is_library_for_all_clusters']),
  };
}

function parseLibraryStatus(value: JsonValue | undefined): LibraryStatus {
  const status = word(value).replace(/^library_/, '').toUpperCase();
  return libraryStatuses.find((known) => known === status) ?? 'UNKNOWN';
}

/* Libraries of API 1.2 */

/** Reads one entry of `libraries/list`. */
export function parseUploaded(entry: JsonValue): UploadedLibrary {
  const body = object(entry);
  return { id: text(body['id']) as LibraryId, name: text(body['name']), folder: text(body['folder']) };
}

/** Reads the answer of `libraries/status`. Throws `BridgeError` `api` for what is none. */
export function parseUploadedState(answer: JsonValue): UploadedLibraryState {
  const body = object(answer);
  if (text(body['id']) === '') {
    throw new BridgeError('api', `The server answered with a library status that is none: ${shown(answer)}.`, { status: 200, serverMessage: '' });
  }
  return {
    ...parseUploaded(answer),
    files: texts(body['files']),
    type: text(body['libType']),
    attachAllClusters: flag(body['attachAllClusters'] ?? body['attachToAllClusters']),
    attachments: list(body['statuses']).map(parseAttachment),
  };
}

function parseAttachment(entry: JsonValue): Attachment {
  const body = object(entry);
  const status = attachmentStatuses.find((known) => known.toLowerCase() === word(body['status'])) ?? 'Unknown';
  return { clusterId: text(body['clusterId']) as ClusterId, status, message: text(body['message']) };
}
