import { BridgeError } from '../../lib/errors.ts';
import { pathsOf, type Machine } from '../../lib/paths.ts';
import type { AuthSettings } from '../config/logins.ts';
import { readExpiry } from './databricks-cli.ts';
import { isFile, printedObject, programsOnPath, runProgram } from './program.ts';
import type { AskToken } from './token.ts';
import { readTokenText } from './token.ts';

/** Databricks as an application of Microsoft Entra, in all of Azure's clouds (the vendor's SDKs, `ARM_DATABRICKS_RESOURCE_ID`). */
const databricksResource = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';

/** Asks the installed Azure CLI for a token for Databricks. */
export function askAzureCli({ tenant }: AuthSettings & { readonly type: 'azure-cli' }, machine: Machine, signal?: AbortSignal): AskToken {
  return async () => {
    const [program, ...first] = await findAz(machine);
    const chosen = tenant === undefined ? [] : ['--tenant', tenant];
    const args = [...first, 'account', 'get-access-token', '--resource', databricksResource, '--output', 'json', ...chosen];
    const end = await runProgram(program, args, machine, { signal });
    if (end.ended === 'badly') {
      const remedy = `az login${tenant === undefined ? '' : ` --tenant ${tenant}`}`;
      throw new BridgeError('config', `The Azure CLI gives no token for Databricks: ${end.words}. Log in with "${remedy}".`, { setting: 'DATABRICKS_AUTH_TYPE' });
    }
    const { accessToken, expires_on: seconds, expiresOn } = printedObject(end.stdout);
    const whose = 'The Azure CLI';
    // The text is the time of this machine, which is told twice when summer time ends; the number is exact.
    const expiresAt = seconds !== undefined && Number(seconds) > 0 ? Number(seconds) * 1000 : readExpiry(expiresOn, whose);
    return { value: readTokenText(accessToken, whose, 'DATABRICKS_AUTH_TYPE'), expiresAt };
  };
}

/** The program and its first arguments. On Windows `az` is a script for a shell around the Python beside it, which is called directly. */
async function findAz(machine: Machine): Promise<readonly [string, ...string[]]> {
  const { join, dirname } = pathsOf(machine);
  const [found] = await programsOnPath(machine.platform === 'win32' ? ['az.exe', 'az.cmd'] : ['az'], machine);
  if (found !== undefined && !found.endsWith('.cmd')) return [found];
  const python = found === undefined ? undefined : join(dirname(found), '..', 'python.exe');
  if (python !== undefined && (await isFile(python))) return [python, '-IBm', 'azure.cli'];
  throw new BridgeError('config', 'The Azure CLI is not installed (no az on the PATH)', { setting: 'DATABRICKS_AUTH_TYPE' });
}
