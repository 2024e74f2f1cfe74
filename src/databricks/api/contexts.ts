import { parseContextId, parseContextState } from '../parse/contexts.ts';
import type { ClusterId, ContextId, ContextState, RemoteLanguage } from '../types.ts';
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
   * The context may still be `Pending` when its id is here. `owner` goes to the embedded workspace only, which destroys the contexts of a process that is gone.
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
      return parseContextId(await post(api, '/api/1.2/contexts/create', fields, giveUp));
    },
    async status({ clusterId, contextId }) {
      return parseContextState(await get(api, '/api/1.2/contexts/status', { clusterId, contextId }));
    },
    async destroy({ clusterId, contextId }) {
      await post(api, '/api/1.2/contexts/destroy', { clusterId, contextId });
    },
  };
}
