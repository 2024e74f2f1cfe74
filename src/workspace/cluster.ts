import { randomInt } from 'node:crypto';
import { contextNotFound, limitReached, unexpectedState } from './api-error.ts';
import type { ClusterDefinition } from './cluster-definition.ts';
import { Context } from './context.ts';
import type { Driver, DriverLanguage } from './driver/driver.ts';
import { causeOf } from './system-error.ts';

export type ClusterState =
  | { readonly status: 'Pending'; readonly run: Run; readonly starting: Promise<Driver>; readonly progress: string }
  /** `complaint`: why it has not the workers that were asked for. */
  | { readonly status: 'Running'; readonly run: Run; readonly driver: Driver; readonly complaint?: string | undefined }
  | { readonly status: 'Reconfiguring'; readonly run: Run; readonly driver: Driver }
  /** `ended` never rejects; the cluster is then Terminated. */
  | { readonly status: 'Terminating'; readonly ended: Promise<void>; readonly why: TerminationReason }
  /** `why`: unless it has not run since the workspace started. */
  | { readonly status: 'Terminated'; readonly why?: TerminationReason }
  | { readonly status: 'Error'; readonly cause: string };

export type TerminationReason = 'asked' | 'idle';

/** One life of the cluster's driver, from Pending on. */
export interface Run {
  readonly why: 'created' | 'started' | 'restarted';
  /** When it became Pending: milliseconds since 1970. */
  readonly since: number;
  /** Differs from run to run. */
  readonly sparkContextId: number;
}

/** Something that happened to a cluster. */
export interface ClusterChange {
  readonly what: Run['why'] | 'running' | 'resizing' | 'resized' | 'not resized' | 'terminating' | 'terminated' | 'did not start' | 'died';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly numWorkers: number;
  /** Why, where something went wrong. */
  readonly cause?: string | undefined;
}

/** Starts a driver; `onProgress` is told in words what is being waited for (a runtime being installed, the JVM). */
export type StartDriver = (definition: ClusterDefinition, onProgress: (text: string) => void) => Promise<Driver>;

export interface ClusterOptions {
  readonly definition: ClusterDefinition;
  readonly startDriver: StartDriver;
  readonly newId: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  log(text: string): void;
}

/** Older changes are forgotten. */
const maxHistory = 500;
/** As many as real clusters have. */
const maxContexts = 145;

/** A definition, the Spark driver that runs it, if one does, and the contexts in that. A driver is started when the next context is created, too. */
export class Cluster implements AsyncDisposable {
  readonly id: string;
  readonly #options: ClusterOptions;
  readonly #contexts = new Map<string, Context>();
  #definition: ClusterDefinition;
  #state: ClusterState = { status: 'Terminated' };
  #history: readonly ClusterChange[] = [];
  #lastRun: Run | undefined;
  #lastUsed: number;

  constructor(options: ClusterOptions) {
    this.id = options.definition.id;
    this.#definition = options.definition;
    this.#options = options;
    this.#lastUsed = options.now();
  }

  get name(): string {
    return this.#definition.name;
  }

  get definition(): ClusterDefinition {
    return this.#definition;
  }

  get state(): ClusterState {
    return this.#state;
  }

  /** The present run of the driver, or the last one; `undefined` before the first since the workspace started. */
  get lastRun(): Run | undefined {
    return this.#lastRun;
  }

  /** What happened since the workspace started, oldest first. */
  get history(): readonly ClusterChange[] {
    return this.#history;
  }

  /** What it waits for, or what is wrong with it; empty where there is nothing to say. */
  get message(): string {
    const state = this.#state;
    if (state.status === 'Pending') return state.progress;
    if (state.status === 'Error') return state.cause;
    if ('why' in state && state.why === 'idle') return `Nobody used it for ${this.#definition.autoterminationMinutes} minutes.`;
    return state.status === 'Running' ? (state.complaint ?? '') : '';
  }

