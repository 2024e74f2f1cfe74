import { randomBytes } from 'node:crypto';

/** A context or command id: 19 decimal digits within a signed 64-bit integer, as the document's are. */
export function newId(): string {
  for (;;) {
    const id = (randomBytes(8).readBigUInt64BE() >> 1n).toString();
    if (id.length === 19) return id;
  }
}
