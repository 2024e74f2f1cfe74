/** A refusal as API 2.x says it: a code of the vendor's, and a sentence. */
export interface Refusal2 {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** A refusal that the API documents, in the words of both versions: whoever refuses need not know which of them was asked. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** The class of the JVM exception behind it, in 1.2. */
  readonly className: string;
  readonly #version2: Refusal2;

  /** `version2`: what 2.x says, where that is not `message` with the code that belongs to the status. */
  constructor(status: number, className: string, message = '', version2: Partial<Refusal2> = {}) {
    super(message);
    this.status = status;
    this.className = className;
    const words = message === '' ? className : message;
    this.#version2 = { status, code: codes[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR'), message: words, ...version2 };
  }

  /** The answer to a request of that version of the API. */
  answer(version: ApiVersion): { readonly status: number; readonly body: object } {
    if (version === '1.2') return { status: this.status, body: { error: this.message === '' ? this.className : `${this.className}: ${this.message}` } };
    const { status, code, message } = this.#version2;
    return { status, body: { error_code: code, message } };
  }
}

/** Whose words an answer uses. */
export type ApiVersion = '1.2' | '2.x';

const codes: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'ENDPOINT_NOT_FOUND',
  413: 'MAX_REQUEST_SIZE_EXCEEDED',
};

const invalidParameter = (message?: string): Partial<Refusal2> => ({
  status: 400,
  code: 'INVALID_PARAMETER_VALUE',
  ...(message !== undefined && { message }),
});

// The refusals that the 1.2 document spells out: 500 with the class name of the JVM exception behind them; in 2.x, what today's servers say.
export const contextNotFound = () => new ApiError(500, 'ContextNotFound');
export const unknownCluster = (id: string) => {
  return new ApiError(500, 'RuntimeException', `Unknown cluster id ${id}`, invalidParameter(`Cluster ${id} does not exist`));
};
export const keyNotFound = (key: string) => {
  return new ApiError(500, 'NoSuchElementException', `key not found: ${key}`, invalidParameter(`Missing required field: ${key}`));
};
export const notANumber = (text: string) => new ApiError(500, 'NumberFormatException', `For input string: ${text}`, invalidParameter());
export const illegalArgument = (message: string) => new ApiError(500, 'IllegalArgumentException', message, invalidParameter());
export const illegalState = (message: string) => new ApiError(500, 'IllegalStateException', message, { status: 400, code: 'INVALID_STATE' });
/** One more than the workspace holds. */
export const limitReached = (message: string) => new ApiError(500, 'IllegalStateException', message, { status: 400, code: 'QUOTA_EXCEEDED' });
/** A cluster that cannot do in this state what was asked of it. */
export const unexpectedState = (id: string, status: string) => illegalState(`Cluster ${id} is in unexpected state ${status}.`);
export const brokenJson = (reason: string) => {
  return new ApiError(500, 'JsonParseException', reason, { status: 400, code: 'MALFORMED_REQUEST', message: `Invalid JSON given in the body of the request - ${reason}` });
};
export const noSuchEndpoint = (method: string, path: string) => {
  return new ApiError(404, 'No such endpoint', `${method} ${path}`, { message: `No API found for '${method} ${path.replace(/^\/api\/[\d.]+/, '')}'` });
};
export const notUtf8 = () => {
  return new ApiError(500, 'MalformedInputException', 'the body is not valid UTF-8', { status: 400, code: 'MALFORMED_REQUEST' });
};
