/** A refusal that the API documents: HTTP status, and the server's words for it (`Class: message`, or a class alone). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly className: string;

  constructor(status: number, className: string, message = '') {
    super(message);
    this.status = status;
    this.className = className;
  }

  /** API 1.2's error body. */
  get body(): { readonly error: string } {
    return { error: this.message === '' ? this.className : `${this.className}: ${this.message}` };
  }
}

// The refusals that the document spells out: 500 with the class name of the JVM exception behind them.
export const contextNotFound = () => new ApiError(500, 'ContextNotFound');
export const unknownCluster = (id: string) => new ApiError(500, 'RuntimeException', `Unknown cluster id ${id}`);
export const keyNotFound = (key: string) => new ApiError(500, 'NoSuchElementException', `key not found: ${key}`);
export const notANumber = (text: string) => new ApiError(500, 'NumberFormatException', `For input string: ${text}`);
export const illegalArgument = (message: string) => new ApiError(500, 'IllegalArgumentException', message);
export const illegalState = (message: string) => new ApiError(500, 'IllegalStateException', message);
