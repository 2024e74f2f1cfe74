import type { CommandResult, ContextId, RemoteLanguage } from '../../src/databricks/types.ts';
import type { AttachEnd, ContextInfo, RunEnd, RunOptions, Session } from '../../src/session/api.ts';

/** A command that reached the fake session. */
export interface Sent {
  readonly code: string;
  readonly language: RemoteLanguage;
}

type Answer = (sent: Sent, options: RunOptions) => RunEnd | Promise<RunEnd>;

/** A session without a cluster: the test says what each command comes to. Everything sent is kept. */
export class FakeSession implements Session {
  readonly sent: Sent[] = [];
  closedWithin: number | undefined;
  prepared = false;
  /** The context that `%context` sees. */
  attached: ContextInfo | undefined;
  readonly #answers: Answer[] = [];

  /** Answers the next command that has no answer yet. */
  answer(answer: Answer | CommandResult): this {
    this.#answers.push(typeof answer === 'function' ? answer : () => ({ end: 'result', result: answer }));
    return this;
  }

  text(text: string): this {
    return this.answer({ kind: 'text', text });
  }

  prepare(): void {
    this.prepared = true;
  }

  async run(code: string, language: RemoteLanguage, options: RunOptions): Promise<RunEnd> {
    this.sent.push({ code, language });
    const answer = this.#answers.shift();
    if (!answer) throw new Error(`The test gave no answer for: ${code}`);
    return answer({ code, language }, options);
  }

  async attach(contextId: ContextId): Promise<AttachEnd> {
    this.attached = { id: contextId, cluster: 'c1', host: 'example.test', status: 'Running', owned: false };
    return { end: 'attached', context: this.attached, replaced: ['python'] };
  }

  async context(): Promise<ContextInfo | undefined> {
    return this.attached;
  }

  async close(deadlineMs: number): Promise<boolean> {
    this.closedWithin = deadlineMs;
    return true;
  }
}
