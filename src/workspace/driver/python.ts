import { join } from 'node:path';
import type { JsonObject } from '../../lib/json.ts';
import { packageFile } from '../../lib/package-file.ts';
import type { Reception } from './channel.ts';
import { NotStarted, startChild, type Child } from './child.ts';

const program = packageFile('src', 'workspace', 'driver', 'python', 'main.py');

export interface PythonOptions {
  /** Of the driver's own environment, in which libraries are installed. */
  readonly python: string;
  readonly sparkHome: string;
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
  const { python, sparkHome, workDirectory, logFile, reception, gateway, count } = options;
  const environment = {
    SPARK_HOME: sparkHome,
    PYSPARK_PYTHON: python,
    PYSPARK_DRIVER_PYTHON: python,
    PYSPARK_PIN_THREAD: 'true',
    MPLBACKEND: 'agg',
    TMPDIR: workDirectory,
    IPYTHONDIR: join(workDirectory, 'ipython'),
  };
  const child = await startChild({
    command: python, arguments: [program], directory: workDirectory, logFile, reception, settings: { environment },
    name: 'Python process',
  });
  try {
    await child.channel.request('start', { gateway, count });
    return child;
  } catch (error) {
    if (child.channel.isClosed) throw new NotStarted(`The Python process did not start: ${await child.exited}. Its log is ${logFile}`, { cause: error });
    child.kill();
    throw error;
  }
}
