import { BridgeError } from '../../lib/errors.ts';
import type { Machine } from '../../lib/paths.ts';
import type { AuthSettings } from '../config/logins.ts';
import { isFile, printedObject, programsOnPath, runProgram, smallFileHolds } from './program.ts';
import type { AskToken } from './token.ts';
import { readTokenText } from './token.ts';

type CliSettings = AuthSettings & { readonly type: 'databricks-cli' };

/** Versions of the Databricks CLI whose `auth token` knows a flag (databricks-sdk-py 0.12x, `DatabricksCliTokenSource`). */
const profileSince: Version = [0, 207, 1];
const forceRefreshSince: Version = [0, 296, 0];

/** The Python CLI of before 2023 has another `auth`, and no tokens; as a small script it can be told by what it imports. */
const legacyMarker = 'from databricks_cli.cli import ';
const legacyLimitBytes = 1024 * 1024;

/** Asks the installed Databricks CLI, which keeps the user's login, for a token: `databricks auth token`. */
export function askDatabricksCli(auth: CliSettings, machine: Machine, signal?: AbortSignal): AskToken {
  const remedy = auth.profile === undefined ? `databricks auth login --host ${auth.host.origin}` : `databricks auth login --profile ${auth.profile}`;
  let version: Promise<Version> | undefined;
  return async (renewal) => {
    const cli = await findCli(auth, machine);
    const isSince = async (wanted: Version): Promise<boolean> => !isBefore(await (version ??= versionOf(cli, machine, signal)), wanted);
    // A renewed token from the CLI's cache would be the old one again.
    const byProfile = auth.profile !== undefined && (await isSince(profileSince));
    const target = byProfile ? ['--profile', auth.profile ?? ''] : ['--host', auth.host.origin];
    const force = renewal && (await isSince(forceRefreshSince)) ? ['--force-refresh'] : [];
    const end = await runProgram(cli, ['auth', 'token', ...target, ...force], machine, { signal });
    if (end.ended === 'badly') {
      throw new BridgeError('config', `The Databricks CLI (${cli}) gives no token: ${end.words}. Log in with "${remedy}".`, { setting: 'DATABRICKS_AUTH_TYPE' });
    }
    const printed = printedObject(end.stdout);
    const whose = `The Databricks CLI (${cli})`;
    return { value: readTokenText(printed['access_token'], whose, 'DATABRICKS_CLI_PATH'), expiresAt: readExpiry(printed['expiry'], whose) };
  };
}

/** `2024-03-20T10:30:00.123456789Z` or `2024-03-20 10:30:00`, which is the time of this machine. Milliseconds since 1970. */
export function readExpiry(value: unknown, whose: string): number {
  const time = typeof value === 'string' ? Date.parse(value.trim().replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1')) : NaN;
  if (!Number.isNaN(time)) return time;
  throw new BridgeError('config', `${whose} answered with a token, but not with a time when it ends.`, { setting: 'DATABRICKS_AUTH_TYPE' });
}

async function findCli({ cliPath }: CliSettings, machine: Machine): Promise<string> {
  const name = cliPath?.value ?? 'databricks';
  const setting = cliPath?.origin ?? 'DATABRICKS_CLI_PATH';
  const isPath = /[\\/]/.test(name);
  const suffixes = machine.platform === 'win32' && !/\.exe$/i.test(name) ? ['.exe'] : [''];
  const found = isPath ? [name] : await programsOnPath(suffixes.map((suffix) => name + suffix), machine);
  let legacy: string | undefined;
  for (const path of found) {
    if (!(await isFile(path))) throw new BridgeError('config', `${setting} names ${path}, which is no program.`, { setting });
    if (!(await smallFileHolds(path, legacyMarker, legacyLimitBytes))) return path;
    legacy ??= path;
  }
  if (legacy !== undefined) {
    throw new BridgeError('config', `${legacy} is the Databricks CLI of before 2023 (the Python package databricks-cli), which cannot give tokens: install the current one.`, { setting });
  }
  throw new BridgeError('config', `The Databricks CLI is not installed (no ${name} on the PATH)`, { setting });
}

type Version = readonly [major: number, minor: number, patch: number];

/** `0.0.0` where the CLI does not say: it is then asked for nothing that not every version knows. */
async function versionOf(cli: string, machine: Machine, signal: AbortSignal | undefined): Promise<Version> {
  const end = await runProgram(cli, ['version', '--output', 'json'], machine, { signal });
  const { Major, Minor, Patch } = printedObject(end.ended === 'well' ? end.stdout : '');
  return [Number(Major ?? 0), Number(Minor ?? 0), Number(Patch ?? 0)];
}

function isBefore(version: Version, wanted: Version): boolean {
  const at = version.findIndex((part, index) => part !== wanted[index]);
  return at >= 0 && !((version[at] ?? 0) > (wanted[at] ?? 0));
}
