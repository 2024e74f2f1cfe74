import { expect, test } from 'vitest';
import { means } from '../../../src/databricks/library-words.ts';
import { readLibrary } from '../../../src/databricks/parse/libraries.ts';
import type { JsonValue } from '../../../src/lib/json.ts';

const libraryOf = (entry: JsonValue) => readLibrary(entry) ?? expect.fail();
const jsoup = { coordinates: 'org.jsoup:jsoup:1.7.2', repo: 'https://m.example.com', exclusions: ['slf4j:slf4j'] };

test.for<[named: JsonValue, means: boolean, library: JsonValue]>([
  [{ cran: 'ada' }, true, { cran: { package: 'ada', repo: 'https://cran.us.r-project.org' } }],
  [{ cran: 'ada' }, true, { cran: { package: 'ada' } }],
  [{ cran: 'ada' }, false, { pypi: { package: 'ada' } }],
  [{ pypi: { package: 'x' } }, true, { pypi: { package: 'x', repo: 'https://p.example.com' } }],
  [{ pypi: { package: 'x', repo: 'https://p.example.com' } }, true, { pypi: { package: 'x', repo: 'https://p.example.com' } }],
  [{ pypi: { package: 'x', repo: 'https://p.example.com' } }, false, { pypi: { package: 'x', repo: 'https://q.example.com' } }],
  [{ pypi: { package: 'x', repo: 'https://p.example.com' } }, false, { pypi: { package: 'x' } }],
  [{ pypi: { package: 'x' } }, false, { pypi: { package: 'x==1.0' } }],
  [{ maven: jsoup.coordinates }, true, { maven: jsoup }],
  [{ maven: { ...jsoup, repo: null } }, true, { maven: jsoup }],
  [{ maven: { ...jsoup, exclusions: null } }, true, { maven: jsoup }],
  [{ maven: { ...jsoup, exclusions: ['a:b'] } }, false, { maven: jsoup }],
  [{ maven: jsoup }, false, { maven: jsoup.coordinates }],
  [{ jar: 'dbfs:/a.jar' }, true, { jar: 'dbfs:/a.jar' }],
  [{ jar: 'dbfs:/a.jar' }, false, { jar: 'dbfs:/b.jar' }],
  [{ jar: 'dbfs:/a.jar' }, false, { pypi: { package: 'dbfs:/a.jar' } }],
])('%j means, %s, %j where it is taken off: what it leaves out may be any', ([named, meant, library]) => {
  expect(means(libraryOf(named), libraryOf(library))).toBe(meant);
});
