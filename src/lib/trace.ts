import { closeSync, openSync, writeSync } from 'node:fs';
import { debuglog, type DebugLogger } from 'node:util';
import { withoutControls } from './controls.ts';
import { BridgeError } from './errors.ts';

/** From the rarest to the most talkative; a level includes those before it. */
export const traceLevels = ['error', 'warn', 'info', 'debug'] as const;
export type TraceLevel = (typeof traceLevels)[number];

/**
 * The log of one layer. Messages are for the person who reads a log: one line, no newline at the end, never a secret,
 * never the user's code. Words of a server in them cannot command the terminal that shows the log.
 */
export type Trace = { readonly [L in TraceLevel]: (message: string) => void };

const standardError = 2;
let target = { descriptor: standardError, level: 'warn' as TraceLevel };

/**
 * Applies `DATABRICKS_KERNEL_LOG`: a level (`error`, `warn`, `info`, `debug`, in any case) prints to stderr up to that level; anything else
 * is the path of a file that gets everything; `undefined` or '' leaves errors and warnings on stderr.
 * Never stdout, which belongs to a program's output. Throws `BridgeError` `config`, and leaves all as it was, for a word that is no level
 * and when the file cannot be written.
 */
export function configureTrace(setting: string | undefined): void {
  const previous = target.descriptor;
  const level = traceLevels.find((known) => known === setting?.toLowerCase());
  if (!setting) target = { descriptor: standardError, level: 'warn' };
  else if (level !== undefined) target = { descriptor: standardError, level };
  else target = { descriptor: openLog(setting), level: 'debug' };
  if (previous !== standardError) closeSync(previous);
}

/** `NODE_DEBUG=databricks-kernel:LAYER` (or `:*`) prints a layer to stderr too, whatever the setting says. */
export function trace(layer: string): Trace {
  const debug: DebugLogger = debuglog(`databricks-kernel:${layer}`);
  const write = (level: TraceLevel) => (message: string) => {
    const isWritten = traceLevels.indexOf(level) <= traceLevels.indexOf(target.level);
    if (!isWritten && !debug.enabled) return;
    const clean = withoutControls(message, false);
    debug('%s %s', level, clean);
    if (!isWritten) return;
    try {
      writeSync(target.descriptor, `${new Date().toISOString()} ${level} ${layer}: ${clean}\n`);
    } catch {
      // A log on a full disk or a closed pipe must not end a cell, and there is nowhere left to say so.
    }
  };
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

function openLog(path: string): number {
  // Whoever writes `trace` expects no file of that name wherever a front end happens to start kernels.
  if (!/[./\\]/.test(path)) {
    const message = `DATABRICKS_KERNEL_LOG is "${path}", which is no level: give one of ${traceLevels.join(', ')}, or write ./${path} for a file of that name.`;
    throw new BridgeError('config', message, { setting: 'DATABRICKS_KERNEL_LOG' });
  }
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `DATABRICKS_KERNEL_LOG names a file that cannot be written (${code}): ${path}. Give a writable file, or one of ${traceLevels.join(', ')}.`;
    throw new BridgeError('config', message, { setting: 'DATABRICKS_KERNEL_LOG' }, { cause: error });
  }
}
