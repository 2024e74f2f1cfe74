import { BridgeError } from '../lib/errors.ts';
import type { Clock } from '../lib/time.ts';
import { isTheServers, refusesLogin } from './errors.ts';

/*
 * When a failed request goes out again, as data: `retryTable` says after which failure, `backoff` when, `remotePatience` and
 * `localPatience` for how long. Which calls may be sent twice stands in `api/posts.ts`; every GET may, for they change nothing (but see
 * `run-command.ts` for the one that reads a result). All others go out again only where the server surely did not process them, because
 * code must never run twice, nor a cluster be made or restarted twice.
 */

/** A failure, and which requests go out again after it. */
interface RetryRule {
  readonly failure: string;
  matches(failure: BridgeError): boolean;
  /** `any`: the server surely did nothing. `repeatable`: it may have, so only what may be done twice. */
  readonly again: 'any' | 'repeatable';
}

/** The first line that matches decides; a failure that none matches is final. */
export const retryTable: readonly RetryRule[] = [
  { failure: 'it never reached the server', again: 'any', matches: (failure) => wasAway(failure) && !failure.details.sent },
  { failure: 'its answer was lost', again: 'repeatable', matches: wasAway },
  { failure: 'the server is asked too often', again: 'any', matches: (failure) => hasStatus(failure, 429) || says(failure, /REQUEST_LIMIT_EXCEEDED/) },
  { failure: 'the cluster behind it was not reached', again: 'any', matches: isClusterAway },
  { failure: 'the server is overloaded', again: 'repeatable', matches: (failure) => hasStatus(failure, 503) },
  { failure: 'the server had trouble inside', again: 'repeatable', matches: (failure) => hasStatus(failure, 500, 599) && says(failure, transient) },
  { failure: 'a proxy answered in its place', again: 'repeatable', matches: (failure) => failure.is('api') && !isTheServers(failure) },
];

/** Words of a server whose request never reached the cluster (the vendor's SDKs retry on these, too). */
const notProcessed = new RegExp(
  [
    'ClusterNotReadyException',
    'UnknownWorkerEnvironmentException',
    'does not have any associated worker environments',
    'There is no worker environment with id',
    'Unknown worker environment',
    'worker env .* not found',
    'RPC token bucket limit has been exceeded',
  ].join('|'),
  'i',
);

/** Words of one that may or may not have done what it was asked for. */
const transient = /TEMPORARILY_UNAVAILABLE|Timed out after |deadline exceeded|Please try again later or try a faster operation|Unexpected error/i;

/** What we broke off ourselves, at our own end, is not taken up again. */
function wasAway(failure: BridgeError): failure is BridgeError<'net'> {
  return failure.is('net') && failure.details.closed !== true;
}

function isClusterAway(failure: BridgeError): boolean {
  return hasStatus(failure, 500, 599) && says(failure, notProcessed);
}

function hasStatus(failure: BridgeError, from: number, to = from): boolean {
  return failure.is('api') && failure.details.status >= from && failure.details.status <= to;
}

function says(failure: BridgeError, words: RegExp): boolean {
  return failure.is('api') && words.test(failure.details.serverMessage);
}

/**
 * Milliseconds before the next attempt: growing, or as long as `Retry-After` asks for if that is longer (some ask for none at all).
 * `jitter` is the part of it that chance may add, so that many clients that failed together do not come back together.
 */
export const backoff = { firstMs: 250, factor: 2, longestMs: 10_000, jitter: 0.25 } as const;

/** For how many milliseconds failures are outlasted: those of one request, and those of looking at what goes on on the server meanwhile. */
export interface Patience {
  readonly request: number;
  readonly running: number;
}
/** A wrong address is told soon; but hours of work may hang on a running command, which a server keeps for a day after it was used last. */
export const remotePatience: Patience = { request: 10_000, running: 24 * 3_600_000 };
/** A server on this machine that cannot be reached has ended. */
export const localPatience: Patience = { request: 1_000, running: 2_000 };

