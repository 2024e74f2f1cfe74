// A Databricks API that takes no time of its own, in a process of its own: what a client waits for here is the client's and the network's
// doing. A command is `pass` (ends at once, with nothing), `sleep(SECONDS)` (ends after so long, and its text says when that was and how many
// requests the client has made for it), `text(BYTES)` or `table(ROWS, COLUMNS)` (ends at once, with that). Prints its addresses as a line of JSON: the second
// one is a way on which each byte travels 25 ms longer. Ends with its stdin.
import { connect, createServer } from 'node:net';
import { startScriptedServer } from '../../test/support/scripted-server.ts';
import { now } from './cell.mjs';
import { tableResults } from './table-data.mjs';

/** @typedef {{ readonly due: number, readonly seen: number, readonly results: string | undefined }} Command */

const server = await startScriptedServer();
/** @type {Map<string, Command>} */
const commands = new Map();
let made = 0;
server.on('GET clusters/get', { json: { cluster_id: 'bench', cluster_name: 'bench', state: 'RUNNING' } });
server.on('GET libraries/cluster-status', { json: { cluster_id: 'bench', library_statuses: [] } });
server.on('POST contexts/create', () => ({ json: { id: `context-${(made += 1)}` } }));
server.on('GET contexts/status', ({ fields }) => ({ json: { id: fields['contextId'], status: 'Running' } }));
server.on('POST contexts/destroy', ({ fields }) => ({ json: { id: fields['contextId'] } }));
server.on('POST commands/execute', ({ fields: { command: code = '' } }) => {
  const id = `command-${(made += 1)}`;
  const [, seconds] = /^sleep\(([\d.]+)\)/.exec(code) ?? [];
  commands.set(id, { due: now() + Number(seconds ?? 0) * 1000, seen: server.seen.length - 1, results: seconds === undefined ? resultsOf(code) : undefined });
  return { json: { id } };
});
server.on('GET commands/status', ({ fields: { commandId: id = '' } }) => {
  const command = commands.get(id);
  if (command === undefined) return { status: 500, json: { error: `NoSuchElementException: key not found: ${id}` } };
  if (now() < command.due) return { json: { id, status: 'Running', results: null } };
  commands.delete(id);
  const { due, seen, results = text(JSON.stringify({ finished: due, requests: server.seen.length - seen })) } = command;
  return { text: `{"id":"${id}","status":"Finished","results":${results}}` };
});

/** The last long ones are kept, so that sending them takes no more time than sending takes. @type {{ code: string, json: string } | undefined} */
let last;

/** As JSON. @param {string} code */
function resultsOf(code) {
  const [, kind, ...sizes] = /^(text|table)\((\d+)(?:, (\d+))?\)/.exec(code) ?? [];
  const [first = 0, second = 0] = sizes.map(Number);
  if (last?.code !== code) last = { code, json: kind === 'table' ? tableResults(first, second) : text(longText(first)) };
  return last.json;
}

/** @param {string} data */
const text = (data) => JSON.stringify({ resultType: 'text', data });

/** @param {number} bytes */
function longText(bytes) {
  const line = `${'0123456789abcdef'.repeat(6)}\n`;
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
}

/** A way to the server on which each byte travels `ms` longer. @param {number} ms */
async function delayed(ms) {
  const proxy = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: Number(server.url.port), host: '127.0.0.1', noDelay: true });
    for (const [from, to] of /** @type {const} */ ([[near, far], [far, near]])) {
      from.on('data', (chunk) => void setTimeout(() => to.write(chunk), ms));
      from.on('end', () => void setTimeout(() => to.end(), ms));
      from.on('error', () => to.destroy());
    }
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (proxy.address());
  return `http://127.0.0.1:${port}`;
}

process.stdout.write(`${JSON.stringify({ near: server.url.origin, far: await delayed(25) })}\n`);
process.stdin.resume().on('end', () => process.exit());
