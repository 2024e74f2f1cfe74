import { expect, test } from 'vitest';
import { refusalsInWords, resultInWords, type GivenIds } from '../../../src/cli/refusals.ts';
import { BridgeError } from '../../../src/lib/errors.ts';

const refusal = (serverMessage: string) => new BridgeError('api', `refused: ${serverMessage}.`, { status: 500, serverMessage });
const unknownContext = 'Unknown context: it was destroyed, its cluster was restarted, or the id is wrong; "databricks-kernel contexts create" makes a new one';

test.for<[words: string, message: string]>([
  ['ContextNotFound', `${unknownContext} (ContextNotFound).`],
  ['NumberFormatException: For input string: nope', `${unknownContext} (NumberFormatException: For input string: nope).`],
  ['NoSuchElementException: key not found: k1', 'Unknown command, or its result was read already: a result can be read once (NoSuchElementException: key not found: k1).'],
  ['no room', 'refused: no room.'],
])('what a server means by "%s" is told in words, with its own in brackets', async ([words, message]) => {
  await expect(refusalsInWords(Promise.reject(refusal(words)))).rejects.toMatchObject({ code: 'api', message, details: { serverMessage: words } });
});

test.for<[read: string, ids: GivenIds, means: string]>([
  ['"k!"', { contextId: '1', commandId: 'k!' }, 'Unknown command k!: check the id that "commands execute" printed'],
  ['k!', { contextId: '1', commandId: 'k!' }, 'Unknown command k!: check the id that "commands execute" printed'],
  ['"x"', { contextId: 'x', commandId: '1' }, unknownContext],
  ['"x"', { contextId: 'x', commandId: 'x' }, unknownContext],
  ['"x"', { contextId: 'x' }, unknownContext],
  ['"k!"', { contextId: '1', commandId: 'k' }, unknownContext],
])('an id that is no number, %s of %j, is told as the one that it is', async ([read, ids, means]) => {
  const words = `java.lang.NumberFormatException: For input string: ${read}`;
  await expect(refusalsInWords(Promise.reject(refusal(words)), ids)).rejects.toMatchObject({ code: 'api', message: `${means} (${words}).` });
});

test('an answer, and an error that is not the server\'s, stay as they are', async () => {
  expect(await refusalsInWords(Promise.resolve(1))).toBe(1);
  const net = new BridgeError('net', 'ContextNotFound', { host: 'h', sent: false });
  await expect(refusalsInWords(Promise.reject(net))).rejects.toBe(net);
});

test.for<[summary: string, cause: string, inWords: boolean]>([
  ['', 'CommandCancelledException', true],
  ['<span>Cancelled</span>', 'com.example.CommandCancelledException: ', true],
  ['', 'CommandCancelledException: the context is lost', false],
  ['ValueError: no', 'Traceback', false],
])('a result "%s", "%s" is told as cancelled: %s', ([summary, cause, inWords]) => {
  const result = { kind: 'error', summary, cause } as const;
  expect(resultInWords(result)).toEqual(inWords ? { kind: 'error', summary: '', cause: 'The command was cancelled (CommandCancelledException).' } : result);
});
