import { CommandLine } from './command-line.ts';
import { secretToken } from './scripted-api.ts';
import type { ScriptedServer } from './scripted-server.ts';

/** A scripted server, and the command line with settings for it. Disposal ends both. */
export interface CommandLinePlace extends AsyncDisposable {
  readonly server: ScriptedServer;
  readonly cli: CommandLine;
}

/** @param settings more environment variables; an empty `DATABRICKS_CLUSTER_ID` counts as none */
export async function commandLinePlace(server: ScriptedServer, settings: Readonly<Record<string, string>> = {}): Promise<CommandLinePlace> {
  const cli = await CommandLine.create({ DATABRICKS_HOST: server.url.origin, DATABRICKS_TOKEN: secretToken, DATABRICKS_CLUSTER_ID: 'c1', ...settings });
  return {
    server,
    cli,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await cli[Symbol.asyncDispose]();
    },
  };
}
