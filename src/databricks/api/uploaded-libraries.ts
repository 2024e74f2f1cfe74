import { basename } from 'node:path';
import { encodeMultipart, localFile } from '../multipart.ts';
import type { FormPart, SendOptions } from '../multipart.ts';
import { parseUploaded, parseUploadedState } from '../parse/libraries.ts';
import { list, parseId } from '../parse/values.ts';
import type { ClusterId, LibraryId, UploadedLibrary, UploadedLibraryState, UploadType } from '../types.ts';
import type { Api } from './call.ts';
import { get, orLacking, post, postBody } from './call.ts';

/** Attaches to, or detaches from, every cluster, those to come included ("Library Management"). */
export const allClusters = '__ALL_CLUSTERS' as ClusterId;

/** What is uploaded: a file of this machine, or the name of a package of PyPI. */
export type UploadSource =
  | { readonly type: Exclude<UploadType, 'python-pypi'>; readonly path: string }
  | { readonly type: 'python-pypi'; readonly package: string };

export interface Upload extends SendOptions {
  readonly source: UploadSource;
  /** How the library is called on the server. */
  readonly name: string;
  /** Where the library is put; begins with `/`. */
  readonly folder: string;
  readonly attachToAllClusters: boolean;
}

/** "Library Management" of API 1.2. All throw `BridgeError` `api` for what the server refuses. */
export interface UploadedLibraries {
  list(): Promise<readonly UploadedLibrary[]>;
  status(libraryId: LibraryId): Promise<UploadedLibraryState>;
  /** A bad library gets an id too; its status tells the error. Throws `BridgeError` `config` for a file that cannot be read. */
  upload(upload: Upload): Promise<LibraryId>;
  delete(libraryId: LibraryId): Promise<void>;
  /** Returns at once, as `detach`; `allClusters` stands for every cluster. */
  attach(libraryId: LibraryId, clusterId: ClusterId): Promise<void>;
  detach(libraryId: LibraryId, clusterId: ClusterId): Promise<void>;
}

export function createUploadedLibraries(api: Api): UploadedLibraries {
  const here = <T>(call: () => Promise<T>): Promise<T> =>
    orLacking(api, 'library upload (API 1.2)', 'put the file where the cluster can read it and install it from there by Libraries API 2.0', call);
  return {
    list: () => here(async () => list(await get(api, '/api/1.2/libraries/list')).map(parseUploaded)),
    status: (libraryId) => here(async () => parseUploadedState(await get(api, '/api/1.2/libraries/status', { libraryId }))),
    upload: ({ source, name, folder, attachToAllClusters, ...sending }) =>
      here(async () => {
        const fields = { libType: source.type, name, folder, attachToAllClusters: String(attachToAllClusters) };
        const parts = Object.entries(fields).map(([field, text]): FormPart => ({ name: field, text }));
        const body = encodeMultipart([...parts, await uriPart(source)], sending);
        return parseId(await postBody(api, '/api/1.2/libraries/upload', body, sending.giveUp)) as LibraryId;
      }),
    delete: (libraryId) =>
      here(async () => {
        await post(api, '/api/1.2/libraries/delete', { libraryId });
      }),
    attach: (libraryId, clusterId) =>
      here(async () => {
        await post(api, '/api/1.2/libraries/attach', { libraryId, clusterId });
      }),
    detach: (libraryId, clusterId) =>
      here(async () => {
        await post(api, '/api/1.2/libraries/detach', { libraryId, clusterId });
      }),
  };
}

/** A package of PyPI goes as a file part that holds its name: that is what the document's `files = {"uri": "fuzzywuzzy"}` sends. */
async function uriPart(source: UploadSource): Promise<FormPart> {
  if (source.type === 'python-pypi') return { name: 'uri', fileName: 'uri', text: source.package };
  return { name: 'uri', fileName: basename(source.path), file: await localFile(source.path) };
}
