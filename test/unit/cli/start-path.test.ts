import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/*
 * What a kernel loads before its first reply is what a person waits for: these folders and files, and nothing else. Read from the bundler, which
 * knows what is left of an import when its types are gone; `import()` is for what may come later.
 */
const allowed = [
  /^src\/(?:wire|kernel|protocol|lib)\//,
  /^src\/languages\/info\.ts$/,
  /^src\/cli\/(?:run|lifecycle|machine|report|terminal-text)\.ts$/,
  /^package\.json$/,
];
const allowedPackages = ['zeromq'];

const root = join(import.meta.dirname, '..', '..', '..');

/** Every chain of static imports from `entry` to a file or package that must not be there, the shortest for each. */
async function offendingChains(entry: string, contents?: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    ...(contents === undefined ? { entryPoints: [entry] } : { stdin: { contents, sourcefile: basename(entry), resolveDir: join(root, 'src', 'cli'), loader: 'ts' as const } }),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outdir: 'dist',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  if (metafile.inputs[entry] === undefined) throw new Error(`${entry} is not among ${Object.keys(metafile.inputs).join(', ')}`);
  const chains = new Map([[entry, entry]]);
  const offending: string[] = [];
  for (const [file, chain] of chains) {
    for (const { path, kind, external } of metafile.inputs[file]?.imports ?? []) {
      if (kind === 'dynamic-import' || chains.has(path) || path.startsWith('node:')) continue;
      chains.set(path, `${chain} → ${path}`);
      const isFine = external === true ? allowedPackages.includes(path) : allowed.some((place) => place.test(path));
      if (!isFine) offending.push(`${chain} → ${path}`);
    }
  }
  return offending;
}

test('before its first reply a kernel loads wire, kernel, protocol, lib, what is known of the languages, and zeromq', async () => {
  expect(await offendingChains('src/cli/run.ts')).toEqual([]);
});

test('the program itself loads nothing before it knows which command it is', async () => {
  expect(await offendingChains('src/main.ts')).toEqual([]);
});

test('what does not belong there is told with the way it came in', async () => {
  const contents = `import { parseRunArguments } from './run.ts';
    import { createSession } from '../session/session.ts';
    import type { Settings } from '../databricks/config/settings.ts';
    const later = () => import('./index.ts');
    export { parseRunArguments, createSession, later };
    export type { Settings };`;
  const chains = await offendingChains('src/cli/bad.ts', contents);
  expect(chains).toContain('src/cli/bad.ts → src/session/session.ts');
  expect(chains).toContain('src/cli/bad.ts → src/session/session.ts → src/databricks/run-command.ts');
  expect(chains.filter((chain) => /settings\.ts|cli\/index\.ts|commander/.test(chain))).toEqual([]);
});
