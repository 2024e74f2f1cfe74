import type { JsonObject } from '../lib/json.ts';
import type { Contents, MessageType } from './contents.ts';
import { constant } from './json.ts';

/** What the kernel says of itself in headers and in `kernel_info_reply`. */
export const protocolVersion = '5.5';

/** A header as it stands on the wire. Fields that we do not know stay in it, because a reply's parent header is an exact copy. */
export interface Header extends JsonObject {
  readonly msg_id: string;
  readonly msg_type: string;
}

/** A message whose content nobody has looked at yet. `parent` is `{}` where there is none. */
export interface RawMessage {
  readonly header: Header;
  readonly parent: JsonObject;
  readonly metadata: JsonObject;
  readonly content: JsonObject;
  readonly buffers: readonly Uint8Array[];
}

/** What the kernel sends. `type` narrows `content`; the header is made from it. */
export interface Outgoing<T extends MessageType = MessageType> {
  readonly header: Header;
  readonly parent: JsonObject;
  readonly metadata: JsonObject;
  readonly content: Contents[T];
}

let lastDate = { ms: 0, text: '' };

/** In ISO 8601; many messages are of the same millisecond. */
function now(): string {
  const ms = Date.now();
  if (ms !== lastDate.ms) lastDate = { ms, text: new Date(ms).toISOString() };
  return lastDate.text;
}

const empty: JsonObject = constant({});

/** Makes the messages of one kernel process: all carry its session, which is new after a restart (JupyterLab tells restarts by that). */
export type MessageMaker = <T extends MessageType>(type: T, content: Contents[T], parent?: Header) => Outgoing<T>;

export function messageMaker(session: string): MessageMaker {
  let count = 0;
  return (type, content, parent) => ({
    header: {
      // A counter behind a uuid is as unique as a uuid of its own and costs nothing with 50 000 outputs.
      msg_id: `${session}_${++count}`,
      msg_type: type,
      session,
      username: 'kernel',
      date: now(),
      version: protocolVersion,
    },
    parent: parent ?? empty,
    metadata: empty,
    content,
  });
}
