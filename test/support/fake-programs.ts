import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../../src/lib/paths.ts';
import { temporaryDirectory } from './scripted-api.ts';

/** A machine whose `PATH` holds the programs that a test writes, and nothing else; its home is the same empty directory. */
export interface FakeMachine extends Machine, AsyncDisposable {
  /** A program that notes its arguments, then does `script`, which knows the shell's own commands only. Gives its path. */
  install(name: string, script: string): Promise<string>;
  /** The arguments of each call of `name`, as one line each. */
  calls(name: string): Promise<readonly string[]>;
}

export async function fakeMachine(env: Readonly<Record<string, string>> = {}): Promise<FakeMachine> {
  const directory = await temporaryDirectory();
  const pathOf = (name: string): string => join(directory.path, name);
  return {
    platform: process.platform,
    env: { PATH: directory.path, ...env },
    home: directory.path,
    async install(name, script) {
      const note = `printf '%s ' "$@" >> "$0.calls"; echo >> "$0.calls"`;
      await writeFile(pathOf(name), `#!/bin/sh\n${note}\n${script}\n`, { mode: 0o755 });
      return pathOf(name);
    },
    calls: async (name) => {
      const noted = await readFile(`${pathOf(name)}.calls`, 'utf8').catch(() => '');
      return noted.split('\n').map((line) => line.trim()).filter((line) => line !== '');
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** What the Databricks CLI answers to `version`, and `auth token` otherwise. */
export function databricksCli(version: string, authToken: string): string {
  const [major, minor, patch] = version.split('.');
  return `if [ "$1" = version ]; then echo '{"Major": ${major}, "Minor": ${minor}, "Patch": ${patch}}'; exit 0; fi\n${authToken}`;
}

/** Prints a token as the Databricks CLI does. */
export function printToken(token: string, expiry: string): string {
  return `echo '${JSON.stringify({ access_token: token, token_type: 'Bearer', expiry })}'`;
}
