import type { Connection } from './connection.ts';

/** What a cell waits for: before its command can be sent, or to see how that goes on (`connection`). `text` is a sentence for the user and names host or cluster. */
export interface Stage {
  readonly waitsFor: 'workspace' | 'cluster' | 'libraries' | 'context' | 'connection';
  readonly text: string;
}

/** Of a command that waits for another of its context: one whose answer was lost, or that of somebody else who uses it. */
export function queuedIn({ describe }: Pick<Connection, 'describe'>): Stage {
  return { waitsFor: 'context', text: `Waiting for the end of another command in the execution context on cluster ${describe.cluster} at ${describe.host}` };
}
