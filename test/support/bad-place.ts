import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { packageFile } from '../../src/lib/package-file.ts';
import { secretToken, startScriptedApi, temporaryDirectory } from './scripted-api.ts';
import type { ScriptedServer } from './scripted-server.ts';
import { startKernel, type KernelCommand, type RunningKernel } from './start-kernel.ts';

export const secretPassword = 'pass-very-secret';

/** The real kernel process against a scripted server, with a home, a configuration file and a log of its own. */
export interface Place extends AsyncDisposable {
  readonly kernel: RunningKernel;
  readonly server: ScriptedServer;
  /** `DATABRICKS_KERNEL_HOME`, beside `databrickscfg` and `log`. */
  readonly directory: string;
  readonly configFile: string;
  log(): Promise<string>;
}

export interface PlaceOptions {
  readonly language?: KernelLanguage;
  /** On top of a host, token and cluster that work; `undefined` takes a setting away. */
  readonly env?: NodeJS.ProcessEnv;
  /** Further arguments of `run`. */
  readonly args?: readonly string[];
  /** Prepares server and directory before the kernel starts. */
  readonly before?: (server: ScriptedServer, directory: string) => void | Promise<void>;
}

/** Disposal ends kernel and server, and fails if a secret got into a message, the output, the log or any other file. */
export async function startPlace({ language = 'python', env = {}, args = [], before }: PlaceOptions = {}): Promise<Place> {
  const home = await temporaryDirectory();
  const directory = home.path;
  const server = await startScriptedApi();
  const configFile = join(directory, 'databrickscfg');
  await before?.(server, directory);
  const seen: string[] = [];
  const kernel = await startKernel(commandIn(directory, language, { DATABRICKS_HOST: server.url.origin, DATABRICKS_CONFIG_FILE: configFile, ...env }, args));
  kernel.connection.anyMessage.connect((_, { msg }) => void seen.push(JSON.stringify(msg)));
  return {
    kernel,
    server,
    directory,
    configFile,
    log: () => readFile(join(directory, 'log'), 'utf8'),
    async [Symbol.asyncDispose]() {
      try {
        // The server outlives the kernel, which gives its contexts back.
        await kernel[Symbol.asyncDispose]();
        const shown = [...seen, kernel.stdout(), kernel.stderr(), JSON.stringify(await kernel.connection.info), ...(await filesIn(join(directory, 'home'))), await readFile(join(directory, 'log'), 'utf8').catch(() => '')];
        const told = shown.find((text) => [secretToken, secretPassword].some((secret) => text.includes(secret)));
        if (told !== undefined) throw new Error(`A secret is shown: ${told}`);
      } finally {
        await server[Symbol.asyncDispose]();
        await home[Symbol.asyncDispose]();
      }
    },
  };
}

/** How that kernel is started, for tests about ones that do not start. */
export function commandIn(directory: string, language: string, env: NodeJS.ProcessEnv, args: readonly string[] = []): KernelCommand {
  const settings: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: directory,
    DATABRICKS_TOKEN: secretToken,
    DATABRICKS_CLUSTER_ID: 'c1',
    DATABRICKS_KERNEL_HOME: join(directory, 'home'),
    DATABRICKS_KERNEL_LOG: join(directory, 'log'),
    ...env,
  };
  for (const [name, value] of Object.entries(settings)) if (value === undefined) delete settings[name];
  return { argv: [process.execPath, packageFile('dist', 'main.js'), 'run', '--language', language, '-f', '{connection_file}', ...args], env: settings };
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')));
}
