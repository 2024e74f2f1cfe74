import { randomUUID } from 'node:crypto';
import { systemClock, within } from '../lib/time.ts';
import { trace } from '../lib/trace.ts';
import type { Inbound, KernelChannels, RequestChannel } from '../protocol/channels.ts';
import { Frames, type Message } from '../protocol/frames.ts';
import { messageMaker, type Outgoing } from '../protocol/message.ts';
import { parseInputReply, parseRequest } from '../protocol/parse.ts';
import { readConnectionFile, writePorts, type Connection, type Ports } from './connection-file.ts';
import { register } from './handshake.ts';
import { startHeartbeat, type Heartbeat } from './heartbeat.ts';
import { Publisher } from './publisher.ts';
import { SendQueue, sizeOf } from './send-queue.ts';
import { addressOf, bind, bindError, commonOptions, iopubSender, iopubSocket, longestUnsignedFrame, portOf, receive, routerSender, routerSocket } from './sockets.ts';
import { turns } from './turns.ts';

const log = trace('wire');

/** A burst of requests comes to its end when none has come for this long. */
const quietMs = 10;
/** A peer that never stops sending is not waited for. */
const maxQuietWaits = 20;

/** So many bytes of answers that have not left keep nobody from making more. */
const littleBacklog = 100 * 1024;
/** Beyond this many bytes of answers that cannot leave, requests are read more slowly than answers are given up. */
const maxBacklog = 8 * 1024 * 1024;
/** So slowly: control must be served whatever happens. */
const slowlyMs = 10;
/** How long disposal waits for peers that do not read. */
const lastMessagesMs = 1000;
/** So many dropped messages are logged one by one, and of those that follow one in as many: a flood must not fill a disk. */
const loggedDrops = 1000;

/**
 * Binds all sockets of a connection file. Port 0 binds any free port; the file is then rewritten with the real ones.
 * Throws `BridgeError` `config` (file missing or wrong, address in use, nobody to register with), leaving nothing open.
 *
 * Where the heartbeat's port is given its thread is not waited for, because it takes half as long to start as Node itself: if it
 * turns out that it cannot be bound, `receive` throws that.
 */
export async function bindChannels(connectionFile: string): Promise<KernelChannels> {
  const connection = await readConnectionFile(connectionFile);
  if (connection.key === '') log.warn('the connection file holds no key: whoever reaches the sockets can run code');
  const sockets = makeSockets(connection);
  let heartbeat: Promise<Heartbeat> | undefined;
  try {
    const [shell, control, stdin, iopub] = await Promise.all([
      bind(sockets.shell, connection, 'shell'),
      bind(sockets.control, connection, 'control'),
      bind(sockets.stdin, connection, 'stdin'),
      bind(sockets.iopub, connection, 'iopub'),
    ]);
    heartbeat = heartbeatOf(connection);
    if (connection.registration || Object.values(connection.ports).includes(0)) {
      const ports: Ports = { shell, control, stdin, iopub, hb: portOf((await heartbeat).endpoint) };
      if (connection.registration) await register(connection, ports);
      else await writePorts(connectionFile, ports);
    }
    return new ZmqChannels(connection, sockets, heartbeat);
  } catch (error) {
    for (const socket of Object.values(sockets)) socket.close();
    const started = await heartbeat?.catch(() => undefined);
    await started?.[Symbol.asyncDispose]();
    throw error;
  }
}

type Sockets = ReturnType<typeof makeSockets>;

function makeSockets(connection: Connection) {
  return {
    shell: routerSocket(connection),
    control: routerSocket(connection),
    stdin: routerSocket(connection),
    iopub: iopubSocket(connection),
  };
}

async function heartbeatOf(connection: Connection): Promise<Heartbeat> {
  const address = addressOf(connection, 'hb');
  try {
    return await startHeartbeat({ address, options: { maxMessageSize: longestUnsignedFrame, ...commonOptions(connection) } });
  } catch (error) {
    throw bindError(address, 'hb', error);
  }
}

