// Where the figures come from.
import { cpus, release, totalmem } from 'node:os';
import { python, root } from '../setup.mjs';
import { output } from './processes.mjs';

/** @param {import('./rivals.mjs').Rivals} rivals */
export async function describeMachine(rivals) {
  const own = (/** @type {string} */ code) => output(python, ['-c', code], root).then((text) => text.trim(), () => undefined);
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${release()} ${process.arch}`,
    node: process.versions.node,
    python: await own('import platform; print(platform.python_version())'),
    pyspark: await own('import pyspark; print(pyspark.__version__)'),
    commit: await output('git', ['rev-parse', '--short', 'HEAD'], root).then((text) => text.trim(), () => undefined),
    rivals: Object.fromEntries(Object.entries(rivals.installed).map(([name, { wanted, failed }]) => [name, failed === undefined ? wanted : `not installed: ${failed}`])),
    pythonPackages: rivals.packages,
  };
}
