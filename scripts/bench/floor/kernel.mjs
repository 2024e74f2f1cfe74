// The least that a kernel in Node can be: it binds the five sockets and answers every request with busy, the same signed text, and idle. A cell is
// a number, and shows so many displays.
//   node kernel.mjs CONNECTION_FILE
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Publisher, Router } from 'zeromq';

const file = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const address = (/** @type {string} */ channel) => `tcp://${file.ip}:${file[`${channel}_port`]}`;
const content = JSON.stringify({
  status: 'ok', protocol_version: '5.5', implementation: 'floor', implementation_version: '1', banner: '', help_links: [],
  language_info: { name: 'none', version: '1', mimetype: 'text/plain', file_extension: '.txt' },
});

/** @param {string} type @param {Buffer} parent @param {string} text @returns {(Buffer | string)[]} */
function message(type, parent, text) {
  const header = JSON.stringify({ msg_id: '1', msg_type: type, session: '1', username: '', version: '5.5', date: '' });
  const signature = createHmac('sha256', file.key).update(header).update(parent).update('{}').update(text).digest('hex');
  return ['<IDS|MSG>', signature, header, parent, '{}', text];
}

/** @param {Router} socket */
async function serve(socket) {
  for await (const frames of socket) {
    const at = frames.findIndex((frame) => String(frame) === '<IDS|MSG>');
    const parent = /** @type {Buffer} */ (frames[at + 2]);
    const { msg_type: type } = JSON.parse(String(parent));
    await iopub.send(['status', ...message('status', parent, '{"execution_state":"busy"}')]);
    if (type === 'execute_request') {
      const count = Number(JSON.parse(String(frames[at + 5])).code);
      for (let number = 0; number < count; number++) {
        await iopub.send(['display', ...message('display_data', parent, `{"data":{"text/plain":"${number}"},"metadata":{},"transient":{}}`)]);
      }
    }
    await socket.send([...frames.slice(0, at), ...message(type.replace('request', 'reply'), parent, content)]);
    await iopub.send(['status', ...message('status', parent, '{"execution_state":"idle"}')]);
    if (type === 'shutdown_request') process.exit();
  }
}

const [shell, control, stdin, hb] = [new Router(), new Router(), new Router(), new Router()];
const iopub = new Publisher({ sendHighWaterMark: 0 });
await Promise.all([shell.bind(address('shell')), control.bind(address('control')), stdin.bind(address('stdin')), hb.bind(address('hb')), iopub.bind(address('iopub'))]);
await Promise.all([serve(shell), serve(control)]);
