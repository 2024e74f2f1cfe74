import { KernelManager, KernelSpecManager, ServerConnection, SessionManager } from '@jupyterlab/services';
import { WebSocket } from 'ws';
import type { JupyterServer } from './jupyter.ts';

/** The kernel protocols over a WebSocket: the binary one that JupyterLab asks for, and the older one, which is spoken where no name is given. */
export type SocketProtocol = 'v1.kernel.websocket.jupyter.org' | '';

/** A user of a Jupyter server as JupyterLab is one: the managers of `@jupyterlab/services`. Disposal drops its connections; kernels live on. */
export interface ServerClient extends Disposable {
  readonly specs: KernelSpecManager;
  readonly kernels: KernelManager;
  readonly sessions: SessionManager;
  /** What the server's REST API answers to a GET below `/api/`. */
  get<T>(path: string): Promise<T>;
}

export function connectToServer(server: JupyterServer, protocol: SocketProtocol = 'v1.kernel.websocket.jupyter.org'): ServerClient {
  class Socket extends WebSocket {
    constructor(url: string) {
      super(url, protocol === '' ? [] : [protocol]);
    }
  }
  const serverSettings = ServerConnection.makeSettings({ baseUrl: server.url, token: server.token, appendToken: true, WebSocket: Socket as never });
  const specs = new KernelSpecManager({ serverSettings, standby: 'never' });
  const kernels = new KernelManager({ serverSettings, standby: 'never' });
  const sessions = new SessionManager({ serverSettings, kernelManager: kernels, standby: 'never' });
  return {
    specs,
    kernels,
    sessions,
    async get<T>(path: string) {
      const answer = await ServerConnection.makeRequest(`${server.url}api/${path}`, {}, serverSettings);
      if (!answer.ok) throw await ServerConnection.ResponseError.create(answer);
      return (await answer.json()) as T;
    },
    [Symbol.dispose]() {
      for (const manager of [sessions, kernels, specs]) manager.dispose();
    },
  };
}
