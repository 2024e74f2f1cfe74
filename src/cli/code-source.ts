import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Argument, Option, type Command } from 'commander';
import { remoteLanguages, type RemoteLanguage } from '../databricks/types.ts';
import { kernelLanguages } from '../languages/info.ts';
import { BridgeError } from '../lib/errors.ts';

/** How a command line names code and its language. */
export interface CodeOptions {
  readonly language?: RemoteLanguage;
  readonly file?: string;
}

/** Adds `[CODE]`, `--language` and `--file`. */
export function addCodeOptions(command: Command): Command {
  return command
    .addArgument(new Argument('[code]', 'the code; "-" reads it from standard input, as does a pipe where no code is given'))
    .addOption(new Option('-l, --language <language>', 'language of the code; a FILE may tell it by its name (.py, .scala, .sql)').choices(remoteLanguages))
    .option('-f, --file <file>', 'file that holds the code, in UTF-8');
}

/** The language that was named, or that the file's name tells. Throws `BridgeError` `config` where neither does. */
export function languageOf({ language, file }: CodeOptions): RemoteLanguage {
  const told = language ?? (file === undefined ? undefined : remoteLanguages.find((id) => extensions(id).includes(extname(file).toLowerCase())));
  if (told !== undefined) return told;
  const languages = remoteLanguages.join(', ');
  throw usage('--language', file === undefined || file === '-' ? `--language is missing: give one of ${languages}.` : `The name of ${file} does not tell its language: give --language with one of ${languages}.`);
}

function extensions(id: RemoteLanguage): readonly string[] {
  return id === 'r' ? ['.r'] : [`.${id}`, kernelLanguages[id].languageInfo.file_extension];
}

/**
 * The code that a command line means. Throws `BridgeError` `config` for none, two of them, and what cannot be read; the reason of
 * `signal` when that ends the reading.
 */
export async function readCode(code: string | undefined, { file }: CodeOptions, signal: AbortSignal): Promise<string> {
  if (code !== undefined && file !== undefined) throw usage('--file', 'The code is given twice, as an argument and with --file: give one of them.');
  if (code !== undefined && code !== '-') return code;
  if (file !== undefined && file !== '-') return readCodeFile(file);
  const isNamed = code === '-' || file === '-';
  if (!isNamed && process.stdin.isTTY) throw noCode();
  const bytes = await buffer(addAbortSignal(signal, process.stdin)).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
  // As of a job that forgot its code and has no standard input.
  if (!isNamed && bytes.length === 0) throw noCode();
  return decode(bytes, 'Standard input');
}

/**
 * The name under which code is sent to a context that this process has not made. It goes as a file, which every server reads, because
 * nothing has shown yet whether this one reads JSON.
 */
export function codeFileName({ file }: CodeOptions): string {
  return file === undefined || file === '-' ? 'command' : basename(file);
}

async function readCodeFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw usage('--file', `${file} cannot be read (${error.code}): check its name.`);
  });
  return decode(bytes, file);
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw usage('--file', `${name} is not UTF-8, which code must be: convert it first.`);
  }
}

function noCode(): BridgeError {
  return usage('code', 'There is no code: give it as an argument, with -f FILE, or on standard input.');
}

function usage(setting: string, message: string): BridgeError {
  return new BridgeError('config', message, { setting });
}
