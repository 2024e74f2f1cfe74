import { beforeAll, expect, test } from 'vitest';
import { build } from '../../scripts/build.mjs';
import type { CommandLinePlace } from '../support/command-line-place.ts';
import { commandLinePlace } from '../support/command-line-place.ts';
import { startPlace } from '../support/bad-place.ts';
import { withoutWait } from '../support/databricks-kernel.ts';
import { failedWith, finished, refused, startScriptedApi } from '../support/scripted-api.ts';
import type { Answer, ScriptedServer } from '../support/scripted-server.ts';
import { startInTerminal } from '../support/terminal.ts';

/* What a server that means harm can do to a terminal and to a front end by the words that it sends. */

beforeAll(() => build());

/** What a terminal would obey, each in a form of its own; `bad` stands before what would be shown in its place. */
const commands = {
  'a window title': '\u001b]0;bad\u0007',
  'a clipboard': '\u001b]52;c;YmFk\u001b\\',
  'a clear screen': '\u001b[2J\u001b[1;1H',
  'a clear screen of eight bits': '\u009b2J',
  'a string of eight bits': '\u009d0;bad\u009c',
  'a reset': '\u001bc',
  'a turned order': '\u202e',
  'an isolate': '\u2066',
  'a backspace': '\u0008',
  'a device string': '\u001bP+q544e\u001b\\',
};
const evil = `${Object.values(commands).join('x')}\u001b[31mred\u001b[0m`;

/** Those that got through. */
const obeyed = (written: string) => Object.entries(commands).filter(([, command]) => written.includes(command)).map(([what]) => what);

const cluster = { cluster_id: 'c1', cluster_name: `${evil}\rmy\ncluster`, state: 'RUNNING', state_message: evil, spark_version: evil, creator_user_name: evil, spark_conf: { [evil]: evil } };
const ended = (results: object): Answer => ({ json: { id: 'k', status: 'Finished', results } });
const sql = ['exec', '-l', 'sql', '1'];

test('the payload holds every command', () => expect(obeyed(evil)).toEqual(Object.keys(commands)));

test.for<[what: string, args: readonly string[], script: (server: ScriptedServer) => void, pattern: RegExp]>([
  ['a list of clusters', ['clusters', 'list'], (server) => server.on('GET clusters/list', { json: { clusters: [cluster] } }), /Running/],
  ['one cluster', ['clusters', 'status', 'c1'], (server) => server.on('GET clusters/get', { json: cluster }), /my cluster/],
  ['what was printed', sql, (server) => server.on('GET commands/status', finished(`${evil} printed`)), /printed/],
  ['a table', sql, (server) => server.on('GET commands/status', ended({ resultType: 'table', schema: [{ type: 'string', name: evil }], data: [[`${evil} cell`.slice(-30)], [evil]] })), /red/],
  ['an error with its traceback', sql, (server) => server.on('GET commands/status', failedWith(`ValueError: ${evil}\rshown instead\nof it`)), /shown instead/],
  ['a summary of an error', sql, (server) => server.on('GET commands/status', ended({ resultType: 'error', summary: `Error: ${evil}`, cause: '' })), /Error: /],
  ['a result of an unknown type', sql, (server) => server.on('GET commands/status', ended({ resultType: evil, data: 'x' })), /unknown type/],
  ['a picture on the workspace', sql, (server) => server.on('GET commands/status', ended({ resultType: 'image', fileName: evil })), /too large/],
  ['a refusal', sql, (server) => server.on('POST commands/execute', refused(`IllegalArgumentException: ${evil}\rshown instead`)), /shown instead/],
  ['a refusal of a proxy', sql, (server) => server.on('POST contexts/create', { status: 502, text: `<html><pre>${evil}</pre></html>` }), /502/],
  ['what is waited for', sql, (server) => server.on('GET clusters/get', { json: { ...cluster, state: 'PENDING', cluster_name: 'my' } }, { json: cluster }, { json: cluster }), /done/],
  ['what doctor tells', ['doctor'], (server) => server.on('GET clusters/get', { json: cluster }), /my cluster/],
])('%s on a terminal holds nothing but colours', async ([, args, script, pattern]) => {
  await using at: CommandLinePlace = await commandLinePlace(await startScriptedApi());
  script(at.server);
  await using terminal = startInTerminal(at.cli.words(args), { cwd: at.cli.home, env: at.cli.env });
  await terminal.until(pattern);
  await terminal.ended;
  const written = terminal.written();
  expect(obeyed(written)).toEqual([]);
  expect(written).not.toContain('\rshown instead');
});

