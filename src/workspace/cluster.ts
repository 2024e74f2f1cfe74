import { contextNotFound, illegalState } from './api-error.ts';
import { Context } from './context.ts';
import type { Driver, DriverLanguage } from './driver/driver.ts';

export type ClusterState =
  | { readonly status: 'Pending'; readonly starting: Promise<Driver>; readonly progress: string }
  | { readonly status: 'Running'; readonly driver: Driver }
  | { readonly status: 'Terminating' }
  | { readonly status: 'Terminated' }
  | { readonly status: 'Error'; readonly cause: string };

/** Starts a driver; `onProgress` is told in words what is being waited for (a runtime being installed, the JVM). */
export type StartDriver = (onProgress: (text: string) => void) => Promise<Driver>;

export interface ClusterOptions {
  readonly id: string;
  readonly name: string;
  readonly startDriver: StartDriver;
  readonly newId: () => string;
  readonly now: () => number;
  log(text: string): void;
}

/** One Spark driver and the contexts in it. A driver that died is started anew when the next context is created. */
export class Cluster implements AsyncDisposable {
  readonly id: string;
  readonly name: string;
  readonly #options: ClusterOptions;
  readonly #contexts = new Map<string, Context>();
  #state: ClusterState = { status: 'Terminated' };

  constructor(options: ClusterOptions) {
    this.id = options.id;
    this.name = options.name;
    this.#options = options;
  }

  get state(): ClusterState {
    return this.#state;
  }

  get contexts(): readonly Context[] {
    return [...this.#contexts.values()];
  }

  /** The only place where the state changes. */
  #setState(next: ClusterState): void {
    if (next.status !== this.#state.status) {
      this.#options.log(`cluster ${this.id}: ${next.status}${next.status === 'Error' ? `: ${next.cause}` : ''}`);
    }
    this.#state = next;
  }

  /** The running driver, started first where there is none. Rejects with the reason when it does not start. */
  async driver(): Promise<Driver> {
    const state = this.#state;
    switch (state.status) {
      case 'Running':
        return state.driver;
      case 'Pending':
        return state.starting;
      case 'Terminating':
        throw illegalState(`Cluster ${this.id} is terminating; wait until it has ended`);
      case 'Terminated':
      case 'Error':
        return this.#start();
    }
  }

  #start(): Promise<Driver> {
    const starting = this.#options.startDriver((progress) => {
      if (this.#isStarting(starting)) this.#setState({ status: 'Pending', starting, progress });
    });
    this.#setState({ status: 'Pending', starting, progress: 'starting Spark' });
    starting.then(
      (driver) => this.#started(starting, driver),
      (error: unknown) => {
        if (this.#isStarting(starting)) this.#setState({ status: 'Error', cause: error instanceof Error ? error.message : String(error) });
      },
    );
    return starting;
  }

  #isStarting(starting: Promise<Driver>): boolean {
    return this.#state.status === 'Pending' && this.#state.starting === starting;
  }

  #started(starting: Promise<Driver>, driver: Driver): void {
    if (!this.#isStarting(starting)) return;
    this.#setState({ status: 'Running', driver });
    void driver.exited.then(({ reason }) => {
      if (this.#state.status !== 'Running' || this.#state.driver !== driver) return;
      const cause = `The Spark driver of cluster ${this.id} has ended, and its variables are gone. ${reason}`.trimEnd();
      this.#setState({ status: 'Error', cause });
      for (const context of this.#contexts.values()) context.fail(cause);
    });
  }

  createContext(language: DriverLanguage, owner: string | undefined): Context {
    const { newId, now } = this.#options;
    const context = new Context({ id: newId(), language, owner, newId, now });
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
    try {
      await context?.destroy();
    } catch (error) {
      this.#options.log(`context ${id}: could not be closed in the driver: ${String(error)}`);
    }
  }

  /** Ends the driver, also one that is still starting. */
  async [Symbol.asyncDispose](): Promise<void> {
    const state = this.#state;
    if (state.status !== 'Pending' && state.status !== 'Running') return;
    this.#setState({ status: 'Terminating' });
    this.#contexts.clear();
    const driver = state.status === 'Running' ? state.driver : await state.starting.catch(() => undefined);
    await driver?.[Symbol.asyncDispose]();
    this.#setState({ status: 'Terminated' });
  }
}
