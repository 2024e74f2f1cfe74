import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Duplex } from 'node:stream';
import { within } from '../lib/time.ts';
import { ApiError, noSuchEndpoint } from './api-error.ts';
import { acceptBodies, lastBytesMs } from './bodies.ts';
import { apiVersion } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import { injectFaults } from './faults.ts';
import { checkLogin, ownAddress, refusePages } from './guard.ts';
import { clusterRoutes } from './routes/clusters-1.2.ts';
import { cluster2Routes } from './routes/clusters-2.ts';
import { commandRoutes } from './routes/commands.ts';
import { contextRoutes } from './routes/contexts.ts';
import { controlRoutes } from './routes/control.ts';
import type { ControlOptions } from './routes/control.ts';
import { discoveryPath, discoveryRoute } from './routes/discovery.ts';
import { libraryRoutes1 } from './routes/libraries-1.2.ts';
import { libraryRoutes2 } from './routes/libraries-2.ts';
import { systemWords } from './system-error.ts';
import type { Workspace } from './workspace.ts';

export interface ServerOptions extends ControlOptions {
  readonly workspace: Workspace;
  readonly dialect: Dialect;
  readonly token: string;
  /** The address at which it will listen; that of this machine alone by default. */
  readonly bind?: string | undefined;
  log(text: string): void;
}

/** The workspace's HTTP server, not yet listening. Everything it answers is JSON, and nothing to whom it does not let in. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { workspace, dialect, token, bind = ownAddress } = options;
  const letIn = ({ headers, url }: FastifyRequest): void => {
    refusePages(headers, bind);
    if (dialect.clusters2 && url === discoveryPath) return;
    checkLogin(headers, token, dialect.logins);
    workspace.use();
  };
  const answerError = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (!(error instanceof ApiError)) options.log(`${request.method} ${request.routeOptions.url ?? '?'}: ${String(error)}`);
    const { status, body } = refusalOf(error).answer(apiVersion(dialect, request.url));
    if (status === 401) reply.header('www-authenticate', dialect.logins.map((login) => `${login} realm="databricks-kernel"`).join(', '));
    return reply.code(status).send(body);
  };

  /** An address that is none has met no hook: who may not come in must not learn that. */
  const refuseUnrouted = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    try {
      letIn(request);
    } catch (refusal) {
      return answerError(refusal, request, reply);
    }
    return answerError(error, request, reply);
  };

  const server = fastify({
    // A HEAD on commands/status would read a result that can be read once only.
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    // Without a host nobody is let in, in our words.
    http: { requireHostHeader: false },
    frameworkErrors: (error, request, reply) => void refuseUnrouted(error, request, reply),
    clientErrorHandler: refuseBroken,
  });

  server.setErrorHandler(answerError);
  server.setNotFoundHandler((request, reply) => refuseUnrouted(noSuchEndpoint(request.method, request.url.split('?', 1)[0] ?? ''), request, reply));
  server.addHook('onRequest', async (request) => letIn(request));

  if (options.faults !== undefined) injectFaults(server, options.faults, options);
  await acceptBodies(server, dialect);
  clusterRoutes(server, workspace);
  if (dialect.clusters2) {
    cluster2Routes(server, workspace);
    discoveryRoute(server);
  }
  contextRoutes(server, workspace, dialect);
  commandRoutes(server, workspace, dialect);
  libraryRoutes1(server, workspace);
  libraryRoutes2(server, workspace);
  controlRoutes(server, workspace, dialect, options);
  return server;
}

/** Whatever was thrown while answering, as the API says it. The web server's own refusals (413, 415, 400) keep their status. */
function refusalOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode, name, message } = error as { statusCode?: unknown; name?: string; message?: string };
  const refused = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  if (refused) return new ApiError(statusCode, 'IllegalArgumentException', message);
  const words = systemWords(error);
  return words === undefined ? new ApiError(500, name ?? 'Error', message ?? String(error)) : new ApiError(500, 'IOException', words);
}

/** What was sent is no request, so that nobody knows who sent it and what for: the answer is the same for all. */
function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  // More of the same.
  if (socket.writableEnded) return;
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, words] = brokenRequests[error.code ?? ''] ?? ['400 Bad Request', 'what was sent is no HTTP'];
  const text = JSON.stringify(new ApiError(400, 'IllegalArgumentException', words).answer('1.2').body);
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  // Closing at once would reset the connection of who is still sending, and the answer would be lost.
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  void within(lastBytesMs, closed).then(() => socket.destroy());
}

const brokenRequests: Readonly<Record<string, readonly [status: string, words: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'address and headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not come to its end in time'],
};
