// Clients and servers of the tests, for the bench as well.
import { basename, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../setup.mjs';

/**
 * Bundles a file, with what it imports of the sources, into a module that Node runs.
 * @param {string} path from the root, for example `test/support/raw-client.ts`
 * @param {Readonly<Record<string, string>>} [more] files that it runs by name, such as a worker's: they are put beside it
 * @returns {Promise<string>} the module's file
 */
export async function bundle(path, more = {}) {
  const { build } = await import('esbuild');
  const name = basename(path, extname(path));
  const outdir = join(root, '.cache', 'bench', 'bundles', name);
  await build({
    absWorkingDir: root, entryPoints: { [name]: path, ...more }, outdir, bundle: true, splitting: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external',
    logLevel: 'error',
  });
  return join(outdir, `${name}.js`);
}

/** @typedef {typeof import('../../test/support/raw-client.ts') & typeof import('../../test/support/client-wire.ts')} Wire */

/** @type {Promise<Wire> | undefined} */
let wire;

/** The tests' raw client: frames in, frames out, so that it costs little, and every contestant the same. */
export function loadWire() {
  wire ??= Promise.all(['raw-client', 'client-wire'].map(async (name) => import(pathToFileURL(await bundle(`test/support/${name}.ts`)).href))).then(
    ([client, frames]) => ({ ...client, ...frames }),
  );
  return wire;
}
