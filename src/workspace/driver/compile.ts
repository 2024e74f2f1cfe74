import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageFile } from '../../lib/package-file.ts';
import type { Runtime } from './runtime.ts';

const sources = packageFile('src', 'workspace', 'driver', 'scala');

/**
 * The path of the driver's jar, compiled (a few seconds) where `directory` has none for these sources and this Spark.
 * Written elsewhere and renamed when whole, so that concurrent and killed compilers do no harm.
 */
export async function driverJar(runtime: Runtime, directory: string, onProgress: (text: string) => void): Promise<string> {
  const jars = join(runtime.sparkHome, 'jars');
  const files = (await readdir(sources)).filter((name) => name.endsWith('.scala')).sort();
  const jar = join(directory, `driver-${await fingerprint(files, jars)}.jar`);
  if (existsSync(jar)) return jar;
  onProgress('compiling the Spark driver (once)');
  await mkdir(directory, { recursive: true });
  const unfinished = join(directory, `compiling-${randomUUID()}.jar`);
  try {
    // The quick compiler alone: this JVM does not live long enough for the other one to pay.
    const compiler = ['-XX:TieredStopAtLevel=1', '-Xss4m', '-cp', join(jars, '*'), 'scala.tools.nsc.Main', '-usejavacp', '-nowarn', '-d', unfinished];
    await promisify(execFile)(runtime.java, [...compiler, ...files.map((name) => join(sources, name))]).catch((error: unknown) => {
      throw new Error(`The Spark driver cannot be compiled: ${causeOf(error)}.`, { cause: error });
    });
    await rename(unfinished, jar);
  } finally {
    await rm(unfinished, { force: true });
  }
  return jar;
}

/** Of the sources and of the jars that they are compiled against. */
async function fingerprint(files: readonly string[], jars: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of files) hash.update(name).update(await readFile(join(sources, name)));
  for (const name of (await readdir(jars)).sort()) hash.update(name);
  return hash.digest('hex').slice(0, 16);
}

/** The compiler's own words, not its long command line, which Node begins with. */
function causeOf(error: unknown): string {
  const { code, stderr = '' } = error as { readonly code?: unknown; readonly stderr?: string };
  const lines = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  if (/No space left on device|Disk quota exceeded/.test(stderr)) return 'the disk is full';
  const words = lines.find((line) => /error|exception/i.test(line)) ?? lines.at(0);
  if (words !== undefined) return words.slice(0, 300);
  return typeof code === 'string' ? `Java cannot be run (${code})` : `Java ended with ${String(code ?? 'a signal')}`;
}
