import { appendFile, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../../lib/time.ts';
import { removeDirectory } from '../remove-directory.ts';
import { Reception } from './channel.ts';
import type { Child } from './child.ts';
import { driverJar } from './compile.ts';
import { DriverContext } from './context.ts';
import type { Driver, DriverCommand, DriverLanguage, DriverLibrary, DriverResult, InstallResult } from './driver.ts';
import { startJvm } from './jvm.ts';
import { DriverLibraries } from './libraries.ts';
import { PythonOverlay } from './python-overlay.ts';
import { startPython } from './python.ts';
import type { Runtime } from './runtime.ts';

export interface SparkDriverOptions {
  /** As people name it in commands. */
  readonly clusterId: string;
  readonly runtime: Runtime;
  /** The scratch of this driver process: warehouse, classes of cells, temporary files. Made here; when the driver ends, what can be removed goes. */
  readonly workDirectory: string;
  /** Where driver.jar is kept, by the hash of what it is made of, and what Ivy has downloaded. */
  readonly cacheDirectory: string;
  /** The directory behind `dbfs:/`. */
  readonly dbfsRoot: string;
  /** `local[2]`, or `spark://…`. */
  readonly master: string;
  /** How many tasks run at a time; 0: as many as the master has room for. */
  readonly numWorkers: number;
  /** What the user wants of Spark, beside and above our own settings. */
  readonly sparkConf: Readonly<Record<string, string>>;
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
  const { runtime, workDirectory, cacheDirectory, dbfsRoot, master, numWorkers, sparkConf, logFile, onProgress = () => undefined } = options;
  const jar = await driverJar(runtime, cacheDirectory, onProgress);
  await mkdir(workDirectory, { recursive: true });
  const lastWords = await tailOf(logFile);
  onProgress('starting Spark');
  const reception = await Reception.open();
  const python = PythonOverlay.pythonIn(workDirectory);
  const starting = [startJvm({ runtime, python, jar, workDirectory, logFile, reception, sparkConf }), PythonOverlay.make(options)] as const;
  const [jvm, overlay] = await Promise.all(starting).catch(async (error: unknown) => {
    await reception[Symbol.asyncDispose]();
    throw await withLastWords(error, lastWords);
  });
  const driver = new SparkDriver(options, reception, jvm, overlay, lastWords);
  try {
    await jvm.channel.request('start', { master, workers: numWorkers, conf: sparkConf, scratch: workDirectory, dbfs: dbfsRoot, jar });
    return driver;
  } catch (error) {
    await driver[Symbol.asyncDispose]();
    const reason = error instanceof Error ? error.message : String(error);
    throw await withLastWords(new Error(`Spark did not start: ${reason}`, { cause: error }), lastWords);
  }
}

class SparkDriver implements Driver {
  readonly exited: Promise<{ readonly reason: string }>;
  readonly #options: SparkDriverOptions;
  readonly #reception: Reception;
  readonly #jvm: Child;
  readonly #overlay: PythonOverlay;
  readonly #libraries: DriverLibraries;
  readonly #lastWords: () => Promise<string>;
  readonly #contexts = new Map<string, DriverContext>();
  readonly #pythons = new Set<Child>();
  #disposed = false;

  constructor(options: SparkDriverOptions, reception: Reception, jvm: Child, overlay: PythonOverlay, lastWords: () => Promise<string>) {
    this.#options = options;
    this.#reception = reception;
    this.#jvm = jvm;
    this.#overlay = overlay;
    this.#libraries = new DriverLibraries({
      jvm: jvm.channel,
      overlay,
      directory: join(options.workDirectory, 'jars'),
      ivyDirectory: join(options.cacheDirectory, 'ivy'),
      noticePackages: () => this.#noticePackages(),
    });
    this.#lastWords = lastWords;
    this.exited = jvm.exited.then((how) => this.#end(how));
  }

  async open(contextId: string, language: DriverLanguage): Promise<void> {
    const context = new DriverContext(contextId, this.#options.clusterId, this.#jvm.channel, (count) => this.#makePython(contextId, count));
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
    const result = await this.#orDead(context.execute(command));
    // Python may meet the death of the JVM before this process hears of it.
    if (result.kind === 'error' && /^Py4J(?:Network)?Error\b/.test(result.summary) && (await within(deathSeenMs, this.#jvm.exited)) !== undefined) {
      return this.#orDead(Promise.reject(new Error(result.summary)));
    }
    return result;
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

  install(library: DriverLibrary, onResolved: () => void): Promise<InstallResult> {
    return this.#orDead(this.#libraries.install(library, onResolved));
  }

  async resize(numWorkers: number): Promise<void> {
    await this.#orDead(this.#jvm.channel.request('resize', { workers: numWorkers }));
  }

  async crash(lastWords: string): Promise<void> {
    if (lastWords !== '') await appendFile(this.#options.logFile, `${lastWords}\n`);
    this.#jvm.kill();
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    // JVM and Python processes end when their connections do; the JVM removes its scratch first.
    this.#jvm.channel.close();
    if ((await within(exitDeadline, this.#jvm.exited)) === undefined) this.#jvm.kill();
    await this.exited;
  }

  async #makePython(contextId: string, count: number): Promise<Child> {
    const { runtime: { sparkHome }, workDirectory, logFile } = this.#options;
    const gateway = await this.#jvm.channel.request('gateway', { context: contextId });
    const python = await startPython({ python: this.#overlay.python, sparkHome, workDirectory, logFile, reception: this.#reception, gateway, count });
    this.#pythons.add(python);
    void python.exited.then(() => this.#pythons.delete(python));
    return python;
  }

  /** A process that ends meanwhile has nothing to notice. */
  async #noticePackages(): Promise<void> {
    await Promise.all([...this.#pythons].map((python) => python.channel.request('packages', {}).catch(() => undefined)));
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

  /** Never rejects: whoever hears of the end of a driver cannot be asked to deal with what it left. */
  async #end(how: string): Promise<{ readonly reason: string }> {
    const reason = this.#disposed ? '' : `It ended by itself (${how}). The end of its log:\n${await this.#lastWords()}`;
    await this.#overlay[Symbol.asyncDispose]();
    const pythons = [...this.#pythons];
    for (const python of pythons) python.kill();
    await Promise.all(pythons.map((python) => python.exited));
    await this.#reception[Symbol.asyncDispose]();
    const { workDirectory, logFile } = this.#options;
    await removeDirectory(workDirectory, (text) => void appendFile(logFile, `${text}\n`).catch(() => undefined));
    return { reason };
  }
}

/** An error of a driver that did not start, with the end of its log, where the reason is found. */
async function withLastWords(error: unknown, lastWords: () => Promise<string>): Promise<Error> {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`${message}\n${await lastWords()}`.trimEnd(), { cause: error });
}

/** A process that has died is known to have died so soon. Milliseconds. */
const deathSeenMs = 500;

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
