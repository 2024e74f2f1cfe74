import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { KernelCommand } from './start-kernel.ts';

const root = join(import.meta.dirname, '../..');

/** Bundles the fixture kernel as the package is bundled, into a directory of its own, and says how to run it. */
export async function buildEchoKernel(): Promise<AsyncDisposable & { readonly command: KernelCommand }> {
  const outdir = await mkdtemp(join(tmpdir(), 'echo-kernel-'));
  await build({
    absWorkingDir: root,
    entryPoints: { 'echo-kernel': 'test/fixtures/kernels/echo-kernel.ts', 'heartbeat-worker': 'src/wire/heartbeat-worker.ts' },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['zeromq'],
    logLevel: 'error',
  });
  await symlink(join(root, 'node_modules'), join(outdir, 'node_modules'), 'dir');
  // A directory below the temporary one has no package.json above it that says what its modules are.
  await writeFile(join(outdir, 'package.json'), '{"type": "module"}');
  return {
    command: { argv: [process.execPath, join(outdir, 'echo-kernel.js'), '{connection_file}'] },
    [Symbol.asyncDispose]: () => rm(outdir, { recursive: true, force: true }),
  };
}
