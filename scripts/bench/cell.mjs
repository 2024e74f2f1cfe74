// Cells, and when they ended.

/** Milliseconds by a clock that all processes of this machine share. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

/**
 * @typedef {object} Ended
 * @property {number} ms from its request to its idle
 * @property {number} at when that was, by `now`
 * @property {number} bytes of its outputs, as they were sent
 * @property {() => string} text what it printed
 * @property {() => { readonly [type: string]: string }[]} shown the data of its displays, in the order in which they came
 */

/**
 * Runs a cell; what it prints and shows is read when it is over.
 * @param {import('./kernel.mjs').Kernel} kernel @param {string} code
 * @returns {Promise<Ended>} rejects for one that fails
 */
export async function runCell(kernel, code) {
  /** @type {Buffer[]} */
  const printed = [];
  /** @type {Buffer[]} */
  const displays = [];
  const idle = new Promise((resolve) => {
    kernel.listen((frames) => {
      const at = frames.length - 5;
      const [header, parent, , content] = /** @type {[Buffer, Buffer, Buffer, Buffer]} */ (frames.slice(at + 1));
      if (!parent.includes('"execute_request"')) return;
      const { msg_type: type } = JSON.parse(String(header));
      if (type === 'stream') printed.push(content);
      if (type === 'display_data') displays.push(content);
      if (type === 'status' && content.includes('"idle"')) resolve(now());
    });
  });
  const began = now();
  const { content } = await kernel.ask('execute_request', { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false, stop_on_error: true });
  if (content['status'] !== 'ok') throw new Error(`the cell failed: ${content['ename']} ${content['evalue']}`);
  const at = await idle;
  return {
    ms: at - began,
    at,
    bytes: printed.reduce((sum, { length }) => sum + length, 0),
    text: () => printed.map((each) => JSON.parse(String(each)).text).join(''),
    shown: () => displays.map((each) => JSON.parse(String(each)).data),
  };
}
