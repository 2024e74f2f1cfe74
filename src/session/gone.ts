import { isTheServers, refusesLogin } from '../databricks/errors.ts';
import type { CommandResult } from '../databricks/types.ts';
import { BridgeError } from '../lib/errors.ts';
import { trace } from '../lib/trace.ts';
import type { OpenContext } from './opening.ts';

const log = trace('session');

/** Refusals of the server that say nothing about the context, beside that of a login: of permissions, of too many requests, trouble. */
const passing = [403, 429, 503];

/**
 * Whether a failed `execute` or `status` may mean that the context is gone; no document says what a server answers then. Failures of
 * the network, an answer that got lost among them, mean nothing, unless the server is a process of this machine that may have ended.
 */
export function mayBeGone(error: unknown, { connection }: Pick<OpenContext, 'connection'>): boolean {
  if (!(error instanceof BridgeError)) return false;
  if (error.is('command') && error.details.resultLost) return true;
  if (error.is('net') || error.is('command')) return connection.embedded;
  // An embedded workspace that no longer knows its token is another one, at the same port.
  if (refusesLogin(error)) return connection.embedded;
  return error.is('api') && isTheServers(error) && !passing.includes(error.details.status);
}

/** Asks `contexts/status`: gone is what the server refuses too, or calls failed. */
export async function isGone({ connection, address }: Pick<OpenContext, 'connection' | 'address'>): Promise<boolean> {
  try {
    return (await connection.client.contexts.status(address)).status === 'Error';
  } catch (error) {
    if (error instanceof BridgeError && error.is('net')) return connection.embedded && !error.details.sent;
    return mayBeGone(error, { connection });
  }
}

/** The server's words for a context whose Python has ended and not come back yet; its other languages live. */
export function replIsAway(result: CommandResult): boolean {
  return result.kind === 'error' && /jupyter client is not available because the python kernel is not defined/i.test(result.summary + result.cause);
}

/** In words, that the cluster takes no commands now or is another one than when the context was opened; '' if neither, `undefined` where its API cannot tell. */
async function clusterChange({ connection, incarnation }: OpenContext): Promise<string | undefined> {
  const { client, clusterId } = connection;
  const { status, message, incarnation: now } = await client.clusters.get(clusterId);
  if (status !== 'Running' && status !== 'Reconfiguring') {
    const why = message === '' ? '' : `: ${message.replace(/\.$/, '')}`;
    return `the cluster is ${status.toLowerCase()}${why}`;
  }
  if (incarnation === '' || now === '') return undefined;
  return incarnation === now ? '' : 'the cluster was restarted';
}

/** Why a context is gone, for the user; '' where nobody can tell. */
export async function whyGone(context: OpenContext): Promise<string> {
  if (context.connection.embedded) return clusterChange(context).then((why) => why ?? '', () => '');
  const why = await clusterChange(context).catch(() => undefined);
  return why === '' ? 'the server ended it: those that are idle longest go when a cluster is full, and all after a day' : (why ?? '');
}

/**
 * Looks whether a context has gone that nobody has used for a while, before code is sent to it. What the cluster says decides nothing
 * alone, because the variables of a context that lives must not be given up by mistake.
 */
export async function wentMeanwhile(context: OpenContext): Promise<boolean> {
  try {
    const change = await clusterChange(context);
    return change !== undefined && change !== '' && (await isGone(context));
  } catch (error) {
    // The command itself will meet what keeps the server from answering.
    log.debug(`the cluster could not be looked at: ${String(error)}`);
    return false;
  }
}

/** A server that does not run this language in this context refuses like this, and has not run the command. */
export function refusesLanguage(error: unknown): boolean {
  if (!(error instanceof BridgeError) || !error.is('api')) return false;
  const { status, serverMessage } = error.details;
  if (status >= 400 && status < 500) return !refusesLogin(error) && !passing.includes(status);
  return status === 500 && /IllegalArgumentException/.test(serverMessage);
}
