// Kernel processes, ours and the rivals', all started and asked in the same way by the same light client.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Dealer, Subscriber } from 'zeromq';
import { ours } from './experiment.mjs';
import { within } from './limit.mjs';
import { endProcess } from './processes.mjs';
import { loadWire } from './support.mjs';

/** @typedef {import('./experiment.mjs').Context} Context */
/** How to run a kernel; `{connection_file}` stands for the file's path. @typedef {{ readonly argv: readonly string[], readonly env?: NodeJS.ProcessEnv }} KernelCommand */

/**
 * A kernel that has answered its first `kernel_info_request`.
 * @typedef {object} Kernel
 * @property {number} pid
 * @property {number} startMs from spawn to that answer
 * @property {import('../../test/support/client-wire.ts').ConnectionFile} connection
 * @property {(type: string, content?: object) => Promise<void>} send a request on shell
 * @property {() => Promise<{ header: { msg_type: string }, content: Readonly<Record<string, unknown>> }>} receive the next reply on shell
 * @property {(type: string, content?: object) => ReturnType<Kernel['receive']>} ask both, with nothing else under way
 * @property {(listener: (frames: readonly Buffer[]) => void) => void} listen is given what the kernel publishes from now on, instead of who was before
 * @property {(type: string, count: number, inFlight: number) => Promise<number>} flood sends so many requests on shell, of which so many are under way
 *   at a time, and gives the seconds until all are answered; requests are made before and replies are only counted, so that the client's part is small
 * @property {() => Promise<number>} shutdown milliseconds from `shutdown_request` until the process is gone, `exitLimitMs` at most
 */

/** A kernel that has not answered by then never will. */
const startLimitMs = 30_000;
export const exitLimitMs = 3000;

/**
 * Starts a kernel with a connection file of its own; once more where somebody else took one of its ports meanwhile.
 * @param {Context} context
 * @param {KernelCommand} command
 * @returns {Promise<Kernel>}
 */
export async function startKernel(context, command) {
  return startOnce(context, command).catch((error) => {
    if (!/address (?:is )?(?:already )?in use/i.test(error.message)) throw error;
    return startOnce(context, command);
  });
}

/** @param {Context} context @param {KernelCommand} command @returns {Promise<Kernel>} */
async function startOnce(context, command) {
  const { freshConnection, readFrames, requestFrames, endpoint } = await loadWire();
  const connection = await freshConnection();
  const path = join(context.directory, `connection-${connection.shell_port}.json`);
  await writeFile(path, JSON.stringify(connection), { mode: 0o600 });
  const shell = new Dealer({ linger: 0, reconnectInterval: 1, receiveHighWaterMark: 0, sendHighWaterMark: 0 });
  const control = new Dealer({ linger: 0, reconnectInterval: 1 });
  const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  context.defer(() => {
    for (const socket of [shell, control, iopub]) socket.close();
  });
  const send = (/** @type {Dealer} */ socket, /** @type {string} */ type, content = {}) =>
    socket.send(/** @type {Buffer[]} */ (requestFrames(connection, type, content)));
  /** What the kernel has said of its end, when it has ended too early. @type {Error | undefined} */
  let failure;
  const frames = () =>
    shell.receive().catch((error) => {
      throw failure ?? error;
    });
  const receive = async () => {
    const { parts } = readFrames(connection.key, await frames());
    return { header: JSON.parse(parts[0]), content: JSON.parse(parts[3]) };
  };

  const began = performance.now();
  const child = context.start(
    command.argv.map((argument) => argument.replace('{connection_file}', path)),
    command.env ? { env: command.env } : {},
  );
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (printed = `${printed}${chunk}`.slice(-2000)));
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) => {
    const end = (/** @type {string} */ how) => {
      failure = new Error(`the kernel ended (${how}): ${printed.trim()}`);
      // Ends the wait for a reply that will not come.
      shell.close();
      resolve();
    };
    child.once('error', ({ message }) => end(message));
    child.once('exit', (code, signal) => end(String(signal ?? code)));
  });
  shell.connect(endpoint(connection, 'shell'));
  await send(shell, 'kernel_info_request');
  const first = await within(startLimitMs, receive(), 'no kernel_info_reply');
  const startMs = performance.now() - began;
  if (first.header.msg_type !== 'kernel_info_reply') throw new Error(`the first reply is a ${first.header.msg_type}`);
  control.connect(endpoint(connection, 'control'));
  iopub.connect(endpoint(connection, 'iopub'));
  iopub.subscribe('');
  let heard = false;
  /** @param {readonly Buffer[]} _frames */
  let listener = (_frames) => {};
  // Every front end listens, so that the kernel has somebody to tell that it is busy and idle.
  const listening = (async () => {
    for await (const message of iopub) {
      heard = true;
      listener(message);
    }
  })();
  listening.catch(() => {});
  // What is published before the subscription has arrived is lost.
  const subscribed = async () => {
    while (!heard) {
      await send(shell, 'kernel_info_request');
      await receive();
    }
  };
  await within(startLimitMs, subscribed(), 'nothing is published');

  return {
    pid: child.pid ?? 0,
    startMs,
    connection,
    send: (type, content) => send(shell, type, content),
    receive,
    ask: async (type, content) => {
      await send(shell, type, content);
      return receive();
    },
    listen: (next) => {
      listener = next;
    },
    async flood(type, count, inFlight) {
      const requests = Array.from({ length: count }, () => /** @type {Buffer[]} */ (requestFrames(connection, type, {})));
      const began = performance.now();
      let sent = 0;
      for (; sent < inFlight; sent++) await shell.send(requests[sent] ?? []);
      for (let received = 0; received < count; received++) {
        await frames();
        if (sent < count) await shell.send(requests[sent++] ?? []);
      }
      return (performance.now() - began) / 1000;
    },
    async shutdown() {
      const asked = performance.now();
      await send(control, 'shutdown_request', { restart: false });
      // One that does not end is killed, and counts as if it had ended now.
      await within(exitLimitMs, ended, '').catch(() => endProcess(child));
      const exitMs = performance.now() - asked;
      control.close();
      iopub.close();
      return exitMs;
    },
  };
}

