import { expect, test } from 'vitest';
import type { HttpAnswer } from '../../../src/databricks/errors.ts';
import { answerError, networkError, serverWords } from '../../../src/databricks/errors.ts';

const server = { host: 'https://w.test', hostOrigin: 'DATABRICKS_HOST', credentialsOrigin: 'DATABRICKS_TOKEN' };

test.for<[string, number, string, string]>([
  ['API 1.2', 500, '{"error": "RuntimeException: Unknown cluster id 1"}', 'RuntimeException: Unknown cluster id 1'],
  ['API 1.2, one word', 500, '{"error":"ContextNotFound"}', 'ContextNotFound'],
  ['API 2.x', 400, '{"error_code":"INVALID_STATE","message":"Cluster is Pending."}', 'INVALID_STATE: Cluster is Pending'],
  ['API 2.x with details', 400, '{"error_code":"X","message":"m","details":[{"@type":"t"}]}', 'X: m'],
  ['API 2.x, an unknown cluster', 400, '{"error_code":"INVALID_PARAMETER_VALUE","message":"Cluster 1 does not exist"}', 'INVALID_PARAMETER_VALUE: Cluster 1 does not exist'],
  ['API 1.2 in the way of 2.x', 500, '{"error_code":"INTERNAL_ERROR","message":"IllegalArgumentException: requirement failed: missing contextId"}', 'INTERNAL_ERROR: IllegalArgumentException: requirement failed: missing contextId'],
  ['API 1.2 with a code beside', 400, '{"error_code":"BAD_REQUEST","error":"RuntimeException: no"}', 'BAD_REQUEST: RuntimeException: no'],
  ['an empty code', 400, '{"error_code":"","message":"m"}', 'm'],
  ['a code that is null', 400, '{"error_code":null,"message":"m"}', 'm'],
  ['an empty message', 400, '{"error_code":"X","message":""}', 'X'],
  ['a numeric code', 500, '{"error_code":500,"message":"m"}', '500: m'],
  ['a code that is an object', 400, '{"error_code":{"name":"X","n":1},"message":"m"}', '{"name":"X","n":1}: m'],
  ['a code alone', 500, '{"error_code":"TEMPORARILY_UNAVAILABLE"}', 'TEMPORARILY_UNAVAILABLE'],
  ['SCIM', 404, '{"detail":"No user","status":"404","scimType":"noTarget"}', 'noTarget: No user'],
  ['SCIM without a type', 403, '{"schemas":["urn:x"],"detail":"Not allowed","status":"403"}', 'Not allowed'],
  ['a list', 500, '[1]', '[1]'],
  ['broken JSON', 500, '{"error": "Run', '{"error": "Run'],
  ['plain text', 400, 'INVALID_PARAMETER_VALUE: no such thing', 'INVALID_PARAMETER_VALUE: no such thing'],
  ['HTML with pre', 500, '<html><head><title>Error 500</title></head><body><pre>  java.lang.\n  Oops </pre></body></html>', 'java.lang. Oops'],
  ['HTML with entities', 500, '<pre>Cluster &quot;a&quot; &amp;lt; &#39;b&#39;&nbsp;</pre>', 'Cluster "a" &lt; \'b\''],
  ['HTML with a title', 502, '<!DOCTYPE html><html><title>Bad <b>Gateway</b></title></html>', 'Bad Gateway'],
  ['HTML with neither', 502, '<html><body><p>Nope</p></body></html>', 'Nope'],
  ['HTML that never closes what it opens', 502, `<html>${'<pre>'.repeat(200_000)}Nope`, 'Nope'],
  ['HTML with a title that never ends', 502, `<html>${'<title>'.repeat(200_000)}Nope`, 'Nope'],
  ['HTML of signs that begin a tag', 502, `<html>${'<'.repeat(500_000)}>`, '<'.repeat(1000)],
  ['HTML of tags that never end', 502, `<html>Nope ${'<pre '.repeat(200_000)}`, `Nope ${'<pre '.repeat(199)}`],
  ['an empty body', 503, '', 'not available at the moment'],
  ['an empty body of a rare status', 418, ' ', 'HTTP 418'],
  ['an empty object', 500, '{}', '{}'],
  ['a JSON text', 500, '"odd"', '"odd"'],
])('the server\'s words in %s', ([, status, text, words]) => {
  expect(serverWords({ status, headers: {}, text })).toBe(words);
});

