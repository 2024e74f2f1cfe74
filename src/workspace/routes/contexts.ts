import type { FastifyInstance } from 'fastify';
import { parametersOf } from '../bodies.ts';
import type { Dialect } from '../dialect.ts';
import type { Workspace } from '../workspace.ts';

/** Execution contexts of API 1.2. */
export function contextRoutes(server: FastifyInstance, workspace: Workspace, dialect: Dialect): void {
  server.post('/api/1.2/contexts/create', async (request) => {
    const parameters = await parametersOf(request);
    const language = dialect.contextLanguage(parameters.get('language'));
    const cluster = workspace.cluster(parameters.get('clusterId'));
    // Ours, not the document's: the process that the context belongs to, so that it does not outlive it.
    const { id } = cluster.createContext(language, parameters.optional('owner'));
    return { id };
  });

  server.get('/api/1.2/contexts/status', async (request) => {
    const parameters = await parametersOf(request);
    const cluster = workspace.cluster(parameters.get('clusterId'));
    const { id, state } = cluster.context(parameters.id('contextId'));
    // The document has no place for the reason of an `Error`; a person needs one.
    return state.status === 'Error' ? { status: state.status, id, cause: state.cause } : { status: state.status, id };
  });

  server.post('/api/1.2/contexts/destroy', async (request) => {
    const parameters = await parametersOf(request);
    const cluster = workspace.cluster(parameters.get('clusterId'));
    const id = parameters.get('contextId');
    await cluster.destroyContext(id);
    return { id };
  });
}
