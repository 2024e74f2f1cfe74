import type { RemoteLanguage } from '../databricks/types.ts';
import type { ContextOrigin, Language } from './language.ts';

/** Each language is loaded when a cell first needs it. */
const makers: { readonly [L in RemoteLanguage]: (context: ContextOrigin) => Promise<Language> } = {
  scala: async () => (await import('./scala/index.ts')).createScala(),
  python: async (context) => (await import('./python/index.ts')).createPython(context),
  sql: async () => (await import('./sql/index.ts')).createSql(),
  r: async () => (await import('./plain.ts')).createPlain('r'),
};

/** The languages of one kernel: each made once, since each remembers what its context has shown. */
export class Languages {
  readonly #made = new Map<RemoteLanguage, Promise<Language>>();
  readonly #firstContext: ContextOrigin;

  constructor(firstContext: ContextOrigin) {
    this.#firstContext = firstContext;
  }

  get(id: RemoteLanguage): Promise<Language> {
    const made = this.#made.get(id) ?? makers[id](this.#firstContext);
    this.#made.set(id, made);
    return made;
  }

  /** The context of these is another one now. */
  async forget(ids: readonly RemoteLanguage[], next: ContextOrigin): Promise<void> {
    for (const language of await Promise.all(ids.map((id) => this.#made.get(id)))) language?.forget(next);
  }
}
