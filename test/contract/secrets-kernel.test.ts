import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from '../../scripts/build.mjs';
import { packageFile, packageVersion } from '../../src/lib/package-file.ts';
import { startLogins } from '../support/login-place.ts';
import { failures, leaksIn, logins, plant, secrets } from '../support/planted-secrets.ts';
import { runProgram } from '../support/run-program.ts';
import { startKernel, type RunningKernel } from '../support/start-kernel.ts';
import { buildWorkspaceProgram, WorkspaceHome } from '../support/workspace-program.ts';

/* What a running kernel shows, writes and passes on, with secrets in every setting that may hold one and everything logged. */

let workspaceProgram = '';
beforeAll(async () => {
  await build();
  workspaceProgram = await buildWorkspaceProgram();
});
afterAll(() => rm(dirname(workspaceProgram), { recursive: true, force: true }));

/** The real kernel, and every message that it sends. */
async function start(env: NodeJS.ProcessEnv, language = 'sql'): Promise<{ kernel: RunningKernel; messages: readonly string[] }> {
  const messages: string[] = [];
  const kernel = await startKernel({ argv: [process.execPath, packageFile('dist', 'main.js'), 'run', '--language', language, '-f', '{connection_file}'], env });
  kernel.connection.anyMessage.connect((_, { msg, direction }) => void (direction === 'recv' && messages.push(JSON.stringify(msg))));
  return { kernel, messages };
}

async function filesIn(directory: string, but: readonly string[] = []): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).filter((file) => !but.includes(file));
  return (await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))).join('\n');
}

const cells = ['select 1', '%config', '%context status', '%lsmagic', 'select 2'];

test.for(Object.keys(logins))('%s: no cell, log, file or argument of a kernel shows it, though the server repeats it', async (kind = '') => {
  await using place = await startLogins({ ...logins[kind], DATABRICKS_CLUSTER_ID: 'c1', HTTPS_PROXY: `http://proxy-user:${secrets.proxyPassword}@127.0.0.1:1` });
  const { server, machine } = place;
  await plant(server, machine);
  const home = join(machine.home, 'home');
  const log = join(machine.home, 'log');
  const { kernel, messages } = await start({ ...machine.env, HOME: machine.home, DATABRICKS_KERNEL_HOME: home, DATABRICKS_KERNEL_LOG: log, NODE_DEBUG: 'databricks-kernel:*' });
  await using _ = kernel;
  const replies: unknown[] = [JSON.stringify(await kernel.connection.info)];
  for (const code of cells.slice(0, -1)) replies.push((await kernel.execute(code)).reply);
  server.guard((request) => (request.path.endsWith('/commands/execute') ? failures['a 401 that repeats the login']?.(request) : undefined));
  const refused = (await kernel.execute(cells.at(-1) ?? '')).reply;
  // It did carry a login, and the server did repeat it.
  expect(leaksIn(place.logins().at(-1) ?? '')).not.toEqual([]);
  expect(refused).toMatchObject({ status: 'error', evalue: expect.stringContaining('***') });
  const line = await readFile(`/proc/${kernel.process.pid}/cmdline`, 'utf8');
  await kernel.shutdown();
  const written = await readFile(log, 'utf8');
  expect(written).toContain('debug databricks: POST');
  const programs = [...(await machine.calls('databricks')), ...(await machine.calls('az'))];
  const shown = [...messages, JSON.stringify([...replies, refused]), kernel.stdout(), kernel.stderr(), written, line, ...programs, await filesIn(home)];
  expect(leaksIn(shown.join('\n'))).toEqual([]);
});

test('the token of the embedded workspace stands in its state file and nowhere else: no cell, log, file, argument or environment', async () => {
  await using home = new WorkspaceHome(workspaceProgram);
  const { token, pid } = await home.start([], { TEST_VERSION: packageVersion });
  const log = join(home.path, 'kernel.log');
  const { kernel, messages } = await start({ ...home.env(), DATABRICKS_HOST: 'embedded', DATABRICKS_CONFIG_FILE: join(home.path, 'none'), DATABRICKS_KERNEL_LOG: log, NODE_DEBUG: 'databricks-kernel:*' }, 'scala');
  await using _ = kernel;
  expect((await kernel.execute('echo hello')).text).toContain('hello');
  await kernel.execute('throw');
  await kernel.execute('%context status');
  const { stdout: processes } = await runProgram('ps', ['axeww', '-o', 'command='], { env: { PATH: process.env['PATH'] } });
  expect(processes).toContain(`DATABRICKS_KERNEL_HOME=${home.path}`);
  // The journal, while the kernel holds its context, and the lock, too.
  const files = await filesIn(home.path, [home.files.state]);
  expect(files).toContain(String(pid));
  const status = await home.run(['status', '--json']);
  await kernel.shutdown();
  const shown = [...messages, kernel.stdout(), kernel.stderr(), await readFile(log, 'utf8'), await home.log(), processes, files, status.stdout].join('\n');
  expect(shown).toContain('debug databricks: POST');
  const forms = [token, Buffer.from(`token:${token}`).toString('base64').replace(/=+$/, '')];
  expect(forms.filter((form) => shown.includes(form))).toEqual([]);
  expect(await readFile(home.files.state, 'utf8')).toContain(token);
});
