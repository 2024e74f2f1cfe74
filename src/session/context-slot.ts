import type { CommandAddress } from '../databricks/api/commands.ts';
import { isUnseen } from '../databricks/retry.ts';
import { runCommand } from '../databricks/run-command.ts';
import type { CommandEnd } from '../databricks/run-command.ts';
import type { ContextId, RemoteLanguage } from '../databricks/types.ts';
import { classicContexts, remoteLanguages } from '../databricks/types.ts';
import { BridgeError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { follow, unlessAborted } from '../lib/signals.ts';
import { within } from '../lib/time.ts';
import type { AttachEnd, ContextInfo, RunEnd, RunOptions } from './api.ts';
import { isGone, mayBeGone, refusesLanguage, replIsAway, wentMeanwhile, whyGone } from './gone.ts';
import { Lane } from './lane.ts';
import type { OpenContext, Surroundings } from './opening.ts';
import { Opening } from './opening.ts';
import { queuedIn } from './stage.ts';
import { leftInWords, tellUnseen } from './unseen.ts';

/** `news` is what the first command in a context is told of it; `left` is one that was interrupted and may not know it yet. */
type State =
  | { readonly is: 'closed' }
  | { readonly is: 'opening'; readonly opening: Opening }
  | { readonly is: 'ready'; readonly context: OpenContext; readonly news: readonly News[]; readonly left?: CommandAddress | undefined }
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

const replRestarts =
  'Python restarts in this execution context, as it does after %pip: the variables of earlier Python cells are gone, and this cell was not run to its end. Run it again in a moment.';

/** After such a pause it is worth a request to look whether the context has gone. Milliseconds. */
const idleMs = 60_000;
/** And for so long that is waited for. Milliseconds. */
const lookMs = 3000;

const plain = (text: string): News => ({ isReplacement: false, text });

/**
 * One execution context and its life: `closed`, `opening`, `ready`, `lost`, and from there to `opening` again when the next command comes.
 * Commands run one at a time, in the order of their calls.
 */
export class ContextSlot {
  readonly language: RemoteLanguage;
  readonly #surroundings: Surroundings;
  /** What the first command is told of the first context. */
  readonly #firstNews: readonly News[];
  readonly #lane = new Lane();
  readonly #ending = new AbortController();
  /** All that have not settled, also those that nobody wants any more: they may yet make a context. */
  readonly #openings = new Set<Opening>();
  #state: State = { is: 'closed' };
  /** A context that is to be taken up, until it is. */
  #existing: ContextId | undefined;
  /** There while a command runs; resolves when nothing more is asked about it. */
  #running: Promise<void> | undefined;
  /** When the last command ended, by the client's clock. */
  #usedAt = 0;

  /** `existing`: the context that is taken up first. */
  constructor(language: RemoteLanguage, surroundings: Surroundings, { firstNews, existing }: { firstNews?: string; existing?: ContextId | undefined } = {}) {
    this.language = language;
    this.#existing = existing;
    this.#surroundings = surroundings;
    this.#firstNews = firstNews === undefined ? [] : [plain(firstNews)];
  }

  /** Begins to open the context, in the background, without starting a cluster for it. */
  prepare(): void {
    if (this.#state.is === 'closed' && !this.#ending.signal.aborted) this.#open();
  }

  /** Runs one command as `Session.run` says. */
  async run(code: string, language: RemoteLanguage, options: RunOptions): Promise<SlotEnd> {
    using ends = follow(options.interrupted, this.#ending.signal);
    const giveUp = ends.signal;
    const leave = await this.#lane.enter(giveUp);
    if (leave === undefined) return { end: 'interrupted' };
    try {
      const context = await this.#ready(options, giveUp);
      if (context === undefined) return { end: 'interrupted' };
      if (!this.#languagesOf(context).includes(language)) return { end: 'other-language' };
      return await this.#runIn(context, code, language, options, giveUp);
    } finally {
      leave();
    }
  }

  /** Takes another context in the place of this one, as `Session.attach` says. */
  async attach(contextId: ContextId, options: RunOptions): Promise<AttachEnd> {
    using ends = follow(options.interrupted, this.#ending.signal);
    const giveUp = ends.signal;
    const leave = await this.#lane.enter(giveUp);
    if (leave === undefined) return { end: 'interrupted' };
    try {
      // It is on its way already, and would be there twice.
      if (this.#existing === contextId) await this.#ready({ ...options, mayStartCluster: false }, giveUp);
      if (giveUp.aborted) return { end: 'interrupted' };
      const before = this.#state;
      if (before.is === 'ready' && before.context.address.contextId === contextId) {
        return { end: 'attached', context: infoOf(before.context, 'Running'), replaced: [] };
      }
      const opening = this.#begin(contextId);
      await this.#watch(opening, options, giveUp);
      if (giveUp.aborted) {
        opening.abandon();
        // One that a dead kernel left is noted down as ours by then; it lives on all the same, because nobody asked for its end.
        void opening.done.then((late) => late && this.#surroundings.retire(late.connection), () => undefined);
        return { end: 'interrupted' };
      }
      const context = await opening.done;
      if (context === undefined) return { end: 'interrupted' };
      this.#take(context);
      return { end: 'attached', context: infoOf(context, 'Running'), replaced: this.#languagesOf(context) };
    } finally {
      leave();
    }
  }

  /** The open context as the server sees it. */
  async info(): Promise<ContextInfo | undefined> {
    if (this.#state.is !== 'ready') return undefined;
    const { context } = this.#state;
    return infoOf(context, (await context.connection.client.contexts.status(context.address)).status);
  }

  #take(context: OpenContext): void {
    const before = this.#state;
    this.#existing = undefined;
    this.#usedAt = context.connection.client.clock.now();
    this.#setState({ is: 'ready', context, news: context.remarks.map(plain) });
    if (before.is === 'opening') before.opening.abandon();
  }

  /** Gives the context up, whatever runs in it. No command is taken any more. Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#setState({ is: 'closed' });
    const openings = [...this.#openings];
    for (const opening of openings) opening.abandon();
    await Promise.allSettled(openings.map(({ done }) => done));
  }

  /** The only place where the state changes. A context that is left behind is destroyed. */
  #setState(next: State): void {
    const left = this.#state;
    this.#state = next;
    if (left.is !== 'ready' || (next.is === 'ready' && next.context === left.context)) return;
    this.#retire(left.context);
  }

  #retire({ connection, address, owned }: OpenContext): void {
    this.#surroundings.retire(connection, owned ? address : undefined, this.#running);
  }

  #begin(existing: ContextId | undefined): Opening {
    const opening = new Opening(this.#surroundings, this.language, existing);
    this.#openings.add(opening);
    const settled = (): void => void this.#openings.delete(opening);
    opening.done.then(settled, settled);
    return opening;
  }

  #open(): Opening {
    const before = this.#state;
    const news = before.is === 'lost' ? [reopened] : this.#firstNews;
    const opening = this.#begin(this.#existing);
    this.#setState({ is: 'opening', opening });
    const isCurrent = (): boolean => this.#state.is === 'opening' && this.#state.opening === opening;
    const settled = (context: OpenContext | undefined): void => {
      this.#usedAt = context?.connection.client.clock.now() ?? 0;
      if (context) this.#existing = undefined;
      if (isCurrent()) this.#setState(context ? { is: 'ready', context, news: [...news, ...context.remarks.map(plain)] } : before);
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
    try {
      await unlessAborted(opening.done, giveUp);
    } catch (error) {
      if (!giveUp.aborted) throw error;
    } finally {
      // Nobody waits any more who would want the cluster started.
      opening.mayStartCluster = false;
      stopWatching();
    }
  }

  async #runIn(context: OpenContext, code: string, language: RemoteLanguage, options: RunOptions, giveUp: AbortSignal): Promise<SlotEnd> {
    if (await this.#wentWhileIdle(context, giveUp)) throw await this.#lose(context, false, undefined);
    await this.#cancelLeft(context, giveUp);
    if (giveUp.aborted) return { end: 'interrupted' };
    options.onStage(undefined);
    let started = false;
    let onOver = (): void => undefined;
    this.#running = new Promise((resolve) => (onOver = resolve));
    using kill = follow(options.killed, this.#ending.signal);
    const run = {
      context: context.address,
      language,
      code,
      interrupted: giveUp,
      killed: kill.signal,
      isForeign: !context.owned,
      onOver,
      onStarted: () => {
        started = true;
        this.#tellNews(context, options);
      },
      onUnseen: tellUnseen((stage) => options.onStage(stage)),
      onQueued: (waits: boolean) => options.onStage(waits ? queuedIn(context.connection) : undefined),
      onNote: (text: string) => options.onNotice?.({ text, replaced: [] }),
      onResults: (raw: JsonObject) => options.onResults?.(raw),
    };
    const outcome = async (): Promise<SlotEnd> => {
      try {
        return await this.#settle(context, await runCommand(context.connection.client, run), language, options);
      } catch (error) {
        if (!mayBeGone(error, context)) throw error;
        if (await isGone(context)) throw await this.#lose(context, started || mayHaveRun(error), error);
        if (!started && language !== this.language && refusesLanguage(error)) return { end: 'other-language' };
        throw error;
      }
    };
    try {
      // Not only the command: whether the context is gone is a question that may have no answer for a minute.
      const end = await unlessAborted(outcome(), run.killed);
      return end ?? this.#kill(context);
    } finally {
      this.#running = undefined;
      this.#usedAt = context.connection.client.clock.now();
    }
  }

  /** Only where it costs nobody anything who works: a cell after a pause, on a server whose API 2.x tells one life of a cluster from the next. */
  async #wentWhileIdle(context: OpenContext, giveUp: AbortSignal): Promise<boolean> {
    const { client, embedded } = context.connection;
    if (embedded || client.dialect.clusters2 !== true || client.clock.now() - this.#usedAt < idleMs) return false;
    return (await within(lookMs, wentMeanwhile(context), giveUp)) ?? false;
  }

  /** A command that goes on unseen keeps all others of its context waiting. */
  async #cancelLeft(context: OpenContext, giveUp: AbortSignal): Promise<void> {
    const state = this.#state;
    if (state.is !== 'ready' || state.context !== context || state.left === undefined) return;
    const sent = context.connection.client.commands.cancel(state.left).then(() => true, (error: unknown) => !isUnseen(error));
    // The command that comes next meets what keeps the server from answering.
    if (await within(lookMs, sent, giveUp)) this.#setLeft(context, undefined);
  }

  #setLeft(context: OpenContext, left: CommandAddress | undefined): void {
    if (this.#state.is === 'ready' && this.#state.context === context) this.#setState({ ...this.#state, left });
  }

  /** To the command that the context has taken, and not to one that went elsewhere. */
  #tellNews(context: OpenContext, options: RunOptions): void {
    const state = this.#state;
    if (state.is !== 'ready' || state.context !== context || state.news.length === 0) return;
    this.#setState({ ...state, news: [] });
    for (const { text, isReplacement } of state.news) options.onNotice?.({ text, replaced: isReplacement ? this.#languagesOf(context) : [] });
  }

  /** The languages whose commands the server runs in this context, as far as it is known without asking. */
  #languagesOf({ connection }: OpenContext): readonly RemoteLanguage[] {
    return connection.client.dialect.body === 'json' ? remoteLanguages : classicContexts[this.language];
  }

  async #settle(context: OpenContext, end: CommandEnd, language: RemoteLanguage, options: RunOptions): Promise<RunEnd> {
    switch (end.end) {
      case 'killed':
        return this.#kill(context);
      case 'interrupted':
        return end;
      case 'left':
        if (mayBeGone(end.why, context) && (await isGone(context))) throw await this.#lose(context, true, end.why);
        this.#setLeft(context, end.command);
        return { end: 'left', text: leftInWords(end.why) };
      case 'cancelled-elsewhere': {
        // The server's own words for a context that was shut down under its command.
        const shutDown = end.result.kind === 'error' && /ExecContextState\S*shutdown/.test(end.result.cause);
        if (shutDown || (await isGone(context))) throw await this.#lose(context, true, undefined);
        return { end: 'result', result: end.result };
      }
      case 'result':
        if (end.doubtful && (await isGone(context))) this.#setLost(context);
        if (replIsAway(end.result)) options.onNotice?.({ text: replRestarts, replaced: [language] });
        return { end: 'result', result: end.result };
    }
  }

  async #lose(context: OpenContext, started: boolean, cause: unknown): Promise<BridgeError<'context'>> {
    const why = (await within(lookMs, whyGone(context))) ?? '';
    this.#setLost(context);
    const { host, cluster } = context.connection.describe;
    const gone = why === '' ? 'is gone' : `is gone (${why})`;
    const cell = started ? 'it was lost while this cell ran, whose result is unknown' : 'this cell was not run';
    const message = `The execution context on cluster ${cluster} at ${host} ${gone}, and the variables of earlier cells with it: ${cell}. The next cell gets a new context.`;
    return new BridgeError('context', message, { lost: true }, { cause });
  }

  #kill(context: OpenContext): RunEnd {
    this.#setLost(context);
    return { end: 'killed', ...(!context.owned && { kept: context.address.contextId }) };
  }

  #setLost(context: OpenContext): void {
    if (this.#state.is === 'ready' && this.#state.context === context) this.#setState({ is: 'lost' });
  }
}

function infoOf({ connection: { describe }, address, owned }: OpenContext, status: ContextInfo['status']): ContextInfo {
  return { id: address.contextId, cluster: describe.cluster, host: describe.host, status, owned };
}

/** Of a command whose `execute` was not answered. */
function mayHaveRun(error: unknown): boolean {
  return error instanceof BridgeError && error.is('command') && error.details.mayHaveRun === true;
}

function clusterIsStopped(): BridgeError<'context'> {
  return new BridgeError('context', 'The cluster is stopped, and what a front end asks by itself does not start it: run a cell.', { lost: false });
}
