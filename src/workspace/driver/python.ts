import { join } from 'node:path';
import type { JsonObject } from '../../lib/json.ts';
import { packageFile } from '../../lib/package-file.ts';
import type { Reception } from './channel.ts';
import { startChild, type Child } from './child.ts';
import type { Runtime } from './runtime.ts';

const program = packageFile('src', 'workspace', 'driver', 'python', 'main.py');

export interface PythonOptions {
  readonly runtime: Runtime;
  readonly workDirectory: string;
  readonly logFile: string;
  readonly reception: Reception;
  /** Where its context's Py4J server listens: the JVM's answer to `gateway`. */
  readonly gateway: JsonObject;
  /** Commands that earlier processes of this context ran: `Out[n]` goes on from there. */
  readonly count: number;
}

/** Starts the Python process of a context; IPython is attached to the context's session when this resolves. */
export async function startPython(options: PythonOptions): Promise<Child> {
  const { runtime, workDirectory, logFile, reception, gateway, count } = options;
  const environment = {
    SPARK_HOME: runtime.sparkHome,
    PYSPARK_PYTHON: runtime.python,
    PYSPARK_DRIVER_PYTHON: runtime.python,
    PYSPARK_PIN_THREAD: 'true',
    MPLBACKEND: 'agg',
    TMPDIR: workDirectory,
    IPYTHONDIR: join(workDirectory, 'ipython'),
  };
  const child = await startChild({
    command: runtime.python, arguments: [program], directory: workDirectory, logFile, reception, settings: { environment },
    name: 'Python process',
  });
  try {
    await child.channel.request('start', { gateway, count });
    return child;
  } catch (error) {
    child.kill();
    throw error;
  }
}
