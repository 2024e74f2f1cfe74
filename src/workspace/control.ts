import { request } from 'node:http';
import type { WorkspaceState } from './state-file.ts';

/** What a workspace says of itself; the server's side is `routes/control.ts`. */
export interface WorkspaceInfo {
  readonly version: string;
  readonly dialect: string;
  readonly pid: number;
  /** Open execution contexts. */
  readonly contexts: number;
  /** How many rules make calls fail, where there are any. */
  readonly faultRules?: number;
  /** `message`: what a Pending cluster waits for, or why one is in Error. */
  readonly clusters: readonly { readonly id: string; readonly name: string; readonly status: string; readonly message: string }[];
}

/** A server on the same machine that has not answered by then does not. Milliseconds. */
const answerMs = 5000;

/** Asks a workspace about itself; `undefined` when it does not answer, or another program answers at its address. */
export async function askWorkspace(state: WorkspaceState): Promise<WorkspaceInfo | undefined> {
  const answer = await call(state, 'GET', '/workspace');
  return answer?.status === 200 ? (answer.body as WorkspaceInfo) : undefined;
}

/** Asks a workspace to stop; it may go on for seconds while its driver ends. `in use`: it was to stop only without open contexts. */
export async function askToStop(state: WorkspaceState, onlyIfUnused: boolean): Promise<'stopping' | 'in use' | undefined> {
  const answer = await call(state, 'POST', '/workspace/stop', new URLSearchParams({ onlyIfUnused: String(onlyIfUnused) }).toString());
  if (answer?.status === 409) return 'in use';
  return answer?.status === 200 ? 'stopping' : undefined;
}

/** One request, by Node's own client: this is loaded on a kernel's way to its first cell. */
function call(state: WorkspaceState, method: string, path: string, form = ''): Promise<{ status: number; body: unknown } | undefined> {
  return new Promise((resolve) => {
    const headers = {
      authorization: `Basic ${Buffer.from(`token:${state.token}`).toString('base64')}`,
      ...(method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(form) }),
    };
    const sent = request(new URL(path, state.url), { method, headers, agent: false, signal: AbortSignal.timeout(answerMs) }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (part: string) => (text += part));
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve(parsed(response.statusCode ?? 0, text)));
    });
    sent.on('error', () => resolve(undefined));
    sent.end(form);
  });
}

function parsed(status: number, text: string): { status: number; body: unknown } | undefined {
  try {
    return { status, body: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
