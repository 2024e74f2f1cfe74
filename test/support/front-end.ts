import { ServerConnection, type Kernel, type KernelMessage } from '@jupyterlab/services';
import { KernelConnection } from '@jupyterlab/services/lib/kernel/default.js';
import * as messages from '@jupyterlab/services/lib/kernel/messages.js';
import { deserialize, serialize } from '@jupyterlab/services/lib/kernel/serialize.js';
import type { ConnectionFile } from './client-wire.ts';
import { kernelSocketClass } from './kernel-socket.ts';

/** As in `KernelConnection`, `stop_on_error` is false unless it is given; JupyterLab gives true. */
export interface ExecuteOptions extends Partial<Omit<KernelMessage.IExecuteRequestMsg['content'], 'code'>> {
  /** Answers to `input()`, in order. A prompt beyond them fails the test. */
  readonly answers?: readonly string[];
  /** Called with each iopub message as it arrives, before `execute` resolves: to act while the cell runs. */
  readonly onOutput?: (message: KernelMessage.IIOPubMessage) => void;
  /** The message's own, beside its content. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Executed {
  readonly reply: KernelMessage.IExecuteReplyMsg['content'];
  /** All iopub messages of the cell, `status` and `execute_input` among them, in order. */
  readonly iopub: readonly KernelMessage.IIOPubMessage[];
  /** What a notebook would show: `iopub` without `status` and `execute_input`. */
  readonly outputs: readonly KernelMessage.IIOPubMessage[];
  /** The text of all `stream` messages, stdout and stderr, in order. */
  readonly text: string;
  readonly prompts: readonly KernelMessage.IInputRequestMsg['content'][];
}

export interface FrontEnd extends Disposable {
  readonly connection: Kernel.IKernelConnection;
  /** Resolves when the reply and `idle` have both arrived; a cell that fails is no rejection. */
  execute(code: string, options?: ExecuteOptions): Promise<Executed>;
  /** `interrupt_request` on the control channel. Resolves with its reply. */
  interrupt(): Promise<KernelMessage.IInterruptReplyMsg['content']>;
  /** Sends any request on shell or control and resolves with its reply when `idle` has arrived too. */
  request(channel: 'shell' | 'control', type: string, content: object): Promise<KernelMessage.IMessage>;
}

/** A front end as JupyterLab and VS Code are: the `KernelConnection` of `@jupyterlab/services`, here straight on the kernel's sockets. */
export function connectFrontEnd(file: ConnectionFile, options: Parameters<typeof kernelSocketClass>[1] = {}): FrontEnd {
  const serverSettings = ServerConnection.makeSettings({
    WebSocket: kernelSocketClass(file, options) as never,
    serializer: { serialize, deserialize },
    appendToken: false,
    baseUrl: 'http://localhost/',
  });
  const connection = new KernelConnection({ model: { id: crypto.randomUUID(), name: 'under test' }, serverSettings });
  const send = (channel: 'shell' | 'control', type: string, content: object) => {
    const message = messages.createMessage({
      channel, msgType: type, content, session: connection.clientId, username: connection.username,
    } as never) as KernelMessage.IMessage;
    const future = channel === 'control'
      ? connection.sendControlMessage(message as never, true)
      : connection.sendShellMessage(message as never, true);
    return future.done as Promise<KernelMessage.IMessage>;
  };
  return {
    connection,
    execute: (code, options = {}) => execute(connection, code, options),
    interrupt: async () => (await send('control', 'interrupt_request', {})).content as KernelMessage.IInterruptReplyMsg['content'],
    request: send,
    [Symbol.dispose]: () => connection.dispose(),
  };
}

/** As `FrontEnd.execute`, on any connection. */
export async function execute(connection: Kernel.IKernelConnection, code: string, options: ExecuteOptions = {}): Promise<Executed> {
  const { answers = [], onOutput, metadata, ...content } = options;
  const iopub: KernelMessage.IIOPubMessage[] = [];
  const prompts: KernelMessage.IInputRequestMsg['content'][] = [];
  const future = connection.requestExecute({ code, ...content }, false, metadata);
  future.onIOPub = (message) => {
    iopub.push(message);
    onOutput?.(message);
  };
  let unexpected: Error | undefined;
  future.onStdin = (message) => {
    if (!messages.isInputRequestMsg(message)) return;
    const value = answers[prompts.push(message.content) - 1];
    if (value === undefined) unexpected = new Error(`a prompt without an answer: ${message.content.prompt}`);
    future.sendInputReply({ status: 'ok', value: value ?? '' }, message.header as never);
  };
  try {
    const reply = await future.done;
    if (unexpected) throw unexpected;
    const outputs = iopub.filter(({ header }) => header.msg_type !== 'status' && header.msg_type !== 'execute_input');
    const text = outputs.map((message) => (messages.isStreamMsg(message) ? message.content.text : '')).join('');
    return { reply: reply.content, iopub, outputs, text, prompts };
  } finally {
    future.dispose();
  }
}
