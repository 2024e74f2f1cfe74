import type { FastifyInstance } from 'fastify';
import { parametersOf } from '../bodies.ts';
import type { Dialect } from '../dialect.ts';
import type { Faults } from '../faults.ts';
import type { Workspace } from '../workspace.ts';

export interface ControlOptions {
  readonly version: string;
  readonly pid: number;
  /** Calls that are made to fail; none unless it is given. */
  readonly faults?: Faults | undefined;
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
    ...(options.faults !== undefined && { faultRules: options.faults.rules.length }),
    clusters: workspace.clusters.map(({ id, name, state, message }) => ({ id, name, status: state.status, message })),
  }));

  server.post('/workspace/stop', async (request, reply) => {
    const onlyIfUnused = (await parametersOf(request)).optional('onlyIfUnused') === 'true';
    const contexts = workspace.openContexts;
    if (onlyIfUnused && contexts > 0) return reply.code(409).send({ error: `${contexts} contexts are open`, contexts });
    options.stop('asked to stop');
    return { contexts };
  });
}
