import { readFile } from 'node:fs/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { isObject, parseJson } from '../databricks/json.ts';
import { readLibrary } from '../databricks/parse/libraries.ts';
import type { ClusterId, Library } from '../databricks/types.ts';
import { BridgeError } from '../lib/errors.ts';
import type { JsonValue } from '../lib/json.ts';

/** What a command line says of libraries, in its order. */
type Word = Library | { readonly kind: 'file'; readonly path: string };

/** The libraries of a command line, and the cluster that a file of them names. */
export interface LibraryChoice {
  readonly libraries: readonly Library[];
  readonly clusterId: ClusterId | undefined;
}

/** Adds an option a kind of library; all may be given several times, and their order is kept. Gives what reads them when the action runs. */
export function addLibraryOptions(command: Command): () => Promise<LibraryChoice> {
  const words: Word[] = [];
  const add = (word: Word): void => void words.push(word);
  const collect = (flags: string, description: string, read: (text: string) => void): void => {
    command.option(flags, description, (text) => {
      if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
      read(text.trim());
    });
  };
  /** Changes the library that stands before an option that belongs to it. */
  const change = (option: string, to: string, changed: (library: Word) => Library | undefined): void => {
    const last = words.pop();
    const library = last && changed(last);
    if (library === undefined) throw new InvalidArgumentError(`${option} belongs after ${to}.`);
    words.push(library);
  };
  const file = (kind: 'jar' | 'egg' | 'whl' | 'requirements') => (uri: string): void => add({ kind, uri: forClusters(kind, uri) });
  collect('--jar <uri>', 'jar, e.g. dbfs:/mnt/libraries/library.jar', file('jar'));
  collect('--egg <uri>', 'Python egg', file('egg'));
  collect('--whl <uri>', 'wheel, or .wheelhouse.zip of several', file('whl'));
  collect('--requirements <uri>', 'requirements.txt', file('requirements'));
  collect('--pypi <package>', 'package of PyPI, e.g. simplejson==3.8.0', (name) => add({ kind: 'pypi', package: name, repo: '' }));
  collect('--maven <coordinates>', 'Maven artifact, e.g. org.jsoup:jsoup:1.7.2', (coordinates) => add({ kind: 'maven', coordinates, repo: '', exclusions: [] }));
  collect('--cran <package>', 'package of CRAN', (name) => add({ kind: 'cran', package: name, repo: '' }));
  collect('--repo <url>', 'repository of the --pypi, --maven or --cran before it', (repo) =>
    change('--repo', '--pypi, --maven or --cran', (library) => ('repo' in library ? { ...library, repo } : undefined)),
  );
  collect('--exclude <group:artifact>', 'what the --maven before it does not bring along', (exclusion) =>
    change('--exclude', '--maven', (library) => (library.kind === 'maven' ? { ...library, exclusions: [...library.exclusions, exclusion] } : undefined)),
  );
  collect('--json-file <file>', 'the body of the API: {"cluster_id": …, "libraries": […]}', (path) => add({ kind: 'file', path }));
  return async () => {
    const parts = await Promise.all(words.map((word): LibraryChoice | Promise<LibraryChoice> => (word.kind === 'file' ? readLibraryFile(word.path) : { libraries: [word], clusterId: undefined })));
    const libraries = parts.flatMap((part) => part.libraries);
    if (libraries.length === 0) throw usage('There are no libraries: name them with --jar, --whl, --pypi and the like.');
    const [clusterId, other] = new Set(parts.flatMap((part) => part.clusterId ?? []));
    if (other !== undefined) throw usage(`The files name two clusters, ${clusterId} and ${other}: install on one after the other.`);
    return { libraries, clusterId };
  };
}

/** An address that a cluster can read. Throws commander's error for a path of this machine. */
function forClusters(kind: 'jar' | 'egg' | 'whl' | 'requirements', uri: string): string {
  // A scheme has more than one letter; with one it is a drive of Windows.
  if (/^[a-z][a-z\d+.-]+:/i.test(uri) || /^\/(?:dbfs|Volumes|Workspace)\//.test(uri)) return uri;
  const upload = kind === 'requirements' ? '' : `; or use "databricks-kernel libraries upload ${uri}" and "attach"`;
  throw new InvalidArgumentError(`A cluster cannot read files of this machine: put it into dbfs:/, s3:/, /Volumes/ or /Workspace/${upload}`);
}

/** Throws `BridgeError` `config` for what is no file of libraries. */
async function readLibraryFile(path: string): Promise<LibraryChoice> {
  const body = await readJsonFile(path);
  const entries = Array.isArray(body) ? body : isObject(body) && Array.isArray(body['libraries']) ? body['libraries'] : undefined;
  if (entries === undefined) throw usage(`${path} names no libraries: it must look like {"libraries": [{"jar": "dbfs:/library.jar"}]}.`);
  const libraries = (entries as readonly JsonValue[]).map((entry, n) => {
    const library = readLibrary(entry);
    if (library === undefined) throw usage(`Library ${n + 1} of ${path} is none that the API knows: it must be one of jar, egg, whl, pypi, maven, cran, requirements.`);
    return library;
  });
  const clusterId = isObject(body) && typeof body['cluster_id'] === 'string' ? (body['cluster_id'] as ClusterId) : undefined;
  return { libraries, clusterId };
}

async function readJsonFile(path: string): Promise<JsonValue> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw usage(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}): check its name.`);
  }
  try {
    return parseJson(text);
  } catch (error) {
    throw usage(`${path} is no JSON: ${(error as SyntaxError).message}.`);
  }
}

function usage(message: string): BridgeError<'config'> {
  return new BridgeError('config', message, { setting: 'LIBRARY' });
}