/** A cell that waits for the answer to its prompt. */
interface Prompt {
  /** Of the front end that sent the cell, in hexadecimal. */
  readonly identity: string;
  readonly messageId: string;
  readonly answer: (value: string) => void;
}

class ZmqChannels implements KernelChannels {
  readonly make = messageMaker(randomUUID());
  readonly #sockets: Sockets;
  readonly #heartbeat: Promise<Heartbeat | undefined>;
  readonly #frames: Frames;
  readonly #queues: { readonly [S in keyof Sockets]: SendQueue };
  readonly #publisher = new Publisher((message) => this.#send(message));
  readonly #prompts = new Set<Prompt>();
  /** Whether anybody has ever subscribed; until then the last message is kept: it says what state the kernel is in. */
  #heard = false;
  #unheard: Outgoing | undefined;
  #failure: unknown;
  #received = 0;
  #dropped = 0;

  constructor(connection: Connection, sockets: Sockets, heartbeat: Promise<Heartbeat>) {
    this.#sockets = sockets;
    this.#heartbeat = heartbeat.catch((error: unknown) => void this.#fail(error));
    this.#frames = new Frames(connection);
    this.#queues = {
      shell: new SendQueue(routerSender(sockets.shell)),
      control: new SendQueue(routerSender(sockets.control)),
      stdin: new SendQueue(routerSender(sockets.stdin)),
      iopub: new SendQueue(iopubSender(sockets.iopub)),
    };
    this.#background('iopub', this.#welcomeSubscribers());
    this.#background('stdin', this.#readAnswers());
  }

  receive(channel: RequestChannel): AsyncIterable<Inbound> {
    // A generator would do the same, at three turns of the microtask queue more a message.
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next(channel) }) };
  }

  publish(message: Outgoing): void {
    if (!this.#heard) {
      this.#unheard = message;
      return;
    }
    this.#publisher.publish(message);
  }

  room(): Promise<void> | undefined {
    // Many requests that are answered at once would otherwise all be answered in one turn of the event loop, before control is looked at.
    return this.#queues.shell.backlog + this.#queues.control.backlog + this.#queues.iopub.backlog > littleBacklog ? this.#drained() : turns.after(0);
  }

  async caughtUp(): Promise<void> {
    for (let wait = 0, seen = -1; wait < maxQuietWaits && seen !== this.#received; wait++) {
      seen = this.#received;
      await systemClock.sleep(quietMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(lastMessagesMs, this.#drained());
    for (const socket of Object.values(this.#sockets)) socket.close();
    await (await this.#heartbeat)?.[Symbol.asyncDispose]();
  }

  #send(message: Outgoing): void {
    const { session, msg_type } = message.header;
    this.#queues.iopub.send([`kernel.${String(session)}.${msg_type}`, ...this.#frames.encode(message)]);
  }

  async #drained(): Promise<void> {
    this.#publisher.flush();
    await Promise.all(Object.values(this.#queues).map((queue) => queue.drained()));
  }

  async #next(channel: RequestChannel): Promise<IteratorResult<Inbound, undefined>> {
    if (this.#isSlow(channel)) await this.#slowDown(channel);
    for (let frames = await receive(this.#sockets[channel]); frames; frames = await receive(this.#sockets[channel])) {
      this.#received++;
      const size = sizeOf(frames);
      const turn = turns.after(size);
      if (turn) await turn;
      const decoded = this.#decode(channel, frames);
      if (decoded) return { done: false, value: this.#inbound(channel, decoded, size) };
    }
    if (this.#failure !== undefined) throw this.#failure;
    return { done: true, value: undefined };
  }

  #inbound(channel: RequestChannel, { identities, message }: Message, size: number): Inbound {
    return {
      request: parseRequest(message),
      size,
      reply: (reply) => {
        this.#publisher.beforeReply(reply);
        this.#queues[channel].send([...identities, ...this.#frames.encode(reply)]);
      },
      input: (request, signal) => this.#input(identities, request, signal),
    };
  }

  #fail(error: unknown): void {
    this.#failure = error;
    for (const socket of Object.values(this.#sockets)) socket.close();
  }

  #decode(channel: string, frames: readonly Uint8Array[]): Message | undefined {
    const decoded = this.#frames.decode(frames);
    if (!('refused' in decoded)) return decoded;
    const count = ++this.#dropped;
    if (count <= loggedDrops || count % loggedDrops === 0) log.warn(`${channel}: ${frames.length} frames dropped: ${decoded.refused}`);
    if (count === loggedDrops) log.warn(`${count} messages have been dropped: from now on one in ${loggedDrops} is told`);
    return undefined;
  }

  /** Whoever asks faster than the answers leave has to wait. */
  #isSlow(channel: RequestChannel | 'iopub'): boolean {
    return this.#queues[channel].backlog > maxBacklog || this.#queues.iopub.backlog > maxBacklog;
  }

  async #slowDown(channel: RequestChannel | 'iopub'): Promise<void> {
    await within(slowlyMs, Promise.all([this.#queues[channel].drained(), this.#queues.iopub.drained()]));
  }

  async #input(identities: readonly Uint8Array[], request: Outgoing<'input_request'>, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    let prompt: Prompt | undefined;
    let refuse = () => {};
    try {
      return await new Promise<string>((resolve, reject) => {
        prompt = { identity: identityOf(identities), messageId: request.header.msg_id, answer: resolve };
        this.#prompts.add(prompt);
        refuse = () => reject(signal.reason);
        signal.addEventListener('abort', refuse, { once: true });
        // What was printed before the question is read before it.
        this.#publisher.flush();
        this.#queues.stdin.send([...identities, ...this.#frames.encode(request)]);
      });
    } finally {
      if (prompt) this.#prompts.delete(prompt);
      signal.removeEventListener('abort', refuse);
    }
  }

  /** Answers that nobody waits for any more are dropped; jupyter_client's name no parent, JupyterLab's do. */
  async #readAnswers(): Promise<void> {
    for (let frames = await receive(this.#sockets.stdin); frames; frames = await receive(this.#sockets.stdin)) {
      const decoded = this.#decode('stdin', frames);
      if (decoded?.message.header.msg_type !== 'input_reply') continue;
      const { identities, message } = decoded;
      const parent = message.parent['msg_id'];
      for (const prompt of this.#prompts) {
        const asked = prompt.identity === identityOf(identities) && (parent === undefined || parent === prompt.messageId);
        if (asked) prompt.answer(parseInputReply(message.content));
      }
    }
  }

  /**
   * Protocol 5.5 (JEP 65): the first message that a subscriber sees says that from now on it sees all. For the first subscriber that is
   * certain. A later one may see a message before that was sent to the others while libzmq took its subscription on.
   */
  async #welcomeSubscribers(): Promise<void> {
    for (let frames = await receive(this.#sockets.iopub); frames; frames = await receive(this.#sockets.iopub)) {
      const [event] = frames;
      if (event?.[0] !== 1) continue;
      const topic = event.subarray(1);
      // The subscription is the topic, to the byte: any other might not match it.
      this.#queues.iopub.send([topic, ...this.#frames.encode(this.make('iopub_welcome', { subscription: topic.toString() }))]);
      this.#heard = true;
      if (this.#unheard) this.publish(this.#unheard);
      this.#unheard = undefined;
      if (this.#isSlow('iopub')) await this.#slowDown('iopub');
    }
  }

  #background(channel: string, loop: Promise<void>): void {
    loop.catch((error: unknown) => log.error(`the ${channel} channel failed: ${error instanceof Error ? error.message : String(error)}`));
  }
}

function identityOf(identities: readonly Uint8Array[]): string {
  return Buffer.concat(identities).toString('hex');
}
