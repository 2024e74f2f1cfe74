import type { Contents, LanguageInfo } from '../../protocol/contents.ts';
import { constant } from '../../protocol/json.ts';
import { protocolVersion } from '../../protocol/message.ts';
import type { Handler } from '../dispatch.ts';
import type { History } from '../history.ts';

/** What `kernel_info_reply` says of this kernel. */
export interface KernelFacts {
  readonly implementation: string;
  readonly version: string;
  readonly banner: string;
  readonly languageInfo: LanguageInfo;
  readonly helpLinks: readonly { readonly text: string; readonly url: string }[];
}

/** Answered from what is known at start: nothing remote need exist yet. */
export function kernelInfo(facts: KernelFacts): Handler<'kernel_info_request'> {
  const reply = constant<Contents['kernel_info_reply']>({
    status: 'ok',
    protocol_version: protocolVersion,
    implementation: facts.implementation,
    implementation_version: facts.version,
    language_info: facts.languageInfo,
    banner: facts.banner,
    help_links: facts.helpLinks,
    supported_features: [],
    debugger: false,
  });
  return () => reply;
}

export function history(store: History): Handler<'history_request'> {
  return async ({ request }) => ({ status: 'ok', history: await store.query(request.content) });
}
