// Puts what a kernel loads before its first reply into one file. The bundler puts what parts of a program share into a file for each set of parts:
// seventeen before the first reply, and Node takes a third of a millisecond to find and open each.
import { basename } from 'node:path';

/** @typedef {import('esbuild').BuildOptions} BuildOptions */
/** @typedef {import('esbuild').BuildResult<{ metafile: true, write: false }>} Parts */

/**
 * For a second run of the bundler over what it made of the sources: `source` and all that it imports statically is one module there, of which
 * the other files of the first run have what they export.
 * @param {Parts} parts what the first run made
 * @param {string} source from the root
 * @param {(options: BuildOptions & { write: false }) => Promise<import('esbuild').BuildResult<{ write: false }>>} bundle
 * @returns {Promise<import('esbuild').Plugin>} with it an entry point is the name of a file of the first run
 */
export async function inOneFile({ outputFiles, metafile }, source, bundle) {
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const outputs = Object.entries(metafile.outputs).map(([path, output]) => ({ name: basename(path), ...output }));
  const names = new Set(outputs.filter(({ entryPoint }) => entryPoint === source).map(({ name }) => name));
  for (const name of names) {
    const { imports = [] } = outputs.find((each) => each.name === name) ?? {};
    for (const { path, kind } of imports) if (kind === 'import-statement' && texts.has(basename(path))) names.add(basename(path));
  }
  const joined = outputs.filter(({ name }) => names.has(name)).map(({ name, exports }, at) => ({ name, exported: exports.map((each) => [each, `of${at}_${each}`]) }));
  const list = joined.map(({ name, exported }) => `export { ${exported.map(([own, unique]) => `${own} as ${unique}`).join(', ')} } from './${name}';`);

  /** Those files where they lie, in memory; others stay outside. @type {import('esbuild').Plugin} */
  const asMade = {
    name: 'files as made',
    setup(bundler) {
      bundler.onResolve({ filter: /.*/ }, ({ path }) => (names.has(basename(path)) ? { path: basename(path), namespace: 'made' } : { path, external: true }));
      bundler.onLoad({ filter: /.*/, namespace: 'made' }, ({ path }) => ({ contents: texts.get(path) ?? '' }));
    },
  };
  const { outputFiles: [one] } = await bundle({ stdin: { contents: list.join('\n'), resolveDir: '/' }, bundle: true, format: 'esm', platform: 'node', target: 'node20', plugins: [asMade], write: false });

  const contents = new Map(texts).set('start', one?.text ?? '');
  for (const { name, exported } of joined) contents.set(name, `export { ${exported.map(([own, unique]) => `${unique} as ${own}`).join(', ')} } from 'start';`);
  return {
    name: 'start path in one file',
    setup(bundler) {
      bundler.onResolve({ filter: /.*/ }, ({ path }) => (contents.has(basename(path)) ? { path: basename(path), namespace: 'part', sideEffects: !names.has(basename(path)) } : { path, external: true }));
      bundler.onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => ({ contents: contents.get(path) ?? '' }));
    },
  };
}
