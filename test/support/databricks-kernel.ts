import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { KernelMessage } from '@jupyterlab/services';
import { inject } from 'vitest';
import type { KernelLanguage } from '../../src/languages/info.ts';
import { packageFile } from '../../src/lib/package-file.ts';
import { shownLine } from './notebook.ts';
import { startKernel, type KernelCommand, type RunningKernel } from './start-kernel.ts';

/** The real program as a front end starts it, on the workspace that all tests on Spark share. */
export function kernelCommand(language: KernelLanguage, env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): KernelCommand {
  return {
    argv: [process.execPath, packageFile('dist', 'main.js'), 'run', '--language', language, '-f', '{connection_file}', ...args],
    env: { ...process.env, ...inject('sparkEnvironment'), ...env },
  };
}

export function startDatabricksKernel(language: KernelLanguage, env?: NodeJS.ProcessEnv): Promise<RunningKernel> {
  return startKernel(kernelCommand(language, env));
}

/** What a front end shows of outputs, each by its `shownLine`. */
export function shown(outputs: readonly KernelMessage.IIOPubMessage[]): string[] {
  return outputs.map(({ header, content }) => shownLine({ output_type: header.msg_type, ...(content as object) }));
}

/** Outputs without what a cell shows while it waits: the transient display, and the `clear_output` that removes it. */
export function withoutWait(outputs: readonly KernelMessage.IIOPubMessage[]): readonly KernelMessage.IIOPubMessage[] {
  const cleared = outputs.map(({ header }) => header.msg_type).lastIndexOf('clear_output');
  return outputs.slice(cleared + 1);
}

/** Like `shown`, of those that stay. */
export function kept(outputs: readonly KernelMessage.IIOPubMessage[]): string[] {
  return shown(withoutWait(outputs));
}

export interface ContextAddress {
  readonly host: string;
  readonly clusterId: string;
  readonly contextId: string;
}

/** The contexts that the kernels of this home hold, as their journals say. */
export async function openContexts(): Promise<ContextAddress[]> {
  const directory = join(inject('sparkEnvironment')['DATABRICKS_KERNEL_HOME'] ?? '', 'contexts');
  const names = await readdir(directory).catch(() => []);
  // A kernel that has given its last context back removes its journal, perhaps between these two lines.
  const files = await Promise.all(names.filter((name) => name.endsWith('.json')).map((name) => readFile(join(directory, name), 'utf8').catch(unlessGone)));
  return files.flatMap((file) => (file === undefined ? [] : (JSON.parse(file) as { entries: ContextAddress[] }).entries));
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** The contexts that are open now and were not before: kernels that tests have killed leave theirs in the journals. */
export async function contextsSince(before: readonly ContextAddress[]): Promise<ContextAddress[]> {
  const known = before.map(({ contextId }) => contextId);
  return (await openContexts()).filter(({ contextId }) => !known.includes(contextId));
}

/** Called before a kernel starts; its result tells the one context that has been opened since, and is open. Throws unless it is one. */
export async function watchContexts(): Promise<() => Promise<ContextAddress>> {
  const before = await openContexts();
  return async () => {
    const [context, ...more] = await living(await contextsSince(before));
    if (context === undefined || more.length > 0) throw new Error(`${context === undefined ? 'no context has' : 'several contexts have'} been opened`);
    return context;
  };
}

/**
 * Those that the workspace still has. A kernel that ends waits two seconds for the answer to `destroy`, and leaves a context in its journal
 * whose end it was not told by then.
 */
export async function living(contexts: readonly ContextAddress[]): Promise<ContextAddress[]> {
  const states = await Promise.all(contexts.map(contextStatus));
  return contexts.filter((_, index) => !isDeepStrictEqual(states[index], contextNotFound));
}

/** What the workspace itself says of a context: the answer of `contexts/status`. */
export async function contextStatus({ clusterId, contextId }: ContextAddress): Promise<unknown> {
  const state = JSON.parse(await readFile(join(inject('sparkEnvironment')['DATABRICKS_KERNEL_HOME'] ?? '', 'workspace.json'), 'utf8'));
  const query = new URLSearchParams({ clusterId, contextId });
  const answer = await fetch(`${state.url}/api/1.2/contexts/status?${query}`, { headers: { authorization: `Bearer ${state.token}` } });
  return answer.json();
}

export const contextNotFound = { error: 'ContextNotFound' };