/** A workspace that refuses every connection: what is measured is the kernel alone. */
const nowhere = { DATABRICKS_HOST: 'http://127.0.0.1:9', DATABRICKS_TOKEN: 'none', DATABRICKS_CLUSTER_ID: 'none' };

/** What `install` makes kernelspecs of. @type {{ readonly argv: readonly string[] }} */
const template = JSON.parse(await readFile(new URL('../../kernel-spec/python/kernel.json', import.meta.url), 'utf8'));

/** What kernelspecs give to Node. @type {readonly string[]} */
export const nodeOptions = template.argv.slice(template.argv.indexOf('{node}') + 1, template.argv.indexOf('{main}'));

/**
 * Our kernel, on a workspace that nobody answers at unless `settings` name another.
 * @param {Context} context
 * @param {Readonly<Record<string, string>>} [settings] environment variables
 * @param {string} [node] another Node than the context's
 * @returns {KernelCommand}
 */
export function ourKernel(context, settings = nowhere, node = context.node) {
  const env = context.env({ DATABRICKS_KERNEL_HOME: `${context.directory}/home`, DATABRICKS_CONFIG_FILE: `${context.directory}/none`, ...settings });
  /** @type {Readonly<Record<string, string>>} */
  const places = { '{node}': node, '{main}': context.program };
  return { argv: template.argv.map((argument) => places[argument] ?? argument), env };
}

const floorProgram = fileURLToPath(new URL('floor/kernel.mjs', import.meta.url));

/** @param {string} rival @param {string} module @returns {(context: Context) => KernelCommand} */
const pythonKernel = (rival, module) => (context) => ({
  argv: [context.rivals.python(rival), '-m', module, '-f', '{connection_file}'],
  env: context.env({ ...nowhere, DATABRICKS_CONFIG_FILE: `${context.directory}/none` }),
});

/** Kernels to be compared, by the name shown. @type {Readonly<Record<string, (context: Context) => KernelCommand | Promise<KernelCommand>>>} */
export const kernels = {
  [ours]: (context) => ourKernel(context),
  ipykernel: pythonKernel('ipykernel', 'ipykernel_launcher'),
  'xeus-python': pythonKernel('xeus-python', 'xpython_launcher'),
  'jupyter-databricks-kernel': pythonKernel('jupyter-databricks-kernel', 'jupyter_databricks_kernel'),
  deno: async (context) => ({ argv: [await context.rivals.executable('deno'), 'jupyter', '--kernel', '--conn', '{connection_file}'] }),
  floor: (context) => ({ argv: [context.node, floorProgram, '{connection_file}'] }),
};

/**
 * The same measurement of several kernels, a new process each turn. `measure` ends it with `shutdown`, unless it fails.
 * @param {readonly string[]} names
 * @param {(kernel: Kernel, context: Context, name: string) => Promise<import('./experiment.mjs').Measured>} measure
 * @returns {Readonly<Record<string, import('./experiment.mjs').Contestant>>}
 */
export function each(names, measure) {
  return Object.fromEntries(names.map((name) => [name, async (/** @type {Context} */ context) => {
    const kernel = await startNamed(context, name);
    try {
      return await measure(kernel, context, name);
    } catch (error) {
      // Nothing that still runs is to hinder those that follow.
      await kernel.shutdown();
      throw error;
    }
  }]));
}

/** @param {Context} context @param {string} name of `kernels` */
export async function startNamed(context, name) {
  const command = await kernels[name]?.(context);
  if (command === undefined) throw new Error(`no kernel is called ${name}`);
  return startKernel(context, command);
}
