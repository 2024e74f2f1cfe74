import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { within } from '../../lib/time.ts';
import { Reception } from './channel.ts';
import type { Child } from './child.ts';
import { driverJar } from './compile.ts';
import { DriverContext } from './context.ts';
import type { Driver, DriverCommand, DriverLanguage, DriverResult } from './driver.ts';
import { startJvm } from './jvm.ts';
import { startPython } from './python.ts';
import type { Runtime } from './runtime.ts';

export interface SparkDriverOptions {
  readonly runtime: Runtime;
  /** The scratch of this driver process: warehouse, classes of cells, temporary files. Made here, removed when the driver ends. */
  readonly workDirectory: string;
  /** Where driver.jar is kept, by the hash of what it is made of. */
  readonly cacheDirectory: string;
  /** The directory behind `dbfs:/`. */
  readonly dbfsRoot: string;
  /** `local[2]`, or `spark://…`. */
  readonly master: string;
  /** What is being waited for, in words. */
  readonly onProgress?: (text: string) => void;
  /** Gets what JVM and Python processes write to stdout and stderr. */
  readonly logFile: string;
}

/**
 * Starts a Spark driver and resolves when its session is up: about 4 s, and a few more where the driver must be compiled first.
 * Rejects with a sentence that holds the end of the log.
 */
export async function startSparkDriver(options: SparkDriverOptions): Promise<Driver> {
  const { runtime, workDirectory, cacheDirectory, dbfsRoot, master, logFile, onProgress = () => undefined } = options;
  const jar = await driverJar(runtime, cacheDirectory, onProgress);
  await mkdir(workDirectory, { recursive: true });
  const lastWords = await tailOf(logFile);
  onProgress('starting Spark');
  const reception = await Reception.open();
  const jvm = await startJvm({ runtime, jar, workDirectory, logFile, reception }).catch(async (error: unknown) => {
    await reception[Symbol.asyncDispose]();
    throw error;
  });
  const driver = new SparkDriver(options, reception, jvm, lastWords);
  try {
    await jvm.channel.request('start', { master, scratch: workDirectory, dbfs: dbfsRoot, jar });
    return driver;
  } catch (error) {
    await driver[Symbol.asyncDispose]();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Spark did not start: ${reason}\n${await lastWords()}`, { cause: error });
  }
}

class SparkDriver implements Driver {
  readonly exited: Promise<{ readonly reason: string }>;
  readonly #options: SparkDriverOptions;
  readonly #reception: Reception;
  readonly #jvm: Child;
  readonly #lastWords: () => Promise<string>;
  readonly #contexts = new Map<string, DriverContext>();
  readonly #pythons = new Set<Child>();
  #disposed = false;

  constructor(options: SparkDriverOptions, reception: Reception, jvm: Child, lastWords: () => Promise<string>) {
    this.#options = options;
    this.#reception = reception;
    this.#jvm = jvm;
    this.#lastWords = lastWords;
    this.exited = jvm.exited.then((how) => this.#end(how));
  }

  async open(contextId: string, language: DriverLanguage): Promise<void> {
    const context = new DriverContext(contextId, this.#jvm.channel, (count) => this.#makePython(contextId, count));
    this.#contexts.set(contextId, context);
    try {
      await this.#orDead(context.open(language));
    } catch (error) {
      await this.close(contextId);
      throw error;
    }
  }

  async execute(command: DriverCommand): Promise<DriverResult> {
    const context = this.#contexts.get(command.contextId);
    if (!context) throw new Error(`There is no context ${command.contextId} in this driver.`);
    return this.#orDead(context.execute(command));
  }

  async cancel(contextId: string, commandId: string): Promise<void> {
    await this.#contexts.get(contextId)?.cancel(commandId);
  }

  async close(contextId: string): Promise<void> {
    const context = this.#contexts.get(contextId);
    this.#contexts.delete(contextId);
    // A dead driver has closed everything.
    await context?.close().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    // JVM and Python processes end when their connections do; the JVM removes its scratch first.
    this.#jvm.channel.close();
    if ((await within(exitDeadline, this.#jvm.exited)) === undefined) this.#jvm.kill();
    await this.exited;
  }

  async #makePython(contextId: string, count: number): Promise<Child> {
    const { runtime, workDirectory, logFile } = this.#options;
    const gateway = await this.#jvm.channel.request('gateway', { context: contextId });
    const python = await startPython({ runtime, workDirectory, logFile, reception: this.#reception, gateway, count });
    this.#pythons.add(python);
    void python.exited.then(() => this.#pythons.delete(python));
    return python;
  }

  /** `work`, whose failure after the driver's death is told as just that. Death closes all connections, so that nothing waits for ever. */
  async #orDead<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!this.#jvm.channel.isClosed) throw error;
      const { reason } = await this.exited;
      throw new Error(`The Spark driver ended. ${reason}`.trim(), { cause: error });
    }
  }

  async #end(how: string): Promise<{ readonly reason: string }> {
    const reason = this.#disposed ? '' : `It ended by itself (${how}). The end of its log:\n${await this.#lastWords()}`;
    const pythons = [...this.#pythons];
    for (const python of pythons) python.kill();
    await Promise.all(pythons.map((python) => python.exited));
    await this.#reception[Symbol.asyncDispose]();
    await rm(this.#options.workDirectory, { recursive: true, force: true });
    return { reason };
  }
}

/** Milliseconds that a driver has for an orderly end. */
const exitDeadline = 5000;

/** Reads the last lines of what is written to a log from now on, where a driver's reason to die is found; earlier drivers died of others. */
async function tailOf(logFile: string): Promise<() => Promise<string>> {
  const begin = (await stat(logFile).catch(() => undefined))?.size ?? 0;
  return async () => {
    const log = await readFile(logFile).catch(() => Buffer.of());
    return log.subarray(begin).toString().trimEnd().split('\n').slice(-20).join('\n');
  };
}
