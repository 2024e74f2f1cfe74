import { execFile, type ExecFileOptions } from 'node:child_process';

/** How a program has ended, and what it has printed. */
export interface Run {
  /** `null` after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever that is. Rejects where it cannot be run. */
export function runProgram(command: string, args: readonly string[], options: Pick<ExecFileOptions, 'cwd' | 'env'> = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { ...options, maxBuffer: Infinity }, (error, stdout, stderr) => {
      // An exit code is a number.
      if (typeof error?.code === 'string') reject(error);
      else resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}
