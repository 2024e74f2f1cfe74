import { runCommand } from '../databricks/run-command.ts';
import type { CommandEnd } from '../databricks/run-command.ts';
import type { RemoteLanguage } from '../databricks/types.ts';
import { classicContexts, remoteLanguages } from '../databricks/types.ts';
import { BridgeError } from '../lib/errors.ts';
import { whenAborted } from '../lib/signals.ts';
import type { RunEnd, RunOptions } from './api.ts';
import { isGone, mayBeGone, refusesLanguage } from './gone.ts';
import { Lane } from './lane.ts';
import type { OpenContext, Surroundings } from './opening.ts';
import { Opening } from './opening.ts';

/** `news` is what the first command in a context is told of it. */
type State =
  | { readonly is: 'closed' }
  | { readonly is: 'opening'; readonly opening: Opening; readonly news: News | undefined }
  | { readonly is: 'ready'; readonly context: OpenContext; readonly news: News | undefined }
  | { readonly is: 'lost' };

type News = { readonly isReplacement: boolean; readonly text: string };

/** How a run in one slot ended: as the session tells it, or not in this slot. */
export type SlotEnd =
  | RunEnd
  /** The server does not run that language in this context; nothing was run. */
  | { readonly end: 'other-language' };

const reopened: News = {
  isReplacement: true,
  text: 'The earlier execution context is gone: this cell runs in a new one, without the variables of earlier cells.',
};

/**
 * One execution context and its life: `closed`, `opening`, `ready`, `lost`, and from there to `opening` again when the next command comes.
 * Commands run one at a time, in the order of their calls.
 */
export class ContextSlot {
  readonly language: RemoteLanguage;
  readonly #surroundings: Surroundings;
  /** What the first command is told of the first context. */
  readonly #firstNews: News | undefined;
  readonly #lane = new Lane();
  readonly #ending = new AbortController();
  #state: State = { is: 'closed' };

  constructor(language: RemoteLanguage, surroundings: Surroundings, firstNews?: string) {
    this.language = language;
    this.#surroundings = surroundings;
    this.#firstNews = firstNews === undefined ? undefined : { isReplacement: false, text: firstNews };
  }

