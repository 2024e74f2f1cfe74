// Bundles the program into dist/: `npm run build`, or `await build()` from the other scripts.
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inOneFile } from './start-path.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The command. */
const program = { main: 'src/main.ts' };
/** What shares no files with it: the worker thread that answers heartbeats while the main thread is busy; what the other scripts need of the sources. */
const others = { 'heartbeat-worker': 'src/wire/heartbeat-worker.ts', runtime: 'src/workspace/driver/runtime.ts' };

/**
 * zeromq is installed beside the program and is CommonJS. Where an `import` names such a package Node first reads its sources for the names that
 * they export, which takes 5 ms and more of each start; `require` does not.
 * @type {import('esbuild').Plugin}
 */
const zeromqByRequire = {
  name: 'zeromq by require',
  setup(bundler) {
    bundler.onResolve({ filter: /^zeromq$/ }, ({ path, kind }) => (kind === 'require-call' ? { path, external: true } : { path, namespace: 'required' }));
    bundler.onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = require(${JSON.stringify(path)});` }));
  },
};

/** Chunks of an earlier build are kept this long, because a kernel that is still running may yet import one. */
const keepChunksMs = 24 * 3600 * 1000;

/**
 * Writes dist/ from src/. Chunks carry the hash of their content and are written before the entries, which are replaced by rename:
 * whoever starts while this runs sees the old program or the new one, never a mixture.
 * @param {{ clean?: boolean, into?: string }} [options] `clean` removes every file of earlier builds, for a package to publish
 * @returns {Promise<void>} rejects when the sources do not bundle; esbuild has printed why
 */
export async function build({ clean = false, into: dist = join(root, 'dist') } = {}) {
  const { build: bundle } = await import('esbuild');
  const options = /** @type {const} */ ({
    absWorkingDir: root, outdir: dist, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', chunkNames: 'chunk-[hash]', legalComments: 'none', write: false, logLevel: 'warning',
  });
  // Bundled CommonJS packages still `require` Node's own modules and ask where they are.
  const banner = {
    js: [
      "import { createRequire as nodeCreateRequire } from 'node:module';",
      'const require = nodeCreateRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;',
    ].join('\n'),
  };
  const parts = await bundle({ ...options, entryPoints: program, plugins: [zeromqByRequire], metafile: true });
  const whole = await bundle({ ...options, entryPoints: { main: 'main.js' }, plugins: [await inOneFile(parts, 'src/cli/run.ts', bundle)], banner, logOverride: { 'ignored-bare-import': 'silent' } });
  const beside = await bundle({ ...options, entryPoints: others, plugins: [zeromqByRequire], banner });
  const outputFiles = [...beside.outputFiles, ...whole.outputFiles];
  await mkdir(dist, { recursive: true });
  const isEntry = (/** @type {string} */ path) => basename(path, '.js') in { ...program, ...others };
  for (const file of outputFiles.filter(({ path }) => !isEntry(path))) await replace(file.path, file.contents);
  await replace(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licences(Object.keys(parts.metafile.inputs)));
  for (const file of outputFiles.filter(({ path }) => isEntry(path))) await replace(file.path, file.contents);
  const written = new Set([...outputFiles.map(({ path }) => basename(path)), 'THIRD-PARTY-LICENSES.txt']);
  for (const name of await readdir(dist)) {
    const path = join(dist, name);
    if (written.has(name)) continue;
    if (clean || Date.now() - (await stat(path)).mtimeMs > keepChunksMs) await rm(path, { recursive: true });
  }
}

/** @param {string} path @param {string | Uint8Array} contents */
async function replace(path, contents) {
  const old = await readFile(path).catch(() => undefined);
  if (old?.equals(Buffer.from(contents))) return;
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, contents);
  if (basename(path) === 'main.js') await chmod(temporary, 0o755);
  await rename(temporary, path);
}

/**
 * The licence texts of the packages whose code went into the bundle.
 * @param {readonly string[]} inputs files, relative to the root
 */
async function licences(inputs) {
  const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
  const packages = new Set(inputs.flatMap((input) => folder.exec(input)?.[0] ?? []));
  const texts = [];
  for (const path of [...packages].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(root, path, 'package.json'), 'utf8'));
    const file = (await readdir(join(root, path))).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text = file ? await readFile(join(root, path, file), 'utf8') : `License: ${license}\n`;
    texts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build({ clean: process.argv.includes('--clean') }).catch(() => process.exit(1));
}
