import type { FastifyInstance } from 'fastify';

/** Where today's clients look, without a login, for what they need to log in. */
export const discoveryPath = '/.well-known/databricks-config';

/** There is nothing to find out, and that is no failure: the vendor's SDK for Python warns of any other answer. */
export function discoveryRoute(server: FastifyInstance): void {
  server.get(discoveryPath, async () => ({}));
}
