import { BridgeError } from '../lib/errors.ts';
import { pathsOf, type Machine } from '../lib/paths.ts';

/** Whose kernelspecs: this user's, the active Python environment's, or those of the environment at a directory. */
export type Target =
  | { readonly of: 'user' }
  | { readonly of: 'environment' }
  | { readonly of: 'prefix'; readonly prefix: string };

/**
 * The directory in which Jupyter looks for the kernelspecs of `target`.
 * Throws `BridgeError` `config` when the active environment is asked for and none is active.
 */
export function kernelsDirectory(target: Target, machine: Machine): string {
  const { join, resolve } = pathsOf(machine);
  if (target.of === 'user') return join(dataDirectory(machine), 'kernels');
  const prefix = target.of === 'prefix' ? resolve(target.prefix) : activeEnvironment(machine);
  if (prefix !== undefined) return join(prefix, 'share', 'jupyter', 'kernels');
  throw new BridgeError(
    'config',
    'No Python environment is active: activate a virtual or conda environment, or name its directory with --prefix DIR.',
    { setting: '--sys-prefix' },
  );
}

/** `sys.prefix` of the active virtual or conda environment, as far as the environment variables tell. */
export function activeEnvironment({ env }: Machine): string | undefined {
  return env['VIRTUAL_ENV'] || env['CONDA_PREFIX'] || undefined;
}

/** jupyter_core's `jupyter_data_dir()`: `jupyter_core/paths.py` of version 5.9. */
export function dataDirectory(machine: Machine): string {
  const { platform, env, home } = machine;
  const { join } = pathsOf(machine);
  if (env['JUPYTER_DATA_DIR']) return env['JUPYTER_DATA_DIR'];
  const xdg = env['XDG_DATA_HOME'] || join(home, '.local', 'share');
  if (isOn(env['JUPYTER_PLATFORM_DIRS'])) {
    if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Jupyter');
    if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'Jupyter');
    return join(xdg, 'jupyter');
  }
  if (platform === 'darwin') return join(home, 'Library', 'Jupyter');
  if (platform === 'win32') {
    return env['APPDATA'] ? join(env['APPDATA'], 'jupyter') : join(env['JUPYTER_CONFIG_DIR'] || join(home, '.jupyter'), 'data');
  }
  return join(xdg, 'jupyter');
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['no', 'n', 'false', 'off', '0', '0.0'].includes(value.toLowerCase());
}
