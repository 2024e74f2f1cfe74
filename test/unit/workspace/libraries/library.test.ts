import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BadLibrary, checkLibrary, keyOf, libraryFields, means, nameOf, readLibrary } from '../../../../src/workspace/libraries/library.ts';
import type { Library } from '../../../../src/workspace/libraries/library.ts';

const text = fc.string({ minLength: 1 }).filter((value) => value.trim() !== '');
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const libraries: fc.Arbitrary<Library> = fc.oneof(
  fc.record({ kind: fc.constantFrom('jar' as const, 'egg' as const, 'whl' as const), uri: text }),
  fc.record({ kind: fc.constantFrom('pypi' as const, 'cran' as const), package: text, repo: optional(text) }),
  fc.record({ kind: fc.constant('maven' as const), coordinates: text, repo: optional(text), exclusions: optional(fc.array(text)) }),
);

test('a library is read from the very fields that it gives', () => {
  fc.assert(
    fc.property(libraries, (library) => {
      expect(keyOf(readLibrary(libraryFields(library)))).toBe(keyOf(library));
    }),
  );
});

test('whatever is read as a library is a library or a sentence about what is wrong', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('jar', 'egg', 'whl', 'pypi', 'maven', 'cran', 'gem'), fc.jsonValue())), (value) => {
      try {
        checkLibrary(readLibrary(value as never));
      } catch (error) {
        expect(error).toBeInstanceOf(BadLibrary);
      }
    }),
  );
});

test('nothing that pip takes for an option, a path or an address passes for a package', () => {
  const start = fc.constantFrom('-', '--', '.', '/', '~', 'git+', 'https://', 'file:', '\\', ' ', '');
  fc.assert(
    fc.property(start, fc.string(), (first, rest) => {
      const library: Library = { kind: 'pypi', package: first + rest };
      try {
        checkLibrary(library);
      } catch {
        return;
      }
      expect(library.package).toMatch(/^[a-z\d][^/\\:@;#]*$/i);
    }),
    { numRuns: 2000 },
  );
});

test.for(['six', 'six==1.16.0', 'six == 1.16.0', 'six===1.16', 'zope.interface>=5,<6', 'ruamel-yaml', 'a', 'requests[socks, use_chardet_on_py3]~=2.31', 'torch==2.1.0+cpu', 'x!=1.*', 'x==1!2.0'])('%s is a package', (name) => {
  expect(() => checkLibrary({ kind: 'pypi', package: name })).not.toThrow();
});

test.for<[what: string, name: string]>([
  ['versions without commas', `a${'<1   '.repeat(200)}@`],
  ['blanks between versions', `a${'<1,   '.repeat(200)}@`],
  ['blanks alone', `a${' '.repeat(4000)}@`],
  ['hyphens', `a${'-'.repeat(4000)}`],
  ['extras that do not end', `a[${'b,'.repeat(2000)}`],
])('%s without an end are refused like a short wrong name', ([, name]) => {
  // One that is tried in every way does not come back before the test is given up.
  expect(() => checkLibrary({ kind: 'pypi', package: name })).toThrow(BadLibrary);
});

test.for(['https://me:s3cret@example.com/simple', 'HTTP://example.com', 'file:///wheels'])('%s is an address of a repository', (repo) => {
  expect(() => checkLibrary({ kind: 'pypi', package: 'six', repo })).not.toThrow();
});

test.for(['http:/u:s3cret@example.com/simple', 'http:u:s3cret@example.com', 'http:\\\\u:s3cret@example.com', 'https:/\\u:s3cret@example.com', 'http://\\u:s3cret@example.com', 'ftp://example.com', '//example.com', 'http://', 'https://exa mple.com'])(
  '%s is none, and the refusal does not repeat it',
  (repo) => {
    for (const library of [{ kind: 'pypi', package: 'six', repo }, { kind: 'maven', coordinates: 'a:b:1', repo }] as const) {
      expect(() => checkLibrary(library)).toThrow(new BadLibrary('repo is no address of a repository, like https://example.com/simple'));
    }
  },
);

test.for<[named: Library, library: Library, meant: boolean]>([
  [{ kind: 'cran', package: 'ada' }, { kind: 'cran', package: 'ada', repo: 'https://example.com' }, true],
  [{ kind: 'cran', package: 'ada', repo: 'https://example.com' }, { kind: 'cran', package: 'ada' }, false],
  [{ kind: 'cran', package: 'ada' }, { kind: 'pypi', package: 'ada' }, false],
  [{ kind: 'maven', coordinates: 'a:b:1' }, { kind: 'maven', coordinates: 'a:b:1', exclusions: ['c:d'] }, true],
  [{ kind: 'maven', coordinates: 'a:b:1', exclusions: [] }, { kind: 'maven', coordinates: 'a:b:1', exclusions: ['c:d'] }, false],
  [{ kind: 'jar', uri: 'dbfs:/a.jar' }, { kind: 'jar', uri: 'dbfs:/a.jar' }, true],
  [{ kind: 'jar', uri: 'dbfs:/a.jar' }, { kind: 'jar', uri: 'dbfs:/b.jar' }, false],
])('%j means %j: %s', ([named, library, meant]) => {
  expect(means(named, library)).toBe(meant);
});

test('a library is called by its name, not by the address of its repository', () => {
  expect(nameOf({ kind: 'pypi', package: 'six', repo: 'https://me:s3cret@example.com' })).toBe('six');
});
