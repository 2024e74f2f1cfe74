import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Inbound, KernelChannels, RequestChannel } from '../../src/protocol/channels.ts';
import { messageMaker, type Outgoing } from '../../src/protocol/message.ts';
import { parseRequest } from '../../src/protocol/parse.ts';

/** One message that the kernel sent, in the order of sending over all channels. */
export interface Sent {
  readonly channel: RequestChannel | 'iopub' | 'stdin';
  readonly type: string;
  /** The id that the test gave the request. */
  readonly parent: string | undefined;
  readonly content: JsonObject;
  readonly message: Outgoing;
}

/** The kernel's channels without a wire: what goes in is parsed by the kernel's own parser, what comes out is recorded. */
export class MemoryChannels implements KernelChannels {
  readonly sent: Sent[] = [];
  readonly make = messageMaker('kernel');
  disposed = false;
  readonly #arrived: { readonly [C in RequestChannel]: Inbound[] } = { shell: [], control: [] };
  readonly #prompts: ((value: string) => void)[] = [];
  readonly #watchers = new Set<() => void>();

  /** Sends a request as a front end would; `id` is what `Sent.parent` shows. Returns the id. */
  send(channel: RequestChannel, type: string, content: JsonObject, id = crypto.randomUUID() as string): string {
    const header = { msg_id: id, msg_type: type, session: 'client', username: 'tester', version: '5.3', date: '' };
    this.#arrived[channel].push({
      request: parseRequest({ header, parent: {}, metadata: {}, content, buffers: [] }),
      size: 0,
      reply: (message) => this.#record(channel, message),
      input: (message, signal) =>
        new Promise<string>((resolve, reject) => {
          this.#prompts.push(resolve);
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          this.#record('stdin', message);
        }),
    });
    this.#changed();
    return id;
  }

  /** Answers the oldest open prompt. */
  answer(value: string): void {
    this.#prompts.shift()?.(value);
  }

  /** Sends a request and resolves, when it is `idle`, with all that the kernel sent for it. */
  async ask(channel: RequestChannel, type: string, content: JsonObject): Promise<readonly Sent[]> {
    return this.idle(this.send(channel, type, content));
  }

  /** Resolves when this request is `idle`, with all that the kernel sent for it. */
  async idle(id: string): Promise<readonly Sent[]> {
    await this.until(({ type, parent, content }) => type === 'status' && parent === id && content['execution_state'] === 'idle');
    return this.sent.filter(({ parent }) => parent === id);
  }

  /** Resolves with the first message, sent already or later, that fits. */
  async until(fits: (sent: Sent) => boolean): Promise<Sent> {
    for (;;) {
      const found = this.sent.find(fits);
      if (found) return found;
      await this.#change();
    }
  }

  async *receive(channel: RequestChannel): AsyncIterable<Inbound> {
    while (!this.disposed) {
      const next = this.#arrived[channel].shift();
      if (next) yield next;
      else await this.#change();
    }
  }

  publish(message: Outgoing): void {
    this.#record('iopub', message);
  }

  room(): undefined {}

  async caughtUp(): Promise<void> {
    while (this.#arrived.shell.length > 0) await nextTurn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    this.#changed();
  }

  #record(channel: Sent['channel'], message: Outgoing): void {
    const { header, parent, content } = message;
    this.sent.push({ channel, type: header.msg_type, parent: parent['msg_id'] as string | undefined, content: content as JsonObject, message });
    this.#changed();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const watcher = () => {
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