test.for<[what: string, script: (server: ScriptedServer) => void]>([
  ['a traceback', (server) => server.on('GET commands/status', failedWith(`ValueError: ${evil}\rshown instead\nof it`))],
  ['a summary', (server) => server.on('GET commands/status', ended({ resultType: 'error', summary: `Error: ${evil}\rshown instead`, cause: '' }))],
  ['a refusal', (server) => server.on('POST commands/execute', refused(`IllegalArgumentException: ${evil}\rshown instead`))],
  ['a context that failed', (server) => server.on('POST contexts/create', refused(`IllegalArgumentException: ${evil}\rshown instead`))],
])('%s reaches a front end with nothing but colours', async ([, script]) => {
  await using place = await startPlace({ before: script });
  const { reply } = await place.kernel.execute('1');
  const { ename, evalue, traceback } = reply as { ename: string; evalue: string; traceback: string[] };
  expect(obeyed([ename, evalue, ...traceback].join('\n'))).toEqual([]);
  expect(`${ename} ${evalue}`).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  expect(traceback.join('\n').replaceAll(/\u001b\[[\d;]*m/g, '')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  expect(traceback.join('\n')).toContain('red');
  expect(obeyed(await place.log())).toEqual([]);
});

test.for<[what: string, results: object, shown: string]>([
  ['a result of an unknown type', { resultType: evil, data: evil }, 'unknown type'],
  ['a picture on the workspace', { resultType: 'image', fileName: evil }, 'too large'],
  ['a picture of a type that is none', { resultType: 'image', fileName: `data:red${evil},x` }, '<red'],
])('%s reaches a front end with nothing that a terminal obeys', async ([, results, shown]) => {
  await using place = await startPlace({ before: (server) => server.on('GET commands/status', ended(results)) });
  const { outputs } = await place.kernel.execute('1');
  const texts = withoutWait(outputs).map(({ content }) => (content as { data: { 'text/plain': string } }).data['text/plain']);
  expect(texts).toEqual([expect.stringContaining(shown)]);
  expect(texts.join()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
});

test('what NODE_DEBUG prints of a server’s words holds nothing that a terminal obeys', async () => {
  await using place = await startPlace({ env: { NODE_DEBUG: 'databricks-kernel:*' }, before: (server) => server.on('POST contexts/destroy', refused(`Exception: kept ${evil}`)) });
  await place.kernel.execute('1');
  await place.kernel.shutdown();
  expect(place.kernel.stderr()).toMatch(/^DATABRICKS-KERNEL:.* warn .*kept/m);
  expect(obeyed(place.kernel.stderr())).toEqual([]);
});

test.for<[what: string, text: string]>([
  ['lists', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ['objects', `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
  ['lists with a long integer', `${'['.repeat(200_000)}9223372036854775807${']'.repeat(200_000)}`],
])('%s that nest without end are an answer that is not the API’s, to commands and cells', async ([, text]) => {
  await using at = await commandLinePlace(await startScriptedApi());
  at.server.on('POST commands/execute', { text: `{"id": ${text}}` });
  expect(await at.cli.run([...sql, '--json'])).toMatchObject({ code: 1, stderr: expect.stringContaining("that is not the API's") });
  await using place = await startPlace({ before: (server) => server.on('POST commands/execute', { text: `{"id": ${text}}` }) });
  const { reply } = await place.kernel.execute('1');
  expect(reply).toMatchObject({ status: 'error', evalue: expect.stringContaining("that is not the API's") });
  expect(JSON.stringify(reply)).not.toMatch(/call stack|RangeError/);
});

test('the type of a column that nests without end stays the server’s text', async () => {
  const type = `${'array<'.repeat(200_000)}int${'>'.repeat(200_000)}`;
  await using place = await startPlace({ before: (server) => server.on('GET commands/status', ended({ resultType: 'table', schema: [{ type, name: 'n' }, { type: JSON.stringify(type), name: 'm' }], data: [[1, 2]] })) });
  expect((await place.kernel.execute('1')).reply).toMatchObject({ status: 'ok' });
});
