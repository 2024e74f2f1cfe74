import type { JsonObject, JsonValue } from '../../lib/json.ts';

/** A library as Libraries API 2.0 names it. `exclusions` are `group:artifact`. */
export type Library =
  | { readonly kind: 'jar' | 'egg' | 'whl'; readonly uri: string }
  | { readonly kind: 'pypi' | 'cran'; readonly package: string; readonly repo?: string | undefined }
  | { readonly kind: 'maven'; readonly coordinates: string; readonly repo?: string | undefined; readonly exclusions?: readonly string[] | undefined };

/** What is wrong with a library, as a sentence for whoever named it. */
export class BadLibrary extends Error {
  override readonly name = 'BadLibrary';
}

const kinds: readonly string[] = ['jar', 'egg', 'whl', 'pypi', 'maven', 'cran'] satisfies Library['kind'][];

/**
 * Reads `{"jar": "dbfs:/…"}`, `{"pypi": {"package": "…"}}` and so on. Also the shorthand of the document's last example, where a package's
 * or an artifact's name stands for its object.
 * @throws BadLibrary
 */
export function readLibrary(value: JsonValue | undefined): Library {
  if (!isObject(value)) throw new BadLibrary(`A library is an object with one of ${kinds.join(', ')}, not ${shown(value)}`);
  const [name, second] = Object.keys(value).filter((key) => value[key] !== null);
  if (name === undefined) throw new BadLibrary(`A library names one of ${kinds.join(', ')}; this one names nothing`);
  if (second !== undefined) throw new BadLibrary(`A library names one of ${kinds.join(', ')}; this one names ${name} and ${second}`);
  const given = value[name] ?? null;
  switch (name) {
    case 'jar':
    case 'egg':
    case 'whl':
      return { kind: name, uri: text(given, name) };
    case 'pypi':
    case 'cran': {
      if (typeof given === 'string') return { kind: name, package: text(given, name) };
      const fields = object(given, name);
      return { kind: name, package: text(fields['package'], `${name}.package`), ...repository(fields, name) };
    }
    case 'maven': {
      if (typeof given === 'string') return { kind: name, coordinates: text(given, name) };
      const fields = object(given, name);
      return { kind: name, coordinates: text(fields['coordinates'], 'maven.coordinates'), ...repository(fields, name), ...exclusionsOf(fields) };
    }
    default:
      throw new BadLibrary(`There are no ${name} libraries; a library names one of ${kinds.join(', ')}`);
  }
}

/** What a library looks like in API 2.0, in full. */
export function libraryFields(library: Library): JsonObject {
  if ('uri' in library) return { [library.kind]: library.uri };
  const { kind, ...given } = library;
  return { [kind]: Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))) };
}

/** Two libraries with the same key are the same thing. */
export function keyOf(library: Library): string {
  return JSON.stringify(libraryFields(library));
}

/** Whether `named` means `library`. Where it leaves repository or exclusions out, any will do. */
export function means(named: Library, library: Library): boolean {
  return keyOf({ ...library, ...named }) === keyOf(library);
}

/** A short name for messages and logs: without its repository, whose address may hold a password. */
export function nameOf(library: Library): string {
  if ('uri' in library) return library.uri;
  return library.kind === 'maven' ? library.coordinates : library.package;
}

const suffixes = { jar: ['.jar'], egg: ['.egg'], whl: ['.whl', '.wheelhouse.zip'] } as const;

/** As PEP 508 has it: name, extras, versions. Nothing that pip could take for an option, a path or an address. */
const projectName = /^[a-z\d](?:[\w.-]*[a-z\d])?$/i;
const extras = /^\[[\w.,\s-]*\]$/;
const version = /^(?:===|[=!~<>]=|[<>])\s*[\w.*+!-]+$/;

/** In steps that each look at a character once: one expression for all tries every way to share out the blanks between the versions. */
function isRequirement(text: string): boolean {
  const [name = ''] = /^[^[=!~<>]*/.exec(text) ?? [];
  if (!projectName.test(name.trimEnd())) return false;
  const rest = text.slice(name.length);
  const named = rest.startsWith('[') ? rest.slice(0, rest.indexOf(']') + 1) : '';
  if (rest.startsWith('[') && !extras.test(named)) return false;
  const versions = rest.slice(named.length).trim();
  return versions === '' || versions.replace(/,$/, '').split(',').every((one) => version.test(one.trim()));
}

const coordinate = /^[\w.-]+:[\w.-]+:[\w.+-]+$/;
const exclusion = /^[\w.*-]+:[\w.*-]+$/;

/** @throws BadLibrary for what no cluster can install, as far as the words alone can tell */
export function checkLibrary(library: Library): void {
  switch (library.kind) {
    case 'jar':
    case 'egg':
    case 'whl': {
      const wanted: readonly string[] = suffixes[library.kind];
      if (library.uri.includes('\0')) throw new BadLibrary(`${library.kind} is no URI`);
      if (!wanted.some((suffix) => library.uri.endsWith(suffix))) throw new BadLibrary(`${library.uri} is no ${library.kind}: its name must end with ${wanted.join(' or ')}`);
      return;
    }
    case 'pypi':
      if (!isRequirement(library.package)) throw new BadLibrary(`${shown(library.package)} is no name of a PyPI package, like simplejson or simplejson==3.8.0`);
      return checkRepository(library.repo);
    case 'maven':
      if (!coordinate.test(library.coordinates)) {
        throw new BadLibrary(`${shown(library.coordinates)} are no Maven coordinates: they are group:artifact:version, like org.jsoup:jsoup:1.7.2`);
      }
      for (const one of library.exclusions ?? []) {
        if (!exclusion.test(one)) throw new BadLibrary(`${shown(one)} is no exclusion: it is group:artifact, like slf4j:slf4j`);
      }
      return checkRepository(library.repo);
    case 'cran':
      return;
  }
}

/** Its text is not repeated: it may hold a password. */
function checkRepository(repo: string | undefined): void {
  if (repo === undefined) return;
  // `canParse` repairs what others, who look for `user:password@`, do not take for an address.
  if (!/^(?:https?|file):\/\/[^\s\\]+$/i.test(repo) || !URL.canParse(repo)) throw new BadLibrary('repo is no address of a repository, like https://example.com/simple');
}

function repository(fields: JsonObject, kind: string): { readonly repo?: string } {
  const repo = fields['repo'] ?? null;
  return repo === null ? {} : { repo: text(repo, `${kind}.repo`) };
}

function exclusionsOf(fields: JsonObject): { readonly exclusions?: readonly string[] } {
  const exclusions = fields['exclusions'] ?? null;
  if (exclusions === null) return {};
  if (!Array.isArray(exclusions)) throw new BadLibrary('maven.exclusions is not an array');
  return { exclusions: exclusions.map((one) => text(one, 'an exclusion of maven')) };
}

/** Characters of any one text. */
const maxLength = 4096;

function text(value: JsonValue | undefined, name: string): string {
  if (value === undefined) throw new BadLibrary(`${name} is missing`);
  if (typeof value !== 'string') throw new BadLibrary(`${name} is not a string`);
  if (value.trim() === '') throw new BadLibrary(`${name} is empty`);
  if (value.length > maxLength) throw new BadLibrary(`${name} has ${value.length} characters; at most ${maxLength} are allowed`);
  return value;
}

function object(value: JsonValue, name: string): JsonObject {
  if (!isObject(value)) throw new BadLibrary(`${name} is neither an object nor a string`);
  return value;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: JsonValue | undefined): string {
  return JSON.stringify(value)?.slice(0, 100) ?? 'nothing';
}
