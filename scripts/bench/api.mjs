// The server of `api-server.mjs`, and who is measured against it.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'undici';
import { ours } from './experiment.mjs';
import { ourKernel, startKernel } from './kernel.mjs';
import { bundle } from './support.mjs';

/** @typedef {import('./experiment.mjs').Context} Context */
/** `far`: the same server, a round trip of 50 ms away. @typedef {{ readonly near: string, readonly far: string }} Api */

export const rival = 'jupyter-databricks-kernel';
export const sdk = 'databricks-sdk';

/** Milliseconds that a round trip on the long way takes. */
export const farTrip = 50;

/** One for all turns of an experiment, by `context.shared`. @param {Context} context @returns {Promise<Api>} */
export async function startApi(context) {
  const child = context.start([process.execPath, await bundle('scripts/bench/api-server.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('the server has no output');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error('the server did not start');
}

/** What tells each client where to go. @param {string} url */
const settings = (url) => ({ DATABRICKS_HOST: url, DATABRICKS_TOKEN: 'bench', DATABRICKS_CLUSTER_ID: 'bench' });

/** Kernels on the server, by the name shown. @type {Readonly<Record<string, (context: Context, url: string) => Promise<import('./kernel.mjs').KernelCommand>>>} */
const commands = {
  [ours]: async (context, url) => ourKernel(context, settings(url)),
  [rival]: async (context, url) => {
    // It looks for its settings in the directory that it starts in; copying the notebook's files to the cluster is none of what is measured.
    const directory = join(context.directory, 'rival');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'pyproject.toml'), '[tool.jupyter-databricks-kernel.sync]\nenabled = false\n');
    return {
      argv: [context.rivals.python(rival), '-c', `import os; os.chdir(${JSON.stringify(directory)}); import runpy; runpy.run_module('jupyter_databricks_kernel', run_name='__main__')`, '-f', '{connection_file}'],
      env: pythonEnv(context, url),
    };
  },
};

/** @param {Context} context @param {string} url */
export function pythonEnv(context, url) {
  return context.env({ ...settings(url), DATABRICKS_CONFIG_FILE: join(context.directory, 'none') });
}

/** A kernel on the server. @param {Context} context @param {string} name @param {string} url */
export async function startOn(context, name, url) {
  const command = await commands[name]?.(context, url);
  if (command === undefined) throw new Error(`no kernel is called ${name}`);
  return startKernel(context, command);
}

/**
 * The bare calls on one kept connection, with nothing around them.
 * @param {Context} context @param {string} url
 */
export function bareApi(context, url) {
  const client = new Client(url);
  context.defer(() => client.destroy());
  /** @param {'GET' | 'POST'} method @param {string} path @param {string} [body] */
  const call = async (method, path, body = undefined) => {
    const headers = { authorization: 'Bearer bench', ...(body !== undefined && { 'content-type': 'application/json' }) };
    const { body: answer } = await client.request({ method, path, headers, ...(body !== undefined && { body }) });
    return /** @type {Promise<any>} */ (answer.json());
  };
  return {
    /** @param {string} code @returns {Promise<string>} its text, asked for without any pause */
    async run(code) {
      const { id } = await call('POST', '/api/1.2/commands/execute', JSON.stringify({ language: 'python', clusterId: 'bench', contextId: 'context-1', command: code }));
      for (;;) {
        const { status, results } = await call('GET', `/api/1.2/commands/status?clusterId=bench&contextId=context-1&commandId=${id}`);
        if (status === 'Finished') return results.data;
      }
    },
  };
}
