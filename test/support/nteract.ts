import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { JupyterMessage, MessageType } from '@nteract/messaging';
import { createMainChannel, type JupyterConnectionInfo } from 'enchannel-zmq-backend';

/** What nteract uses of its package `spawnteract`, which has no types. */
interface Spawnteract {
  launch(kernelName: string, options: { cwd: string; stdio: 'pipe' }): Promise<{ spawn: ChildProcess; connectionFile: string; config: JupyterConnectionInfo }>;
}
const { launch } = createRequire(import.meta.url)('spawnteract') as Spawnteract;

/** A kernel with the channels that nteract has to it. */
export interface NteractKernel extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly connectionFile: string;
  readonly config: JupyterConnectionInfo;
  /** How the process has ended: its exit code or its signal. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Sends a request and resolves with all that came back for it, when its reply and `idle` have. */
  ask(request: JupyterMessage): Promise<readonly JupyterMessage[]>;
  /** The stop button: a signal, whatever `interrupt_mode` the kernelspec asks for. */
  stop(): void;
  /** Closing the notebook: asks for the shutdown on the shell channel, and kills without mercy as soon as there is a reply. */
  close(shutdownRequest: JupyterMessage): Promise<void>;
  /** Closing the window: kills at once. */
  kill(): void;
}

/** Starts a kernel by name as nteract's desktop application did, with its own packages, and in its order. They read `process.env`. */
export async function launchInNteract(name: string, cwd: string): Promise<NteractKernel> {
  const { spawn, connectionFile, config } = await launch(name, { cwd, stdio: 'pipe' });
  const exited = once(spawn, 'exit').then(([code, signal]) => code ?? signal);
  const channels = await createMainChannel(config);
  // The kernel greets new subscribers. nteract does not wait for it and may miss the `idle` of its first question, for which a test would wait for ever.
  await new Promise<void>((resolve) => void channels.subscribe(({ channel }) => channel === 'iopub' && resolve()));
  const children = (request: JupyterMessage, isOver: (types: readonly MessageType[], last: JupyterMessage) => boolean) =>
    new Promise<readonly JupyterMessage[]>((resolve, reject) => {
      const messages: JupyterMessage[] = [];
      const subscription = channels.subscribe((message) => {
        // What its signature does not fit is passed on as bare frames.
        if (message.header === undefined) reject(new Error('nteract has received a message that it cannot read'));
        if (message.header === undefined || message.parent_header.msg_id !== request.header.msg_id) return;
        messages.push(message);
        if (!isOver(messages.map(({ header }) => header.msg_type), message)) return;
        subscription.unsubscribe();
        resolve(messages);
      });
      channels.next(request);
    });
  const replyTo = ({ header }: JupyterMessage) => header.msg_type.replace('_request', '_reply') as MessageType;
  const kill = () => {
    channels.complete();
    for (const stream of [spawn.stdin, spawn.stdout, spawn.stderr]) stream?.destroy();
    spawn.kill('SIGKILL');
  };
  return {
    process: spawn,
    connectionFile,
    config,
    exited,
    ask(request) {
      let idle = false;
      return children(request, (types, { content }) => {
        idle ||= content.execution_state === 'idle';
        return idle && types.includes(replyTo(request));
      });
    },
    stop: () => void spawn.kill('SIGINT'),
    async close(shutdownRequest) {
      await children(shutdownRequest, (types) => types.includes(replyTo(shutdownRequest)));
      kill();
    },
    kill,
    async [Symbol.asyncDispose]() {
      kill();
      await exited;
    },
  };
}
