import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './api-error.ts';
import { acceptBodies } from './bodies.ts';
import type { Dialect } from './dialect.ts';
import { guard } from './guard.ts';
import { clusterRoutes } from './routes/clusters-1.2.ts';
import { commandRoutes } from './routes/commands.ts';
import { contextRoutes } from './routes/contexts.ts';
import { controlRoutes } from './routes/control.ts';
import type { ControlOptions } from './routes/control.ts';
import type { Workspace } from './workspace.ts';

export interface ServerOptions extends ControlOptions {
  readonly workspace: Workspace;
  readonly dialect: Dialect;
  readonly token: string;
  log(text: string): void;
}

/** The workspace's HTTP server, not yet listening. Everything it answers is JSON. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { workspace, dialect, token } = options;
  // A HEAD on commands/status would read a result that can be read once only.
  const server = fastify({ exposeHeadRoutes: false, forceCloseConnections: true });

  server.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (!(error instanceof ApiError)) options.log(`${request.method} ${request.routeOptions.url ?? '?'}: ${String(error)}`);
    if (refusal.status === 401) reply.header('www-authenticate', dialect.logins.map((login) => `${login} realm="databricks-kernel"`).join(', '));
    return reply.code(refusal.status).send(refusal.body);
  });
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0];
    return reply.code(404).send({ error: `No such endpoint: ${request.method} ${path}` });
  });
  server.addHook('onRequest', async (request) => {
    guard(request.headers, token, dialect.logins);
    workspace.use();
  });

  await acceptBodies(server, dialect);
  clusterRoutes(server, workspace);
  contextRoutes(server, workspace, dialect);
  commandRoutes(server, workspace, dialect);
  controlRoutes(server, workspace, dialect, options);
  return server;
}

/** Whatever was thrown while answering, as the API says it. The web server's own refusals (413, 400) keep their status. */
function refusalOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode, name, message } = error as { statusCode?: unknown; name?: string; message?: string };
  const status = typeof statusCode === 'number' && statusCode >= 400 ? statusCode : 500;
  return new ApiError(status, name ?? 'Error', message ?? String(error));
}
