import { errorOf } from '../error-text.ts';
import type { Readers } from '../../render/result.ts';

/** A statement without a table (DDL, DML) answers with empty text; `OK` tells that it was done. */
export const sqlReaders: Readers = {
  text: (text) => [{ is: 'printed', text: text.trim() === '' ? 'OK\n' : text }],
  // The cause is the whole message, with the place in the statement, and on some servers the JVM's stack under it.
  error: (summary, cause) => errorOf(summary, cause, { withoutStack: true }),
};
