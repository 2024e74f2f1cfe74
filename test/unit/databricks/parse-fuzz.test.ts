import fc from 'fast-check';
import { expect, test } from 'vitest';
import { serverWords } from '../../../src/databricks/errors.ts';
import { parseJson } from '../../../src/databricks/json.ts';
import { parseCluster, parseCluster2, parseEvent, parseNodeTypes, parseSparkVersions } from '../../../src/databricks/parse/clusters.ts';
import { parseCommandId, parseCommandState } from '../../../src/databricks/parse/commands.ts';
import { parseContextId, parseContextState } from '../../../src/databricks/parse/contexts.ts';
import { libraryFields, parseAllClusterLibraries, parseClusterLibraries, parseUploaded, parseUploadedState, readLibrary } from '../../../src/databricks/parse/libraries.ts';
import { BridgeError } from '../../../src/lib/errors.ts';
import type { JsonValue } from '../../../src/lib/json.ts';

/* Whatever a server answers becomes a value, or an error in words: never a defect of ours. */

const names = [
  'id', 'name', 'status', 'state', 'state_message', 'cause', 'results', 'resultType', 'data', 'schema', 'type', 'truncated', 'fileNames', 'cluster_id', 'clusterId', 'driver', 'executors', 'num_workers',
  'termination_reason', 'parameters', 'versions', 'node_types', 'num_cores', 'timestamp', 'details', 'library', 'library_statuses', 'statuses', 'messages', 'pypi', 'maven', 'package', 'coordinates',
  'exclusions', 'jar', 'files', 'attachAllClusters', 'message', 'error', 'error_code', '__proto__', 'toString',
];
const words = ['Running', 'FINISHED', 'text', 'table', 'image', 'error', 'RESIZING', 'INSTALLED', 'true', 'False', '', '12', '1e999', '\ud800'];
const { answers } = fc.letrec<{ answers: JsonValue }>((tie) => ({
  answers: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, true, false, 0, -1, 1.5, 2n ** 63n, ...words),
    fc.array(tie('answers'), { maxLength: 4 }),
    fc.array(fc.tuple(fc.constantFrom(...names), tie('answers')), { maxLength: 8 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

const parsers: readonly ((answer: JsonValue) => unknown)[] = [
  parseCommandState, parseCommandId, parseContextState, parseContextId, parseCluster, parseCluster2, parseEvent, parseSparkVersions, parseNodeTypes, parseClusterLibraries,
  parseAllClusterLibraries, parseUploaded, parseUploadedState, readLibrary,
];

test('no answer is too odd to be read, or refused in words', () => {
  fc.assert(
    fc.property(answers, fc.constantFrom(...parsers), (answer, parse) => {
      try {
        parse(answer);
      } catch (error) {
        expect(error).toBeInstanceOf(BridgeError);
      }
    }),
    { numRuns: 5000 },
  );
});

test('a library that was read is the same when it is written and read again', () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const library = readLibrary(answer);
      if (library !== undefined) expect(readLibrary(libraryFields(library))).toEqual(library);
    }),
    { numRuns: 5000 },
  );
});

test('no body of a refusal is too odd to be told', () => {
  const bodies = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('<', '>', '/', 'pre', 'title', '&quot;', '{', '"error"', ':', '"x"', '}', ' ') }));
  fc.assert(
    fc.property(bodies, (text) => {
      expect(serverWords({ status: 500, headers: {}, text })).toMatch(/^[^\n]{0,1000}$/);
    }),
    { numRuns: 2000 },
  );
});

test('a server that answers with a number for an id is not misread beyond 2^53', () => {
  expect(parseCommandId(parseJson('{"id": 5220029674192230006}'))).toBe('5220029674192230006');
});
