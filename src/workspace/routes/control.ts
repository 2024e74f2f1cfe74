import type { FastifyInstance } from 'fastify';
import { parametersOf } from '../bodies.ts';
import type { Dialect } from '../dialect.ts';
import type { Workspace } from '../workspace.ts';

export interface ControlOptions {
  readonly version: string;
  readonly pid: number;
  /** Begins to end the server; the answer is still sent. */
  stop(reason: string): void;
}

/** What `databricks-kernel` itself asks of its workspace; no part of any Databricks API. The client of it is `control.ts`. */
export function controlRoutes(server: FastifyInstance, workspace: Workspace, dialect: Dialect, options: ControlOptions): void {
  server.get('/workspace', async () => ({
    version: options.version,
    dialect: dialect.name,
    pid: options.pid,
    contexts: workspace.openContexts,
    clusters: workspace.clusters.map(({ id, name, state }) => ({
      id,
      name,
      status: state.status,
      message: state.status === 'Pending' ? state.progress : state.status === 'Error' ? state.cause : '',
    })),
  }));

  server.post('/workspace/stop', async (request, reply) => {
    const onlyIfUnused = (await parametersOf(request)).optional('onlyIfUnused') === 'true';
    const contexts = workspace.openContexts;
    if (onlyIfUnused && contexts > 0) return reply.code(409).send({ error: `${contexts} contexts are open`, contexts });
    options.stop('asked to stop');
    return { contexts };
  });
}
