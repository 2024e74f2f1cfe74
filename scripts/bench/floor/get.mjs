// Runs a command of the bench's server by the two bare calls, and reads the result to its end. Prints what that took.
//   get.mjs URL CODE
import { request } from 'node:http';
import { peakOf } from '../memory.mjs';

const [url = '', command] = process.argv.slice(2);

/** @param {string} method @param {string} path @param {string} [body] @returns {Promise<Buffer[]>} */
function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer bench', ...(body !== undefined && { 'content-type': 'application/json' }) };
    request(`${url}${path}`, { method, headers }, (response) => {
      /** @type {Buffer[]} */
      const parts = [];
      response.on('data', (part) => parts.push(part)).on('end', () => resolve(parts)).on('error', reject);
    }).on('error', reject).end(body);
  });
}

const began = performance.now();
const [started] = await call('POST', '/api/1.2/commands/execute', JSON.stringify({ language: 'python', clusterId: 'bench', contextId: 'context-1', command }));
const parts = await call('GET', `/api/1.2/commands/status?clusterId=bench&contextId=context-1&commandId=${JSON.parse(String(started)).id}`);
const bytes = parts.reduce((sum, { length }) => sum + length, 0);
process.stdout.write(JSON.stringify({ ms: performance.now() - began, mib: await peakOf('self'), bytes }));
