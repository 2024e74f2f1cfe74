import { join } from 'node:path';
import { expect } from 'vitest';
import type { DialectName } from '../../src/workspace/dialect.ts';
import type { WorkspaceState } from '../../src/workspace/state-file.ts';
import { runProgram } from './run-program.ts';
import { WorkspaceHome } from './workspace-program.ts';

export type Login = 'PAT' | 'Basic';

/** The settings of the ecosystem that lead to a workspace. */
export function settingsFor({ url, token, clusterId }: WorkspaceState, login: Login): Readonly<Record<string, string>> {
  const credentials = login === 'PAT' ? { DATABRICKS_TOKEN: token } : { DATABRICKS_USERNAME: 'token', DATABRICKS_PASSWORD: token };
  return { DATABRICKS_HOST: url, DATABRICKS_CLUSTER_ID: clusterId, ...credentials };
}

export interface ThirdParty {
  /** Of `test/fixtures/clients`. */
  readonly file: string;
  /** What runs it. */
  readonly runtime: string;
  /** The workspace's program (`buildWorkspaceProgram`). */
  readonly workspace: string;
  readonly dialect: DialectName;
  readonly login: Login;
}

/** Runs a client of others on a workspace of its own, over HTTP; gives the JSON that it prints. The token is in none of its outputs. */
export async function outcomeOf({ file, runtime, workspace, dialect, login }: ThirdParty): Promise<Record<string, unknown>> {
  await using home = new WorkspaceHome(workspace);
  const state = await home.start(['--dialect', dialect]);
  const client = join(import.meta.dirname, '../fixtures/clients', file);
  const { code, stdout, stderr } = await runProgram(runtime, [client], { env: home.env(settingsFor(state, login)) });
  expect(`${stdout}${stderr}`).not.toContain(state.token);
  expect(code, stderr).toBe(0);
  // Nothing that a client of today would warn of; those that a server of 2015 lacks, it does.
  if (dialect === 'modern') expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, unknown>;
}
