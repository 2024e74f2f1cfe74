import { randomBytes } from 'node:crypto';

/** A context or command id: 19 decimal digits within a signed 64-bit integer, as the document's are. */
export function newId(): string {
  for (;;) {
    const id = (randomBytes(8).readBigUInt64BE() >> 1n).toString();
    if (id.length === 19) return id;
  }
}

/** A cluster id as servers make them: when it was created, and eight characters, `0223-221237-tract381`. */
export function newClusterId(now = new Date()): string {
  const [, month, day, hour, minute, second] = /^\d+-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/.exec(now.toISOString()) ?? [];
  const characters = Array.from(randomBytes(8), (byte) => 'abcdefghijkmnpqrstuvwxyz23456789'[byte % 32]);
  return `${month}${day}-${hour}${minute}${second}-${characters.join('')}`;
}