const login = '<!doctype html><title>Sign in</title>';
test.for<[Partial<HttpAnswer>, string]>([
  [{ status: 403, text: '{"error_code":403,"message":"Invalid access token."}' }, 'https://w.test does not accept the login for commands/execute: 403: Invalid access token. Check DATABRICKS_TOKEN.'],
  [{ status: 403, text: '{"message":"JWT has expired"}' }, 'https://w.test does not accept the login for commands/execute: JWT has expired. Check DATABRICKS_TOKEN.'],
  [{ status: 401 }, 'https://w.test does not accept the login for commands/execute: not authenticated. Check DATABRICKS_TOKEN.'],
  [{ status: 403, text: '{"error_code":"PERMISSION_DENIED","message":"no"}' }, 'https://w.test does not allow commands/execute: PERMISSION_DENIED: no. Check the permissions of the user behind DATABRICKS_TOKEN.'],
  [{ status: 429 }, 'https://w.test is asked too often (commands/execute): too many requests. Try again later.'],
  [{ status: 500, text: '{"error":"E: x"}' }, 'https://w.test refused commands/execute (HTTP 500): E: x.'],
  [{ status: 200, text: login }, "https://w.test answered commands/execute with a web page (a login page?) that is not the API's: check DATABRICKS_HOST, and whether a VPN or private link is needed."],
  [{ status: 200, text: 'pong' }, "https://w.test answered commands/execute with something that is not the API's: check DATABRICKS_HOST, and whether a VPN or private link is needed."],
  [{ status: 302, headers: { location: 'https://login.test/x?token=secret' } }, 'https://w.test redirects commands/execute to https://login.test instead of answering: check DATABRICKS_HOST, and whether a VPN or private link is needed.'],
  [{ status: 303, headers: { location: '/login.html' } }, 'https://w.test redirects commands/execute to another page instead of answering: check DATABRICKS_HOST, and whether a VPN or private link is needed.'],
])('%j becomes a sentence', ([answer, message]) => {
  const error = answerError({ status: 200, headers: {}, text: '', ...answer }, 'commands/execute', server);
  expect(error.message).toBe(message);
  expect(error.details.status).toBe(answer.status);
});

test('Retry-After is read as seconds and as a date', () => {
  const wish = (value: string) => answerError({ status: 429, headers: { 'retry-after': value }, text: '' }, 'x', server).details.retryAfterMs;
  expect(wish('3')).toBe(3000);
  expect(wish(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(50_000);
  expect(wish(new Date(0).toUTCString())).toBe(0);
  expect(wish('soon')).toBeUndefined();
});

test.for<[string, boolean, string]>([
  ['ENOTFOUND', false, 'https://w.test cannot be found (ENOTFOUND): check DATABRICKS_HOST and the network connection.'],
  ['ECONNREFUSED', false, 'Nothing answers at https://w.test (connection refused): check DATABRICKS_HOST.'],
  ['SELF_SIGNED_CERT_IN_CHAIN', false, 'The secure connection to https://w.test failed (SELF_SIGNED_CERT_IN_CHAIN): check DATABRICKS_HOST; for a certificate of your own organisation set NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE or SSL_CERT_FILE to its file. Checking it cannot be switched off.'],
  ['UND_ERR_CONNECT_TIMEOUT', false, 'https://w.test cannot be reached (UND_ERR_CONNECT_TIMEOUT): check DATABRICKS_HOST, the network connection and the proxy.'],
  ['UND_ERR_HEADERS_TIMEOUT', true, 'https://w.test did not answer x within 60 s.'],
  ['ECONNRESET', true, 'The connection to https://w.test broke before the answer to x was here (ECONNRESET).'],
])('%s (sent: %s) becomes a sentence', ([code, sent, message]) => {
  const error = networkError({ failure: Object.assign(new Error('low level'), { code }), sent }, 'x', 60_000, server);
  expect(error).toMatchObject({ code: 'net', message, details: { host: 'https://w.test', sent } });
});
