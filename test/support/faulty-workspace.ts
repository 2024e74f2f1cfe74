import { fixedCredentials } from '../../src/databricks/auth/credentials.ts';
import type { Client, ClientOptions } from '../../src/databricks/client.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { DialectName } from '../../src/workspace/dialect.ts';
import { faultKinds } from '../../src/workspace/fault-rules.ts';
import type { FaultKind, FaultRule } from '../../src/workspace/fault-rules.ts';
import { Faults } from '../../src/workspace/faults.ts';
import { clientFor } from './scripted-api.ts';
import { ScriptedWorkspace } from './scripted-workspace.ts';

/** When a fault of a kind can come: an answer that was not given cannot be spoilt. */
export function timesOf(kind: FaultKind): readonly FaultRule['when'][] {
  return 'spoils' in faultKinds[kind] ? ['after'] : ['before', 'after'];
}

/** A fault that a call may meet. */
export type Fault = Pick<FaultRule, 'kind' | 'when' | 'retryAfter'>;

/** So long does `Retry-After` ask clients to wait: longer than they would by themselves, and not too long for them. Seconds. */
const retryAfter = 7;

/** All that there are, at each time; those that may ask for a pause with and without that. */
export const everyFault: readonly Fault[] = (Object.keys(faultKinds) as FaultKind[]).flatMap((kind) =>
  timesOf(kind).flatMap((when): readonly Fault[] => (kind === '429' || kind === '503' ? [{ kind, when }, { kind, when, retryAfter }] : [{ kind, when }])),
);

/** In words, for the title of a test. */
export function faultInWords({ kind, when, retryAfter: seconds }: Fault): string {
  return `${kind} ${when}${seconds === undefined ? '' : ', with Retry-After'}`;
}

/**
 * Whether a fault is a server's word that it did nothing, after it did. Nobody can tell such a server from an honest one, whom a call may
 * be sent to again: what must not be done twice is no matter of its client then.
 */
export function isLie({ kind, when }: Fault): boolean {
  return when === 'after' && (kind === '401' || kind === '404' || kind === '429');
}

/** How long a client waits for an answer where one never comes; for a server in this process that has much else to do. Milliseconds. */
export const shortDeadlineMs = 1000;

/** The real server on a socket, in front of scripted drivers, and faults that a test switches on. */
export class FaultyWorkspace implements AsyncDisposable {
  readonly server: ScriptedWorkspace;
  readonly #faults = new Faults({ rules: [] });
  readonly #listening: Promise<{ readonly port: number }>;

  constructor(dialect: DialectName) {
    this.server = new ScriptedWorkspace(dialect, undefined, this.#faults);
    this.#listening = this.server.listen();
  }

  /** One rule from now on, and a log that begins with it. Slow bodies are not slow for long. */
  inject(rule: FaultRule): void {
    this.#faults.use({ rules: [rule.kind === 'slow-body' ? { pauseMs: 5, ...rule } : rule] });
    this.server.log.length = 0;
  }

  async client(options: Partial<ClientOptions> = {}): Promise<Client> {
    const { port } = await this.#listening;
    const credentials = fixedCredentials({ type: 'basic', origin: 'the login of the test', username: 'token', password: new Secret(ScriptedWorkspace.token) });
    return clientFor(new URL(`http://127.0.0.1:${port}`), { credentials, ...options });
  }

  /** The faults that calls have met, as the log tells them. */
  faults(): readonly string[] {
    return this.server.log.filter((line) => line.startsWith('fault: ')).map((line) => line.slice('fault: '.length));
  }

  /** How often a call was handled, as the log tells it. */
  handled(endpoint: string): number {
    return this.server.log.filter((line) => line.startsWith(`handled: ${endpoint} `)).length;
  }

  /** What the drivers have run, in order. */
  executed(): readonly string[] {
    return this.server.drivers.flatMap((driver) => driver.executed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listening;
    await this.server[Symbol.asyncDispose]();
  }
}
