import type { Commands } from '../../src/databricks/api/commands.ts';
import type { Client } from '../../src/databricks/client.ts';
import { remotePatience } from '../../src/databricks/retry.ts';
import { runCommand } from '../../src/databricks/run-command.ts';
import type { ClusterId, CommandId, ContextId } from '../../src/databricks/types.ts';

/** How long after its end a command was seen, in milliseconds, and how many requests were made for it. */
export interface Seen {
  readonly late: number;
  readonly requests: number;
}

/**
 * Runs a command that takes `runMs` on a server that a round trip of `tripMs` reaches, half of it there and half of it back, by a clock that
 * is moved on instead of waited for.
 */
export async function simulateWait(runMs: number, tripMs: number): Promise<Seen> {
  const never = new AbortController().signal;
  let time = 0;
  let due = 0;
  let requests = 0;
  const call = async <T>(answer: () => T): Promise<T> => {
    requests += 1;
    time += tripMs / 2;
    const answered = answer();
    time += tripMs / 2;
    return answered;
  };
  const commands: Pick<Commands, 'execute' | 'status'> = {
    execute: () => call(() => ((due = time + runMs), 'command' as CommandId)),
    status: () => call(() => (time < due ? { status: 'Running' } : { status: 'Finished', result: { kind: 'text', text: '' }, raw: {} })),
  };
  const clock = { now: () => time, sleep: async (ms: number) => void (time += ms) };
  const client: Pick<Client, 'clock' | 'patience' | 'chance'> & { commands: typeof commands } = { commands, clock, patience: remotePatience, chance: () => 0 };
  const context = { clusterId: 'c' as ClusterId, contextId: 'x' as ContextId };
  const { end } = await runCommand(client as Client, { context, language: 'python', code: 'sleep', interrupted: never, killed: never });
  if (end !== 'result') throw new Error(`the command ended as ${end}`);
  return { late: time - due, requests };
}
