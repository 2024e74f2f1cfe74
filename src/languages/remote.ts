import { readFileSync } from 'node:fs';
import type { RemoteLanguage } from '../databricks/types.ts';
import type { JsonValue } from '../lib/json.ts';
import { packageFile } from '../lib/package-file.ts';

/**
 * The command that calls a Python function of ours in the context: the text of its file, and a call with one JSON argument.
 * The file defines the function `_databricks_kernel(argument)` and no other name; the function takes that name out of the
 * user's globals before it does anything else.
 * @param file the path of the `.py` file below `src/`
 */
export function remoteCall(file: string, argument: JsonValue): { code: string; language: RemoteLanguage } {
  // A JSON text as a JSON string is a Python string literal as well.
  const literal = JSON.stringify(JSON.stringify(argument));
  return { code: `${readSource(file)}\n_databricks_kernel(__import__("json").loads(${literal}))\n`, language: 'python' };
}

const sources = new Map<string, string>();

/** Read once, where it lies in the package. */
function readSource(file: string): string {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const source = readFileSync(packageFile('src', ...file.split('/')), 'utf8');
  sources.set(file, source);
  return source;
}
