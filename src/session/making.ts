import type { ContextAddress } from '../databricks/api/commands.ts';
import { mayRepeat } from '../databricks/retry.ts';
import type { ContextId, RemoteLanguage } from '../databricks/types.ts';
import { waitForContext } from '../databricks/wait.ts';
import { BridgeError } from '../lib/errors.ts';
import { trace } from '../lib/trace.ts';
import type { ReadyCluster } from './cluster-gate.ts';
import type { Connection, Wait } from './connection.ts';
import { mayBeGone } from './gone.ts';

const log = trace('session');

/** A cluster that has just started may run and not be able to make contexts yet: so long after each failure another is tried. Milliseconds. */
const waitsMs = [2000, 5000, 10_000] as const;

/** What a context is made of, and how one attempt goes. */
export interface Attempt {
  readonly language: RemoteLanguage;
  readonly cluster: ReadyCluster;
  /** Asks the server for a context, and notes it down. */
  create(): Promise<ContextAddress>;
  /** Destroys one that failed. */
  discard(context: ContextAddress): Promise<void>;
}

/**
 * Makes a context and waits until it takes commands; one that fails to start is destroyed and made again a few times, not so on the embedded
 * workspace, where nothing else would come of it. Throws `BridgeError`, or the reason of the wait's signal.
 */
export async function makeContext(connection: Connection, wait: Wait, { language, cluster, create, discard }: Attempt): Promise<ContextAddress> {
  const { client, describe, embedded } = connection;
  const place = `cluster ${describe.cluster} at ${describe.host}`;
  const text = cluster.starts ? `Starting ${place}, and opening a ${language} context on it` : `Opening a ${language} context on ${place}`;
  for (let failures = 0; ; failures += 1) {
    wait.onStage({ waitsFor: 'context', text: failures === 0 ? text : `${text} (attempt ${failures + 1} of ${waitsMs.length + 1})` });
    let context: ContextAddress | undefined;
    try {
      context = await create();
      await waitForContext(client, context, wait.signal);
      return context;
    } catch (error) {
      if (context !== undefined) await discard(context);
      if (isFull(error)) throw full(connection, error);
      const pauseMs = waitsMs[failures];
      if (embedded || pauseMs === undefined || !mayComeLater(error)) throw context === undefined ? inDoubt(connection, error) : error;
      await client.clock.sleep(pauseMs, wait.signal);
      wait.signal.throwIfAborted();
    }
  }
}

/**
 * Looks for a context that lives already. `cluster` is missing where that is stopped, which no context outlives. Throws `BridgeError`
 * `context` where there is no such context.
 */
export async function takeUp(connection: Connection, contextId: ContextId, cluster: ReadyCluster | undefined, wait: Wait): Promise<ContextAddress> {
  const { client, clusterId, describe } = connection;
  if (cluster === undefined) throw noSuchContext(connection, contextId, 'the cluster is stopped, which no context outlives');
  wait.onStage({ waitsFor: 'context', text: `Looking for context ${contextId} on cluster ${describe.cluster} at ${describe.host}` });
  const address = { clusterId, contextId };
  try {
    await waitForContext(client, address, wait.signal);
    await learnBodies(connection);
    return address;
  } catch (error) {
    const isNone = error instanceof BridgeError && (error.is('context') ? error.details.failed !== undefined : mayBeGone(error, { connection }));
    if (!isNone) throw error;
    throw noSuchContext(connection, contextId, serverWords(error), error);
  }
}

/**
 * Finds out whether the server reads JSON or forms, which `contexts/create` tells else, and code must not be sent for: by destroying a context
 * that there is none of, which servers merely echo.
 */
async function learnBodies({ client, clusterId }: Connection): Promise<void> {
  try {
    await client.contexts.destroy({ clusterId, contextId: '0' as ContextId });
  } catch (error) {
    log.info(`how the server reads bodies is not known: ${BridgeError.from(error).message}`);
  }
}

function noSuchContext({ describe }: Connection, contextId: ContextId, why: string, cause?: unknown): BridgeError<'context'> {
  const reason = why === '' ? '' : ` (${why.replace(/\.$/, '')})`;
  const words = `There is no execution context ${contextId} on cluster ${describe.cluster} at ${describe.host}${reason}, and nothing has changed. An id belongs to one cluster, and is gone when that restarts.`;
  return new BridgeError('context', words, { lost: false }, { cause });
}

/** Of a `create` that may have been done: nobody can destroy a context whose id did not arrive. */
function inDoubt({ embedded }: Connection, error: unknown): unknown {
  if (!(error instanceof BridgeError) || mayRepeat(error, false) || !mayRepeat(error, true)) return error;
  const end = embedded ? 'it ends with this kernel' : 'the server gives it up when it has been idle for long';
  const message = `${error.message} An execution context may have been made whose id is not known; ${end}.`;
  return new BridgeError(error.code, message, error.details, { cause: error });
}

/** The context ended in `Error`, or the cluster behind the server was not ready for longer than one request waits. */
function mayComeLater(error: unknown): boolean {
  if (!(error instanceof BridgeError)) return false;
  if (error.is('context')) return error.details.failed !== undefined;
  return error.is('api') && error.details.status >= 500 && mayRepeat(error, false);
}

/** No document has the words of a cluster that is full; the vendor's pages speak of a "maximum number" and of one that "cannot create a new" one. */
function isFull(error: unknown): error is BridgeError {
  return /too many\b.*\bcontexts|(?:maximum|limit)\b.*\bcontexts|\bcontexts\b.*\b(?:maximum|limit)|cannot create a new execution context/i.test(serverWords(error));
}

function serverWords(error: unknown): string {
  if (!(error instanceof BridgeError)) return '';
  if (error.is('api')) return error.details.serverMessage;
  return error.is('context') ? (error.details.failed ?? '') : '';
}

function full({ describe, clusterId }: Connection, cause: BridgeError): BridgeError<'context'> {
  return new BridgeError(
    'context',
    `Cluster ${describe.cluster} at ${describe.host} has no room for another execution context (${serverWords(cause).replace(/\.$/, '')}): shut down notebooks and kernels on it that are no longer needed. "databricks-kernel clusters restart ${clusterId}" makes room, too, and ends everything that runs on it.`,
    { lost: false },
    { cause },
  );
}