  /** Milliseconds since it last changed or somebody used it or one of its contexts; 0 while a command runs. */
  get idleFor(): number {
    return Math.min(this.#options.now() - this.#lastUsed, ...this.contexts.map(({ unusedFor }) => unusedFor));
  }

  /** Begins to end a driver that nobody has used for as long as its definition says. */
  terminateIfIdle(): void {
    const { autoterminationMinutes: minutes } = this.#definition;
    if (minutes > 0 && this.#state.status === 'Running' && this.idleFor >= minutes * 60_000) this.terminate('idle');
  }

  get contexts(): readonly Context[] {
    return [...this.#contexts.values()];
  }

  /** The only place where the state changes. */
  #setState(next: ClusterState): void {
    const before = this.#state;
    this.#state = next;
    if ('run' in next) this.#lastRun = next.run;
    const what = changeOf(before, next);
    if (what === undefined) return;
    const cause = this.message === '' || next.status === 'Pending' ? undefined : this.message;
    this.#options.log(`cluster ${this.id}: ${next.status}${cause === undefined ? '' : `: ${cause}`}`);
    this.#note(what, cause);
    this.#lastUsed = this.#options.now();
  }

  #note(what: ClusterChange['what'], cause?: string): void {
    const change = { what, at: this.#options.now(), numWorkers: this.#definition.numWorkers, cause };
    this.#history = [...this.#history, change].slice(-maxHistory);
  }

  /** The running driver, started first where there is none. Rejects with the reason when it does not start. */
  async driver(): Promise<Driver> {
    const state = this.#state;
    switch (state.status) {
      case 'Running':
      case 'Reconfiguring':
        return state.driver;
      case 'Pending':
        return state.starting;
      case 'Terminating':
        throw unexpectedState(this.id, state.status);
      case 'Terminated':
      case 'Error':
        return this.#begin('started');
    }
  }

  /** Begins to start the driver. @throws ApiError when there is one, or still one. */
  start(why: 'created' | 'started' = 'started'): void {
    const { status } = this.#state;
    if (status !== 'Terminated' && status !== 'Error') throw unexpectedState(this.id, status);
    void this.#begin(why);
  }

  /**
   * Begins to replace the driver: its contexts are gone. Starts one where there is none; one that is starting is new enough.
   * @throws ApiError while the driver ends for good.
   */
  restart(): void {
    const state = this.#state;
    switch (state.status) {
      case 'Running':
      case 'Reconfiguring':
        this.#dropContexts('was restarted');
        return void this.#begin('restarted', state.driver);
      case 'Pending':
        return;
      case 'Terminating':
        throw unexpectedState(this.id, state.status);
      case 'Terminated':
      case 'Error':
        this.#dropContexts('was restarted');
        return void this.#begin('restarted');
    }
  }

  /** Begins to change the number of workers; contexts stay. Gives what takes it back. @throws ApiError when no driver runs. */
  resize(numWorkers: number): () => void {
    const { status } = this.#state;
    if (status !== 'Running' && status !== 'Reconfiguring') throw unexpectedState(this.id, status);
    const before = this.#definition.numWorkers;
    this.#setWorkers(numWorkers);
    return () => this.#setWorkers(before);
  }

  #setWorkers(numWorkers: number): void {
    const state = this.#state;
    this.#definition = { ...this.#definition, numWorkers };
    // One that is being changed already sees the new number when it gets there.
    if (state.status === 'Reconfiguring') return this.#note('resizing');
    if (state.status !== 'Running') return;
    this.#setState({ status: 'Reconfiguring', run: state.run, driver: state.driver });
    void this.#reconfigure(state.driver);
  }

  /** Begins to end the driver, also one that is still starting. Does nothing where there is none. */
  terminate(why: TerminationReason = 'asked'): void {
    const state = this.#state;
    if (state.status === 'Terminating' || state.status === 'Terminated') return;
    this.#dropContexts('was terminated');
    if (state.status === 'Error') return this.#setState({ status: 'Terminated', why });
    const driver = state.status === 'Pending' ? state.starting : Promise.resolve(state.driver);
    const ended = this.#end(driver).then(() => this.#setState({ status: 'Terminated', why }));
    this.#setState({ status: 'Terminating', ended, why });
  }

  /** Resolves when the driver is gone, however far it had come. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    if (this.#state.status === 'Terminating') await this.#state.ended;
  }

  #begin(why: Run['why'], old?: Driver): Promise<Driver> {
    const run: Run = { why, since: this.#options.now(), sparkContextId: randomInt(1, 2 ** 47) };
    const isCurrent = () => this.#state.status === 'Pending' && this.#state.run === run;
    const start = async (): Promise<Driver> => {
      await (old && this.#end(Promise.resolve(old)));
      if (!isCurrent()) throw new Error(`Cluster ${this.id} was terminated before it had started.`);
      return this.#options.startDriver(this.#definition, (progress) => {
        if (isCurrent()) this.#setState({ status: 'Pending', run, starting, progress });
      });
    };
    const starting = start();
    this.#setState({ status: 'Pending', run, starting, progress: old ? 'ending the old Spark' : 'starting Spark' });
    starting.then(
      (driver) => {
        if (isCurrent()) this.#started(run, driver);
      },
      (error: unknown) => {
        if (isCurrent()) this.#setState({ status: 'Error', cause: this.#causeOf(error) });
      },
    );
    return starting;
  }

  #started(run: Run, driver: Driver): void {
    this.#setState({ status: 'Running', run, driver });
    void driver.exited.then(({ reason }) => {
      if (!('driver' in this.#state) || this.#state.driver !== driver) return;
      const cause = `The Spark driver of cluster ${this.id} has ended, and its variables are gone. ${reason}`.trimEnd();
      this.#setState({ status: 'Error', cause });
      for (const context of this.#contexts.values()) context.fail(cause);
    });
  }

  async #reconfigure(driver: Driver): Promise<void> {
    const current = () => (this.#state.status === 'Reconfiguring' && this.#state.driver === driver ? this.#state : undefined);
    let made: number | undefined;
    let complaint: string | undefined;
    while (current() && made !== this.#definition.numWorkers) {
      made = this.#definition.numWorkers;
      complaint = await driver.resize(made).then(() => undefined, (error: unknown) => this.#causeOf(error));
    }
    const state = current();
    if (state) this.#setState({ ...state, status: 'Running', complaint });
  }

  async #end(driver: Promise<Driver>): Promise<void> {
    try {
      // One that does not start has ended.
      await (await driver.catch(() => undefined))?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.log(`cluster ${this.id}: its driver did not end well: ${String(error)}`);
    }
  }

  #causeOf(error: unknown): string {
    return causeOf(error, (text) => this.#options.log(`cluster ${this.id}: ${text}`));
  }

  /** They are unknown from now on; whatever still waits for them ends. */
  #dropContexts(what: string): void {
    const dropped = this.contexts;
    this.#contexts.clear();
    for (const context of dropped) context.fail(`Cluster ${this.id} ${what}, and the variables of this context are gone.`);
  }

