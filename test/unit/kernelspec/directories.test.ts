import { expect, test } from 'vitest';
import { kernelsDirectory, type Target } from '../../../src/kernelspec/directories.ts';
import type { Machine } from '../../../src/lib/paths.ts';
import { kernelHome } from '../../../src/lib/paths.ts';

const linux = { platform: 'linux', home: '/home/ann' } as const;
const mac = { platform: 'darwin', home: '/Users/ann' } as const;
const windows = { platform: 'win32', home: 'C:\\Users\\ann' } as const;
const user: Target = { of: 'user' };
const environment: Target = { of: 'environment' };

type Row = [string, Target, Omit<Machine, 'env'>, Machine['env'], string];

// What jupyter_core's jupyter_data_dir() and install_kernel_spec() give on each platform.
test.for<Row>([
  ['a Linux user', user, linux, {}, '/home/ann/.local/share/jupyter/kernels'],
  ['a Linux user with XDG_DATA_HOME', user, linux, { XDG_DATA_HOME: '/data' }, '/data/jupyter/kernels'],
  ['a Linux user with an empty XDG_DATA_HOME', user, linux, { XDG_DATA_HOME: '' }, '/home/ann/.local/share/jupyter/kernels'],
  ['a Linux user with JUPYTER_DATA_DIR', user, linux, { JUPYTER_DATA_DIR: '/j', XDG_DATA_HOME: '/data' }, '/j/kernels'],
  ['a Linux user of platform directories', user, linux, { JUPYTER_PLATFORM_DIRS: '1' }, '/home/ann/.local/share/jupyter/kernels'],
  ['a macOS user', user, mac, {}, '/Users/ann/Library/Jupyter/kernels'],
  ['a macOS user with XDG_DATA_HOME', user, mac, { XDG_DATA_HOME: '/data' }, '/Users/ann/Library/Jupyter/kernels'],
  [
    'a macOS user of platform directories',
    user,
    mac,
    { JUPYTER_PLATFORM_DIRS: 'yes' },
    '/Users/ann/Library/Application Support/Jupyter/kernels',
  ],
  ['a macOS user who declines platform directories', user, mac, { JUPYTER_PLATFORM_DIRS: 'no' }, '/Users/ann/Library/Jupyter/kernels'],
  ['a Windows user', user, windows, { APPDATA: 'C:\\Users\\ann\\Roaming' }, 'C:\\Users\\ann\\Roaming\\jupyter\\kernels'],
  ['a Windows user without APPDATA', user, windows, {}, 'C:\\Users\\ann\\.jupyter\\data\\kernels'],
  ['a Windows user with a configuration directory', user, windows, { JUPYTER_CONFIG_DIR: 'D:\\c' }, 'D:\\c\\data\\kernels'],
  [
    'a Windows user of platform directories',
    user,
    windows,
    { JUPYTER_PLATFORM_DIRS: 'true', LOCALAPPDATA: 'C:\\L', APPDATA: 'C:\\R' },
    'C:\\L\\Jupyter\\kernels',
  ],
  ['a virtual environment', environment, linux, { VIRTUAL_ENV: '/v' }, '/v/share/jupyter/kernels'],
  ['a conda environment', environment, mac, { CONDA_PREFIX: '/opt/conda' }, '/opt/conda/share/jupyter/kernels'],
  [
    'a virtual environment within conda',
    environment,
    linux,
    { VIRTUAL_ENV: '/v', CONDA_PREFIX: '/opt/conda' },
    '/v/share/jupyter/kernels',
  ],
  ['a virtual environment on Windows', environment, windows, { VIRTUAL_ENV: 'D:\\v' }, 'D:\\v\\share\\jupyter\\kernels'],
  ['a prefix', { of: 'prefix', prefix: '/opt/my jupyter' }, linux, {}, '/opt/my jupyter/share/jupyter/kernels'],
  ['a prefix on Windows', { of: 'prefix', prefix: 'D:\\my jupyter' }, windows, {}, 'D:\\my jupyter\\share\\jupyter\\kernels'],
])('kernels of %s are found where Jupyter looks', ([, target, machine, env, expected]) => {
  expect(kernelsDirectory(target, { ...machine, env })).toBe(expected);
});

test('where no environment is active, --sys-prefix says what to do', () => {
  expect(() => kernelsDirectory(environment, { ...linux, env: {} })).toThrow(/No Python environment is active: .* --prefix DIR/);
});

test.for<[string, Omit<Machine, 'env'>, Machine['env'], string]>([
  ['Linux', linux, {}, '/home/ann/.local/share/databricks-kernel'],
  ['Linux with XDG_DATA_HOME', linux, { XDG_DATA_HOME: '/data' }, '/data/databricks-kernel'],
  ['macOS', mac, {}, '/Users/ann/Library/Application Support/databricks-kernel'],
  ['Windows', windows, { LOCALAPPDATA: 'C:\\L' }, 'C:\\L\\databricks-kernel'],
  ['Windows without LOCALAPPDATA', windows, {}, 'C:\\Users\\ann\\AppData\\Local\\databricks-kernel'],
  ['anything with DATABRICKS_KERNEL_HOME', linux, { DATABRICKS_KERNEL_HOME: '/k', XDG_DATA_HOME: '/data' }, '/k'],
])('state on %s lies where the platform keeps such data', ([, machine, env, expected]) => {
  expect(kernelHome({ ...machine, env })).toBe(expected);
});
