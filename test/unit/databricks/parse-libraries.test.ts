import { expect, test } from 'vitest';
import { libraryFields, parseAllClusterLibraries, parseClusterLibraries, parseUploaded, parseUploadedState, readLibrary } from '../../../src/databricks/parse/libraries.ts';
import type { Library } from '../../../src/databricks/types.ts';
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts';

test.for<[JsonValue, Library, JsonObject?]>([
  [{ jar: 'dbfs:/mnt/libraries/library.jar' }, { kind: 'jar', uri: 'dbfs:/mnt/libraries/library.jar' }],
  [{ egg: 'dbfs:/a.egg' }, { kind: 'egg', uri: 'dbfs:/a.egg' }],
  [{ whl: 'dbfs:/wheel-libraries.wheelhouse.zip' }, { kind: 'whl', uri: 'dbfs:/wheel-libraries.wheelhouse.zip' }],
  [{ requirements: '/Workspace/requirements.txt' }, { kind: 'requirements', uri: '/Workspace/requirements.txt' }],
  [{ pypi: { package: 'simplejson', repo: 'https://my-pypi-mirror.com' } }, { kind: 'pypi', package: 'simplejson', repo: 'https://my-pypi-mirror.com' }],
  [{ pypi: { package: 'simplejson' } }, { kind: 'pypi', package: 'simplejson', repo: '' }],
  [{ pypi: 'simplejson==3.8.0' }, { kind: 'pypi', package: 'simplejson==3.8.0', repo: '' }, { pypi: { package: 'simplejson==3.8.0' } }],
  [{ cran: 'ada' }, { kind: 'cran', package: 'ada', repo: '' }, { cran: { package: 'ada' } }],
  [{ cran: { package: 'ada', repo: 'https://cran.us.r-project.org' } }, { kind: 'cran', package: 'ada', repo: 'https://cran.us.r-project.org' }],
  [
    { maven: { coordinates: 'org.jsoup:jsoup:1.7.2', exclusions: ['slf4j:slf4j'] } },
    { kind: 'maven', coordinates: 'org.jsoup:jsoup:1.7.2', repo: '', exclusions: ['slf4j:slf4j'] },
  ],
  [{ maven: { coordinates: 'a:b:1', repo: 'https://r.test' } }, { kind: 'maven', coordinates: 'a:b:1', repo: 'https://r.test', exclusions: [] }],
  [{ maven: 'a:b:1' }, { kind: 'maven', coordinates: 'a:b:1', repo: '', exclusions: [] }, { maven: { coordinates: 'a:b:1' } }],
])('the library %j is read and written', ([wire, library, written = wire as JsonObject]) => {
  expect(readLibrary(wire)).toEqual(library);
  expect(libraryFields(library)).toEqual(written);
});

test.for<JsonValue>([{}, null, 'simplejson', [], { pypi: {} }, { pypi: null }, { jar: '' }, { maven: { exclusions: ['a:b'] } }, { glue: 'x' }])('%j is no library', (wire) => {
  expect(readLibrary(wire)).toBeUndefined();
});

test.for<[string, JsonObject, object]>([
  ['INSTALLED', { status: 'INSTALLED', messages: [], is_library_for_all_clusters: false }, { messages: [], forAllClusters: false }],
  ['ERROR', { status: 'ERROR', messages: ['Could not download library'], is_library_for_all_clusters: 'True' }, { messages: ['Could not download library'], forAllClusters: true }],
  ['RESTORED', { status: 'restored' }, { messages: [], forAllClusters: false }],
  ['UNINSTALL_ON_RESTART', { status: 'LIBRARY_UNINSTALL_ON_RESTART', messages: null }, { messages: [], forAllClusters: false }],
  ['UNKNOWN', { status: 'MELTED' }, { messages: [], forAllClusters: false }],
  ['UNKNOWN', {}, { messages: [], forAllClusters: false }],
])('a library is %s by %j', ([status, fields, rest]) => {
  const answer = { cluster_id: 'c', library_statuses: [{ library: { cran: 'ada' }, ...fields }] };
  expect(parseClusterLibraries(answer)).toEqual({ clusterId: 'c', libraries: [{ library: { kind: 'cran', package: 'ada', repo: '' }, status, ...rest }] });
});

test('a library of a kind that no document names stays as the server calls it', () => {
  const { libraries } = parseClusterLibraries({ cluster_id: 'c', library_statuses: [{ library: { glue: { version: 3 } }, status: 'INSTALLED' }] });
  expect(libraries[0]?.library).toEqual({ kind: 'unknown', raw: { glue: { version: 3 } } });
  expect(libraryFields({ kind: 'unknown', raw: { glue: { version: 3 } } })).toEqual({ glue: { version: 3 } });
});

test('a cluster without libraries may come without their list, as may a server without clusters', () => {
  expect(parseClusterLibraries({ cluster_id: 'c' })).toEqual({ clusterId: 'c', libraries: [] });
  expect(parseAllClusterLibraries({})).toEqual([]);
  expect(parseAllClusterLibraries({ statuses: [{ cluster_id: 'c' }] })).toEqual([{ clusterId: 'c', libraries: [] }]);
});

test.for<[string, JsonObject, object]>([
  ['of the document', { attachAllClusters: 'true', statuses: [{ clusterId: '0223-221237-tract', status: 'Attached', message: 'error message' }] }, { attachAllClusters: true, attachments: [{ clusterId: '0223-221237-tract', status: 'Attached', message: 'error message' }] }],
  ['with booleans and no message', { attachAllClusters: false, statuses: [{ clusterId: 'c', status: 'ERROR' }] }, { attachAllClusters: false, attachments: [{ clusterId: 'c', status: 'Error', message: '' }] }],
  ['with a status nobody knows', { statuses: [{ clusterId: 'c', status: 'Gluing' }] }, { attachAllClusters: false, attachments: [{ clusterId: 'c', status: 'Unknown', message: '' }] }],
  ['attached nowhere', { attachAllClusters: 'False', statuses: [] }, { attachAllClusters: false, attachments: [] }],
])('an uploaded library %s is read', ([, fields, rest]) => {
  const answer = { id: '1234', name: 'mytestjar', folder: '/', files: ['7fbcf1de-jar4_2.10_1.0.jar'], libType: 'java-jar', ...fields };
  expect(parseUploadedState(answer)).toEqual({ id: '1234', name: 'mytestjar', folder: '/', files: ['7fbcf1de-jar4_2.10_1.0.jar'], type: 'java-jar', ...rest });
});

test('ids that a server sends as numbers are texts for us, exact beyond 2^53', () => {
  expect(parseUploaded({ id: 1234, name: 'mylib' })).toEqual({ id: '1234', name: 'mylib', folder: '' });
  expect(parseUploaded({ id: 9007199254740993n })).toMatchObject({ id: '9007199254740993' });
});

test.for<JsonValue>([{}, null, [], 'x'])('%j is no status of an uploaded library', (answer) => {
  expect(() => parseUploadedState(answer)).toThrow('library status that is none');
});