  /** Starts the driver where there is none. @throws ApiError while the driver ends, and for one context too many. */
  createContext(language: DriverLanguage, owner: string | undefined): Context {
    if (this.#state.status === 'Terminating') throw unexpectedState(this.id, this.#state.status);
    if (this.#contexts.size >= maxContexts) {
      throw limitReached(`Cannot create a new execution context: cluster ${this.id} has the maximum number of ${maxContexts} contexts`);
    }
    const { newId, now, log } = this.#options;
    this.#lastUsed = now();
    const context = new Context({ id: newId(), language, owner, newId, now, log });
    this.#contexts.set(context.id, context);
    void context.open(this.driver());
    return context;
  }

  /** @throws ApiError when there is no such context. */
  context(id: string): Context {
    const context = this.#contexts.get(id);
    if (context === undefined) throw contextNotFound();
    context.use();
    return context;
  }

  /** Unknown ids are ignored: the API echoes them. */
  async destroyContext(id: string): Promise<void> {
    const context = this.#contexts.get(id);
    this.#contexts.delete(id);
    this.#lastUsed = this.#options.now();
    try {
      await context?.destroy();
    } catch (error) {
      this.#options.log(`context ${id}: could not be closed in the driver: ${String(error)}`);
    }
  }
}

function changeOf(before: ClusterState, next: ClusterState): ClusterChange['what'] | undefined {
  switch (next.status) {
    case 'Pending':
      return before.status === 'Pending' ? undefined : next.run.why;
    case 'Running':
      if (before.status !== 'Reconfiguring') return 'running';
      return next.complaint === undefined ? 'resized' : 'not resized';
    case 'Reconfiguring':
      return 'resizing';
    case 'Terminating':
      return 'terminating';
    case 'Terminated':
      return 'terminated';
    case 'Error':
      return before.status === 'Pending' ? 'did not start' : 'died';
  }
}
