import { formatJson } from './json.ts';
import { libraryFields } from './parse/libraries.ts';
import type { Library, LibraryInstall } from './types.ts';

/** A library in a few words, e.g. `pypi simplejson`. */
export function nameOf(library: Library): string {
  switch (library.kind) {
    case 'pypi':
    case 'cran':
      return `${library.kind} ${library.package}`;
    case 'maven':
      return `maven ${library.coordinates}`;
    case 'unknown':
      return formatJson(library.raw);
    default:
      return `${library.kind} ${library.uri}`;
  }
}

/** What the server says of an installation, in brackets behind a blank; '' where it says nothing. */
export function reasonOf({ messages }: LibraryInstall): string {
  const words = messages.join(' ').replace(/\s+/g, ' ').replace(/\.$/, '');
  return words === '' ? '' : ` (${words})`;
}

export function hasFailed({ status }: LibraryInstall): boolean {
  return status === 'FAILED' || status === 'ERROR';
}

/** Whether `named` means `library` where it is taken off a cluster: a repository or exclusions that it leaves out may be any. */
export function means(named: Library, library: Library): boolean {
  if (!('repo' in named && 'repo' in library)) return isSameLibrary(named, library);
  const anyExclusions = named.kind === 'maven' && library.kind === 'maven' && named.exclusions.length === 0;
  return isSameLibrary({ ...named, repo: named.repo || library.repo, ...(anyExclusions && { exclusions: library.exclusions }) }, library);
}

/** Whether both name the same library, in the words of the API. */
export function isSameLibrary(a: Library, b: Library): boolean {
  return formatJson(libraryFields(a)) === formatJson(libraryFields(b));
}
