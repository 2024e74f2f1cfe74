import { readFile, readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { packageFile } from '../../../src/lib/package-file.ts';

interface Package {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(await readFile(packageFile('package.json'), 'utf8')) as Package & { readonly scripts: Readonly<Record<string, string>> };
const lock = JSON.parse(await readFile(packageFile('package-lock.json'), 'utf8')) as { readonly lockfileVersion: number; readonly packages: Readonly<Record<string, Package>> };
const { '': root = {}, ...packages } = lock.packages;
const entries = Object.entries(packages);

test('every package is one version with one content, and the lock file is that of package.json', () => {
  expect(lock.lockfileVersion).toBe(3);
  expect(entries.filter(([, { version, integrity, link }]) => !/^\d+\.\d+\.\d+/.test(version ?? '') || !/^sha512-[\w+/]{86}==$/.test(integrity ?? '') || link === true)).toEqual([]);
  expect([root.dependencies, root.devDependencies]).toEqual([manifest.dependencies, manifest.devDependencies]);
});

test('an installed package brings zeromq alone, in the one version that was tried', () => {
  expect(manifest.dependencies).toEqual({ zeromq: packages['node_modules/zeromq']?.version });
});

test('no install script is run: those two that have one do without', async () => {
  expect(entries.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path)).toEqual(['node_modules/esbuild', 'node_modules/zeromq']);
  expect(Object.keys(manifest.scripts).filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  const scripts = (await readdir(packageFile('scripts'), { recursive: true })).filter((name) => name.endsWith('.mjs'));
  const calls = (await Promise.all(scripts.map((name) => readFile(packageFile('scripts', name), 'utf8')))).join('\n').match(/\['(?:ci|install|i|add|update)',[^\]]*\]/g) ?? [];
  // Of the clone's own packages nothing but what the lock file says.
  expect(calls.filter((call) => call.startsWith("['ci',"))).toHaveLength(1);
  for (const call of calls.filter((one) => !one.includes("'-m'") && one.includes('--no-audit'))) expect(call).toContain("'--ignore-scripts'");
});
