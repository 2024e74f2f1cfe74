import { within } from '../../lib/time.ts';
import type { Channel } from './channel.ts';
import { NotStarted, type Child } from './child.ts';
import type { DriverCommand, DriverLanguage, DriverResult } from './driver.ts';
import { driverResult } from './result.ts';

/** How long code may go on after it was told to stop. */
const cancelDeadline = 5000;

/** Makes a Python process for a context that has run `count` Python commands so far. */
export type MakePython = (count: number) => Promise<Child>;

/** A context as the server sees it: a place in the JVM for Scala and SQL, a process for Python. */
export class DriverContext {
  readonly #id: string;
  readonly #clusterId: string;
  readonly #jvm: Channel;
  readonly #makePython: MakePython;
  #python: Promise<Child> | undefined;
  #pythonCommands = 0;
  /** How a Python process ended that nobody has been told of: no command ran in it. */
  #pythonEnded: string | undefined;
  #running: Running | undefined;
  #lost = false;

  constructor(id: string, clusterId: string, jvm: Channel, makePython: MakePython) {
    this.#id = id;
    this.#clusterId = clusterId;
    this.#jvm = jvm;
    this.#makePython = makePython;
  }

  async open(language: DriverLanguage): Promise<void> {
    await this.#jvm.request('open', { context: this.#id, language });
    if (language === 'python') await this.#pythonProcess();
  }

  async execute(command: DriverCommand): Promise<DriverResult> {
    if (this.#lost) return { kind: 'lost', cause: lostContext(this.#clusterId) };
    const running = new Running(command);
    this.#running = running;
    try {
      const work = command.language === 'python' ? this.#runPython(running) : this.#runInJvm(command);
      // Whatever error follows a cancel is its doing: a KeyboardInterrupt, an InterruptedException, a cancelled job.
      const stopped = work.then((result): DriverResult => (running.cancelled && result.kind === 'error' ? { kind: 'cancelled' } : result));
      return await Promise.race([stopped, running.givenUp]);
    } finally {
      running.end();
      this.#running = undefined;
    }
  }

  async cancel(commandId: string): Promise<void> {
    const running = this.#running;
    if (running?.command.commandId !== commandId || running.cancelled) return;
    running.cancelled = true;
    // Its process is still starting: that goes on, for the next command.
    if (running.command.language === 'python' && !running.python) return running.giveUp({ kind: 'cancelled' });
    void this.#giveUpAfterDeadline(running);
    await Promise.all([
      this.#cancelJobs(running.command),
      running.python?.channel.request('cancel', { command: commandId }).catch(() => undefined),
    ]);
  }

  async close(): Promise<void> {
    this.#lost = true;
    const python = this.#python;
    this.#python = undefined;
    this.#running?.giveUp({ kind: 'lost', cause: 'The context was closed while this command ran.' });
    await python?.then((child) => child.kill(), () => undefined);
    if (this.#running) await this.#cancelJobs(this.#running.command);
    await this.#jvm.request('close', { context: this.#id });
  }

  async #runInJvm({ commandId, language, code }: DriverCommand): Promise<DriverResult> {
    return driverResult(await this.#jvm.request('execute', { context: this.#id, command: commandId, language, code }));
  }

  async #runPython(running: Running): Promise<DriverResult> {
    const ended = this.#pythonEnded;
    this.#pythonEnded = undefined;
    // Code that counts on variables of earlier commands must not begin without them. That the driver has died tells more.
    if (ended !== undefined && !this.#jvm.isClosed) return pythonDied(endOf(ended), 'Its variables are lost, and this command was not run');
    const child = await this.#pythonProcess().catch((error: unknown) => {
      // Whatever else goes wrong is the driver's.
      if (this.#jvm.isClosed || !(error instanceof NotStarted)) throw error;
      return error;
    });
    if (child instanceof NotStarted) return pythonDied(child.message, 'This command was not run');
    if (running.cancelled) return { kind: 'cancelled' };
    running.python = child;
    this.#pythonCommands++;
    const { commandId, code } = running.command;
    try {
      const { ended, ...result } = await child.channel.request('execute', { command: commandId, code });
      if (ended === true) await child.exited;
      return driverResult(result);
    } catch (error) {
      if (!child.channel.isClosed) throw error;
      // Its jobs would go on without it.
      await this.#cancelJobs(running.command);
      return pythonDied(endOf(await child.exited), 'Its variables are lost');
    }
  }

  /** Ends the jobs of a command and, where it runs in the JVM, interrupts its thread. */
  async #cancelJobs({ commandId }: DriverCommand): Promise<void> {
    await this.#jvm.request('cancel', { context: this.#id, command: commandId });
  }

  #pythonProcess(): Promise<Child> {
    if (!this.#python) {
      const made = this.#makePython(this.#pythonCommands);
      this.#python = made;
      void this.#follow(made);
    }
    return this.#python;
  }

  /** Notices the end of a Python process, whoever caused it. */
  async #follow(made: Promise<Child>): Promise<void> {
    const child = await made.catch(() => undefined);
    const how = await child?.exited;
    if (this.#python !== made) return;
    this.#python = undefined;
    // A command that runs in it tells by itself.
    if (this.#running?.python !== child) this.#pythonEnded = how;
  }

  async #giveUpAfterDeadline(running: Running): Promise<void> {
    if (await within(cancelDeadline, running.ended.then(() => true))) return;
    if (running.command.language === 'python') {
      running.giveUp(killedPython);
      running.python?.kill();
      this.#python = undefined;
    } else {
      this.#lost = true;
      running.giveUp({ kind: 'lost', cause: lostContext(this.#clusterId) });
      await this.close().catch(() => undefined);
    }
  }
}

/** A command between its start and its end. */
class Running {
  readonly command: DriverCommand;
  cancelled = false;
  python: Child | undefined;
  readonly ended: Promise<void>;
  /** What the command comes to although its code has not ended. */
  readonly givenUp: Promise<DriverResult>;
  giveUp!: (result: DriverResult) => void;
  end!: () => void;

  constructor(command: DriverCommand) {
    this.command = command;
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.givenUp = new Promise((resolve) => (this.giveUp = resolve));
  }
}

const lostContext = (clusterId: string) =>
  'The code did not stop within 5 seconds of the cancel. Its context is lost, and its variables with it; the code itself goes on until ' +
  `the cluster is restarted (databricks-kernel clusters restart ${clusterId}), which ends all contexts of the cluster`;

/** An error, not a lost context: Scala, SQL and the temporary views go on. */
const killedPython: DriverResult = {
  kind: 'error',
  summary: 'PythonProcessKilled: the Python code did not stop within 5 seconds of the cancel',
  cause:
    'PythonProcessKilled: the Python code did not stop within 5 seconds of the cancel. Its process was ended, and its variables are lost; ' +
    'the next Python command gets a new process.',
};

const endOf = (how: string) => `the Python process of this context ended (${how})`;

/** An error, not a lost context: Scala, SQL and the temporary views go on. */
function pythonDied(what: string, consequence: string): DriverResult {
  const summary = `PythonProcessDied: ${what}`;
  return { kind: 'error', summary, cause: `${summary}. ${consequence}; the next Python command gets a new process.` };
}
