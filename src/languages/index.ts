import type { RemoteLanguage } from '../databricks/types.ts';
import type { Language } from './language.ts';

/** Each language is loaded when a cell first needs it. */
const makers: { readonly [L in RemoteLanguage]: () => Promise<Language> } = {
  scala: async () => (await import('./scala/index.ts')).createScala(),
  python: async () => (await import('./python/index.ts')).createPython(),
  sql: async () => (await import('./sql/index.ts')).createSql(),
  r: async () => (await import('./plain.ts')).createPlain('r'),
};

/** The languages of one kernel: each made once, since each remembers what its context has shown. */
export class Languages {
  readonly #made = new Map<RemoteLanguage, Promise<Language>>();

  get(id: RemoteLanguage): Promise<Language> {
    const made = this.#made.get(id) ?? makers[id]();
    this.#made.set(id, made);
    return made;
  }

  /** The context of these is another one now. */
  async forget(ids: readonly RemoteLanguage[]): Promise<void> {
    for (const language of await Promise.all(ids.map((id) => this.#made.get(id)))) language?.forget();
  }
}
