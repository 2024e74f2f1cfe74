import { expect, test } from 'vitest';
import { encodeBody, lacksEndpoint, refusesJson } from '../../../src/databricks/dialect.ts';
import { BridgeError } from '../../../src/lib/errors.ts';

const api = (status: number, serverMessage: string) => new BridgeError('api', 'x', { status, serverMessage });
const fields = { clusterId: 'c', numWorkerContainers: 2 };

test.for<[string, unknown, boolean]>([
  ['a field that was sent is missing', api(500, 'NoSuchElementException: key not found: clusterId'), true],
  ['another field that was sent is missing', api(500, 'NoSuchElementException: key not found: numWorkerContainers'), true],
  ['a field that was not sent is missing', api(500, 'NoSuchElementException: key not found: name'), false],
  ['something is not known, by its id', api(500, 'NoSuchElementException: key not found: 2915'), false],
  ['what every object has is no field', api(500, 'NoSuchElementException: key not found: toString'), false],
  ['the type is refused', api(415, 'Unsupported Media Type'), true],
  ['the type is refused in words', api(400, 'unknown Content-Type'), true],
  ['JSON is refused in words', api(500, 'JSON not accepted'), true],
  ['words about JSON of a proxy', api(502, 'JSON'), false],
  ['another refusal', api(500, 'RuntimeException: Unknown cluster id c'), false],
  ['a network fault', new BridgeError('net', 'x', { host: 'h', sent: true }), false],
  ['a defect', new TypeError('JSON'), false],
])('whether a server refuses JSON: %s', ([, error, refuses]) => {
  expect(refusesJson(error, fields)).toBe(refuses);
});

test.for<[number, string, boolean]>([
  [404, 'not found', true],
  [404, 'ENDPOINT_NOT_FOUND: No API found', true],
  [404, 'RESOURCE_DOES_NOT_EXIST: No cluster found matching: c', false],
  [405, 'method not allowed', true],
  [501, 'not implemented', true],
  [400, 'ENDPOINT_NOT_FOUND: x', true],
  [400, 'INVALID_PARAMETER_VALUE: Cluster c does not exist', false],
  [500, 'RuntimeException: Unknown cluster id c', false],
])('%i %s: whether the endpoint is absent', ([status, words, lacks]) => {
  expect(lacksEndpoint(api(status, words))).toBe(lacks);
});

test('a form holds nested values as JSON text', () => {
  const body = encodeBody({ name: 'a b', workers: 6, useSpot: true, sparkConf: { 'spark.speculation': true }, big: 9007199254740993n }, 'form');
  expect(body.contentType).toBe('application/x-www-form-urlencoded');
  expect(Object.fromEntries(new URLSearchParams(body.text))).toEqual({ name: 'a b', workers: '6', useSpot: 'true', sparkConf: '{"spark.speculation":true}', big: '9007199254740993' });
});
