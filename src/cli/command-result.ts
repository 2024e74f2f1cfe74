import { constants, openSync } from 'node:fs';
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatJson } from '../databricks/json.ts';
import type { CommandResult } from '../databricks/types.ts';
import { errorOf } from '../languages/error-text.ts';
import { BridgeError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { isHtml } from '../render/html.ts';
import { readDataUrl } from '../render/image.ts';
import { tableToText } from '../render/table-text.ts';
import { print, type JsonOption } from './output.ts';
import { oneLine } from '../lib/controls.ts';
import { reportFor } from './terminal-text.ts';

/** Where a result goes, and how. */
export interface ResultOptions extends JsonOption {
  /** A file for the result, instead of standard output. */
  readonly output?: string;
}

/**
 * Prints what a command came to, all of it: text as it is, tables aligned, errors with their traceback on stderr. Pictures, and HTML on a
 * terminal, are said in words unless there is a file for them. Sets exit code 1 for a command that failed.
 * Throws `BridgeError` `config` where the file cannot be written.
 * @param raw the server's `results`
 */
export async function printCommandResult(result: CommandResult, raw: JsonObject, { output, json }: ResultOptions): Promise<void> {
  const put = (text: string): Promise<void> | void => (output === undefined ? print(text) : write(output, text));
  if (result.kind === 'error') process.exitCode = 1;
  if (json === true) return put(`${formatJson(raw)}\n`);
  switch (result.kind) {
    case 'text':
      if (output !== undefined || !process.stdout.isTTY || !isHtml(result.text)) return put(result.text);
      return say(`The result is HTML, ${result.text.length} characters: write it into a file with --output FILE.`);
    case 'table':
      // Only what is read on the spot is better short than whole.
      return put(`${tableToText(result, result.rows.length, output === undefined && process.stdout.isTTY ? undefined : Infinity)}\n`);
    case 'image':
      return printImages(result.fileNames, output);
    case 'error':
      return printError(result);
    case 'unknown':
      say(`The server sent a result of the unknown type "${result.resultType}":`);
      return put(`${formatJson(result.raw)}\n`);
  }
}

function printError({ summary, cause }: { summary: string; cause: string }): void {
  process.stderr.write(reportFor(process.stderr, `${errorOf(summary, cause).traceback.join('\n')}\n`));
}

async function printImages(fileNames: readonly string[], output: string | undefined): Promise<void> {
  if (fileNames.length === 0) return say('The server announced a picture and sent none.');
  for (const [i, fileName] of fileNames.entries()) {
    const picture = readDataUrl(fileName);
    const [mime, content] = Object.entries(picture?.data ?? {}).findLast(([type]) => type !== 'text/plain') ?? [];
    if (mime === undefined || typeof content !== 'string') {
      say(`The picture is too large for the API to send; it is a file on the workspace: ${fileName}`);
    } else if (output === undefined) {
      say(`The result is a picture, ${String(picture?.data['text/plain'])}: write it into a file with --output FILE.`);
    } else {
      await write(numbered(output, i), /^text\/|svg/.test(mime) ? content : Buffer.from(content, 'base64'));
    }
  }
}

/** `plot.png`, `plot-2.png`, … */
function numbered(file: string, i: number): string {
  const extension = extname(file);
  return i === 0 ? file : `${file.slice(0, file.length - extension.length)}-${i + 1}${extension}`;
}

/** Throws `BridgeError` `config` where the file of `--output` cannot be written: a server gives a result once, so this must be known before. */
export async function checkOutput({ output }: ResultOptions): Promise<void> {
  if (output === undefined) return;
  const entry = await stat(output).catch(() => undefined);
  // Whoever opens a pipe waits for its reader, who takes the trial for all there is.
  if (entry?.isFIFO() === true) return;
  await open(output, 'a').then((file) => file.close(), refuseOutput(output));
  if (entry === undefined) await rm(output);
}

function refuseOutput(file: string) {
  return (error: NodeJS.ErrnoException): never => {
    throw new BridgeError('config', `The result cannot be written to ${file} (${error.code}): choose another place with --output.`, { setting: '--output' });
  };
}

async function write(file: string, content: string | Uint8Array): Promise<void> {
  const pipe = await stat(file).then((entry) => entry.isFIFO(), () => false);
  await (pipe ? writePipe(file, content) : writeFile(file, content)).catch(refuseOutput(file));
  say(`Wrote ${file}, ${Buffer.byteLength(content)} bytes`);
}

/** Never waits inside of a system call, which no signal could end. Throws ENXIO for a pipe that nobody reads. */
async function writePipe(file: string, content: string | Uint8Array): Promise<void> {
  const fd = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  await pipeline(Readable.from([content], { objectMode: false }), new Socket({ fd, readable: false, writable: true }));
}

/** Words of ours beside the result. */
function say(words: string): void {
  process.stderr.write(`${oneLine(words)}\n`);
}
