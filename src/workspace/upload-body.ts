import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { ApiError, illegalArgument } from './api-error.ts';
import { discardRest, fieldOf, isFile, multipartRefusal, parametersOf } from './bodies.ts';
import { Parameters } from './parameters.ts';

/** Bytes of a parameter that is no file. */
const maxFieldBytes = 64 * 1024;

export interface UploadBody {
  readonly parameters: Parameters;
  /** Whoever gets it removes it. `name` is what the client called it. */
  readonly file?: { readonly path: string; readonly name: string };
}

/** Where a file goes. */
export interface UploadPlace {
  readonly maxUploadBytes: number;
  /** Writes a file, and removes what it has written when that fails. */
  receive(content: Readable): Promise<string>;
}

/** The parameters of a request that may have a file as `uri`. It goes to disk as it comes; nothing is left of it when the request fails. */
export async function uploadBodyOf(request: FastifyRequest, place: UploadPlace): Promise<UploadBody> {
  if (!request.isMultipart()) return { parameters: await parametersOf(request) };
  const values: [string, string][] = [];
  let file: UploadBody['file'];
  try {
    for await (const part of request.parts({ limits: { fileSize: place.maxUploadBytes, fieldSize: maxFieldBytes } })) {
      if (!isFile(part)) values.push([part.fieldname, await fieldOf(part, maxFieldBytes)]);
      else if (part.fieldname !== 'uri') throw illegalArgument(`${part.fieldname} cannot be a file`);
      else if (file !== undefined) throw illegalArgument('uri can be one file only');
      // Its types do not say so, but a part that is a file by its content type alone has no name.
      else file = { path: await place.receive(part.file), name: (part.filename as string | undefined) ?? '' };
    }
  } catch (error) {
    if (file !== undefined) await rm(file.path, { force: true });
    await discardRest(request);
    throw (error as { code?: unknown }).code === 'FST_REQ_FILE_TOO_LARGE' ? tooLarge(place.maxUploadBytes) : multipartRefusal(error);
  }
  return { parameters: new Parameters(values), ...(file && { file }) };
}

function tooLarge(bytes: number): ApiError {
  const most = `${Math.floor(bytes / 1_000_000)} MB`;
  return new ApiError(413, 'IllegalArgumentException', `The file is larger than ${most}, which is the most that can be uploaded`);
}
