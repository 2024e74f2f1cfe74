import type { FastifyInstance } from 'fastify';
import type { JsonValue } from '../../lib/json.ts';
import { illegalArgument, keyNotFound, unexpectedState } from '../api-error.ts';
import { fieldsOf } from '../bodies.ts';
import type { Fields } from '../fields.ts';
import { BadLibrary, checkLibrary, libraryFields, readLibrary } from '../libraries/library.ts';
import type { Library } from '../libraries/library.ts';
import type { Workspace } from '../workspace.ts';

/** Libraries API 2.0, in both dialects. */
export function libraryRoutes2(server: FastifyInstance, workspace: Workspace): void {
  const { libraries } = workspace;

  const statusesOf = (clusterId: string) => ({
    cluster_id: clusterId,
    library_statuses: libraries.on(clusterId).statuses.map(({ library, status, messages, forAllClusters }) => {
      return { library: libraryFields(library), status, messages, is_library_for_all_clusters: forAllClusters };
    }),
  });

  server.get('/api/2.0/libraries/all-cluster-statuses', async () => {
    return { statuses: workspace.clusters.map(({ id }) => statusesOf(id)).filter(({ library_statuses: some }) => some.length > 0) };
  });

  server.get('/api/2.0/libraries/cluster-status', async (request) => {
    const fields = await fieldsOf(request);
    return statusesOf(workspace.cluster(fields.text('cluster_id')).id);
  });

  server.post('/api/2.0/libraries/install', async (request) => {
    const fields = await fieldsOf(request);
    const { id, state } = workspace.cluster(fields.text('cluster_id'));
    const wanted = librariesOf(fields, checkLibrary);
    if (state.status === 'Terminated' || state.status === 'Terminating' || state.status === 'Error') throw unexpectedState(id, state.status);
    await libraries.install(id, wanted);
    return {};
  });

  server.post('/api/2.0/libraries/uninstall', async (request) => {
    const fields = await fieldsOf(request);
    const { id } = workspace.cluster(fields.text('cluster_id'));
    await libraries.uninstall(id, librariesOf(fields));
    return {};
  });
}

/** All of them, or none: the first that is wrong is refused with its place. */
function librariesOf(fields: Fields, check: (library: Library) => void = () => undefined): readonly Library[] {
  const given = fields.nested('libraries');
  if (given === undefined) throw keyNotFound('libraries');
  if (!Array.isArray(given)) throw illegalArgument('libraries is not an array');
  if (given.length === 0) throw illegalArgument('libraries is empty');
  return given.map((one: JsonValue, index) => {
    try {
      const library = readLibrary(one);
      check(library);
      return library;
    } catch (error) {
      if (error instanceof BadLibrary) throw illegalArgument(`libraries[${index}]: ${error.message}`);
      throw error;
    }
  });
}
