import { refusesJson } from '../dialect.ts';
import type { ContextState } from '../parse.ts';
import { parseContextId, parseContextState } from '../parse.ts';
import type { ClusterId, ContextId, RemoteLanguage } from '../types.ts';
import type { Api } from './call.ts';
import { get, post } from './call.ts';
import type { ContextAddress } from './commands.ts';

/** What else a new context is made with. */
export interface CreateOptions {
  readonly owner?: string | undefined;
  readonly giveUp?: AbortSignal;
}

/** "Execution Context" of API 1.2. */
export interface Contexts {
  /**
   * The context may still be `Pending` when its id is here. Also finds out whether the server reads JSON: one that does not is spoken
   * to in forms from then on. `owner` goes to the embedded workspace only, which destroys the contexts of a process that is gone.
   * Once `giveUp` aborts it is not sent again: then throws its reason, and nothing was made.
   */
  create(clusterId: ClusterId, language: RemoteLanguage, options?: CreateOptions): Promise<ContextId>;
  status(context: ContextAddress): Promise<ContextState>;
  /** Unknown ids are no error: the server echoes them. */
  destroy(context: ContextAddress): Promise<void>;
}

export function createContexts(api: Api): Contexts {
  return {
    async create(clusterId, language, { owner, giveUp } = {}) {
      const fields = { language, clusterId, ...(owner !== undefined && { owner }) };
      const send = () => post(api, '/api/1.2/contexts/create', fields, { repeatable: false, giveUp });
      try {
        return parseContextId(await send());
      } catch (error) {
        if (api.dialect.body === 'form' || !refusesJson(error)) throw error;
        return await inForms(api, async () => parseContextId(await send()));
      }
    },
    async status({ clusterId, contextId }) {
      return parseContextState(await get(api, '/api/1.2/contexts/status', { clusterId, contextId }));
    },
    async destroy({ clusterId, contextId }) {
      await post(api, '/api/1.2/contexts/destroy', { clusterId, contextId }, { repeatable: true });
    },
  };
}

/** Speaks in forms from now on, if that works. */
async function inForms<T>({ dialect }: Api, send: () => Promise<T>): Promise<T> {
  dialect.body = 'form';
  try {
    return await send();
  } catch (error) {
    dialect.body = 'json';
    throw error;
  }
}
