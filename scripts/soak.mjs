// `npm run soak -- --minutes 60 --kernels 6 --seed 7`: what `npm test` does for three minutes, for as long as asked.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root, setUp } from './setup.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, kernels: { type: 'string', default: '6' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
});
const { minutes, kernels, seed } = { minutes: Number(values.minutes), kernels: Number(values.kernels), seed: Number(values.seed) };
if (!(minutes > 0 && kernels >= 1 && seed >= 0)) {
  process.stderr.write('npm run soak -- [--minutes NUMBER] [--kernels NUMBER] [--seed NUMBER]\n');
  process.exit(2);
}

await setUp();
const { build } = await import('esbuild');
const bundle = join(root, '.cache', 'soak', 'soak.mjs');
await build({
  entryPoints: [join(root, 'test/soak/soak.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
});
/** @type {typeof import('../test/soak/soak.ts')} */
const { soak } = await import(pathToFileURL(bundle).href);
// What the client logs of its connections is of no interest here.
console.debug = () => {};
console.log = console.debug;
const asked = new AbortController();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => asked.abort());
const tell = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);
try {
  for (const line of await soak({ minutes, kernels, seed, signal: asked.signal, tell })) tell(line);
} catch (error) {
  tell(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
process.exit();