  /** Begins to open the context, in the background, without starting a cluster for it. */
  prepare(): void {
    if (this.#state.is === 'closed' && !this.#ending.signal.aborted) this.#open();
  }

  /** Runs one command as `Session.run` says. */
  async run(code: string, language: RemoteLanguage, options: RunOptions): Promise<SlotEnd> {
    const giveUp = AbortSignal.any([options.interrupted, options.killed, this.#ending.signal]);
    const leave = await this.#lane.enter(giveUp);
    if (leave === undefined) return { end: 'interrupted' };
    try {
      const context = await this.#ready(options, giveUp);
      if (context === undefined) return { end: 'interrupted' };
      if (!this.#languagesOf(context).includes(language)) return { end: 'other-language' };
      return await this.#runIn(context, code, language, options);
    } finally {
      leave();
    }
  }

  /** Gives the context up, whatever runs in it. No command is taken any more. Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#ending.abort();
    const state = this.#state;
    this.#setState({ is: 'closed' });
    if (state.is !== 'opening') return;
    state.opening.abandon();
    await state.opening.done.catch(() => undefined);
  }

  /** The only place where the state changes. A context that is left behind is destroyed. */
  #setState(next: State): void {
    const left = this.#state;
    this.#state = next;
    if (left.is === 'ready' && !(next.is === 'ready' && next.context === left.context)) this.#retire(left.context);
  }

  #retire({ connection, address }: OpenContext): void {
    this.#surroundings.retire(connection, address);
  }

  #open(): Opening {
    const before = this.#state;
    const news = before.is === 'lost' ? reopened : this.#firstNews;
    const opening = new Opening(this.#surroundings, this.language);
    this.#setState({ is: 'opening', opening, news });
    const isCurrent = (): boolean => this.#state.is === 'opening' && this.#state.opening === opening;
    const settled = (context: OpenContext | undefined): void => {
      if (isCurrent()) this.#setState(context ? { is: 'ready', context, news } : before);
      else if (context) this.#retire(context);
    };
    opening.done.then(settled, () => settled(undefined));
    return opening;
  }

  /** The open context, opened first where needed; `undefined` when the wait was given up. Throws what kept it from opening. */
  async #ready(options: RunOptions, giveUp: AbortSignal): Promise<OpenContext | undefined> {
    while (!giveUp.aborted) {
      const state = this.#state;
      if (state.is === 'ready') return state.context;
      const opening = state.is === 'opening' ? state.opening : this.#open();
      // One that had begun in the background may yet answer that the cluster is stopped: then the loop opens again.
      opening.mayStartCluster = options.mayStartCluster ?? true;
      await this.#watch(opening, options, giveUp);
      if (options.mayStartCluster === false && !giveUp.aborted && this.#state.is !== 'ready') throw clusterIsStopped();
    }
    return undefined;
  }

  async #watch(opening: Opening, options: RunOptions, giveUp: AbortSignal): Promise<void> {
    const stopWatching = opening.watch((stage) => options.onStage(stage));
    const givenUp = whenAborted(giveUp);
    try {
      await Promise.race([opening.done, givenUp]);
    } catch (error) {
      if (!giveUp.aborted) throw error;
    } finally {
      // Nobody waits any more who would want the cluster started.
      opening.mayStartCluster = false;
      givenUp.forget();
      stopWatching();
    }
  }

  async #runIn(context: OpenContext, code: string, language: RemoteLanguage, options: RunOptions): Promise<SlotEnd> {
    options.onStage(undefined);
    let started = false;
    const run = {
      context: context.address,
      language,
      code,
      interrupted: options.interrupted,
      killed: AbortSignal.any([options.killed, this.#ending.signal]),
      onStarted: () => {
        started = true;
        this.#tellNews(context, options);
      },
    };
    try {
      return await this.#settle(context, await runCommand(context.connection.client, run));
    } catch (error) {
      if (!mayBeGone(error, context)) throw error;
      if (await isGone(context)) throw this.#lose(context, started, error);
      if (!started && language !== this.language && refusesLanguage(error)) return { end: 'other-language' };
      throw error;
    }
  }

  /** To the command that the context has taken, and not to one that went elsewhere. */
  #tellNews(context: OpenContext, options: RunOptions): void {
    const state = this.#state;
    if (state.is !== 'ready' || state.context !== context || state.news === undefined) return;
    this.#setState({ ...state, news: undefined });
    const { text, isReplacement } = state.news;
    options.onNotice?.({ text, replaced: isReplacement ? this.#languagesOf(context) : [] });
  }

  /** The languages whose commands the server runs in this context, as far as it is known without asking. */
  #languagesOf({ connection }: OpenContext): readonly RemoteLanguage[] {
    return connection.client.dialect.body === 'json' ? remoteLanguages : classicContexts[this.language];
  }

  async #settle(context: OpenContext, end: CommandEnd): Promise<RunEnd> {
    switch (end.end) {
      case 'killed':
        this.#setLost(context);
        return end;
      case 'interrupted':
        return end;
      case 'cancelled-elsewhere': {
        // The server's own words for a context that was shut down under its command.
        const shutDown = end.result.kind === 'error' && /ExecContextState\S*shutdown/.test(end.result.cause);
        if (shutDown || (await isGone(context))) throw this.#lose(context, true, undefined);
        return { end: 'result', result: end.result };
      }
      case 'result':
        if (end.doubtful && (await isGone(context))) this.#setLost(context);
        return { end: 'result', result: end.result };
    }
  }

  #lose(context: OpenContext, started: boolean, cause: unknown): BridgeError<'context'> {
    this.#setLost(context);
    const { host, cluster } = context.connection.describe;
    const cell = started ? 'it was lost while this cell ran, whose result is unknown' : 'this cell was not run';
    const message = `The execution context on cluster ${cluster} at ${host} is gone, and the variables of earlier cells with it: ${cell}. The next cell gets a new context.`;
    return new BridgeError('context', message, { lost: true }, { cause });
  }

  #setLost(context: OpenContext): void {
    if (this.#state.is === 'ready' && this.#state.context === context) this.#setState({ is: 'lost' });
  }
}

function clusterIsStopped(): BridgeError<'context'> {
  return new BridgeError('context', 'The cluster is stopped, and what a front end asks by itself does not start it: run a cell.', { lost: false });
}
