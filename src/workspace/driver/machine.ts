import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { packageFile } from '../../lib/package-file.ts';

/** The Spark that every cluster runs, whatever version was wished for. */
export const embeddedSpark: { readonly key: string; readonly name: string } = spark(
  /^pyspark==(\d+\.\d+)\.(\d+)$/m.exec(readFileSync(packageFile('src', 'workspace', 'driver', 'python', 'requirements.txt'), 'utf8')),
);

function spark(pin: RegExpExecArray | null): { key: string; name: string } {
  if (pin === null) throw new Error('requirements.txt names no version of PySpark.');
  return { key: `${pin[1]}.x-scala2.13`, name: `Apache Spark ${pin[1]}.${pin[2]}, Scala 2.13 (embedded)` };
}

/** The one kind of node: this machine. */
export const embeddedNodeType = 'local';
/** Where it stands. */
export const embeddedZone = 'local';
export const memoryMb = Math.floor(totalmem() / 1024 ** 2);
