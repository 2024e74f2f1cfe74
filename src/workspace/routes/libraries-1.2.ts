import { rm } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { ApiError, illegalArgument } from '../api-error.ts';
import { parametersOf } from '../bodies.ts';
import type { Parameters } from '../parameters.ts';
import type { LibraryStatus } from '../libraries/cluster-libraries.ts';
import type { NewUpload } from '../libraries/libraries.ts';
import { libTypes } from '../libraries/uploaded.ts';
import type { UploadedLibrary } from '../libraries/uploaded.ts';
import { uploadBodyOf } from '../upload-body.ts';
import type { UploadBody } from '../upload-body.ts';
import type { Workspace } from '../workspace.ts';

/** Stands for a cluster id: all that are and will be. */
const allClusters = '__ALL_CLUSTERS';

/** Library management of API 1.2. */
export function libraryRoutes1(server: FastifyInstance, workspace: Workspace): void {
  const { libraries } = workspace;

  server.get('/api/1.2/libraries/list', async () => libraries.uploaded.map(({ id, name, folder }) => ({ id, name, folder })));

  server.get('/api/1.2/libraries/status', async (request) => {
    const uploaded = libraries.get((await parametersOf(request)).get('libraryId'));
    const { id, name, folder, files, libType, library } = uploaded;
    const statuses = workspace.clusters.map((cluster) => ({
      clusterId: cluster.id,
      ...statusOf(uploaded, libraries.on(cluster.id).statusOf(library)),
    }));
    return { id, name, folder, files, libType, attachAllClusters: String(libraries.isForAll(library)), statuses };
  });

  server.post('/api/1.2/libraries/upload', async (request) => {
    const body = await uploadBodyOf(request, libraries);
    try {
      const { id } = await libraries.upload(uploadOf(body));
      return { id };
    } finally {
      // Where it was kept, it lies elsewhere by now.
      if (body.file) await rm(body.file.path, { force: true });
    }
  });

  server.post('/api/1.2/libraries/delete', async (request) => {
    const uploaded = libraries.get((await parametersOf(request)).get('libraryId'));
    await libraries.delete(uploaded);
    return { id: uploaded.id };
  });

  server.post('/api/1.2/libraries/attach', async (request) => {
    const parameters = await parametersOf(request);
    const { id, library } = libraries.get(parameters.get('libraryId'));
    const clusterId = parameters.get('clusterId');
    if (clusterId === allClusters) await libraries.attachToAll(library);
    else await libraries.install(workspace.cluster(clusterId).id, [library]);
    return { id };
  });

  server.post('/api/1.2/libraries/detach', async (request) => {
    const parameters = await parametersOf(request);
    const { id, library } = libraries.get(parameters.get('libraryId'));
    const clusterId = parameters.get('clusterId');
    if (clusterId === allClusters) await libraries.detachFromAll(library);
    else await libraries.uninstall(workspace.cluster(clusterId).id, [library]);
    return { id };
  });
}

const words = {
  PENDING: 'Attaching',
  RESOLVING: 'Attaching',
  INSTALLING: 'Attaching',
  INSTALLED: 'Attached',
  SKIPPED: 'Error',
  FAILED: 'Error',
  UNINSTALL_ON_RESTART: 'Detaching',
} as const satisfies Record<LibraryStatus['status'], string>;

/** A library that was bad when it came says so wherever it is not attached, too. */
function statusOf({ problem }: UploadedLibrary, found: LibraryStatus | undefined): { readonly status: string; readonly message: string } {
  if (found === undefined) return problem === undefined ? { status: 'Detached', message: '' } : { status: 'Error', message: problem };
  const status = words[found.status];
  return { status, message: status === 'Error' ? (found.messages.at(-1) ?? '') : '' };
}

/** Characters. */
const maxNameLength = 255;

function uploadOf({ parameters, file }: UploadBody): NewUpload {
  const given = parameters.get('libType');
  const libType = libTypes.find((type) => type === given);
  if (libType === undefined) throw illegalArgument(`Unknown library type ${given}; use ${libTypes.join(', ')}`);
  const name = parameters.get('name');
  if (name.trim() === '') throw illegalArgument('The name of a library must not be empty');
  if (name.length > maxNameLength) throw illegalArgument(`The name has ${name.length} characters; at most ${maxNameLength} are allowed`);
  const folder = folderOf(parameters);
  const forAllClusters = parameters.optionalBoolean('attachToAllClusters') ?? false;
  return { libType, name, folder, forAllClusters, source: file ? { kind: 'file', ...file } : { kind: 'text', text: parameters.get('uri') } };
}

function folderOf(parameters: Parameters): string {
  const folder = parameters.get('folder');
  if (folder.startsWith('/') && !folder.split('/').includes('..') && folder.length <= maxNameLength) return folder;
  throw new ApiError(500, 'NoSuchElementException', `folder not found: ${folder}`);
}
