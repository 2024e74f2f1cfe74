import { isTheServers } from '../databricks/errors.ts';
import { BridgeError } from '../lib/errors.ts';
import type { OpenContext } from './opening.ts';

/** Refusals of the server that say nothing about the context: a login that expired, too many requests, trouble. */
const passing = [401, 403, 429, 503];

/** An embedded workspace that no longer knows its token is another one, at the same port. */
const passingOf = (embedded: boolean): readonly number[] => (embedded ? passing.filter((status) => status !== 401) : passing);

/**
 * Whether a failed `execute` or `status` may mean that the context is gone; no document says what a server answers then. Failures of
 * the network, an answer that got lost among them, mean nothing, unless the server is a process of this machine that may have ended.
 */
export function mayBeGone(error: unknown, { connection }: OpenContext): boolean {
  if (!(error instanceof BridgeError)) return false;
  if (error.is('net') || error.is('command')) return connection.embedded;
  return error.is('api') && isTheServers(error) && !passingOf(connection.embedded).includes(error.details.status);
}

/** Asks `contexts/status`: gone is what the server refuses too, or calls failed. */
export async function isGone({ connection, address }: OpenContext): Promise<boolean> {
  try {
    return (await connection.client.contexts.status(address)).status === 'Error';
  } catch (error) {
    if (error instanceof BridgeError && error.is('net')) return connection.embedded && !error.details.sent;
    return mayBeGone(error, { connection, address });
  }
}

/** A server that does not run this language in this context refuses like this, and has not run the command. */
export function refusesLanguage(error: unknown): boolean {
  if (!(error instanceof BridgeError) || !error.is('api')) return false;
  const { status, serverMessage } = error.details;
  if (status >= 400 && status < 500) return !passing.includes(status);
  return status === 500 && /IllegalArgumentException/.test(serverMessage);
}
