import { posix } from 'node:path';
import { pathsOf, type Machine } from '../lib/paths.ts';

/** A file system, as far as the look-up needs it: where a path really leads, or `undefined` where nothing is. */
export type RealPath = (path: string) => string | undefined;

/**
 * A path to the running Node that outlives its upgrade. Version managers keep each version in a directory of its own and delete it with the
 * version; a kernelspec that names such a directory then fails to start (ijavascript#280, deno#25306). Where the manager or PATH has a
 * name without a version for the same Node, that is taken; otherwise the path stays as it is.
 */
export function stableNode(execPath: string, machine: Machine, realPath: RealPath): string {
  return unversioned([execPath, ...managedNodes(execPath), ...nodesOnPath(machine)], realPath);
}

/** The first of several names of one file that carries no version; the first of all if none does. */
export function unversioned(names: readonly [string, ...string[]], realPath: RealPath): string {
  const file = realPath(names[0]);
  return names.find((name) => !isVersioned(name) && file !== undefined && realPath(name) === file) ?? names[0];
}

/**
 * Is this a path that goes with its version? One with a version number on the way, as `v20.19.0`, `node-v20.19.0-linux-x64` or
 * `databricks-kernel@0.1.0`; a snap's revision; fnm's links, one directory a shell.
 */
export function isVersioned(path: string): boolean {
  return /(^|[^\d.])\d+\.\d+\.\d+[^\\/]*[\\/]/.test(path) || /\/snap\/[^/]+\/\d+\/|\/fnm_multishells\//.test(path);
}

/** The names without a version that Homebrew, nvm, fnm and snap keep for the Node they made current. */
function managedNodes(execPath: string): readonly string[] {
  const rules: readonly [RegExp, string][] = [
    [/^(.*)\/Cellar\/([^/]+)\/[^/]+\/bin\/node$/, '$1/opt/$2/bin/node'],
    [/^(.*\/\.?nvm)\/versions\/node\/[^/]+\/bin\/node$/, '$1/current/bin/node'],
    [/^(.*\/\.?fnm)\/node-versions\/[^/]+\/installation\/bin\/node$/, '$1/aliases/default/bin/node'],
    [/^(.*\/snap\/node)\/\d+\/bin\/node$/, '$1/current/bin/node'],
  ];
  return rules.flatMap(([pattern, name]) => (pattern.test(execPath) ? [posix.normalize(execPath.replace(pattern, name))] : []));
}

function nodesOnPath(machine: Machine): readonly string[] {
  const { join, delimiter, isAbsolute } = pathsOf(machine);
  const directories = (machine.env['PATH'] ?? machine.env['Path'] ?? '').split(delimiter).filter(isAbsolute);
  return directories.map((directory) => join(directory, machine.platform === 'win32' ? 'node.exe' : 'node'));
}
