import { posix, win32 } from 'node:path';

/** What a platform's rules for directories depend on, as values, so that all platforms can be tested on one. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
}

/** Where state and caches live: `DATABRICKS_KERNEL_HOME`, or a directory of ours in the platform's place for a user's data. */
export function kernelHome(machine: Machine): string {
  const { platform, env, home } = machine;
  const { join } = pathsOf(machine);
  if (env['DATABRICKS_KERNEL_HOME']) return env['DATABRICKS_KERNEL_HOME'];
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'databricks-kernel');
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'databricks-kernel');
  return join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'databricks-kernel');
}

/** The path functions of a machine's platform, which need not be the one this runs on. */
export function pathsOf({ platform }: Machine): typeof posix {
  return platform === 'win32' ? win32 : posix;
}
