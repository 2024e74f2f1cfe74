// Bundles the program into dist/: `npm run build`, or `await build()` from the other scripts.
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The command; the worker thread that answers heartbeats while the main thread is busy; what the other scripts need of the sources. */
const entryPoints = {
  main: 'src/main.ts',
  'heartbeat-worker': 'src/wire/heartbeat-worker.ts',
  runtime: 'src/workspace/driver/runtime.ts',
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
  const { outputFiles, metafile } = await bundle({
    absWorkingDir: root,
    entryPoints,
    outdir: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['zeromq'],
    chunkNames: 'chunk-[hash]',
    // Bundled CommonJS packages still `require` Node's own modules and ask where they are.
    banner: {
      js: [
        "import { createRequire as nodeCreateRequire } from 'node:module';",
        'const require = nodeCreateRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;',
      ].join('\n'),
    },
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  await mkdir(dist, { recursive: true });
  const isEntry = (/** @type {string} */ path) => Object.hasOwn(entryPoints, basename(path, '.js'));
  for (const file of outputFiles.filter(({ path }) => !isEntry(path))) await replace(file.path, file.contents);
  await replace(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licences(Object.keys(metafile.inputs)));
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
