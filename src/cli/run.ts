import { parseArgs } from 'node:util';
import { BridgeError } from '../lib/errors.ts';
import { isKernelLanguage, kernelLanguages, type KernelLanguage } from '../languages/info.ts';

/** What a kernelspec's argv says: `run --language L -f FILE`. */
export interface RunArguments {
  readonly language: KernelLanguage;
  readonly connectionFile: string;
}

/** Reads the arguments after `run`. Throws `BridgeError` `config` for anything that is missing or unknown. */
export function parseRunArguments(argv: readonly string[]): RunArguments {
  const { language, file } = readOptions(argv);
  const languages = Object.keys(kernelLanguages).join(', ');
  if (language === undefined) throw usage('--language', `--language is missing: give one of ${languages}.`);
  if (!isKernelLanguage(language)) throw usage('--language', `Unknown language "${language}": give one of ${languages}.`);
  if (file === undefined) throw usage('-f', 'The connection file is missing: a front end gives it as -f FILE.');
  return { language, connectionFile: file };
}

function readOptions(argv: readonly string[]): { language?: string | undefined; file?: string | undefined } {
  try {
    const options = { language: { type: 'string' }, file: { type: 'string', short: 'f' } } as const;
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw usage('run', error instanceof Error ? error.message : String(error));
  }
}

function usage(setting: string, message: string): BridgeError {
  return new BridgeError('config', message, { setting });
}

/** Runs one kernel until its front end shuts it down. */
export async function run(argv: readonly string[]): Promise<void> {
  parseRunArguments(argv);
}