/** May a request that failed like this go out again? */
export function mayRepeat(failure: unknown, repeatable: boolean): failure is BridgeError<'net'> | BridgeError<'api'> {
  if (!(failure instanceof BridgeError)) return false;
  const again = retryTable.find(({ matches }) => matches(failure))?.again;
  return again === 'any' || (again === 'repeatable' && repeatable);
}

/**
 * Whether a failure says only that nobody can see at the moment what goes on on the server, which goes on all the same: the network is away,
 * a proxy answers, the server is busy, or it refuses the login, which may have ended or come from another network.
 */
export function isUnseen(failure: unknown): failure is BridgeError {
  if (!(failure instanceof BridgeError)) return false;
  return mayRepeat(failure, true) || failure.is('config') || refusesLogin(failure) || hasStatus(failure, 403);
}

/** For how long a server is asked again that has stumbled: it refused what it answered before, or said what nobody understands. Milliseconds. */
const stumbleMs = 3000;
/** For how long one is asked again that does not reach the cluster: in so many minutes a cluster is back, or it has ended and never will be. */
const clusterAwayMs = 5 * 60_000;

/** For how many milliseconds a failure to look at what goes on on the server is outlasted. */
export function patienceWith(failure: unknown, { request, running }: Patience): number {
  if (isUnseen(failure)) return isClusterAway(failure) ? Math.min(clusterAwayMs, running) : running;
  return hasStumbled(failure) ? Math.min(stumbleMs, request) : 0;
}

function hasStumbled(failure: unknown): boolean {
  return failure instanceof BridgeError && (failure.is('command') || failure.is('api')) && !says(failure, unknownToServer);
}

/** Words of a server that knows no such cluster, context or command, which asking again does not change. */
const unknownToServer = /ContextNotFound|key not found|unknown cluster|does not exist|DOES_NOT_EXIST/i;

/** From 0 up to 1, 1 excluded; `Math.random` where no test needs to know. */
export type Chance = () => number;

/** Milliseconds before the attempt after `failures` failed ones, by `backoff`. */
export function retryDelay(failure: unknown, failures: number, chance: Chance): number {
  const asked = failure instanceof BridgeError && failure.is('api') ? (failure.details.retryAfterMs ?? 0) : 0;
  const { firstMs, factor, longestMs, jitter } = backoff;
  const own = Math.min(longestMs, firstMs * factor ** (failures - 1));
  return Math.max(asked, own) + own * jitter * chance();
}

/** Told of each failure after which a request goes out again, and with `undefined` when it was answered at last. */
export type OnRetry = (failure: BridgeError | undefined) => void;

/** How requests are sent again. */
export interface Repeating {
  readonly clock: Clock;
  readonly chance: Chance;
  /** How long one request is repeated, in milliseconds. */
  readonly patienceMs: number;
  readonly onRetry?: OnRetry | undefined;
}

/** Whether one of them is, and for how long it is wanted. */
export interface Repeatable {
  readonly repeatable: boolean;
  /** Ends the wait for a further attempt, which is then not made. */
  readonly giveUp?: AbortSignal | undefined;
}

/**
 * Sends a request until it is answered, may not be repeated, or the next attempt would be later than `patienceMs` after the first.
 * Throws the last failure, or the reason of `giveUp` where that ended it.
 */
export async function withRetries<T>({ clock, chance, patienceMs, onRetry }: Repeating, { repeatable, giveUp }: Repeatable, send: () => Promise<T>): Promise<T> {
  const begun = clock.now();
  for (let failures = 1; ; failures += 1) {
    try {
      const answer = await send();
      if (failures > 1) onRetry?.(undefined);
      return answer;
    } catch (failure) {
      if (!mayRepeat(failure, repeatable)) throw failure;
      const delay = retryDelay(failure, failures, chance);
      if (clock.now() - begun + delay > patienceMs) throw failure;
      onRetry?.(failure);
      await clock.sleep(delay, giveUp);
      giveUp?.throwIfAborted();
    }
  }
}
