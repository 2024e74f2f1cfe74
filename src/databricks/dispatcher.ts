// A module of its own, with a static import, so that it can be loaded late: a bundler cannot find the names of a CommonJS package
// behind a dynamic one.
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';

const connectMs = 10_000;

/** Kept connections to one server; `deadlineMs` for the answer to begin, and again for each part of it. Proxy settings are honoured. */
export function createDispatcher(url: URL, deadlineMs: number): Dispatcher {
  const timeouts = { connect: { timeout: connectMs }, headersTimeout: deadlineMs, bodyTimeout: deadlineMs };
  return isLoopback(url.hostname) ? new Agent(timeouts) : new EnvHttpProxyAgent(timeouts);
}

/** A proxy for the network has no business between two programs of one machine. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}
