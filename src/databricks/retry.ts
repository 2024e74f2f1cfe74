import { BridgeError } from '../lib/errors.ts';
import type { Clock } from '../lib/time.ts';
import { isTheServers } from './errors.ts';

/*
 * When a failed request may be sent again. A GET of this API changes nothing (but see `run-command.ts` for the one that reads a
 * result), nor does a POST that says the same thing twice, such as a cancel: both are `repeatable`. Any other POST goes out again only
 * where the server surely did not process it, because code must never run twice.
 */

/** Words of a server whose request never reached the cluster (the vendor's SDKs retry on these and more; the rest is ambiguous). */
const notProcessed = [
  /ClusterNotReadyException/,
  /UnknownWorkerEnvironmentException/,
  /does not have any associated worker environments/,
  /There is no worker environment with id/,
  /Unknown worker environment/,
  /worker env .* not found/i,
  /RPC token bucket limit has been exceeded/,
];

const policy = { firstMs: 250, factor: 2, longestMs: 10_000 };

/** For how many milliseconds failures are outlasted: those of one request, and those of the status calls while a command runs. */
export interface Patience {
  readonly request: number;
  readonly running: number;
}
/** A wrong address is told soon; but hours of work may hang on a running command, so it outlasts a change of network. */
export const remotePatience: Patience = { request: 10_000, running: 300_000 };
/** A server on this machine that cannot be reached has ended. */
export const localPatience: Patience = { request: 1_000, running: 2_000 };

/** May a request that failed like this go out again? */
export function mayRepeat(failure: unknown, repeatable: boolean): failure is BridgeError<'net'> | BridgeError<'api'> {
  if (!(failure instanceof BridgeError)) return false;
  if (failure.is('net')) return repeatable || !failure.details.sent;
  if (!failure.is('api')) return false;
  const { status, serverMessage } = failure.details;
  if (status === 429) return true;
  if (status >= 500 && notProcessed.some((words) => words.test(serverMessage))) return true;
  return repeatable && (!isTheServers(failure) || status === 503);
}

/** Milliseconds before the attempt after `failures` failed ones: growing, or longer if the server asks for more; some ask for none at all. */
export function retryDelay(failure: unknown, failures: number): number {
  const asked = failure instanceof BridgeError && failure.is('api') ? (failure.details.retryAfterMs ?? 0) : 0;
  return Math.max(asked, Math.min(policy.longestMs, policy.firstMs * policy.factor ** (failures - 1)));
}

/** How long and how often one request is sent. */
export interface Retries {
  readonly clock: Clock;
  readonly repeatable: boolean;
  readonly patienceMs: number;
  /** Ends the wait for a further attempt, which is then not made. */
  readonly giveUp?: AbortSignal | undefined;
}

/**
 * Sends a request until it is answered, may not be repeated, or the next attempt would be later than `patienceMs` after the first.
 * Throws the last failure, or the reason of `giveUp` where that ended it.
 */
export async function withRetries<T>({ clock, repeatable, patienceMs, giveUp }: Retries, send: () => Promise<T>): Promise<T> {
  const begun = clock.now();
  for (let failures = 1; ; failures += 1) {
    try {
      return await send();
    } catch (failure) {
      if (!mayRepeat(failure, repeatable)) throw failure;
      const delay = retryDelay(failure, failures);
      if (clock.now() - begun + delay > patienceMs) throw failure;
      await clock.sleep(delay, giveUp);
      giveUp?.throwIfAborted();
    }
  }
}
