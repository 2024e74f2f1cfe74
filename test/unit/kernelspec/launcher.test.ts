import { expect, test } from 'vitest';
import { isVersioned, stableNode, unversioned } from '../../../src/kernelspec/launcher.ts';
import type { Machine } from '../../../src/lib/paths.ts';

type Row = { name: string; node: string; links: Record<string, string>; path?: string; platform?: Machine['platform']; expected: string };

// `links`: the names that exist beside the running Node, and where each leads.
test.for<Row>([
  { name: 'a system Node', node: '/usr/bin/node', links: {}, expected: '/usr/bin/node' },
  {
    name: "Homebrew's",
    node: '/opt/homebrew/Cellar/node@20/20.19.1/bin/node',
    links: { '/opt/homebrew/opt/node@20/bin/node': '/opt/homebrew/Cellar/node@20/20.19.1/bin/node' },
    expected: '/opt/homebrew/opt/node@20/bin/node',
  },
  {
    name: "nvm's with a current link",
    node: '/home/ann/.nvm/versions/node/v20.19.1/bin/node',
    links: { '/home/ann/.nvm/current/bin/node': '/home/ann/.nvm/versions/node/v20.19.1/bin/node' },
    expected: '/home/ann/.nvm/current/bin/node',
  },
  {
    name: "nvm's whose current link is another version",
    node: '/home/ann/.nvm/versions/node/v20.19.1/bin/node',
    links: { '/home/ann/.nvm/current/bin/node': '/home/ann/.nvm/versions/node/v22.0.0/bin/node' },
    expected: '/home/ann/.nvm/versions/node/v20.19.1/bin/node',
  },
  {
    name: "fnm's, whose name on PATH is gone with the shell",
    node: '/home/ann/.local/share/fnm/node-versions/v20.19.1/installation/bin/node',
    path: '/run/user/1000/fnm_multishells/1_2/bin',
    links: {
      '/run/user/1000/fnm_multishells/1_2/bin/node': '/home/ann/.local/share/fnm/node-versions/v20.19.1/installation/bin/node',
      '/home/ann/.local/share/fnm/aliases/default/bin/node':
        '/home/ann/.local/share/fnm/node-versions/v20.19.1/installation/bin/node',
    },
    expected: '/home/ann/.local/share/fnm/aliases/default/bin/node',
  },
  {
    name: "snap's",
    node: '/snap/node/9000/bin/node',
    links: { '/snap/node/current/bin/node': '/snap/node/9000/bin/node' },
    expected: '/snap/node/current/bin/node',
  },
  {
    name: 'an unpacked archive with a link on PATH',
    node: '/opt/node-v20.19.1-linux-x64/bin/node',
    path: 'relative:/usr/local/bin',
    links: { '/usr/local/bin/node': '/opt/node-v20.19.1-linux-x64/bin/node' },
    expected: '/usr/local/bin/node',
  },
  {
    name: 'one on PATH that is another Node',
    node: '/opt/node-v20.19.1-linux-x64/bin/node',
    path: '/usr/local/bin',
    links: { '/usr/local/bin/node': '/usr/lib/nodejs/node' },
    expected: '/opt/node-v20.19.1-linux-x64/bin/node',
  },
  {
    name: "nvm-windows'",
    node: 'C:\\nvm\\v20.19.1\\node.exe',
    path: 'C:\\Windows;C:\\Program Files\\nodejs',
    platform: 'win32',
    links: { 'C:\\Program Files\\nodejs\\node.exe': 'C:\\nvm\\v20.19.1\\node.exe' },
    expected: 'C:\\Program Files\\nodejs\\node.exe',
  },
])('$name is named by what outlives an upgrade, if there is such a name', ({ node, links, path, platform = 'linux', expected }) => {
  const files: Record<string, string> = { ...links, [node]: node };
  expect(stableNode(node, { platform, env: { PATH: path }, home: '/home/ann' }, (name) => files[name])).toBe(expected);
});

test('a program that was started by a name without version keeps that name', () => {
  const program = '/opt/pnpm/.pnpm/databricks-kernel@0.1.0/node_modules/databricks-kernel/dist/main.js';
  expect(unversioned([program, '/usr/local/bin/databricks-kernel'], () => program)).toBe('/usr/local/bin/databricks-kernel');
});

test.for([
  ['/usr/bin/node', false],
  ['/home/ann/my project 2/node', false],
  ['/home/ann/2024.05/node', false],
  ['/opt/node-v20.19.1-linux-x64/bin/node', true],
  ['C:\\nvm\\v20.19.1\\node.exe', true],
  ['/opt/databricks-kernel@0.1.0/dist/main.js', true],
] as const)('%s carries a version: %s', ([path, expected]) => {
  expect(isVersioned(path)).toBe(expected);
});
